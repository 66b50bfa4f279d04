/** What `read_file` shows of a file (`12<tab>text`, then perhaps a note in brackets), as the text itself. */
export type Page = { lines: string[]; next?: number }

/** Lines that are not numbered are taken as they are: other tools may answer under this name. */
export function readPage(content: string): Page {
  const note = /(?:^|\n)\[(?:Lines? [^\n\]]*Go on with offset (\d+)\.|The file is empty\.)\]$/.exec(content)
  const body = note ? content.slice(0, note.index) : content
  const lines = body === '' ? [] : body.split('\n').map(line => line.replace(/^ *\d+\t/, ''))
  return { lines, ...(note?.[1] && { next: Number(note[1]) }) }
}

const LANGUAGES: Record<string, string> = { el: 'elisp', mjs: 'js', h: 'c', hpp: 'cpp', yml: 'yaml', txt: '', '': '' }

/** The name of a fence for this file. */
export function languageOf(path: string): string {
  const extension = /\.(\w{1,8})$/.exec(path)?.[1]?.toLowerCase() ?? ''
  return LANGUAGES[extension] ?? extension
}
