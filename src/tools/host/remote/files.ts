import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import type * as v from 'valibot'
import { AppError, codeOf } from '../../../base/errors.ts'
import { hashOf } from '../../../base/files.ts'
import { sameBytes } from '../../text.ts'
import type { Change } from '../../tool.ts'
import type { Entry, Files, Found, Opened, Sight } from '../host.ts'
import { runScript } from './programs.ts'
import { ask, Changed, Content, Listed, Looked, MOST_BYTES, named, pathOf, type Reach } from './reach.ts'

const START_BYTES = 8192
/** Files that are read in one go, each of at most so many bytes. */
const MOST_OF_EACH = 1024 * 1024
const AT_ONCE = 100
/** In one write: a request that is longer holds up the stream of the session. */
const MOST_WRITTEN = 4 * 1024 * 1024

type Look = v.InferOutput<typeof Looked>

/**
 * The files of another machine, as one call sees them: what a look said of a path answers the next question about it, so that
 * a call makes few requests. `arrive` is waited for before any of them.
 */
export function remoteFiles(reach: Reach, signal: AbortSignal, arrive: () => Promise<void>): Files {
  /** What was said of paths without links on them, until something is changed. What a change rests on is asked anew. */
  const looked = new Map<string, Look>()
  const listed = new Map<string, Sight>()

  const op = <S extends v.GenericSchema>(name: string, params: Record<string, unknown>, schema: S) =>
    ask(reach, { tool: 'remote_files', params: { op: name, ...params }, schema }, signal)

  async function look(path: string, more: { link?: boolean; hash?: boolean } = {}): Promise<Look & { real: string }> {
    const flags = { ...(more.link && { link: true }), ...(more.hash && { hash: true }) }
    const found = await op('look', { path: named(reach, path), ...flags }, Looked)
    return { ...found, real: pathOf(reach, found.path) }
  }

  async function found(path: string, link: boolean): Promise<Found> {
    const known = looked.get(path)
    return foundOf((known?.kind !== 'link' || link ? known : undefined) ?? (await look(path, { link })))
  }

  /** Throws ENOENT where it fails because nothing is there. */
  async function orMissing<T>(path: string, work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      const there = codeOf(error) === 'TOOL_FAILED' && (await look(path).catch(() => null))
      if (there && there.kind === null) throw missing()
      throw error
    }
  }

  async function read(path: string, most = MOST_BYTES): Promise<Buffer> {
    const limit = Math.min(most, MOST_BYTES)
    const { data } = await orMissing(path, op('read', { path: named(reach, path), limit }, Content))
    if (data.length > limit) throw tooLarge('The file', MOST_BYTES)
    return data
  }

  async function change(name: string, params: Record<string, unknown>, confirm?: () => Promise<void>): Promise<void> {
    looked.clear()
    listed.clear()
    const isStale = await op(name, params, Changed)
    if (!isStale) return
    await confirm?.() // says which file is another by now
    throw new AppError('STALE_FILE', 'The file has changed on its machine. Read it again, then repeat the call.')
  }

  async function makeDirectory(path: string): Promise<boolean> {
    const { kind } = await look(path)
    if (kind === 'directory') return false
    if (kind !== null) throw Object.assign(new Error('A file is in the way'), { code: 'EEXIST' })
    await change('make_directory', { path: named(reach, path) })
    return true
  }

  /** The hash of a file; undefined for a link, which has none. */
  async function expected(path: string, bytes: Uint8Array | null): Promise<{ expected?: string }> {
    const { kind } = await look(path, { link: true })
    return kind === 'file' && bytes ? { expected: shaOf(bytes) } : {}
  }

  async function commit({ path, from, operation, before, after }: Change, confirm: () => Promise<void>): Promise<void> {
    if (operation === 'move' && from !== undefined) {
      await confirm()
      if (before !== null) return overwrite(from, path, 'mv')
      await makeDirectory(dirname(path))
      const guard = await expected(from, after)
      return change('move', { from: named(reach, from), path: named(reach, path), ...guard }, confirm)
    }
    if (after === null) {
      if (before === null) return await confirm()
      const guard = await expected(path, before)
      if (!guard.expected) await confirm()
      return change('delete', { path: named(reach, path), ...guard }, confirm)
    }
    if (sameBytes(before, after)) return
    if (after.length > MOST_WRITTEN) throw tooLarge('The new text', MOST_WRITTEN)
    const mode = operation === 'copy' && from !== undefined ? (await look(from)).mode : undefined
    const data = Buffer.from(after).toString('base64')
    const guard = { expected: before && shaOf(before) }
    await change('write', { path: named(reach, path), data, ...guard, ...(mode && { mode }) }, confirm)
  }

  /** In one step, as nothing of the editor's replaces a file by another. */
  async function overwrite(from: string, to: string, program: 'mv' | 'cp'): Promise<void> {
    looked.clear()
    listed.clear()
    const { exit_code, stderr } = await runScript(reach, [program, '-f', '--', from, to], {}, signal)
    if (exit_code !== 0) throw new AppError('TOOL_FAILED', `${program} failed: ${stderr.toString().trim()}`)
  }

  /** By name; what is in the way was looked at, and is replaced. */
  async function place(from: string, to: string, how: 'move' | 'copy'): Promise<void> {
    await makeDirectory(dirname(to))
    const { kind } = await look(to, { link: true })
    if (kind !== null) return overwrite(from, to, how === 'move' ? 'mv' : 'cp')
    await change(how, { from: named(reach, from), path: named(reach, to) })
  }

  async function* readEach(paths: readonly (string | null)[]): AsyncGenerator<Uint8Array | 'too large' | null> {
    for (let from = 0; from < paths.length; ) {
      const batch = paths.slice(from, from + AT_ONCE)
      const wanted = batch.filter(path => path !== null)
      const pieces = wanted.length > 0 ? await contentsOf(reach, wanted, signal) : []
      let next = 0
      for (const path of batch) {
        if (path !== null && next >= pieces.length) break
        yield path === null ? null : pieces[next++]!
        from++
      }
    }
  }

  return {
    async real(path, { link }) {
      await arrive()
      const there = await look(path, { link })
      looked.set(there.real, there)
      return there.real
    },
    spelled: async path => path,
    stat: path => found(path, false),
    lstat: path => found(path, true),
    async sights(paths, { sizes = false } = {}) {
      // A listing has sizes, and no targets of links.
      if (sizes && paths.every(path => listed.has(path))) return paths.map(path => listed.get(path)!)
      return await sightsOf(reach, paths, sizes, signal)
    },
    async entries(path) {
      const { entries, cut } = await orMissing(path, op('list', { path: named(reach, path) }, Listed))
      if (cut)
        throw new AppError('TOOL_FAILED', `The directory has more than ${entries.length} entries: use a shell command.`)
      for (const { name, kind, size } of entries) listed.set(join(path, name), { kind, size, target: null })
      return entries.map(entryOf)
    },
    async readlink(path) {
      const { kind, target } = await look(path, { link: true })
      if (kind !== 'link' || target === undefined) throw missing()
      return target
    },
    read,
    async open(path, size): Promise<Opened> {
      if (size > MOST_BYTES) throw tooLarge('The file', MOST_BYTES)
      const bytes = await read(path)
      return {
        start: async () => bytes.subarray(0, START_BYTES),
        async *chunks() {
          if (bytes.length > 0) yield bytes
        },
        all: async () => bytes,
        close: async () => {},
      }
    },
    readEach,
    largest: MOST_OF_EACH,
    async holds(path, bytes) {
      const there = await look(path, { link: true, hash: bytes !== null })
      if (there.real !== path) return false
      if (there.kind === null || bytes === null) return there.kind === null && bytes === null
      if (there.kind === 'link') return there.target === Buffer.from(bytes).toString()
      if (there.kind !== 'file' || there.size !== bytes.length) return false
      return there.hash === undefined
        ? sameBytes(await read(path), bytes)
        : there.hash.replace(/^sha256:/, '') === shaOf(bytes)
    },
    commit,
    makeDirectory,
    async remove(path, kind) {
      if (kind !== 'tree') return change('delete', { path: named(reach, path) })
      const { exit_code, stderr } = await runScript(reach, ['rm', '-rf', '--', path], {}, signal)
      if (exit_code !== 0) throw new AppError('TOOL_FAILED', `It could not be removed: ${stderr.toString().trim()}`)
    },
    move: (from, to) => place(from, to, 'move'),
    copy: (from, to) => place(from, to, 'copy'),
    holdNames: paths => paths.map(path => named(reach, path)),
  }
}

