import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { AppError } from '../base/errors.ts'
import { createReader } from './arguments.ts'
import type { Effect, Output, Tool, ToolContext } from './tool.ts'

type ObjectSchema = v.ObjectSchema<v.ObjectEntries, undefined>

/**
 * A built-in tool from one valibot schema: it validates the arguments and is what the model gets as JSON Schema. Arguments
 * are read leniently first (`arguments.ts`). A parameter that no tool of ours knows is named: where the call only reads, in
 * a note behind its result; else it is refused, because it may have been meant to hold the change back (`dry_run`).
 * `aliases` maps names that models use for a parameter of this tool alone to ours.
 */
export function defineTool<S extends ObjectSchema>(spec: {
  name: string
  category: string
  description: string
  level: Tool['level']
  level_by_call?: boolean
  takes?: Tool['takes']
  proposals?: Tool['proposals']
  params: S
  aliases?: Record<string, string>
  effect(params: v.InferOutput<S>, context: ToolContext): Promise<Effect>
  run(params: v.InferOutput<S>, context: ToolContext, effect: Effect): Promise<Output>
}): Tool<v.InferOutput<S>> {
  const { $schema: _, ...parameters } = toJsonSchema(spec.params)
  const read = createReader(parameters, spec.aliases)
  const notes = new WeakMap<object, string>()
  const { params: _params, aliases: _aliases, ...own } = spec
  return {
    ...own,
    parameters,
    parse(given) {
      const { params, unknown } = read(given)
      const parsed = parseParams(spec.params, params, spec.level === 'read' ? [] : unknown)
      if (unknown.length > 0) notes.set(parsed, `[Not used: ${unknown.join(', ')}. ${parametersOf(spec.params)}]`)
      return parsed
    },
    async run(params, context, effect) {
      const output = await spec.run(params, context, effect)
      const note = notes.get(params)
      return note === undefined ? output : { ...output, content: `${output.content}\n${note}` }
    },
  }
}

/** Throws INVALID_PARAMS that names each wrong parameter and lists the right ones, for the model to mend its call. */
function parseParams<S extends ObjectSchema>(schema: S, params: unknown, unknown: string[]): v.InferOutput<S> {
  const parsed = v.safeParse(schema, params)
  if (parsed.success && unknown.length === 0) return parsed.output
  const wrong = (parsed.issues ?? []).map(
    issue =>
      `${v.getDotPath(issue) ?? 'arguments'}: expected ${issue.expected ?? 'another value'}, got ${issue.received}`,
  )
  const strange = unknown.map(name => `${name}: no such parameter`)
  throw new AppError('INVALID_PARAMS', `${[...wrong, ...strange].join('; ')}. ${parametersOf(schema)}`)
}

function parametersOf({ entries }: ObjectSchema): string {
  const names = Object.entries(entries).map(([name, entry]) => (entry.type === 'optional' ? `${name}?` : name))
  return `The parameters are: ${names.join(', ') || 'none'}.`
}
