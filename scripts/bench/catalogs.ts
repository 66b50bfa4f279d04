import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { McpTool } from '../../src/mcp/catalog/catalog.ts'
import { readListing } from '../../src/mcp/catalog/catalog.ts'

const DIRECTORY = join(import.meta.dir, '../../../shared/catalogs')

/** Real `tools/list` answers, by server in the order of their names; empty where `../shared` is not there. */
export async function realCatalogs(): Promise<{ server: string; tools: McpTool[] }[]> {
  if (!existsSync(DIRECTORY)) return []
  const files = readdirSync(DIRECTORY)
    .filter(name => name.endsWith('.json'))
    .sort()
  return Promise.all(
    files.map(async file => {
      const { name, tools } = JSON.parse(readFileSync(join(DIRECTORY, file), 'utf8')) as {
        name: string
        tools: unknown[]
      }
      return { server: name, tools: await readListing(tools, () => {}) }
    }),
  )
}
