import { isQuoted, meant, restore } from '../quotes.ts'
import { literally, mean, type Rule } from '../rule.ts'

export const RUN: Rule[] = [
  ...mean(['run/execute/start (all) (the/my/our) (unit) tests', 'run/execute/start (the/my/our) test suite'], {
    do: 'test',
  }),
  ...literally(
    ['run/execute (this/the) (following) (shell) command TEXT', 'run/execute (this/it) TEXT', '$ TEXT', '! TEXT'],
    ({ TEXT }, { hidden }) =>
      /^(?:it|this|that|them)\b[.!]?$/i.test(TEXT!)
        ? { do: 'ask', question: 'Which command? Say for example `run ls -la`.' }
        : { do: 'run', command: meant(TEXT!, hidden) },
  ),
  // A prompt that is nothing but `a command` in backticks.
  ...literally(['TEXT'], ({ TEXT }, { hidden }) =>
    isQuoted(TEXT!) && restore(TEXT!, hidden).startsWith('`') ? { do: 'run', command: meant(TEXT!, hidden) } : null,
  ),
  ...['git', 'npm', 'npx', 'pnpm', 'yarn', 'bun', 'cargo', 'pytest', 'python', 'python3', 'node', 'docker'].flatMap(
    program =>
      literally([`${program} TEXT`], ({ TEXT }, { hidden }) => ({
        do: 'run',
        command: `${program} ${restore(TEXT!, hidden)}`,
      })),
  ),
]
