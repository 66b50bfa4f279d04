import { createHash } from 'node:crypto'
import { closeSync, fdatasync, fstatSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import * as v from 'valibot'
import { PRIVATE_DIR, PRIVATE_FILE, readRegularSync } from '../base/files.ts'
import type { Storable } from '../event.ts'
import { Entry } from './state.ts'

const { string: text, number, object, array, optional: maybe, literal, variant, picklist } = v

/** Which changes of a call an undo took back: those to `paths`. */
const Taken = object({ step: text(), paths: array(text()) })
export type Taken = v.InferOutput<typeof Taken>

const Refusal = object({ path: text(), reason: text(), diff: maybe(text()) })

/** `at`: the last event of the log before it. */
const Call = object({ step: text(), turn_id: text(), at: number() })

/**
 * What is written down of a session's changes, in order. A call has a line before it changes anything (`open`: what stands
 * where it will write, and what it means to write; nothing of that for a call that may write anywhere) and one after
 * (`call`). An undo has one before (`undo`: all that it will do) and one when it is through (`done`).
 */
const Line = variant('type', [
  object({ type: literal('open'), ...Call.entries, entries: maybe(array(Entry)) }),
  object({ type: literal('call'), ...Call.entries, entries: array(Entry) }),
  object({
    type: literal('undo'),
    step: text(),
    at: number(),
    /** Unix time in ms: no file that is older is one of ours. */
    started: number(),
    kind: picklist(['undo', 'redo', 'rewind']),
    turn_id: maybe(text()),
    /** The turns that it was meant for as a whole. */
    turns: array(text()),
    calls: array(text()),
    entries: array(Entry),
    /** Changes that do not count any more; those of a redo count again. */
    taken: array(Taken),
    /** Only single hunks: a change of its own, for as long as those that it is about count. A redo of one ends it. */
    partial: maybe(array(Taken)),
    /** The undo that a redo takes back. */
    of: maybe(text()),
    refused: array(Refusal),
    /** Events that go before its own. */
    also: array(v.custom<Storable>(value => typeof value === 'object' && value !== null && 'type' in value)),
  }),
  object({ type: literal('done'), step: text(), failed: array(Refusal) }),
])
export type Line = v.InferOutput<typeof Line>
export type UndoLine = Extract<Line, { type: 'undo' }>
export type OpenLine = Extract<Line, { type: 'open' }>

export type Steps = ReturnType<typeof openSteps>

/** The lines of a session, each with the beginning of its SHA-256: one that is damaged is left out. Throws as files do. */
export function openSteps(path: string) {
  mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_DIR })
  const fd = openSync(path, 'a+', PRIVATE_FILE)
  let length: number
  let lines: Line[]
  try {
    length = fstatSync(fd).size
    lines = readLines(path)
  } catch (error) {
    closeSync(fd)
    throw error
  }

  return {
    lines: lines as readonly Line[],
    size: () => length,
    /** On the disk when `sync` resolves. */
    append(line: Line): void {
      const json = JSON.stringify(line)
      // A torn line before it is ended by its own line end.
      const bytes = Buffer.from(`\n${checksum(json)} ${json}\n`)
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
      } catch (error) {
        ftruncateSync(fd, length)
        throw error
      }
      length += bytes.length
      lines.push(line)
    },
    sync: () => new Promise<void>((resolve, reject) => fdatasync(fd, error => (error ? reject(error) : resolve()))),
    close: () => closeSync(fd),
  }
}

const checksum = (json: string): string => createHash('sha256').update(json).digest('hex').slice(0, 8)

function readLines(path: string): Line[] {
  return readRegularSync(path)
    .toString()
    .split('\n')
    .flatMap(written => {
      const json = written.slice(9)
      if (json === '' || checksum(json) !== written.slice(0, 8)) return []
      const parsed = v.safeParse(Line, JSON.parse(json))
      return parsed.success ? [parsed.output] : []
    })
}
