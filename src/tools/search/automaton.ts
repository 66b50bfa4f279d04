import { AppError } from '../../base/errors.ts'
import { type CharSet, isWord } from './charset.ts'
import { type Border, type Node, requiredText } from './regex.ts'

/**
 * Runs a pattern in time linear in the text, whatever the pattern: a model or a repository chose it, and backtracking would
 * let it stop the whole server. A nondeterministic automaton (Thompson), made deterministic as far as the text needs.
 */
export type Automaton = {
  /** Where the match that ends first ends, within `from`…`to` of one line; -1 for none. */
  find(text: string, from: number, to: number): number
  /** What every match contains, for skipping what cannot match. */
  required: string | null
}

const MAX_NODES = 10_000
const MAX_STATES = 2_000
/** Nodes visited while making states: about a second. Only patterns built for it get there. */
const MAX_WORK = 1e7

type Step =
  | { type: 'set'; set: CharSet; next: number }
  | { type: 'split'; nexts: number[] }
  | { type: 'assert'; at: Border; next: number }
  | { type: 'match' }

/** What came before the next character. */
type Before = 'start' | 'word' | 'other'
type State = {
  steps: number[]
  before: Before
  ascii: (State | undefined)[]
  others: Map<number, State>
  end?: boolean
}

/** Throws INVALID_PARAMS for a pattern too large, and `find` TIMEOUT for one too slow. */
export function compile(node: Node): Automaton {
  const steps: Step[] = [{ type: 'match' }]
  let built = 0
  const first = build(node, 0)
  const marks = new Uint32Array(steps.length)
  let mark = 0
  let work = 0
  let states = new Map<string, State>()
  const matched: State = { steps: [], before: 'other', ascii: [], others: new Map() }
  let start = stateOf([], 'start')
  return { find, required: requiredText(node) }

  function find(text: string, from: number, to: number): number {
    let state = start
    for (let at = from; at < to; at++) {
      let code = text.charCodeAt(at)
      if (code < 128) state = state.ascii[code] ?? advance(state, code)
      else {
        if ((code & 0xfc00) === 0xd800 && at + 1 < to) code = text.codePointAt(at)!
        state = state.others.get(code) ?? advance(state, code)
        if (state !== matched && code > 0xffff) at++
      }
      if (state === matched) return at
    }
    state.end ??= close(state, null).matches
    return state.end ? to : -1
  }

  /** The state behind `code`. It matches if a match ends right before `code`. */
  function advance(state: State, code: number): State {
    const { matches, reached } = close(state, code)
    let next = matched
    if (!matches) {
      const steps = reached.flatMap(at => takeSet(at, code))
      next = stateOf(steps, isWord(code) ? 'word' : 'other')
    }
    if (code < 128) state.ascii[code] = next
    else state.others.set(code, next)
    return next
  }

  function takeSet(at: number, code: number): number[] {
    const step = steps[at]!
    return step.type === 'set' && step.set.has(code) ? [step.next] : []
  }

  /** All that is reachable without a character, a new attempt at this very place included. `next` is null at the end. */
  function close(state: State, next: number | null): { matches: boolean; reached: number[] } {
    const nextIsWord = next !== null && isWord(next)
    const open = [first, ...state.steps]
    const reached: number[] = []
    mark++
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (marks[at] === mark) continue
      marks[at] = mark
      if (++work > MAX_WORK) throw new AppError('TIMEOUT', 'The pattern takes too long: make it simpler or more exact.')
      const step = steps[at]!
      if (step.type === 'match') return { matches: true, reached }
      if (step.type === 'set') reached.push(at)
      else if (step.type === 'split') open.push(...step.nexts)
      else if (holds(step.at, state.before, next === null, nextIsWord)) open.push(step.next)
    }
    return { matches: false, reached }
  }

  function stateOf(steps: number[], before: Before): State {
    const unique = [...new Set(steps)].sort((a, b) => a - b)
    const key = `${before} ${unique.join(' ')}`
    let state = states.get(key)
    if (!state) {
      if (states.size >= MAX_STATES) forget()
      state = { steps: unique, before, ascii: [], others: new Map() }
      states.set(key, state)
    }
    return state
  }

  /** Bounds the memory: states are only a memory of work done. The start is kept by `find`, so it is made anew too. */
  function forget(): void {
    states = new Map()
    start = { steps: [], before: 'start', ascii: [], others: new Map() }
  }

  /** Builds from the end: returns the step that matches `node` and goes on to `next`. */
  function build(node: Node, next: number): number {
    if (++built > MAX_NODES) throw tooLarge()
    if (node.type === 'set') return add({ type: 'set', set: node.set, next })
    if (node.type === 'assert') return add({ type: 'assert', at: node.at, next })
    if (node.type === 'sequence') return node.nodes.reduceRight((next, node) => build(node, next), next)
    if (node.type === 'choice') return add({ type: 'split', nexts: node.nodes.map(node => build(node, next)) })
    let entry = next
    if (node.max === Number.POSITIVE_INFINITY) {
      const loop: Step = { type: 'split', nexts: [next] }
      entry = add(loop)
      loop.nexts.push(build(node.node, entry))
    } else {
      for (let n = node.min; n < node.max; n++) entry = add({ type: 'split', nexts: [next, build(node.node, entry)] })
    }
    for (let n = 0; n < node.min; n++) entry = build(node.node, entry)
    return entry
  }

  function add(step: Step): number {
    return steps.push(step) - 1
  }
}

const tooLarge = () =>
  new AppError('INVALID_PARAMS', 'The pattern is too large: use smaller repetitions or fewer alternatives.')

function holds(at: Border, before: Before, end: boolean, nextIsWord: boolean): boolean {
  if (at === 'start') return before === 'start'
  if (at === 'end') return end
  const boundary = (before === 'word') !== nextIsWord
  if (at === 'opens' || at === 'closes') return boundary && nextIsWord === (at === 'opens')
  return (at === 'word') === boundary
}

export type LineMatch = { line: number; start: number; end: number; matchEnd: number }

/** The matching lines of a text in order, 1-based, without their line ends; stops when `limit` are found. */
export function matchingLines({ find, required }: Automaton, text: string, limit: number): LineMatch[] {
  const matches: LineMatch[] = []
  let line = 1
  let counted = 0
  for (let start = 0; start < text.length && matches.length < limit; ) {
    if (required !== null) {
      const at = text.indexOf(required, start)
      if (at < 0) break
      if (at > start) start = text.lastIndexOf('\n', at - 1) + 1
    }
    const newline = text.indexOf('\n', start)
    const stop = newline < 0 ? text.length : newline
    const end = stop > start && text[stop - 1] === '\r' ? stop - 1 : stop
    const matchEnd = find(text, start, end)
    if (matchEnd >= 0) {
      for (let at = text.indexOf('\n', counted); at >= 0 && at < start; at = text.indexOf('\n', at + 1)) line++
      counted = start
      matches.push({ line, start, end, matchEnd })
    }
    start = stop + 1
  }
  return matches
}
