import type { RemoteName } from '../../base/remote-name.ts'
import type { Editor, EditorTool } from './editor.ts'

/** Before a path of the editor that is not on the machine of the project: no path of a tool begins so. */
const ELSEWHERE = 'emacs:'
const EXACT: readonly EditorTool[] = ['remote_files', 'remote_process']
const DEEPEST = 4

/** A path of the client as tools have it: on the machine of the project its path there, else marked as one of the editor's. */
export function inward({ prefix }: RemoteName, path: string): string {
  if (path.startsWith(`${prefix}/`)) return path.slice(prefix.length)
  return path.startsWith('/') ? ELSEWHERE + path : path
}

/** The same path as the editor has it. */
export function outward({ prefix }: RemoteName, path: string): string {
  if (path.startsWith(ELSEWHERE)) return path.slice(ELSEWHERE.length)
  return path.startsWith('/') ? prefix + path : path
}

export const isElsewhere = (path: string): boolean => path.startsWith(ELSEWHERE)

/** Those of files on the machine of the project, by their paths there. */
export const buffersThere = <B extends { path: string }>(name: RemoteName, buffers: readonly B[]): B[] =>
  buffers.map(buffer => ({ ...buffer, path: inward(name, buffer.path) })).filter(({ path }) => !isElsewhere(path))

/** The editor of a project on another machine: paths in its requests and answers are those of that machine. */
export function editorThere(editor: Editor, name: RemoteName): Editor {
  const give = (path: string) => outward(name, path)
  const take = (path: string) => inward(name, path)
  return {
    ...editor,
    ask: (request, signal) =>
      EXACT.includes(request.tool)
        ? editor.ask(request, signal)
        : editor.ask(
            {
              ...request,
              params: withPaths(request.params, give, ['path', 'paths', 'directory', 'name']) as Record<
                string,
                unknown
              >,
              parse: result => request.parse(withPaths(result, take, ['path'])),
            },
            signal,
          ),
  }
}

/** The same value with other paths under these keys. */
function withPaths(value: unknown, change: (path: string) => string, keys: readonly string[], depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return value
  if (Array.isArray(value)) return value.map(item => withPaths(item, change, keys, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (!keys.includes(key)) return [key, withPaths(item, change, keys, depth + 1)]
      if (typeof item === 'string') return [key, change(item)]
      const isList = Array.isArray(item) && item.every(path => typeof path === 'string')
      return [key, isList ? item.map(change) : item]
    }),
  )
}
