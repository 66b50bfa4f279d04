import * as v from 'valibot'
import { printable } from '../../base/controls.ts'
import { checkFile } from '../check.ts'
import type { McpServerEntry } from '../config.ts'
import type { Path } from '../locate.ts'
import type { ConfigProblem } from '../problem.ts'
import { fileSchema } from '../schema.ts'
import { type Document, isDocument, parseDocument } from './document.ts'
import { convert, isTable } from './entry.ts'

/** A server of another client's list, as it would stand in our file. */
export type ListedServer = { entry: McpServerEntry; dropped: string[]; line: number; path: Path }
export type ServerList = {
  servers: ListedServer[]
  problems: ConfigProblem[]
  /** It is of a kind that may hold servers, and holds none. */
  isEmpty: boolean
  lineOf(path: Path): number
}

/**
 * Where a document may hold servers: Claude, Cursor, Gemini and many more; VS Code's own file and its settings; Zed; opencode;
 * Codex.
 */
const PLACES: Path[] = [
  ['mcpServers'],
  ['servers'],
  ['mcp', 'servers'],
  ['mcp', 'mcpServers'],
  ['context_servers'],
  ['mcp_servers'],
  ['mcp'],
]

/**
 * The servers of a file of Claude Desktop, Claude Code, VS Code, Cursor, Zed, opencode, Codex or Gemini, told apart by what is
 * in it. `project` takes the servers that Claude Code keeps for one project. What is no server is a problem and costs itself.
 */
export async function readServerList(bytes: Uint8Array, file: string, project?: string): Promise<ServerList> {
  const document = await parseDocument(bytes, file)
  if (!isDocument(document)) return { servers: [], problems: [document], isEmpty: false, lineOf: () => 1 }
  const own: Path[] = project === undefined ? [] : [['projects', project, 'mcpServers']]
  const places = [...own, ...PLACES].filter(path => isTable(at(document.content, path)))
  const list: ServerList = { servers: [], problems: [], isEmpty: places.length === 0, lineOf: document.lineOf }
  for (const place of places) {
    if (place.join() === 'mcp' && places.some(path => path[0] === 'mcp' && path.length > 1)) continue
    for (const [name, written] of Object.entries(at(document.content, place) as object))
      await take(list, document, file, [...place, name], written)
  }
  return list
}

const at = (content: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, key) => (isTable(value) && Object.hasOwn(value, key) ? value[key] : undefined), content)

async function take(list: ServerList, { lineOf }: Document, file: string, path: Path, written: unknown): Promise<void> {
  const line = lineOf(path)
  const problem = (message: string) =>
    void list.problems.push({ file: printable(file), line, key: printable(path.join('.')), message })
  if (list.servers.some(({ entry }) => entry.name === path.at(-1))) return
  if (!isTable(written)) return problem('is no table')
  const { entry, dropped } = convert(String(path.at(-1)), written)
  const parsed = v.safeParse(fileSchema, { mcp_servers: [entry] })
  if (!parsed.success) {
    const [issue] = parsed.issues
    const key = issue.path
      ?.slice(2)
      .map(item => String(item.key))
      .join('.')
    return problem(`${key ? `${key} ` : ''}must be ${issue.message}`)
  }
  const [wrong] = await checkFile(parsed.output)
  if (wrong) return problem(wrong.text)
  list.servers.push({ entry: parsed.output.mcp_servers![0]!, dropped, line, path })
}
