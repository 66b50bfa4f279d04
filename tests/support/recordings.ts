import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Recorded streams of real providers: data that is not part of this project (see its MANIFEST.md). */
const FOLDER = join(import.meta.dirname, '../../../shared/recordings')

export const haveRecordings = existsSync(join(FOLDER, 'MANIFEST.md'))
/** For the names of tests that cannot run without them. */
export const lackRecordings = haveRecordings ? '' : ' (skipped: this machine lacks ../shared/recordings)'

/** The bytes as the provider sent them; lists of chunks are framed again, as the manifest says. */
export function recording(file: string): Uint8Array {
  const raw = readFileSync(join(FOLDER, file))
  if (!file.endsWith('.chunks.txt')) return raw
  const frames = raw
    .toString()
    .split('\n')
    .filter(line => line.trim())
    .map(line => `data: ${line}\n\n`)
  return Buffer.from(frames.join(''))
}

/** The same for recordings that hold whole HTTP responses. */
export function httpRecording(file: string): { status: number; body: string } {
  const [head = '', body = ''] = readFileSync(join(FOLDER, file), 'utf8').split(/\r?\n\r?\n/)
  return { status: Number(head.split(' ')[1]), body }
}
