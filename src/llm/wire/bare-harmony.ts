/** How an answer begins whose tokens the server left out: joined to the first word of the thinking, or with a call. */
const START = /^(?:assistant)?(?:(analysis)(?=[\p{L}\d"'([])|(?=commentary to=functions\.\w))/u
const STARTS = ['analysis', 'assistantanalysis', 'commentary to=functions.', 'assistantcommentary to=functions.']
/** Behind a blank or a quote these are words; and the answer itself, which is the last, may say what it likes. */
const SEAM =
  /(?<![\s"'`(“‘«])assistant(?:(analysis|final)|(commentary)(?: to=(functions\.[\w.-]{1,64}?) ?(?:json|code)?\s*(?=\{))?)/g
const CALL = /^(?:assistant)?commentary to=(functions\.[\w.-]{1,64}?) ?(?:json|code)?\s*(?=\{)/
const FINAL = 'assistantfinal'

/** Whether a text is harmony without its tokens (`analysisHm.assistantfinalYes.`): `maybe` while it could become it. */
export function isBareHarmony(start: string): boolean | 'maybe' {
  return START.test(start) || (STARTS.some(each => each.startsWith(start)) ? 'maybe' : false)
}

/** How much of what came before the answer itself can belong to the words that begin it. */
export const SEAM_LENGTH = FINAL.length

/** Whether the answer itself has begun in `text`, whose first character is no beginning. */
export const hasFinal = (text: string): boolean =>
  text.includes(FINAL) && Array.from(text.matchAll(SEAM)).some(seam => seam[1] === 'final' && seam.index > 0)

/** The text with the tokens that belong into it. Undefined where it holds no channel but its first: then it is only text. */
export function withTokens(text: string): string | undefined {
  const head = text.match(START)![0]
  let final = false
  let any = false
  const channel = (name: string, to?: string) => `<|channel|>${name}${to ? ` to=${to}` : ''}<|message|>`
  const rest = text.slice(head.length).replace(SEAM, (whole, plain, commentary, to) => {
    if (final) return whole
    any = true
    final = plain === 'final'
    return `<|end|><|start|>assistant${channel(plain ?? commentary, to)}`
  })
  const called = rest.match(CALL)
  if (called) return `${channel('commentary', called[1])}${rest.slice(called[0].length)}`
  return any ? channel('analysis') + rest : undefined
}