const tooLarge = (what: string, most: number) =>
  new AppError(
    'TOOL_FAILED',
    `${what} is larger than ${most / 1024 / 1024} MiB, too large to come through the editor: use a shell command for parts of it.`,
  )
const missing = () => Object.assign(new Error('Nothing is there'), { code: 'ENOENT' })
const shaOf = (bytes: Uint8Array): string => hashOf(bytes).slice('sha256:'.length)

function foundOf({ kind, size, mode }: Look): Found {
  if (kind === null) throw missing()
  return { ...kindOf(kind), size, mode: Number.parseInt(mode ?? '0', 8) }
}

const entryOf = ({ name, kind }: { name: string; kind: string }): Entry => ({ name, ...kindOf(kind) })

const kindOf = (kind: string) => ({
  isFile: () => kind === 'file',
  isDirectory: () => kind === 'directory',
  isSymbolicLink: () => kind === 'link',
})

/** Looks at each path: a letter for its kind, behind that the target of a link, or with `S` the size of a file. */
const SIGHTS = `for p; do
if [ -L "$p" ]; then printf 'l%s\\000' "$(readlink -- "$p")"
elif [ -d "$p" ]; then printf 'd\\000'
elif [ -f "$p" ]; then printf f; [ -z "$S" ] || wc -c <"$p"; printf '\\000'
elif [ -e "$p" ]; then printf 'o\\000'
else printf '%s\\000' -; fi; done`
const KINDS = { l: 'link', d: 'directory', f: 'file', o: 'other' } as const

