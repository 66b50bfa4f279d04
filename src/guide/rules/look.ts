import type { Intent } from '../plan.ts'
import { isFree, isQuoted, meant } from '../quotes.ts'
import { isFile, mean, pathOf, placeOf, type Rule, type RuleContext, rules } from '../rule.ts'

export const LOOKS: Rule[] = [
  ...rules(
    [
      'list/ls/show (me) (all) (the/my) files/directories/folders/contents (here/there) (in/of/under/inside (the) (folder/directory) PLACE (folder/directory))',
      'what files are (there/here) (in/under/inside (the) (folder/directory) PLACE (folder/directory))',
      "what's in/inside (the) (folder/directory) PLACE (folder/directory)",
      'what is in/inside (the) (folder/directory) PLACE (folder/directory)',
      'list',
      'ls/dir (-l/-a/-la/-al) (PLACE)',
      'list (the) (folder/directory) PLACE (folder/directory)',
    ],
    ({ PLACE }, context) => ({ do: 'list', path: placeOf(PLACE, context) ?? '.' }),
  ),
  ...rules(
    [
      'find/search/list/show/locate (for) (me) (all) (the) files matching/named/called/like GLOB (in/under/inside (the) PLACE (folder/directory))',
      'find/locate (the) file (named/called) GLOB (in/under/inside (the) PLACE (folder/directory))',
      'where is the file (named/called) GLOB',
    ],
    ({ GLOB, PLACE }, context) => find(meant(GLOB!, context.hidden), PLACE, context),
  ),
  ...rules(
    ['find/list/show/locate (me) (all) (the) GLOB (files) (in/under/inside (the) PLACE (folder/directory))'],
    ({ GLOB, PLACE }, context) => {
      const glob = meant(GLOB!, context.hidden)
      return /[*?]/.test(glob) ? find(glob, PLACE, context) : null
    },
  ),
  ...rules(
    ['find/list/show/locate (me) (all) (the) NAME files (in/under/inside (the) PLACE (folder/directory))'],
    ({ NAME, PLACE }, context) => {
      const kind = NAME!.toLowerCase().replace(/^\./, '')
      const extension = EXTENSIONS[kind] ?? (/^[a-z0-9]{1,4}$/.test(kind) ? kind : undefined)
      return extension ? find(`*.${extension}`, PLACE, context) : null
    },
  ),
  ...rules(['grep (-r/-n/-i/-rn) NAME PLACE'], ({ NAME, PLACE }, context) =>
    isQuoted(NAME!) ? grep(NAME!, PLACE, context) : null,
  ),
  ...rules(
    ['search/look/grep (in/through) (the) (project/files/folder/directory) PLACE for (the) (word/text) TEXT'],
    ({ TEXT, PLACE }, context) => grep(TEXT!, PLACE, context),
  ),
  ...rules(
    [
      'search/grep/look/find/locate (for) (me) (all) (the) (uses/usages/occurrences/mentions) (of) (the) (word/text/string) TEXT (in/under/inside (the) PLACE (folder/directory))',
      'where is/are TEXT (defined/used/declared/mentioned/called)',
    ],
    ({ TEXT, PLACE }, context) => grep(TEXT!, PLACE, context),
  ),
  ...mean(['read/open/show/print/see/view (me) the readme'], { do: 'read', paths: ['README.md'] }),
  ...rules(['read/open/cat/print (me) (the) (file/contents) (of) FILE'], ({ FILE }, context) => ({
    do: 'read',
    paths: [pathOf(FILE!, context)],
  })),
  ...rules(
    ['show/display/view/check/explain (me) (the) (file/contents) (of) FILE', 'look at (the) (file) FILE'],
    ({ FILE }, context) => (isFile(FILE!) ? { do: 'read', paths: [pathOf(FILE!, context)] } : null),
  ),
  ...rules(['read/open/cat/print/show/display/view (me) (the) (files) TEXT'], ({ TEXT }, context) => {
    const files = TEXT!.split(/, and |, | and /)
    return files.length > 1 && files.length <= 8 && files.every(isFile)
      ? { do: 'read', paths: files.map(file => pathOf(file, context)) }
      : null
  }),
]

function find(glob: string, place: string | undefined, context: RuleContext): Intent {
  const path = placeOf(place, context)
  return { do: 'find', glob, ...(path && { path }) }
}

function grep(words: string, place: string | undefined, context: RuleContext): Intent | null {
  if (!isFree(words)) return null
  const text = meant(words, context.hidden)
  // "find config.ts" is after a file, "find config" after a word.
  if (!isQuoted(words) && /^[\w-]+\.[a-z]{1,4}$/i.test(text)) return find(text, place, context)
  const path = placeOf(place, context)
  return { do: 'grep', text, ...(path && { path }) }
}

const EXTENSIONS: Record<string, string> = {
  typescript: 'ts',
  javascript: 'js',
  markdown: 'md',
  python: 'py',
  rust: 'rs',
  elisp: 'el',
  lisp: 'el',
  yaml: 'yaml',
  shell: 'sh',
  text: 'txt',
  ruby: 'rb',
}
