/** What models and their servers put in front of a name, or behind it: `functions.read_file:0`, `read_file<|channel|>json`. */
const AROUND = /^(?:functions?|tools?|default_api|default|namespace)[.:/]|(?:<\|.*|\(\s*\)|:\d+)$/gs

/**
 * The offered tool that a name means, in whatever spelling: blanks and quotes around it, a prefix of the model's own training,
 * `readFile` or `read-file` for `read_file`. A name that means none, or several, stays what it is.
 */
export function offeredName(name: string, offered: Iterable<string>): string {
  const names = [...offered]
  if (names.includes(name)) return name
  const bare = name.replace(/^[\s"'`]+|[\s"'`]+$/g, '').replace(AROUND, '')
  if (names.includes(bare)) return bare
  const alike = names.filter(each => folded(each) === folded(bare))
  return alike.length === 1 ? alike[0]! : bare || name
}

const folded = (name: string): string => name.replace(/[_-]/g, '').toLowerCase()
