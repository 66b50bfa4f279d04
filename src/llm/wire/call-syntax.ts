import type { Params } from '../../event.ts'
import type { JsonSchema } from '../provider.ts'
import { endOfObject, parseArguments } from './arguments.ts'
import { literalAt, pythonAt } from './pythonic.ts'

/**
 * How models write calls into their text when their server does not read them out of it: JSON between tags (Hermes), elements
 * (Qwen3 Coder, MiniMax, DeepSeek V3.2), names and keys in tags (GLM), tokens (DeepSeek, Kimi, Mistral, Llama, Command), Python (`pythonic.ts`).
 */
export type Found = { name: string; params: Params }

/**
 * Where a block of calls begins and ends. `kept`: the opener is part of what is read. Without a closer it goes on to the end.
 * `common`: a tag that may stand for something else, so that only calls of tools that were offered count.
 */
export type Opener = { opener: string; closer?: string; kept?: true; common?: true }

const both = (name: string): Opener => ({ opener: `<${name}>`, closer: `</${name}>` })
const TAGS = [
  ...['tool_call', 'tool_calls', 'function_call', 'function_calls', 'toolcall', 'TOOLCALL'],
  ...['minimax:tool_call', 'seed:tool_call'],
]
/** Pairs of tokens around calls: Command, LFM2, InternLM, Apertus. */
const PAIRS = [
  ['<|START_ACTION|>', '<|END_ACTION|>'],
  ['<|tool_call_start|>', '<|tool_call_end|>'],
  ['<|action_start|>', '<|action_end|>'],
  ['<|tools_prefix|>', '<|tools_suffix|>'],
] as const
/** DeepSeek's tokens, which some templates and servers spell in ASCII; Kimi's are among these. */
const TOKENS = ['｜', '|'].flatMap(bar =>
  ['▁', '_'].flatMap(_ =>
    [`tool${_}calls${_}`, `tool${_}call${_}`, `tool${_}calls${_}section${_}`].map(
      (name): Opener => ({ opener: `<${bar}${name}begin${bar}>`, closer: `<${bar}${name}end${bar}>` }),
    ),
  ),
)
export const OPENERS: readonly Opener[] = [
  ...TAGS.map(both),
  { ...both('tools'), common: true }, // Qwen2.5 Coder
  ...TOKENS,
  ...['antml:function_calls', '｜DSML｜function_calls'].map(both),
  { opener: '<function=', closer: '</function>', kept: true },
  ...['', 'antml:'].map(
    (space): Opener => ({ opener: `<${space}invoke name=`, closer: `</${space}invoke>`, kept: true }),
  ),
  ...PAIRS.map(([opener, closer]) => ({ opener, closer })),
  { opener: '<|tool_call|>' },
  { opener: '<|python_tag|>' },
  { opener: '[TOOL_CALLS]' },
]

