import { createApp, type Server } from '../server/app.ts'
import { document } from '../server/openapi.ts'
import { fieldList, item, type JsonSchema } from './json-schema.ts'

/** Routes are declared with what their handlers will need, and none of these handlers is ever called. */
const NOTHING = { store: {}, runtime: { secrets: () => [] }, metrics: {} } as unknown as Server

type Operation = {
  summary?: string
  parameters?: { name: string; in: string; required?: boolean }[]
  requestBody?: { content: Record<string, { schema: JsonSchema }> }
}

/** What `GET /openapi.json` answers. */
export const apiDocument = (version: string): Promise<object> => document(createApp(NOTHING), version)

/** Every route with its parameters, as Org: what `help api` prints behind its page. */
export async function apiReference(version: string): Promise<string> {
  const { paths = {} } = (await apiDocument(version)) as { paths?: Record<string, Record<string, Operation>> }
  const routes = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => routeText(`${method.toUpperCase()} ${path}`, operation)),
  )
  return `* Every route\n\n${routes.join('\n')}`
}

function routeText(line: string, { summary, parameters = [], requestBody }: Operation): string {
  const query = parameters.filter(parameter => parameter.in === 'query')
  const asked = query.map(({ name, required }) => item(`=?${name}== :: text${required ? '; required' : ''}`)).join('')
  const body = requestBody?.content['application/json']?.schema
  const fields = body ? fieldList(body) : ''
  return `** =${line}=\n\n${summary}.\n${asked && `\n${asked}`}${fields && `\nThe body:\n\n${fields}`}`
}
