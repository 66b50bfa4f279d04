import { cut } from '../base/text.ts'
import { tokensIn } from '../base/tokens.ts'
import type { Skill } from './skills.ts'

/** What skills may take of the prompt, in tokens as we estimate them; of the 400 that they may have at most. */
const BUDGET = 330
/** Descriptions are shortened to one of these, so that more skills have one. */
const LENGTHS = [300, 160, 100, 60]
const TITLE = 'Skills: read one with the skill tool when its task comes up.'

/** A line for each skill, within 400 tokens; beyond it names alone, then how many more. Empty when there is none. */
export function skillLines(skills: readonly Skill[]): string {
  if (skills.length === 0) return ''
  const line = ({ name, description }: Skill, most: number) => `${name}: ${cut(description, most)}`
  for (const most of LENGTHS) {
    const whole = [TITLE, ...skills.map(skill => line(skill, most))].join('\n')
    if (tokensIn(whole) <= BUDGET) return whole
  }
  const shortest = LENGTHS.at(-1)!
  let best = ''
  for (let count = 1; count < skills.length; count++) {
    const described = [TITLE, ...skills.slice(0, count).map(skill => line(skill, shortest))].join('\n')
    const names = namesWithin(skills.slice(count), BUDGET - tokensIn(described))
    // Every name is worth more than a further description, once some have theirs.
    if (best !== '' && !names.areAll && tokensIn(described) > BUDGET / 2) break
    if (tokensIn(described) > BUDGET) break
    best = `${described}\n${names.text}`
  }
  return best || `${TITLE}\n${namesWithin(skills, BUDGET).text}`
}

/** Names alone, as many as there is room for. */
function namesWithin(skills: readonly Skill[], room: number): { text: string; areAll: boolean } {
  const names = skills.map(({ name }) => name)
  for (let count = names.length; ; count = Math.floor(count * 0.9)) {
    const more = names.length - count
    const rest = more > 0 ? [`${more} more (without a name it lists all)`] : []
    const text = `Others: ${[...names.slice(0, count), ...rest].join(', ')}`
    if (count === 0 || tokensIn(text) <= room) return { text, areAll: more === 0 }
  }
}
