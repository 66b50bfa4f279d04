import type * as v from 'valibot'
import { fileSchema } from '../config/schema.ts'
import { defaultServer, SCALARS } from '../config/settings.ts'
import { fieldList, type JsonSchema, jsonSchemaOf } from './json-schema.ts'
import { KEYS } from './keys.ts'

/** The JSON Schema of `emacs-agent.toml`, for editors: each key with its text from `keys.ts` and its default. */
export function configSchema(): object {
  const schema = jsonSchemaOf(fileSchema as unknown as v.GenericSchema)
  for (const { path, table } of tablesOf(schema)) {
    const texts = KEYS[path as keyof typeof KEYS] as Record<string, string> | undefined
    for (const [key, field] of Object.entries(table.properties ?? {})) {
      field.description = texts?.[key]
      field.default ??= defaultAt(path, key)
    }
  }
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: 'emacs-agent.toml', ...schema }
}

/** Every table with its keys, as Org: what `help config` prints behind its page. */
export function configReference(): string {
  const sections = tablesOf(configSchema() as JsonSchema).map(
    ({ heading, table }) => `** ${heading === '' ? 'The top of the file' : `=${heading}=`}\n\n${fieldList(table)}`,
  )
  return `* Every key\n\n${sections.join('\n')}`
}

/** `path` leaves names out (`providers.oauth`), `heading` is how the file writes it (`[providers.NAME.oauth]`). */
type Table = { path: string; heading: string; table: JsonSchema }

/** The tables of the file, outermost first. */
export function tablesOf(table: JsonSchema, path: string[] = [], written: string[] = [], array = false): Table[] {
  const inner = Object.entries(table.properties ?? {}).flatMap(([key, field]) => {
    const [at, name] = [
      [...path, key],
      [...written, key],
    ]
    if (field.properties) return tablesOf(field, at, name)
    if (field.items?.properties) return tablesOf(field.items, at, name, true)
    const value = field.additionalProperties
    if (typeof value !== 'object' || !value.properties) return []
    return tablesOf(value, at, [...name, key === 'models' ? '"PROVIDER/MODEL"' : 'NAME'])
  })
  const name = written.join('.')
  return [{ path: path.join('.'), heading: name && (array ? `[[${name}]]` : `[${name}]`), table }, ...inner]
}

function defaultAt(path: string, key: string): unknown {
  if (path === '') return SCALARS[key as keyof typeof SCALARS]?.initial
  const server: Record<string, unknown> = defaultServer('')
  if (path === 'mcp_servers') return key === 'name' || key === 'category' || key === 'limits' ? undefined : server[key]
  if (path === 'mcp_servers.limits') return (server['limits'] as Record<string, unknown>)[key]
  return undefined
}