/** What stands between two calls: blanks, the tags and tokens around each, and the end of a fence or of the answer. */
const BETWEEN =
  /(?:\s|[,;]|<\/?(?:tool_calls?|function_calls?|toolcall|TOOLCALL|tools|(?:minimax|seed):tool_call)>|<\/?(?:antml:|｜DSML｜)function_calls>|(?:function\s*)?<[|｜]tool[▁_](?:calls?(?:[▁_]section)?[▁_](?:begin|end)|sep)[|｜]>|\[\/?TOOL_CALLS\]|<\|(?:START_ACTION|END_ACTION|tool_call_start|tool_call_end|action_start|action_end|plugin|interpreter|tools_prefix|tools_suffix|python_tag|tool_call|\/tool_call|eom_id|eot_id|im_end)\|>|<\/s>|```\w*)+/y
/** A name in front of its arguments: Kimi, DeepSeek, Mistral. */
const NAMED =
  /(?:function\s*<[|｜]tool[▁_]sep[|｜]>\s*)?([\w./:-]+)\s*(?:\[CALL_ID\][\w-]+\s*)?(?:<[|｜]tool[▁_]sep[|｜]>|<\|tool_call_argument_begin\|>|\[ARGS\])?\s*(?:```\w*\s*)?(?=\{)/y
const GLM = /([\w./:-]+)\s*(?=<arg_key>|$|<\/tool_call>)/y
const GLM_KEY = /\s*<arg_key>\s*([^<]*?)\s*<\/arg_key>\s*<arg_value>/y

type Form = { begin: RegExp; key: RegExp; value_end: string; end: string }
const FORMS: Form[] = [
  {
    begin: /<function=\s*"?([\w./:-]+)"?\s*>/y,
    key: /\s*<parameter=\s*"?([^>"]+?)"?\s*>/y,
    value_end: '</parameter>',
    end: '</function>',
  },
  ...['', 'antml:', '｜DSML｜', 'steptml:'].map(space => ({
    begin: new RegExp(`<${space}invoke\\s+name="?([\\w./:-]+)"?\\s*>`, 'y'),
    key: new RegExp(`\\s*<${space}parameter\\s+name="?([^">]+)"?[^>]*>`, 'y'),
    value_end: `</${space}parameter>`,
    end: `</${space}invoke>`,
  })),
]

/** The JSON Schema of each tool's arguments, by its name: the elements do not say which values are text. */
export type Schemas = ReadonlyMap<string, JsonSchema>
type At = { calls: Found[]; to: number }

/** The calls of which `body` consists. Undefined where there is anything else in it, and where it is not at its end yet. */
export function callsIn(body: string, schemas: Schemas): Found[] | undefined {
  const found: Found[] = []
  for (let at = behind(body, 0); ; at = behind(body, at)) {
    if (at >= body.length) return found.length > 0 ? found : undefined
    const one =
      jsonAt(body, at) ??
      elementsAt(body, at, schemas) ??
      namedAt(body, at) ??
      glmAt(body, at, schemas) ??
      pythonAt(body, at)
    if (!one) return undefined
    found.push(...one.calls)
    at = one.to
  }
}

