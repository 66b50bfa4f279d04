/** The name that lets a rule choose between `plan` and `build`, for a prompt, a session or the configuration. */
export const AUTO = 'auto'

export type Choice = { agent: 'plan' | 'build'; agent_reason: string }

/** Verbs that ask for thought, and leave everything as it is. */
const PLANNING = new Set(
  `analyse analyze assess brainstorm compare consider describe design diagnose discuss estimate evaluate examine explain explore
   inspect investigate outline plan propose recommend research review sketch study suggest summarise summarize think`.split(
    /\s+/,
  ),
)
/** What may stand before the verb of a request. */
const OPENING =
  /^(?:(?:please|now|then|first|next|finally|also|and|just|kindly|so|ok|okay|hi|hello|hey|(?:can|could|would|will) you|let'?s|let us|i(?: would|'d)? (?:want|need|like) you to|help me(?: to)?)\b[\s,:]*)+/
const NOT = /^do(?:n't| not)\b/
/** "Make a plan for …" plans. */
const PLAN_MADE =
  /^(?:make|write|draft|create|prepare|give|come up with)(?: (?:me|us))?(?: up)? (?:a|an|the)(?: \w+)? plan(?:[.,:;!]?$| (?:for|to|of|how|that)\b)/
/** What is asked for in the same sentence: "… and fix it". */
const FURTHER = /\band (?:then )?([a-z]+) (?:it|them|this|that|the)\b/

/**
 * Chooses the agent for a prompt, by the verb that each of its sentences begins with: `plan` when one asks to plan, analyse or
 * explain and no other sentence asks for work; else `build`. "Fix the test plan" builds, since it begins with "fix".
 */
export function chooseAgent(text: string): Choice {
  const firsts = sentencesOf(text).map(sentence => {
    const begin = sentence.toLowerCase().replace(OPENING, '')
    const word = NOT.test(begin) ? '' : (/^[a-z]+/.exec(begin)?.[0] ?? '')
    return { word: PLAN_MADE.test(begin) ? 'plan' : word, further: FURTHER.exec(begin)?.[1] ?? '' }
  })
  const planning = firsts.find(({ word }) => PLANNING.has(word))
  const working = firsts.flatMap(({ word, further }) => [word, further]).find(word => VERBS.has(word))
  if (planning && !working)
    return { agent: 'plan', agent_reason: `A sentence begins with "${planning.word}", and none asks for a change.` }
  if (working) return { agent: 'build', agent_reason: `A sentence begins with "${working}".` }
  return { agent: 'build', agent_reason: 'No sentence begins with a verb such as plan, analyse or explain.' }
}

/** Verbs that ask for a change: they decide against planning. */
const VERBS = new Set(
  `add adapt apply build bump change clean commit convert correct create delete deploy do drop edit enable ensure extract finish fix
   format generate implement improve insert install integrate make merge migrate modify move optimise optimize patch port refactor
   remove rename replace rerun resolve restore restructure revert rewrite run set simplify solve sort split start switch tidy turn
   update upgrade use wire write`.split(/\s+/),
)

/** Sentences, lines and list items, of text outside of code. */
const sentencesOf = (text: string): string[] =>
  text
    .replace(/```[\s\S]*?(?:```|$)/g, '\n')
    .split(/(?<=[.!?;:])\s+|\n+|,\s+(?=then\b|and then\b)/)
    .map(sentence => sentence.replace(/^[\s>#*\-\d.)]+/, '').trim())
    .filter(sentence => sentence !== '')
