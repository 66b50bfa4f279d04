import { printable } from '../base/controls.ts'
import type { Process } from './process.ts'

/** Colours, where the terminal shows them. Everything from models and tools goes through `inert` before it is printed. */
export type Style = Record<'bold' | 'dim' | 'italic' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>

const CODES = { bold: 1, dim: 2, italic: 3, red: 31, green: 32, yellow: 33, cyan: 36 } as const

export function styleFor({ terminal, env }: Pick<Process, 'terminal' | 'env'>): Style {
  const colours = terminal.output && !env.NO_COLOR && !isDumb(env)
  return Object.fromEntries(
    Object.entries(CODES).map(([name, code]) => [
      name,
      (text: string) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text),
    ]),
  ) as Style
}

/** It obeys no escape sequences, as the shells inside Emacs. */
export const isDumb = (env: Process['env']): boolean => env.TERM === 'dumb'

/** The text with control and bidirectional characters shown instead of obeyed; line breaks and tabs stay. */
export const inert = (text: string): string =>
  text
    .split(/([\n\t])/)
    .map((part, i) => (i % 2 === 1 ? part : printable(part)))
    .join('')

/** A unified diff as a terminal shows it. */
export const colourDiff = (diff: string, style: Style): string =>
  inert(diff)
    .split('\n')
    .map(line => {
      if (line.startsWith('@@')) return style.cyan(line)
      if (line.startsWith('+') && !line.startsWith('+++')) return style.green(line)
      if (line.startsWith('-') && !line.startsWith('---')) return style.red(line)
      return line
    })
    .join('\n')
