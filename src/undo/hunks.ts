import { hashOf } from '../base/files.ts'
import type { Roots } from '../tools/tool.ts'
import type { History, Link } from './chain.ts'
import { joinLines, splitLines } from './lines.ts'
import { netChanges, sidesOf } from './net.ts'
import type { Refused } from './outcome.ts'
import { type Aim, now, type Place } from './plan.ts'
import { type Content, isConflict, replaced } from './reverse.ts'

export type Hunk = { path: string; diff: string }
type Part = { text: string; old: [from: number, lines: number]; now: [from: number, lines: number] }

/** `whole`: all hunks of the file were asked for, so that it is a change to be taken back as one. */
export type HunkPlan = { aims: Aim[]; refused: Refused[]; whole: string[]; links: Link[] }

/**
 * What stands in the files without these hunks. A hunk is one of the net change of the links that are chosen, told by its
 * text, or by its lines alone where others above it have gone since.
 */
export async function planHunks(
  hunks: readonly Hunk[],
  history: History,
  chosen: ReadonlySet<Link>,
  place: Place,
  roots: Roots,
): Promise<HunkPlan> {
  const plan: HunkPlan = { aims: [], refused: [], whole: [], links: [] }
  for (const [path, asked] of Map.groupBy(hunks, hunk => hunk.path)) {
    const links = [...chosen].filter(link => link.entry.path === path)
    const [net] = await netChanges(history, new Set(links), place, roots)
    if (!net) {
      plan.refused.push({ path, reason: 'this session changed nothing there, or it is undone already' })
      continue
    }
    const parts = partsOf(net.diff ?? '')
    const found = asked.map(({ diff }) => partsOf(diff).map(part => partLike(part, parts)))
    for (const [index, some] of found.entries())
      if (some.length !== 1 || !some[0])
        plan.refused.push({ path, reason: 'this hunk is none of the changes to the file', diff: asked[index]!.diff })
    const taken = new Set(found.flatMap(some => (some.length === 1 && some[0] ? [some[0]] : [])))
    if (taken.size === 0) continue
    if (taken.size === parts.length) {
      plan.whole.push(path)
      continue
    }
    const aim = aimFor(path, [...taken], history, new Set(links), place)
    if ('reason' in aim) plan.refused.push(aim)
    else {
      plan.aims.push(aim)
      plan.links.push(...links)
    }
  }
  return plan
}

function aimFor(path: string, parts: Part[], history: History, chosen: ReadonlySet<Link>, place: Place): Aim {
  const sides = sidesOf(path, history, chosen, place)
  const { origin, left } = sides!
  if (!origin.bytes || !left.bytes || !left.state)
    return { path, reason: 'single hunks of a file that came or went cannot be undone: undo the whole file' }
  const wanted = without(parts, origin, left)
  const content = now(path, place)
  place.images.put(wanted.bytes!, left.state.hash)
  const aim = replaced(left.state, content, wanted.state, place.images)
  return isConflict(aim) ? { path, ...aim } : { path, now: content, wanted: aim }
}

/** The text that was left, with the lines of these parts as they were before. */
function without(parts: Part[], origin: Content, left: Content): Content {
  const [old, lines] = [splitLines(origin.bytes!), splitLines(left.bytes!)]
  for (const part of parts.toSorted((a, b) => b.now[0] - a.now[0]))
    lines.splice(part.now[0], part.now[1], ...old.slice(part.old[0], part.old[0] + part.old[1]))
  const bytes = joinLines(lines)
  return { state: { ...left.state!, hash: hashOf(bytes), size: bytes.length }, bytes }
}

const HEADER = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/

/** The parts of a unified diff; positions count from 0. */
function partsOf(diff: string): Part[] {
  const parts: Part[] = []
  for (const line of diff.replace(/\r?\n$/, '').split('\n')) {
    const header = HEADER.exec(line)
    if (header) {
      const [oldFrom, oldLines, nowFrom, nowLines] = header
        .slice(1)
        .map(text => (text === undefined ? 1 : Number(text)))
      parts.push({ text: '', old: range(oldFrom!, oldLines!), now: range(nowFrom!, nowLines!) })
    } else if (parts.length > 0) parts.at(-1)!.text += `${line}\n`
  }
  return parts
}

/** An empty range begins after the line that it names. */
const range = (from: number, lines: number): [number, number] => [lines === 0 ? from : from - 1, lines]

function partLike(asked: Part, parts: readonly Part[]): Part | undefined {
  const alike = parts.filter(part => part.text === asked.text)
  const distance = (part: Part) => Math.abs(part.old[0] - asked.old[0]) + Math.abs(part.now[0] - asked.now[0])
  return alike.sort((a, b) => distance(a) - distance(b))[0]
}
