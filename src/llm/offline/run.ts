import { block, callOnce, code, failure, type Script } from './script.ts'
import { namesIn } from './table.ts'

/** A shell command, and how it ended: another exit status than 0 stops what was to follow. */
export function* run(command: string): Script {
  let status: string | undefined
  const closing = yield* callOnce(
    { tool: 'shell_exec', params: { command } },
    {
      after: content => {
        const note = /\[exit status (-?\d+)\]$/.exec(content)
        status = note?.[1]
        const output = content.slice(0, note?.index).trimEnd()
        const ran = `${code(command)} ${status ? `ended with exit status ${status}` : 'ran'}`
        return output === '' || output === '(no output)' ? `${ran} and printed nothing.` : `${ran}:\n\n${block(output)}`
      },
      failed: `${code(command)} did not run to its end`,
    },
  )
  return { ...closing, failed: closing.failed || status !== undefined }
}

/** Runs the tests as projects of this kind do. */
export function* runTests(): Script {
  const [outcome] = yield {
    text: 'Looking for how this project is tested.',
    calls: [{ tool: 'list_directory', params: {} }],
  }
  if (!outcome || outcome.is_error) return { text: failure('I could not list the project', outcome), failed: true }
  const command = testCommand(namesIn(outcome.content))
  if (!command)
    return { text: 'I do not know how this project is tested. Say for example `run make check`.', failed: true }
  return yield* run(command)
}

/** How projects of each kind run their tests, by a file at their top. The first that is there decides. */
const COMMANDS: [RegExp, string][] = [
  [/^package\.json$/, 'npm test'],
  [/^Cargo\.toml$/, 'cargo test'],
  [/^go\.mod$/, 'go test ./...'],
  [/^(?:pyproject\.toml|pytest\.ini|tox\.ini|setup\.py)$/, 'pytest'],
  [/^mix\.exs$/, 'mix test'],
  [/^Gemfile$/, 'bundle exec rake test'],
  [/^pom\.xml$/, 'mvn test'],
  [/^build\.gradle(?:\.kts)?$/, 'gradle test'],
  [/^(?:GNUm|M|m)akefile$/, 'make test'],
]

/** The command for a project with these names at its top, undefined when none is known. */
export const testCommand = (names: string[]): string | undefined =>
  COMMANDS.find(([file]) => names.some(name => file.test(name)))?.[1]