function behind(body: string, at: number): number {
  return match(BETWEEN, body, at) ? BETWEEN.lastIndex : at
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function jsonAt(body: string, at: number): At | undefined {
  const to = endOfObject(body, at)
  const calls = to === undefined ? undefined : jsonCalls(body.slice(at, to))
  if (calls) return { calls, to: to! }
  const literal = literalAt(body, at)
  const loose = literal && callsOf(literal.value)
  return loose && { calls: loose, to: literal.to }
}

function namedAt(body: string, at: number): At | undefined {
  const name = match(NAMED, body, at)?.[1]
  const to = name === undefined ? undefined : endOfObject(body, NAMED.lastIndex)
  const params = to === undefined ? undefined : parseArguments(body.slice(NAMED.lastIndex, to))
  return params && { calls: [{ name: name!, params }], to: to! }
}

function elementsAt(body: string, at: number, schemas: Schemas): At | undefined {
  for (const form of FORMS) {
    const name = match(form.begin, body, at)?.[1]
    if (name === undefined) continue
    let to = form.begin.lastIndex
    const json = body.slice(to).search(/\S/)
    const end = json >= 0 && body[to + json] === '{' ? endOfObject(body, to + json) : undefined
    const params = end === undefined ? {} : parseArguments(body.slice(to + json, end))
    if (!params) return undefined
    to = end ?? to
    for (let key = match(form.key, body, to); key; key = match(form.key, body, to)) {
      const from = form.key.lastIndex
      const value = endOfValue(body, from, form)
      if (value === undefined) return undefined
      params[key[1]!] = typed(body.slice(from, value.at), name, key[1]!, schemas)
      to = value.to
    }
    const rest = body.slice(to)
    const closed = rest.trimStart().startsWith(form.end)
    if (!closed && rest.trim() !== '') return undefined
    return { calls: [{ name, params }], to: closed ? body.indexOf(form.end, to) + form.end.length : body.length }
  }
  return undefined
}

/** A value ends at the tag behind which another value, or the end of the call, comes: the same words may be in its text. */
function endOfValue(body: string, from: number, { key, value_end, end }: Form): { at: number; to: number } | undefined {
  for (let at = body.indexOf(value_end, from); at >= 0; at = body.indexOf(value_end, at + 1)) {
    const to = at + value_end.length
    const next = body.slice(to).search(/\S/)
    if (next < 0 || body.startsWith(end, to + next) || match(key, body, to)) return { at, to }
  }
  // Some forget the tag of the last value.
  const at = body.indexOf(end, from)
  return at < 0 ? undefined : { at, to: at }
}

function glmAt(body: string, at: number, schemas: Schemas): At | undefined {
  const name = match(GLM, body, at)?.[1]
  if (name === undefined) return undefined
  const params: Params = {}
  let to = GLM.lastIndex
  for (let key = match(GLM_KEY, body, to); key; key = match(GLM_KEY, body, to)) {
    const from = GLM_KEY.lastIndex
    const end = body.indexOf('</arg_value>', from)
    if (end < 0) return undefined
    params[key[1]!] = typed(body.slice(from, end), name, key[1]!, schemas)
    to = end + '</arg_value>'.length
  }
  return Object.keys(params).length > 0 || schemas.has(name) ? { calls: [{ name, params }], to } : undefined
}

/** A value out of an element: JSON where the schema wants something else than text. One line end on each side is layout. */
function typed(written: string, tool: string, key: string, schemas: Schemas): unknown {
  const value = written.replace(/^\r?\n/, '').replace(/\r?\n$/, '')
  const properties = schemas.get(tool)?.['properties'] as Record<string, JsonSchema> | undefined
  const type = properties?.[key]?.['type']
  if (type === undefined || [type].flat().includes('string')) return value
  try {
    return JSON.parse(value)
  } catch {
    return value // the tool says what is wrong with it
  }
}

export const NAMES = ['name', 'tool', 'tool_name', 'function'] as const
export const ARGUMENTS = ['arguments', 'parameters', 'args', 'params', 'input', 'tool_input'] as const

/** One call or a list of them in JSON, in the spellings that models use. Undefined for anything else. */
function jsonCalls(body: string): Found[] | undefined {
  try {
    return callsOf(JSON.parse(body))
  } catch {
    return undefined // not JSON, or not yet
  }
}

function callsOf(data: unknown): Found[] | undefined {
  const list = Array.isArray(data) ? data : [data]
  const found = list.flatMap(each => toCall(each) ?? [])
  return found.length === list.length && found.length > 0 ? found : undefined
}

function toCall(data: unknown): Found | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined
  const fields = data as Params
  const inner = fields['function']
  if (typeof inner === 'object' && inner !== null) return toCall(inner)
  const key = NAMES.find(name => typeof fields[name] === 'string')
  if (key === undefined) return underItsName(fields)
  const name = fields[key]
  if (typeof name !== 'string' || !name) return undefined
  const { [key!]: _, type: __, id: ___, ...rest } = fields
  return { name, params: argumentsOf(fields) ?? rest }
}

/** `{"read_file": {"path": "a"}}`, as Apertus writes it. */
function underItsName(fields: Params): Found | undefined {
  const [[name, params] = [], ...others] = Object.entries(fields)
  const isCall = name && others.length === 0 && typeof params === 'object' && params !== null && !Array.isArray(params)
  return isCall ? { name, params: params as Params } : undefined
}

/** The arguments among the fields of a call; undefined where none of them holds any. */
function argumentsOf(fields: Params): Params | undefined {
  const key = ARGUMENTS.find(name => name in fields)
  const value = key && fields[key]
  if (typeof value === 'string') return parseArguments(value)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Params) : undefined
}

/** A call whose tag says the name. */
export const namedCall = (name: string, body: string): Found[] | undefined => {
  const params = parseArguments(body)
  return params && [{ name, params: argumentsOf(params) ?? params }]
}
