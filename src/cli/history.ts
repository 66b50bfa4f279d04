import { join } from 'node:path'
import { printable } from '../base/controls.ts'
import { makePrivateDir, readRegular, writeAtomic } from '../base/files.ts'

/** Prompts that are kept. */
const MOST_ENTRIES = 1000
/** A larger file is none of ours. In bytes. */
const MOST_BYTES = 16 * 1024 * 1024
/** Characters of a prompt that are kept: more was pasted, and is not looked for line by line. */
const MOST_LENGTH = 10_000

/** The prompts of earlier runs, the newest last: a file of lines in the state directory, for the owner's eyes only. */
export type History = { entries: readonly string[]; add(prompt: string): void; saved(): Promise<void> }

/**
 * What cannot be read is no history, and what cannot be written is not kept: neither is worth a conversation. With `keeps`
 * false nothing is written, as of a session that keeps no transcript.
 */
export async function openHistory(state: string, keeps: () => boolean): Promise<History> {
  const path = join(state, 'history')
  const read = async () => {
    const text = await readRegular(path, MOST_BYTES).then(String, () => '')
    return text.split('\n').filter(Boolean).map(printable).slice(-MOST_ENTRIES)
  }
  let entries = await read()
  let writing: Promise<unknown> = Promise.resolve()
  /** Reads again first: other runs add theirs. */
  const save = async (entry: string) => {
    await makePrivateDir(state)
    const all = await read()
    if (all.at(-1) !== entry) all.push(entry)
    await writeAtomic(
      path,
      all
        .slice(-MOST_ENTRIES)
        .map(line => `${line}\n`)
        .join(''),
    )
  }
  return {
    get entries() {
      return entries
    },
    add(prompt) {
      const entry = printable(prompt.replace(/\s+/g, ' ').trim())
      if (entry === '' || entry.length > MOST_LENGTH || entry === entries.at(-1)) return
      entries = [...entries, entry].slice(-MOST_ENTRIES)
      if (keeps()) writing = writing.then(() => save(entry)).catch(() => {})
    },
    saved: async () => void (await writing),
  }
}
