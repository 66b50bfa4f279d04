import { head } from '../base/text.ts'
import { matchForm } from './forms.ts'
import type { Intent } from './plan.ts'
import { hide, restore, splitSteps } from './quotes.ts'
import type { RuleContext } from './rule.ts'
import { CHANGES } from './rules/change.ts'
import { GIT } from './rules/git.ts'
import { LOOKS } from './rules/look.ts'
import { RUN } from './rules/run.ts'
import { TALK } from './rules/talk.ts'

/** The first that matches and reads the sentence has it: one can "create a plan", and "show the changes". */
const RULES = [...TALK, ...GIT, ...RUN, ...CHANGES, ...LOOKS]

/** Longer prompts are pasted text, not a sentence or two. Quotations do not count for a sentence. */
const LONGEST_PROMPT = 200_000
const LONGEST_SENTENCE = 1_000

/** The steps that a prompt asks for, in order; none for an empty prompt. `current_file` is what "this file" means. */
export function understand(prompt: string, current_file?: string): Intent[] {
  if (prompt.length > LONGEST_PROMPT) return [{ do: 'unknown', text: head(prompt, 100) }]
  const hidden = hide(prompt)
  return splitSteps(hidden).flatMap(step => readStep(step, { hidden, current_file }))
}

/** "run A and read B" is two sentences, though "run" could take it all; a text to search for or to write may hold "and". */
function readStep(step: string, context: RuleContext): Intent[] {
  const whole = readSentence(step, context)
  if (whole.do !== 'unknown' && whole.do !== 'run') return [whole]
  const parts = step.split(AND).map(part => readSentence(part, context))
  return parts.length > 1 && parts.every(intent => intent.do !== 'unknown') ? parts : [whole]
}

const AND =
  /,? and (?:also )?(?=(?:list|read|show|search|grep|find|create|write|append|add|edit|replace|change|delete|remove|run|execute|commit|rename|move|copy|push|make|git|give|tell)\b)/i

const POLITE =
  /^(?:please|kindly|now|next|first|finally|also|and|then|ok(?:ay)?|hey|hi|hello|good (?:morning|day|evening)|so|just|(?:can|could|would|will) (?:you|we|i)|i want (?:you )?to|i(?:'d| would) like (?:you )?to|let(?:'s| us)|go ahead and|try to|help me(?: to)?)(?=$|[ ,:!.?])[,:!.?]* ?/i
const THANKS = /(?:,? (?:please|thanks|thank you|for me))+[.!? ]*$/i

function readSentence(sentence: string, context: RuleContext): Intent {
  if (sentence.length > LONGEST_SENTENCE) return { do: 'unknown', text: restore(sentence, context.hidden) }
  let text = sentence.replaceAll('’', "'")
  const isQuestion = /\b(?:can|could|would|will) (?:you|we|i)\b/i.test(text.slice(0, 30))
  while (POLITE.test(text)) text = text.replace(POLITE, '')
  text = text.replace(THANKS, '')
  if (isQuestion) text = text.replace(/\?+$/, '')
  // A full stop ends a sentence, or belongs to a command or a text: literal forms get it, the others do not.
  const bare = text.replace(/[!?]+$/, '').replace(/(?<=[^\s./])\.$/, '')
  if (bare === '') return { do: 'help', greeting: true }
  for (const { form, literal, read } of RULES) {
    const slots = matchForm(form, literal ? text : bare)
    const intent = slots && read(slots, context)
    if (intent) return intent
  }
  return { do: 'unknown', text: restore(sentence, context.hidden) }
}
