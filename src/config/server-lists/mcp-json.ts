import type { ParsedFile } from '../file.ts'
import type { Path } from '../locate.ts'
import { type ConfigProblem, problemIn } from '../problem.ts'
import { readServerList } from './list.ts'

/** A project's `.mcp.json` as if it were a file of ours that declares servers and nothing else. */
export async function parseMcpJson(bytes: Uint8Array, path: string): Promise<ParsedFile> {
  const { servers, problems, lineOf } = await readServerList(bytes, path)
  const placeOf = ([kind, index, ...rest]: Path): Path =>
    kind === 'mcp_servers' && typeof index === 'number'
      ? [...(servers[index]?.path ?? []), ...rest]
      : [kind ?? '', ...rest]
  const lines = (key: Path) => lineOf(placeOf(key))
  return {
    path,
    from_project: true,
    data: { mcp_servers: servers.map(({ entry }) => entry) },
    lineOf: lines,
    problems: [],
    left_out: problems,
    left_out_agents: [],
    ignored: servers.flatMap(({ entry, dropped }) =>
      dropped.length === 0 ? [] : [`${path}: ${entry.name}: without a meaning here: ${dropped.join(', ')}`],
    ),
    problemAt: (problem): ConfigProblem => problemIn(path, lines, problem),
  }
}
