/** So many backticks, and at least `least`, that no run inside of the text ends what they enclose. */
export function ticksFor(text: string, least: number): string {
  let longest = least - 1
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length)
  return '`'.repeat(longest + 1)
}

/** The text as a code block of Markdown. A `language` that is none is left out. */
export function fenced(text: string, language = ''): string {
  const ticks = ticksFor(text, 3)
  return `${ticks}${/^[\w+#.-]{1,30}$/.test(language) ? language : ''}\n${text}\n${ticks}`
}
