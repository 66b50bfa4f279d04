import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { AppError } from '../errors.ts'
import type { Effect, Output, Tool, ToolContext } from './tool.ts'

type ObjectSchema = v.ObjectSchema<v.ObjectEntries, undefined>

/**
 * A built-in tool from one valibot schema: it validates the arguments and is what the model gets as JSON Schema.
 * `aliases` maps other names models use for a parameter to ours (`old_string` → `old`); they stay out of the schema.
 */
export function defineTool<S extends ObjectSchema>(spec: {
  name: string
  category: string
  description: string
  level: Tool['level']
  params: S
  aliases?: Record<string, string>
  effect(params: v.InferOutput<S>, context: ToolContext): Promise<Effect>
  run(params: v.InferOutput<S>, context: ToolContext, effect: Effect): Promise<Output>
}): Tool<v.InferOutput<S>> {
  const { $schema: _, ...parameters } = toJsonSchema(spec.params)
  return {
    name: spec.name,
    category: spec.category,
    description: spec.description,
    level: spec.level,
    parameters,
    parse: params => parseParams(spec.params, unalias(params, spec.aliases ?? {})),
    effect: spec.effect,
    run: spec.run,
  }
}

/** Throws INVALID_PARAMS that names each wrong parameter and lists the right ones, for the model to mend its call. */
function parseParams<S extends ObjectSchema>(schema: S, params: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, params)
  if (parsed.success) return parsed.output
  const wrong = parsed.issues.map(
    issue =>
      `${v.getDotPath(issue) ?? 'arguments'}: expected ${issue.expected ?? 'another value'}, got ${issue.received}`,
  )
  const names = Object.entries(schema.entries).map(([name, entry]) => (entry.type === 'optional' ? `${name}?` : name))
  throw new AppError('INVALID_PARAMS', `${wrong.join('; ')}. The parameters are: ${names.join(', ') || 'none'}.`)
}

function unalias(params: unknown, aliases: Record<string, string>): unknown {
  if (typeof params !== 'object' || params === null || Array.isArray(params)) return params
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      const ours = aliases[name]
      return [ours !== undefined && !(ours in params) ? ours : name, value]
    }),
  )
}
