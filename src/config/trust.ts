import { constants, promises } from 'node:fs'
import { dirname, join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { hashOf, isBelow, makePrivateDir, openRegular, readRegular, writeAtomic } from '../base/files.ts'
import { LARGEST_FILE } from './file.ts'

/** Not imported from node:fs/promises, which takes the start a millisecond more. */
const { realpath } = promises

/**
 * Which projects' files are trusted: `trust.json` in the state directory maps each project's real path to the hash of its
 * `emacs-agent.toml` and `.mcp.json`. Bytes are read once; what is hashed, shown and parsed are the same ones.
 */

export type ProjectRead =
  | { kind: 'absent'; path: string }
  | { kind: 'refused'; path: string; reason: string }
  | { kind: 'read'; path: string; project: string; bytes: Uint8Array; hash: string }

export type TrustStatus = 'trusted' | 'untrusted' | 'changed'

/** What of a project needs trust: its own file, and the servers that it keeps for other clients. */
export type ProjectFiles = {
  own: ProjectRead
  servers: ProjectRead
  /** Of all that can be read, for `trust`; null when there is nothing. */
  trusted: { project: string; hash: string } | null
}

/** `emacs-agent.toml` and `.mcp.json` of a project; either may be alone. The hash is that of both. */
export async function readProjectFiles(project: string): Promise<ProjectFiles> {
  const own = await readProjectFile(project)
  const servers = await readProjectFile(project, '.mcp.json')
  if (servers.kind !== 'read') return { own, servers, trusted: own.kind === 'read' ? own : null }
  const hash = hashOf(`${own.kind === 'read' ? own.hash : 'absent'}\n${servers.hash}`)
  return { own, servers, trusted: { project: servers.project, hash } }
}

/** The project's `emacs-agent.toml`, or another file of it. Refused: what is no plain file within the project, or larger than 1 MiB. */
export async function readProjectFile(project: string, name = 'emacs-agent.toml'): Promise<ProjectRead> {
  let path = join(project, name)
  try {
    const root = await realpath(project)
    path = join(root, name)
    const target = await realpath(path)
    if (!isBelow(target, root)) return { kind: 'refused', path, reason: 'it is a link that leads out of the project' }
    const file = await readPlainFile(target)
    return file.kind === 'read' ? { ...file, path, project: root } : { ...file, path }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent', path }
    return { kind: 'refused', path, reason: `it cannot be read (${code})` }
  }
}

type PlainFile = { kind: 'refused'; reason: string } | { kind: 'read'; bytes: Uint8Array; hash: string }

async function readPlainFile(path: string): Promise<PlainFile> {
  const { O_RDONLY, O_NOFOLLOW = 0 } = constants
  const file = await openRegular(path, O_RDONLY | O_NOFOLLOW).catch(error => {
    if (error.code === 'EISDIR' || error.code === 'ENXIO') return null
    throw error
  })
  if (file === null) return { kind: 'refused', reason: 'it is not a plain file' }
  try {
    const buffer = new Uint8Array(LARGEST_FILE + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < buffer.length; length += read)
      read = (await file.read(buffer, length, buffer.length - length)).bytesRead
    if (length > LARGEST_FILE) return { kind: 'refused', reason: 'it is larger than 1 MiB' }
    const bytes = buffer.slice(0, length)
    return { kind: 'read', bytes, hash: hashOf(bytes) }
  } finally {
    await file.close()
  }
}

/** Throws INTERNAL when `trust.json` is damaged. */
export async function trustStatus(state: string, file: { project: string; hash: string }): Promise<TrustStatus> {
  const known = (await readStore(state)).get(file.project)
  return known === undefined ? 'untrusted' : known === file.hash ? 'trusted' : 'changed'
}

/** Trusts the bytes that were read, and shown: a change since then is not included. */
export async function trust(state: string, file: { project: string; hash: string }): Promise<void> {
  const store = await readStore(state)
  await writeStore(state, store.set(file.project, file.hash))
}

/** False when it was not trusted. `project` may be gone by now. */
export async function revoke(state: string, project: string): Promise<boolean> {
  const store = await readStore(state)
  const gone = [project, await realpath(project).catch(() => project)].filter(path => store.delete(path))
  if (gone.length > 0) await writeStore(state, store)
  return gone.length > 0
}

const storePath = (state: string) => join(state, 'trust.json')

async function readStore(state: string): Promise<Map<string, string>> {
  const path = storePath(state)
  let text: string
  try {
    text = (await readRegular(path)).toString()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return new Map()
    throw new AppError('INTERNAL', `Cannot read ${path} (${code}): check its permissions.`)
  }
  const [v, { trustSchema }] = await Promise.all([import('valibot'), import('./schema.ts')])
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), trustSchema), text)
  if (!parsed.success) throw new AppError('INTERNAL', `${path} is damaged: delete it, and trust your projects again.`)
  return new Map(Object.entries(parsed.output.projects))
}

async function writeStore(state: string, store: Map<string, string>): Promise<void> {
  await makePrivateDir(dirname(storePath(state)))
  await writeAtomic(storePath(state), `${JSON.stringify({ projects: Object.fromEntries(store) }, null, 2)}\n`)
}
