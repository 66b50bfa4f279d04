import { oneLine, seal } from '../base/controls.ts'
import { defined } from '../base/defined.ts'
import type { PlanItem } from '../event.ts'
import { guardLine, orgLine } from '../org/text.ts'
import { markdownLine } from './markdown-text.ts'

/** A step as models and people write it: its `id` is given by `numbered`. */
export type Step = Omit<PlanItem, 'id'> & { id?: string }

/** More is no list that anybody follows. */
export const MOST_STEPS = 200

/** Gives each step an id that is unique in the list. A step keeps its id, or that of the step with its title in the list before. */
export function numbered(steps: readonly Step[], before: readonly PlanItem[]): PlanItem[] {
  const taken = new Set<string>()
  const known = steps.map(step => {
    const id = step.id ?? before.find(({ title }) => title === step.title)?.id
    if (id === undefined || taken.has(id)) return undefined
    taken.add(id)
    return id
  })
  const used = new Set([...taken, ...before.map(({ id }) => id)])
  let next = 1
  return steps.map(({ title, status, files, check }, i) => {
    let id = known[i]
    while (id === undefined) {
      if (!used.has(String(next))) id = String(next)
      next++
    }
    return defined({ id, title, status, files: files?.length ? files : undefined, check: check || undefined })
  })
}

const MARKS: Record<PlanItem['status'], string> = { pending: ' ', in_progress: '-', done: 'X', dropped: ' ' }
const mark = ({ status }: Step): string => `[${MARKS[status] ?? ' '}]`

/** The list with what is written in it made harmless by `write`, one line each. */
function list(items: readonly Step[], bullet: (item: Step, i: number) => string, write: (text: string) => string) {
  return items
    .flatMap((item, i) => {
      const { title, status, files = [], check } = item
      return [
        `${bullet(item, i)} ${write(oneLine(title))}${status === 'dropped' ? ' (dropped)' : ''}`,
        files.length > 0 && `   files: ${write(oneLine(files.join(', ')))}`,
        check && `   check: ${write(oneLine(check))}`,
      ].filter(Boolean)
    })
    .join('\n')
}

/** As an Org list with checkboxes. */
export const planOrg = (items: readonly Step[]): string =>
  seal(
    list(
      items,
      item => `- ${mark(item)}`,
      text => guardLine(orgLine(text)),
    ),
  )

/** As a Markdown list with checkboxes. */
export const planMarkdown = (items: readonly Step[]): string =>
  list(items, item => `- ${mark(item).replace('X', 'x')}`, markdownLine)

/** As plain text, which `readPlan` reads: what models and people get. */
export const planText = (items: readonly Step[]): string =>
  list(
    items,
    (item, i) => `${i + 1}.${item.status === 'pending' || item.status === 'dropped' ? '' : ` ${mark(item)}`}`,
    text => text,
  )

const ITEM = /^ {0,3}(?:\d{1,4}[.)]|[-*+])[ \t]+(?:\[([ xX-])\][ \t]+)?(.*\S)/
/** What a step says of itself, below it. */
const ABOUT = /^\s+(?:[-*+]\s+)?(files?|check):\s*(.*\S)/i
const STATUSES: Record<string, PlanItem['status']> = { x: 'done', X: 'done', '-': 'in_progress' }

/** The steps of a list in plain text. Lines that are no step, nor what a step says of its files and its check, are left out. */
export function readPlan(text: string): Step[] {
  const steps: Step[] = []
  for (const line of text.split(/\r?\n/)) {
    const last = steps.at(-1)
    const [, key, value] = ABOUT.exec(line) ?? []
    if (last && key !== undefined && value !== undefined) {
      if (key.toLowerCase() === 'check') last.check = value
      else last.files = value.split(',').map(file => file.trim().replace(/^`(.*)`$/, '$1'))
      continue
    }
    const [, box = ' ', written] = ITEM.exec(line) ?? []
    if (written === undefined) continue
    const [, title = written, dropped] = /^(.*?)( \(dropped\))?$/.exec(written) ?? []
    steps.push({ title, status: dropped ? 'dropped' : (STATUSES[box] ?? 'pending') })
  }
  return steps
}

/** The steps of the numbered list, of two at least, that an answer ends with; none where it ends otherwise. */
export function endingPlan(markdown: string): Step[] {
  const lines = markdown.trimEnd().split(/\r?\n/)
  const isStep = (line: string) => /^ {0,3}\d{1,4}[.)][ \t]+\S/.test(line)
  const isPart = (line: string) => isStep(line) || line.trim() === '' || /^(?: {2,}|\t)/.test(line)
  const from = lines.findLastIndex(line => !isPart(line)) + 1
  const ending = lines.slice(from)
  return ending.filter(isStep).length < 2
    ? []
    : readPlan(ending.filter(line => isStep(line) || ABOUT.test(line)).join('\n'))
}