async function sightsOf(reach: Reach, paths: readonly string[], sizes: boolean, signal: AbortSignal) {
  if (paths.length === 0) return []
  const env = { S: sizes ? '1' : '' }
  const command = ['xargs', '-0', '/bin/sh', '-c', SIGHTS, 'sh']
  const { stdout } = await runScript(reach, command, { input: paths, env }, signal)
  const said = stdout.toString().split('\0')
  return paths.map((_, i): Sight | null => {
    const kind = KINDS[said[i]?.[0] as keyof typeof KINDS]
    const rest = said[i]?.slice(1) ?? ''
    if (!kind) return null
    return { kind, size: kind === 'file' ? Number(rest) || 0 : 0, target: kind === 'link' ? rest : null }
  })
}

/** The beginning of each file behind a mark that no file holds; links are not followed. */
const CONTENTS = `b=$1 m=$2; shift 2; for f; do printf '%s' "$b"
if [ -f "$f" ] && [ ! -L "$f" ] && [ -r "$f" ]; then printf +; head -c "$m" <"$f"; else printf '%s' -; fi; done`

/** Of the first of the files, as many as came in one go, and one at least. */
async function contentsOf(reach: Reach, paths: readonly string[], signal: AbortSignal) {
  const mark = randomBytes(16).toString('hex')
  const command = ['xargs', '-0', '/bin/sh', '-c', CONTENTS, 'sh', mark, String(MOST_OF_EACH + 1)]
  const { stdout, cut } = await runScript(reach, command, { input: paths }, signal)
  const pieces: (Uint8Array | 'too large' | null)[] = []
  for (let at = stdout.indexOf(mark); at >= 0; ) {
    const next = stdout.indexOf(mark, at + mark.length)
    if (next < 0 && cut && pieces.length > 0) break
    const piece = stdout.subarray(at + mark.length, next < 0 ? undefined : next)
    const bytes = piece[0] === 43 ? piece.subarray(1) : null
    pieces.push(bytes && bytes.length > MOST_OF_EACH ? 'too large' : bytes)
    at = next
  }
  return pieces.length > 0 ? pieces : paths.map(() => null)
}
