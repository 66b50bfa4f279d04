/** The servers of a project as the system prompt shows them: enough to know what there is, for as few tokens as can be. */

export type Listed = {
  server: string
  category: string /** null: it has not answered yet. */
  tools: string[] | null
  failed?: boolean
}

/** Up to here every name is shown; beyond, categories with counts, and `find_tools` does the rest. */
const MOST_NAMES = 200
/** So many names must begin alike before `get_{a b c}` is shorter. */
const ENOUGH_ALIKE = 3

/** Empty when there are no servers. Made once per session and then frozen: a prompt cache lives on it. */
export function overviewOf(servers: Listed[]): string {
  if (servers.length === 0) return ''
  const count = servers.reduce((sum, { tools }) => sum + (tools?.length ?? 0), 0)
  if (count <= MOST_NAMES) return ['MCP tools (x_{a b} = x_a, x_b):', ...servers.map(lineOf)].join('\n')
  const categories = new Map<string, number>()
  for (const { category, tools } of servers)
    categories.set(category, (categories.get(category) ?? 0) + (tools?.length ?? 0))
  const counts = Array.from(categories, ([category, tools]) => `${category} ${tools}`)
  return `MCP tools by category, for find_tools: ${counts.join(', ')}`
}

const lineOf = ({ server, tools, failed }: Listed) =>
  `${server}: ${tools ? grouped(tools) : failed ? '(failed; find_tools says why)' : '(starting)'}`

/** `get_issue get_user get_page` → `get_{issue user page}`. */
function grouped(names: string[]): string {
  const alike = Map.groupBy(names, name => /^[^_\-./]+[_\-./](?=.)/.exec(name)?.[0] ?? '')
  return Array.from(alike, ([start, members]) =>
    start === '' || members.length < ENOUGH_ALIKE
      ? members.join(' ')
      : `${start}{${members.map(name => name.slice(start.length)).join(' ')}}`,
  ).join(' ')
}
