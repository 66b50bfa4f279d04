import * as v from 'valibot'
import { messageOf } from '../base/errors.ts'
import type { Question, Stored } from '../event.ts'
import type { Session } from '../session/session.ts'
import type { Asking as Deciding } from './approve.ts'
import { editText } from './editor.ts'
import type { Keyboard } from './keyboard.ts'
import { inert } from './terminal.ts'
import { isYes, readNo } from './words.ts'

type Asking = Pick<Deciding, 'yes' | 'keyboard' | 'env' | 'style' | 'line'>

/** Puts the question of an MCP server to the person. Without one it is declined: a question that waits holds up its call. */
export async function answer(question: Stored<Question>, session: Session, asking: Asking): Promise<void> {
  const { question_id } = question
  const { questions } = session
  if (question.kind === 'plan' && asking.yes) return questions.answer(question_id, ACCEPT)
  if (!asking.keyboard) {
    asking.line(`${intro(question, asking)}\n  ${asking.style.yellow('Declined: there is no terminal to ask on.')}`)
    return questions.answer(question_id, DECLINE)
  }
  const closed = new AbortController() // by an interrupt, or because the browser came back
  const unsubscribe = session.subscribe(event => {
    if (event.type === 'answer' && event.question_id === question_id) closed.abort()
  })
  try {
    const ask = question.kind === 'plan' ? judge : question.url === undefined ? fillIn : visit
    const reply = await ask(question, asking as Present, closed.signal)
    if (!closed.signal.aborted) questions.answer(question_id, reply)
  } finally {
    unsubscribe()
  }
}

type Present = Asking & { keyboard: Keyboard }
type Reply = Parameters<Session['questions']['answer']>[1]
const CANCEL: Reply = { action: 'cancel' }
const DECLINE: Reply = { action: 'decline' }

const ACCEPT: Reply = { action: 'accept', content: { answer: 'accept' } }

const intro = ({ server, message, agent, parent_tool_call_id }: Question, { style }: Asking) =>
  `  ${agent && parent_tool_call_id ? `${inert(agent)} › ` : ''}${style.bold(inert(server))} asks: ${inert(message)}`

/** The plan is on the screen already, as a list. */
async function judge(question: Question, asking: Present, closed: AbortSignal): Promise<Reply> {
  const { keyboard, line, env, style } = asking
  line(intro(question, asking))
  for (;;) {
    const typed = await keyboard.ask('  Build it? [y]es, [e]dit it first, [n]o: ', closed)
    if (typed === null) return CANCEL
    if (readNo(typed)) return { action: 'accept', content: { answer: 'refuse' } }
    if (isYes(typed)) return ACCEPT
    if (!/^\s*e(dit)?\s*$/i.test(typed)) {
      line('  y has the build agent carry it out, e edits it first, n leaves it. Nothing is decided yet.')
      continue
    }
    try {
      const { properties } = v.parse(form, question.schema)
      const plan = await keyboard.lend(() => editText(`${properties.plan?.default ?? ''}\n`, 'plan.md', env))
      return { action: 'accept', content: { answer: 'edit', plan } }
    } catch (error) {
      line(`  ${style.yellow(inert(messageOf(error)))}`)
    }
  }
}

async function visit(question: Question, asking: Present, closed: AbortSignal): Promise<Reply> {
  asking.line(`${intro(question, asking)}\n  ${inert(question.url!)}`)
  for (;;) {
    const typed = await asking.keyboard.ask('  Press Enter once you have been there, or [n]o: ', closed)
    if (typed === null) return CANCEL
    if (readNo(typed)) return DECLINE
    if (isYes(typed) || typed.trim() === '') return { action: 'accept' }
    asking.line('  Open the address in a browser, then press Enter (or y); n declines. Nothing is answered yet.')
  }
}

const field = v.looseObject({
  type: v.optional(v.string()),
  title: v.optional(v.string()),
  description: v.optional(v.string()),
  default: v.optional(v.unknown()),
  enum: v.optional(v.array(v.unknown())),
  items: v.optional(v.looseObject({ enum: v.optional(v.array(v.unknown())) })),
})
const form = v.looseObject({
  properties: v.optional(v.record(v.string(), v.fallback(field, {})), {}),
  required: v.optional(v.array(v.string()), []),
})
type Field = v.InferOutput<typeof field>

const choicesOf = ({ enum: one, items }: Field): string[] | undefined => (one ?? items?.enum)?.map(String)

/** One line for each field; what is left empty is left out, so that the server's default holds. */
async function fillIn(question: Question, asking: Present, closed: AbortSignal): Promise<Reply> {
  asking.line(intro(question, asking))
  for (;;) {
    const typed = await asking.keyboard.ask('  Answer? [y]es, [n]o: ', closed)
    if (typed === null) return CANCEL
    if (readNo(typed)) return DECLINE
    if (isYes(typed)) break
    asking.line('  y goes through what it asks, field by field; n declines. Nothing is answered yet.')
  }
  const { properties, required } = v.parse(v.fallback(form, { properties: {}, required: [] }), question.schema)
  const content: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(properties)) {
    const value = await ask(name, field, required.includes(name), asking, closed)
    if (value === null) return CANCEL
    if (value !== undefined) content[name] = value
  }
  return { action: 'accept', content }
}

async function ask(name: string, field: Field, required: boolean, asking: Present, closed: AbortSignal) {
  const { keyboard, style } = asking
  const hints = [
    choicesOf(field)?.join('|') ?? field.type,
    field.type === 'array' && 'several with commas between them',
    field.default !== undefined && `default ${JSON.stringify(field.default)}`,
    field.default === undefined && !required && 'may be left empty',
  ]
  const about = field.description ?? field.title
  const label = `  ${inert(name)}${about ? ` ${style.dim(inert(about))}` : ''} (${inert(hints.filter(Boolean).join(', '))}): `
  for (;;) {
    const typed = await keyboard.ask(label, closed)
    if (typed === null) return null
    if (typed.trim() === '' && (!required || field.default !== undefined)) return undefined
    const value = read(typed.trim(), field)
    if (value !== undefined) return value
    asking.line(
      `  That is not what it takes${choicesOf(field) || field.type ? `: ${inert(choicesOf(field)?.join('|') ?? field.type!)}` : ''}.`,
    )
  }
}

/** What was typed as what the field wants; undefined when it is no such thing. */
function read(typed: string, field: Field): unknown {
  if (field.type !== 'array') return readOne(typed, field.type, choicesOf(field))
  const parts = typed.split(',').map(part => readOne(part.trim(), 'string', choicesOf(field)))
  return parts.includes(undefined) ? undefined : parts
}

function readOne(typed: string, type: string | undefined, choices: string[] | undefined): unknown {
  if (choices) {
    const folded = choices.filter(choice => choice.toLowerCase() === typed.toLowerCase())
    return choices.find(choice => choice === typed) ?? (folded.length === 1 ? folded[0] : undefined)
  }
  switch (type) {
    case 'integer':
      return /^[+-]?\d+$/.test(typed) ? Number(typed) : undefined
    case 'number':
      return typed !== '' && Number.isFinite(Number(typed)) ? Number(typed) : undefined
    case 'boolean':
      return { y: true, yes: true, true: true, n: false, no: false, false: false }[typed.toLowerCase()]
    default:
      return typed
  }
}
