import { resolve } from 'node:path'
import type { ToolCallContent } from '@agentclientprotocol/sdk'

type Diff = Extract<ToolCallContent, { type: 'diff' }>

/**
 * A unified diff as ACP shows one: what stood there and what stands there now, an entry for each hunk with its lines of
 * context. `oldText` is null for a file that is new; the path is absolute. A diff that was cut ends where it was cut.
 */
export function diffsOf(file: { path: string; diff: string }, project: string): Diff[] {
  const path = resolve(project, file.path)
  const lines = file.diff.split('\n')
  const isNew = lines[0] === '--- /dev/null'
  const hunks: { old: string[]; now: string[] }[] = []
  for (const [at, line] of lines.slice(2).entries()) {
    const sign = line[0]
    if (line.startsWith('@@ ')) hunks.push({ old: [], now: [] })
    const hunk = hunks.at(-1)
    if (!hunk || sign === '@') continue
    const ended = `${line.slice(1)}${lines[at + 3]?.startsWith('\\ No newline') ? '' : '\n'}`
    if (sign === '-' || sign === ' ') hunk.old.push(ended)
    if (sign === '+' || sign === ' ') hunk.now.push(ended)
  }
  if (isNew && hunks.length === 0) hunks.push({ old: [], now: [] })
  return hunks.map(({ old, now }) => ({
    type: 'diff',
    path,
    oldText: isNew ? null : old.join(''),
    newText: now.join(''),
  }))
}
