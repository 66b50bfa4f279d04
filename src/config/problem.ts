import { printable } from '../base/controls.ts'
import type { Problem } from './check.ts'
import type { LineOf, Path } from './locate.ts'

/** A mistake in a file: in `/health`, GET /api/mcp and `doctor`. `message` completes "KEY …", and quotes no value. */
export type ConfigProblem = { file: string; line: number; key: string; message: string }

export const problemIn = (file: string, lineOf: LineOf, { path, text }: Problem): ConfigProblem => ({
  file: printable(file),
  line: lineOf(path),
  key: nameOf(path),
  message: text,
})

/** `FILE:LINE: KEY …` */
export const problemLine = ({ file, line, key, message }: ConfigProblem): string =>
  `${file}:${line}: ${key}${key && ' '}${message}`

/** The same as a sentence for the log. */
export const leftOut = (problem: ConfigProblem): string => `${problemLine(problem)}. The entry is left out.`

/** More are not read. */
const MOST_LINES = 20

/** All of them, a line each: so that a file can be corrected in one go. */
export function problemLines(problems: ConfigProblem[]): string {
  const lines = problems.slice(0, MOST_LINES).map(problem => `${problemLine(problem)}.`)
  const more = problems.length - lines.length
  return [...lines, ...(more > 0 ? [`And ${more} more.`] : [])].join('\n')
}

/** `mcp_servers[0].name`, with what is odd in quotes and cut; nothing for the file itself. */
function nameOf(path: Path): string {
  return path
    .map(key => (typeof key === 'number' ? `[${key}]` : /^[\w-]{1,60}$/.test(key) ? `.${key}` : `.${quote(key)}`))
    .join('')
    .replace(/^\./, '')
}

const quote = (key: string) => printable(JSON.stringify(key.length > 60 ? `${key.slice(0, 60)}…` : key))
