import { Hono } from 'hono'
import { describeRoute, generateSpecs, resolver } from 'hono-openapi'
import type * as v from 'valibot'
import type { Env } from './app.ts'
import { type Described, describedRoutes } from './route.ts'

/** The OpenAPI document, from the schemas that validate. Made when it is asked for: what makes it is loaded only then. */
export function document(app: Hono<Env>, version: string) {
  const shadow = new Hono()
  for (const route of describedRoutes(app))
    shadow.on(route.method, route.path, describeRoute(describe(route)), c => c.body(null))
  return generateSpecs(shadow, {
    documentation: {
      info: { title: 'emacs-agent-backend', version, description: 'The agent engine for Emacs.' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
  })
}

function describe({ summary, body, query, status = 200 }: Described) {
  return {
    summary,
    ...(body && { requestBody: { content: { 'application/json': { schema: resolver(body) as never } } } }),
    ...(query && { parameters: parametersOf(query as unknown as v.ObjectSchema<v.ObjectEntries, undefined>) }),
    responses: {
      [status]: { description: 'Done' },
      default: { description: 'An error: {"error":{"code","message","details"}}' },
    },
  }
}

const parametersOf = ({ entries }: v.ObjectSchema<v.ObjectEntries, undefined>) =>
  Object.entries(entries).map(([name, entry]) => ({
    in: 'query' as const,
    name,
    required: entry.type !== 'optional',
    schema: { type: 'string' as const },
  }))
