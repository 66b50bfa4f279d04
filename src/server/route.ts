import type { Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import * as v from 'valibot'
import { AppError } from '../base/errors.ts'
import { toJson } from '../base/text.ts'
import type { Env } from './app.ts'

// biome-ignore lint/suspicious/noExplicitAny: any schema, whatever it takes and gives
type Schema = v.GenericSchema<any, any>
type Spec<B extends Schema, Q extends Schema> = { summary: string; body?: B; query?: Q; status?: ContentfulStatusCode }
type Asked<B extends Schema, Q extends Schema> = {
  c: Context<Env>
  id: string
  body: v.InferOutput<B>
  query: v.InferOutput<Q>
}

/**
 * One route: what it takes is validated with, and documented from, the same schemas; what `handle` returns is the JSON
 * reply, or a Response of its own. Validation comes before look-up. `:id` of the path is `id`.
 */
export function route<B extends Schema, Q extends Schema>(
  app: Hono<Env>,
  line: `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`,
  spec: Spec<B, Q>,
  handle: (asked: Asked<B, Q>) => unknown,
): void {
  const [method, path] = line.split(' ') as [string, string]
  const { body, query, status = 200 } = spec
  described.set(app, [...describedRoutes(app), { method, path, ...spec }])
  app.on(method, path, async c => {
    const asked = {
      c,
      id: c.req.param('id') ?? '',
      body: body && parse(body, c.env.body),
      query: query && parse(query, c.req.query()),
    } as Asked<B, Q>
    const reply = await handle(asked)
    return reply instanceof Response ? reply : json(c, reply, status)
  })
}

/** A JSON reply that every reader takes. */
export const json = (c: Context<Env>, reply: unknown, status: ContentfulStatusCode): Response =>
  c.body(toJson(reply), status, { 'content-type': 'application/json' })

/** A route as the OpenAPI document shows it (see `openapi.ts`). */
export type Described = Spec<Schema, Schema> & { method: string; path: string }
const described = new WeakMap<Hono<Env>, Described[]>()
export const describedRoutes = (app: Hono<Env>): Described[] => described.get(app) ?? []

/** Throws INVALID_REQUEST that names each wrong field and what is expected there, never what was sent. */
function parse<S extends Schema>(schema: S, input: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, input)
  if (parsed.success) return parsed.output
  const fields = parsed.issues.map(issue => ({ field: v.getDotPath(issue) ?? '', expected: expectedBy(issue) }))
  const wrong = fields.map(({ field, expected }) => `${field || 'the body'}: expected ${expected}`)
  throw new AppError('INVALID_REQUEST', `${wrong.join('; ')}.`, { fields })
}

/** In words for people: valibot's own messages echo what was sent, and its `expected` is terse. */
function expectedBy(issue: v.BaseIssue<unknown>): string {
  const { type, expected, message, requirement } = issue
  switch (type) {
    case 'check':
    case 'regex':
    case 'union':
      return message
    case 'non_empty':
      return 'at least one character'
    case 'max_length':
      return `at most ${requirement} ${Array.isArray(issue.input) ? 'entries' : 'characters'}`
    case 'min_value':
      return `at least ${requirement}`
    case 'max_value':
      return `at most ${requirement}`
    case 'picklist':
      return `one of ${expected?.replace(/[()"]/g, '').replaceAll(' | ', ', ')}`
    default:
      return issue.path?.at(-1)?.origin === 'key' ? 'a value: it is missing' : (expected?.toLowerCase() ?? type)
  }
}
