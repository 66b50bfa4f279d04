import { isAbsolute } from 'node:path'
import * as v from 'valibot'
import type { Params, ProviderData, Storable } from '../event.ts'

/**
 * What readers may count on in each event of a log: types and ranges, no more. Further fields are carried along, and words
 * that a newer version may know (a stop reason, an error code) are any word. A line that does not fit is a bad line.
 */
const SHAPES: { [T in Storable['type']]: v.GenericSchema<unknown, Omit<Extract<Storable, { type: T }>, 'type'>> } =
  shapes()

/** The event, when it has the shape of its type; one of a type that we do not know has any. Null for what does not fit. */
export function shaped<E extends { type: string }>(event: E): E | null {
  if (!Object.hasOwn(SHAPES, event.type)) return event
  const shape = SHAPES[event.type as Storable['type']]
  if (event.type !== 'session.created') return v.is(shape, event) ? event : null
  const created = v.safeParse(shape, event)
  return created.success ? (created.output as unknown as E) : null
}

function shapes() {
  const maybe = v.optional
  const text = v.string()
  /** Part of the name of a file, for some. */
  const id = v.pipe(text, v.regex(/^[\w.:-]{1,200}$/))
  const line = v.number()
  const amount = v.pipe(v.number(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER))
  /** One word of a vocabulary, known or not: it may stand unquoted in a transcript. */
  const word = <T extends string>() => v.custom<T>(value => typeof value === 'string' && /^[\w.-]{1,64}$/.test(value))
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
  const object = <T extends object>() => v.custom<T>(isObject)
  const params = object<Params>()
  const path = v.pipe(text, v.maxLength(4096), v.check(isAbsolute), v.excludes('\0'))

  const usage = v.looseObject({
    input_tokens: amount,
    output_tokens: amount,
    cache_read_tokens: amount,
    cache_write_tokens: amount,
    cost_usd: maybe(amount),
  })
  const config = v.looseObject({
    auto_approve_readonly: v.boolean(),
    auto_approve_tools: v.array(text),
    save_transcript: v.boolean(),
  })
  const locations = v.array(v.looseObject({ path: text, line: maybe(line) }))
  const range = { start: line, end: line }
  const context = v.looseObject({
    current_file: v.nullish(text),
    cursor_position: v.nullish(v.looseObject({ line, column: v.number() })),
    visible_region: v.nullish(v.looseObject(range)),
    region: v.nullish(v.looseObject({ path: v.nullish(text), ...range, text })),
    files: v.nullish(v.array(text)),
    buffers: v.nullish(v.array(v.looseObject({ path: text, text }))),
    diagnostics: v.nullish(
      v.array(v.looseObject({ path: text, line, column: v.nullish(v.number()), severity: text, message: text })),
    ),
  })
  const attachment = v.union([v.looseObject({ media_type: text, data: text }), v.looseObject({ path: text })])

  const delegated = { agent: maybe(text), parent_tool_call_id: maybe(id) }
  const ofTurn = { turn_id: id }
  const ofCall = { turn_id: id, tool_call_id: id, ...delegated }
  const body = {
    turn_id: id,
    prompt_id: maybe(text),
    text,
    context: maybe(context),
    attachments: maybe(v.array(attachment)),
    agent: maybe(text),
    effort: maybe(word<'low' | 'medium' | 'high'>()),
  }

  return {
    // Without these it is no session; the rest has an answer of its own (the id is the name of the file).
    'session.created': v.looseObject({
      format: v.fallback(
        v.custom<1>(value => value === 1),
        1,
      ),
      session_id: v.fallback(text, ''),
      project_path: path,
      title: v.fallback(text, ''),
      model: v.pipe(text, v.nonEmpty()),
      agent: v.pipe(text, v.nonEmpty()),
      forked_from: maybe(v.looseObject({ session_id: text, event_id: amount })),
      inherited_to: maybe(amount),
      config: v.fallback(config, { auto_approve_readonly: true, auto_approve_tools: [], save_transcript: true }),
    }),
    'session.updated': v.looseObject({
      model: maybe(text),
      agent: maybe(text),
      title: maybe(text),
      config: maybe(config),
      rule: maybe(text),
    }),
    'session.resumed': v.looseObject({}),
    'session.rewound': v.looseObject({ to_event_id: amount, ...ofTurn, retry_turn_id: maybe(id) }),
    'session.closed': v.looseObject({ transcript_path: v.nullable(text) }),
    'prompt.queued': v.looseObject({ ...body, when_busy: v.picklist(['queue', 'steer']) }),
    'prompt.dropped': v.looseObject({ ...ofTurn, text }),
    prompt: v.looseObject({ ...body, source: v.picklist(['user', 'steer', 'agent']), parent_tool_call_id: maybe(id) }),
    message: v.looseObject({
      ...ofTurn,
      ...delegated,
      message_id: id,
      role: v.literal('assistant'),
      content: text,
      thinking: maybe(text),
      tool_calls: v.array(v.looseObject({ tool_call_id: id, tool: text, params })),
      model: text,
      usage,
      stop_reason: word<'end_turn'>(),
      provider_data: maybe(v.intersect([object<ProviderData>(), v.looseObject({ provider: text })])),
    }),
    'tool.call': v.looseObject({
      ...ofCall,
      tool: text,
      category: text,
      params,
      requires_approval: v.boolean(),
      danger: maybe(text),
      reason: text,
      preview: maybe(
        v.looseObject({
          hash: text,
          files: v.array(v.looseObject({ path: text, before_hash: v.nullable(text), diff: text })),
        }),
      ),
      remember: maybe(v.looseObject({ session: text, project: text })),
      locations: maybe(locations),
      expires_at: maybe(text),
    }),
    approval: v.looseObject({
      ...ofCall,
      decision: word<'approved'>(),
      by: word<'user'>(),
      reason: maybe(text),
      params: maybe(params),
      edited: maybe(v.boolean()),
    }),
    'tool.result': v.looseObject({
      ...ofCall,
      tool: text,
      status: word<'success'>(),
      result: maybe(v.looseObject({ content: text, metadata: object<Record<string, unknown>>() })),
      error: maybe(v.looseObject({ code: word<'INTERNAL'>(), message: text, recoverable: v.boolean() })),
      message: text,
      execution_time_ms: amount,
      locations: maybe(locations),
    }),
    'file.changed': v.looseObject({
      ...ofCall,
      path: text,
      from: maybe(text),
      operation: word<'edit'>(),
      change: word<'modified'>(),
      before_hash: maybe(text),
      after_hash: maybe(text),
      diff: maybe(text),
    }),
    question: v.looseObject({
      ...delegated,
      question_id: id,
      kind: word<'elicitation'>(),
      server: text,
      message: text,
      schema: maybe(v.unknown()),
      url: maybe(text),
    }),
    answer: v.looseObject({ question_id: id, action: word<'accept'>(), content: maybe(v.unknown()) }),
    error: v.looseObject({
      ...delegated,
      turn_id: maybe(id),
      code: word<'INTERNAL'>(),
      message: text,
      recoverable: v.boolean(),
      retry_in_ms: maybe(amount),
    }),
    'context.compacted': v.looseObject({
      ...delegated,
      turn_id: maybe(id),
      summary: text,
      first_kept_id: maybe(amount),
      usage: maybe(usage),
      tokens_before: amount,
      tokens_after: amount,
    }),
    notice: v.looseObject({
      ...delegated,
      turn_id: maybe(id),
      code: word<string>(),
      message: text,
      path: maybe(text),
      line: maybe(line),
      images: maybe(v.array(text)),
    }),
    'turn.end': v.looseObject({ ...ofTurn, ...delegated, outcome: word<'completed'>(), usage, duration_ms: amount }),
  }
}
