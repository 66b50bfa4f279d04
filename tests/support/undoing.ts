import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { EventStream } from './backend.ts'
import type { Said } from './model-replies.ts'
import { pending, type Scripted, startScripted } from './scripted.ts'
import { tempDir } from './temp.ts'

/** What stands in a tree, but for what git keeps: content, mode and links, by path. */
export function treeOf(root: string, below = ''): Record<string, string> {
  const tree: Record<string, string> = {}
  for (const name of readdirSync(join(root, below)).sort()) {
    if (name === '.git') continue
    const path = below ? `${below}/${name}` : name
    const found = lstatSync(join(root, path))
    const mode = (found.mode & 0o7777).toString(8)
    if (found.isSymbolicLink()) tree[path] = `-> ${readlinkSync(join(root, path))}`
    else if (found.isDirectory()) Object.assign(tree, { [path]: `dir ${mode}` }, treeOf(root, path))
    else tree[path] = `${mode} ${readFileSync(join(root, path)).toString('latin1')}`
  }
  return tree
}

export function put(root: string, path: string, content: string | Uint8Array, mode?: number): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), content)
  if (mode !== undefined) chmodSync(join(root, path), mode)
}

export type Place = Scripted & {
  root: string
  id: string
  /** One turn that makes these calls, one after another. Resolves with its id. */
  turn(...calls: [tool: string, args: object][]): Promise<string>
  post(route: string, body?: object): Promise<{ status: number; body: any }>
  changes(since?: string | number): Promise<any[]>
  events(): Promise<any[]>
}

/** A session in a directory with these files; whatever its calls are, nobody is asked. */
export async function startUndo(files: Record<string, string> = {}, options: { config?: string; root?: string } = {}) {
  const scripted = await startScripted({ config: options.config })
  const root = options.root ?? tempDir(files)
  return await openUndo(scripted, root)
}

const EVERYTHING = [
  'write_file',
  'edit_file',
  'delete_file',
  'move_file',
  'copy_file',
  'create_directory',
  'shell_exec',
]

export async function openUndo(scripted: Scripted, root: string, config: object = {}): Promise<Place> {
  const { backend, says } = scripted
  const id = await backend.session(root, { config: { auto_approve_tools: EVERYTHING, ...config } })
  return placeOf(scripted, root, id, says)
}

export function placeOf(scripted: Scripted, root: string, id: string, says = scripted.says): Place {
  const { backend } = scripted
  /** A line that is more than one plain command asks, whatever is approved. */
  async function approveAll(stream: EventStream): Promise<void> {
    for (let from = 0; ; from++) {
      const asked = await pending(stream, from).catch(() => null)
      if (!asked) return
      from = stream.frames.indexOf(asked)
      await backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: asked.data.tool_call_id })
    }
  }
  return {
    ...scripted,
    root,
    id,
    async turn(...calls) {
      const said: Said[] = calls.map(([name, args], n) => ({ calls: [{ id: `c${n}`, name, args }] }))
      says(...said, { text: 'Done.' })
      const stream = await backend.events(`/api/sessions/${id}/events`)
      const approving = approveAll(stream)
      const { body } = await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'Go.', wait: true })
      stream.close()
      await approving
      if (body.status !== 'success') throw new Error(JSON.stringify(body))
      return body.turn_id
    },
    post: (route, body) => backend.call(`POST /api/sessions/${id}/${route}`, body),
    changes: async since =>
      (await backend.call(`GET /api/sessions/${id}/changes${since === undefined ? '' : `?since=${since}`}`)).body.files,
    async events() {
      const { body } = await backend.call(`GET /api/sessions/${id}`)
      const stream = await backend.events(`/api/sessions/${id}/events`, 0)
      await stream.until(({ id }) => id === body.last_event_id)
      stream.close()
      return stream.stored
    },
  }
}
