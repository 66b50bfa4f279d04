import { head } from '../base/text.ts'
import { namesIn, testCommand } from './results.ts'
import { code, type GuideCall, plural, type Script } from './script.ts'

/** A frame for a plan, from what a directory listing and a search show: no thinking in it, and it says so. */
export function* plan({ goal }: Extract<Intent, { do: 'plan' }>, offered: ReadonlySet<string>): Script {
  const words = keywords(goal)
  const calls: GuideCall[] = [
    { tool: 'list_directory', params: {} },
    ...(words.length > 0
      ? [{ tool: 'grep', params: { pattern: words.join('|'), case_sensitive: false, limit: 60 } }]
      : []),
  ].filter(call => offered.has(call.tool))
  const outcomes = calls.length > 0 ? yield { text: 'Let me see what the project has to do with it.', calls } : []
  const resultOf = (tool: string) => {
    const outcome = outcomes[calls.findIndex(call => call.tool === tool)]
    return outcome && !outcome.is_error ? outcome.content : undefined
  }
  const tests = testCommand(namesIn(resultOf('list_directory') ?? ''))
  return {
    text: `## Plan: ${goal.replace(/\s+/g, ' ')}

*A frame only: I'm offline/guide, not a language model, so the thinking is left to you.*

1. **Look at what is there.** ${places(resultOf('grep'), words)}
2. **Say what "done" means.** One sentence, and a test that fails today.
3. **Change one thing at a time,** beginning with the smallest that can be checked.
4. **Check** each change${tests ? `: ${code(tests)}` : ', with the tests of the project'}.
5. **Commit:** ${code(`commit with message "${head(goal, 50).trim()}"`)}.

With a real model the agent \`plan\` reads the code and fills this in; say \`help\` for how to set one up.`,
  }
}

/** Files that a grep result names, most lines first. Groups are a path, then `12:line`s, then a blank line. */
function places(found: string | undefined, words: string[]): string {
  const files = (found ?? '').split('\n\n').flatMap(group => {
    const [path, ...lines] = group.split('\n')
    const count = lines.filter(line => /^\d+:/.test(line)).length
    return path && count > 0 ? [{ path, count }] : []
  })
  const listed = words.map(word => `*${word}*`).join(', ')
  if (files.length === 0) return words.length > 0 ? `Nothing mentions ${listed} yet, so it is new here.` : 'Read first.'
  files.sort((a, b) => b.count - a.count)
  const shown = files.slice(0, 6).map(({ path, count }) => `   - ${code(path)} (${plural(count, 'line')})`)
  return `These mention ${listed}:\n\n${shown.join('\n')}\n`
}

const COMMON = new Set(
  'about after again also before being better could does done every first fixing from have into just like make more most need never only other over please should some such than that their them then there these they thing this those through until very want when where which while will with without would your adding implement implementing'.split(
    ' ',
  ),
)

const keywords = (goal: string): string[] =>
  [...new Set(goal.toLowerCase().match(/[\p{L}\p{N}_]{4,}/gu) ?? [])].filter(word => !COMMON.has(word)).slice(0, 4)

/** What a sentence asks for. Paths as written; `''` is a "this file" of an editor that named none. */
export type Intent =
  | { do: 'tour' }
  | { do: 'help'; greeting?: true }
  | { do: 'list'; path: string }
  | { do: 'read'; paths: string[] }
  | { do: 'grep'; text: string; path?: string }
  | { do: 'find'; glob: string; path?: string }
  | { do: 'create'; path: string; content: string }
  | { do: 'mkdir'; path: string }
  | { do: 'append'; path: string; content: string }
  | { do: 'edit'; path: string; old: string; new: string; all: boolean }
  | { do: 'delete'; path: string }
  | { do: 'move' | 'copy'; from: string; to: string }
  | { do: 'run'; command: string }
  | { do: 'test' }
  | { do: 'status' }
  | { do: 'diff'; staged: boolean; path?: string }
  | { do: 'log'; limit: number }
  | { do: 'branches' }
  | { do: 'branch'; name: string }
  | { do: 'commit'; message: string; all: boolean }
  | { do: 'push' }
  | { do: 'plan'; goal: string }
  /** Understood, but for something that only the person can tell. */
  | { do: 'ask'; question: string }
  | { do: 'unknown'; text: string }
