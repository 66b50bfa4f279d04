import type { Groups } from '../forms.ts'
import type { Intent } from '../plan.ts'
import { isFree, meant } from '../quotes.ts'
import { type Hearing, isFile, literally, pathOf, type Rule, rules } from '../rule.ts'

export const CHANGES: Rule[] = [
  ...rules(
    ['create/make/add (me) (a/the) (new) folder/directory/dir (called/named) FILE', 'mkdir (-p) FILE'],
    ({ FILE }, hearing) => ({ do: 'mkdir', path: pathOf(FILE!, hearing) }),
  ),
  ...literally(
    [
      'create/make/write/add/touch (me) (a/an/the) (new) (empty) file (called/named) FILE',
      'create/make/write/add (me) (a/an/the) (new) file (called/named) FILE with/containing/saying (the/this) (following) (content/contents/text/line) TEXT',
    ],
    create,
  ),
  ...literally(
    [
      'create/make/write/add/touch (a/an/the) (new) FILE',
      'create/make/write/add (a/an/the) (new) FILE with/containing/saying (the/this) (following) (content/contents/text/line) TEXT',
    ],
    (slots, hearing) => (isFile(slots.FILE!) ? create(slots, hearing) : null),
  ),
  ...literally(
    ['append/add (the/this) (line/text) TEXT to (the) (end/bottom) (of) (the) (file) FILE'],
    ({ TEXT, FILE }, hearing) =>
      isFree(TEXT!) && isFile(FILE!)
        ? { do: 'append', path: pathOf(FILE!, hearing), content: meant(TEXT!, hearing.hidden) }
        : null,
  ),
  ...literally(['write/put/save (the) (text) TEXT to/in/into/as (the/a) (new) (file) FILE'], (slots, hearing) =>
    isFile(slots.FILE!) ? create(slots, hearing) : null,
  ),
  ...rules(
    [
      'replace/change/substitute/rename all/every (occurrences) (of) (the) (word/text/line) OLD with/by/to NEW in (the) (file) FILE',
      'replace/change/substitute/rename (the) (word/text/line) OLD with/by/to NEW everywhere in (the) (file) FILE',
      'replace/change/substitute/rename (the) (word/text/line) OLD with/by/to NEW in (the) (file) FILE everywhere',
    ],
    (slots, hearing) => edit({ ...slots, ALL: 'all' }, hearing),
  ),
  ...literally(
    [
      'in (the) (file) FILE replace/change/substitute (all) (the) (word/text/line) OLD with/by/to NEW',
      'edit (the) (file) FILE (and/by/to) replace/change/replacing/changing (all) (the) (word/text/line) OLD with/by/to NEW',
    ],
    edit,
  ),
  ...rules(
    [
      'replace/change/substitute/edit/rename (the) (word/text/line) OLD with/by/to NEW in (the) (file) FILE',
      'remove/delete (the) (word/text/line) OLD from (the) (file) FILE',
    ],
    edit,
  ),
  ...rules(['edit/change (the) (file) FILE'], ({ FILE }, hearing) => {
    const path = pathOf(FILE!, hearing) || 'FILE'
    return { do: 'ask', question: `What should change in it? Say for example \`replace "old" with "new" in ${path}\`.` }
  }),
  ...rules(['delete/remove/rm/erase (the) (file) FILE'], ({ FILE }, hearing) =>
    isFile(FILE!) ? { do: 'delete', path: pathOf(FILE!, hearing) } : null,
  ),
  ...rules(['move/rename (the) (file) FILE to/into/as TO', 'mv FILE TO'], ({ FILE, TO }, hearing) => ({
    do: 'move',
    from: pathOf(FILE!, hearing),
    to: pathOf(TO!, hearing),
  })),
  ...rules(['copy/duplicate (the) (file) FILE to/into/as TO', 'cp FILE TO'], ({ FILE, TO }, hearing) => ({
    do: 'copy',
    from: pathOf(FILE!, hearing),
    to: pathOf(TO!, hearing),
  })),
]

function create({ FILE, TEXT = '' }: Groups, hearing: Hearing): Intent | null {
  if (!isFree(TEXT)) return null
  const content = meant(TEXT, hearing.hidden)
  return {
    do: 'create',
    path: pathOf(FILE!, hearing),
    content: content && !content.endsWith('\n') ? `${content}\n` : content,
  }
}

function edit({ OLD, NEW = '', FILE, ALL }: Groups, hearing: Hearing): Intent | null {
  if (!isFree(OLD!) || !isFree(NEW) || !isFile(FILE!)) return null
  const [old, text] = [meant(OLD!, hearing.hidden), meant(NEW, hearing.hidden)]
  return { do: 'edit', path: pathOf(FILE!, hearing), old, new: text, all: ALL !== undefined }
}
