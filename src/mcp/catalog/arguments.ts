import { AppError } from '../../base/errors.ts'
import type { Params } from '../../event.ts'
import type { JsonSchema } from '../../llm/provider.ts'
import { allows, deref, isObject, propertiesOf } from './schema.ts'
import { signatureOf } from './signature.ts'

/** Says what is wrong with arguments, a phrase each; empty when nothing is. */
type Validator = (args: Params) => string[]

let compile: ((schema: JsonSchema) => Validator) | undefined

/** Loads the JSON Schema interpreter (5 ms), once, before the first tool that needs it is handed out. */
export async function loadValidator(): Promise<void> {
  if (compile) return
  const { CfWorkerJsonSchemaValidator } = await import('@modelcontextprotocol/client/validators/cf-worker')
  const interpreter = new CfWorkerJsonSchemaValidator({ shortcircuit: false })
  compile = schema => {
    const validate = interpreter.getValidator<Params>(schema)
    return args => {
      const { valid, errorMessage } = validate(args)
      return valid ? [] : readable(errorMessage)
    }
  }
}

/**
 * The arguments of a call as its tool wants them. What models get wrong without harm is put right: objects sent as JSON
 * text, `{"arguments": {…}}` around them, numbers and booleans as text, null for a parameter that is simply not given.
 * Throws INVALID_PARAMS with what is wrong and the signature.
 */
export function parseArguments(tool: string, schema: JsonSchema, params: unknown): Params {
  const args = unwrap(params, schema)
  if (args === null)
    throw new AppError('INVALID_PARAMS', `The arguments of ${tool} must be a JSON object. ${usage(tool, schema)}`)
  const mended = mend(args, schema, schema)
  const wrong = check(schema, mended)
  if (wrong.length === 0) return mended
  throw new AppError('INVALID_PARAMS', `${wrong.join('; ')}. ${usage(tool, schema)}`)
}

const usage = (tool: string, schema: JsonSchema) =>
  `Signature: ${tool} ${signatureOf(schema) || '(no parameters)'} (a bare name is a required string, ? is optional).`

const WRAPPERS = ['arguments', 'args', 'params', 'parameters', 'input']

/** null when it is no object, however looked at. */
function unwrap(params: unknown, schema: JsonSchema): Params | null {
  const value = params === undefined || params === null || params === '' ? {} : fromText(params)
  if (!isObject(value)) return null
  const { properties } = propertiesOf(schema, schema)
  const [key, ...more] = Object.keys(value)
  if (key === undefined || more.length > 0 || key in properties || !WRAPPERS.includes(key)) return value
  const inner = fromText(value[key])
  return isObject(inner) ? unwrap(inner, schema) : value
}

function fromText(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return value // plain text
  }
}

function mend(args: Params, schema: JsonSchema, root: JsonSchema): Params {
  const { properties, required } = propertiesOf(schema, root)
  const entries = Object.entries(args).flatMap(([name, value]): [string, unknown][] => {
    if (!Object.hasOwn(properties, name)) return [[name, value]]
    const property = deref(properties[name], root)
    if (value === null && !required.has(name) && !allows(property, 'null', root)) return []
    return [[name, mendValue(value, property, root)]]
  })
  return Object.fromEntries(entries)
}

function mendValue(value: unknown, schema: JsonSchema, root: JsonSchema): unknown {
  if (isObject(value) && isObject(schema.properties)) return mend(value, schema, root)
  if (Array.isArray(value) && isObject(schema.items)) {
    const items = deref(schema.items, root)
    return value.map(item => mendValue(item, items, root))
  }
  if (typeof value !== 'string' || allows(schema, 'string', root)) return value
  const read = fromText(value)
  if (typeof read === 'string') return value
  return isObject(read) || Array.isArray(read) ? mendValue(read, schema, root) : read
}

const validators = new WeakMap<JsonSchema, Validator>()

function check(schema: JsonSchema, args: Params): string[] {
  let validate = validators.get(schema)
  if (!validate) {
    validate = tolerant(schema)
    validators.set(schema, validate)
  }
  return validate(args)
}

/** A schema that cannot be read is the server's to enforce. */
function tolerant(schema: JsonSchema): Validator {
  if (!compile) throw new Error('loadValidator() comes first')
  let validate: Validator
  try {
    validate = compile(schema)
  } catch {
    return () => [] // an unknown dialect or a broken $ref
  }
  return args => {
    try {
      return validate(args)
    } catch {
      return [] // a bad pattern, found only now
    }
  }
}

/** The interpreter names every level above a mistake too; only the mistake itself helps. */
const NOISE = /does not match (?:schema|all)|did not match schema|Items did not match/
const MOST_SHOWN = 5

function readable(message: string): string[] {
  const all = message.split(/; (?=#)/).map(phrase => {
    const [, path, text] = /^#([^:]*): (.*)$/s.exec(phrase) ?? [phrase, '', phrase]
    const where = path!.slice(1).replaceAll('/', '.')
    const what = text!
      .replace(/\.$/, '')
      .replace('Instance does not have required property', 'missing')
      .replace(/^Instance/, 'value')
    return { text: where ? `${where}: ${what}` : what, noise: NOISE.test(text!) }
  })
  const leaves = all.filter(phrase => !phrase.noise)
  return (leaves.length > 0 ? leaves : all).slice(0, MOST_SHOWN).map(phrase => phrase.text)
}
