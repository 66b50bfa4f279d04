/** A command as a person wrote it: `/name arguments`. */
export type Written = { name: string; arguments?: string }

/** Null for a text that is no command: a path such as /etc/hosts, a comment, or anything without a slash in front. */
export function readCommand(text: string): Written | null {
  const [, name, given = ''] = /^\/([\w:.-]+)(?:\s+([\s\S]*?))?\s*$/.exec(text) ?? []
  return name === undefined ? null : { name, ...(given !== '' && { arguments: given }) }
}
