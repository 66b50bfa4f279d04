import { fstatSync, writeSync } from 'node:fs'
import { nodeTty } from '../base/heavy.ts'

type Descriptor = 1 | 2

export const isTerminal = (descriptor: number): boolean => nodeTty().isatty(descriptor)

/**
 * The output streams, created when something is written to them: creating one costs as much as half of a bare server's
 * start. A reader that goes away, as `head` does, is no failure of ours; a full disk is one, and it is said once.
 */
export function createOutput() {
  const opened = new Map<Descriptor, NodeJS.WriteStream>()
  const watchers: ((reason: string) => void)[] = []
  const broken = new Set<Descriptor>()
  let failed = false

  const fail = (descriptor: Descriptor, { code = 'unknown error' }: NodeJS.ErrnoException) => {
    if (broken.has(descriptor)) return
    broken.add(descriptor)
    if (descriptor === 2) return
    const why = code === 'EPIPE' ? 'nobody reads it' : (REASONS[code] ?? code)
    if (code !== 'EPIPE') {
      failed = true
      attempt(2, `emacs-agent-backend: standard output cannot be written: ${why}.\n`)
    }
    for (const tell of watchers) tell(why)
  }

  /** Writes at once. A file takes it or refuses it; Bun's stream swallows the refusal. */
  const attempt = (descriptor: Descriptor, text: string) => {
    try {
      let bytes: Uint8Array = Buffer.from(text)
      while (bytes.length > 0) bytes = bytes.subarray(writeSync(descriptor, bytes))
    } catch (error) {
      fail(descriptor, error as NodeJS.ErrnoException)
    }
  }

  const stream = (descriptor: Descriptor): NodeJS.WriteStream => {
    let existing = opened.get(descriptor)
    if (!existing) {
      existing = descriptor === 1 ? process.stdout : process.stderr
      existing.on('error', error => fail(descriptor, error))
      opened.set(descriptor, existing)
    }
    return existing
  }

  const direct = new Map<Descriptor, boolean>()
  const isDirect = (descriptor: Descriptor): boolean => {
    const known = direct.get(descriptor) ?? isFile(descriptor)
    direct.set(descriptor, known)
    return known
  }

  return {
    stream,
    write(descriptor: Descriptor, text: string): void {
      if (broken.has(descriptor)) return
      if (isDirect(descriptor)) attempt(descriptor, text)
      else stream(descriptor).write(text)
    },
    /** Calls `tell` with the reason when standard output takes nothing any more. */
    onBroken: (tell: (reason: string) => void): void => void watchers.push(tell),
    /** Resolves when a slow reader has taken all of it, or is gone: what is not written yet is lost with the process. */
    async close(): Promise<{ failed: boolean }> {
      await Promise.all([...opened.values()].map(open => new Promise<void>(done => open.end(() => done()))))
      return { failed }
    },
  }
}

const REASONS: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EIO: 'input/output error',
  EDQUOT: 'the quota is used up',
}

/** A regular file, or a device that is no terminal: a write neither waits nor takes a part. */
function isFile(descriptor: Descriptor): boolean {
  try {
    const found = fstatSync(descriptor)
    return found.isFile() || (found.isCharacterDevice() && !isTerminal(descriptor))
  } catch {
    return true // closed: the write reports it
  }
}
