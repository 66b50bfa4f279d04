import { cut } from '../base/text.ts'
import { tokensIn } from '../base/tokens.ts'
import type { Skill } from './skills.ts'

/** What skills may take of the prompt, in tokens. */
const BUDGET = 400
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
  let best = named(skills, 0)
  for (let count = 1; count < skills.length; count++) {
    const described = skills.slice(0, count).map(skill => line(skill, shortest))
    const text = [
      TITLE,
      ...described,
      named(skills.slice(count), tokensIn(described.join('\n'))).slice(TITLE.length + 1),
    ]
    if (tokensIn(text.join('\n')) > BUDGET) break
    best = text.join('\n')
  }
  return best
}

/** As many names as there is room for. */
function named(skills: readonly Skill[], taken: number): string {
  const names = skills.map(({ name }) => name)
  for (let count = names.length; ; count = Math.floor(count * 0.9)) {
    const more = names.length - count
    const text = `${TITLE}\nOthers: ${[...names.slice(0, count), ...(more > 0 ? [`${more} more (without a name it lists all)`] : [])].join(', ')}`
    if (count === 0 || tokensIn(text) + taken <= BUDGET) return text
  }
}
