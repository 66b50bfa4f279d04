import type { Groups } from '../forms.ts'
import type { Intent } from '../plan.ts'
import { isFree, meant } from '../quotes.ts'
import { isFile, literally, pathOf, type Rule, type RuleContext, rules } from '../rule.ts'

export const CHANGES: Rule[] = [
  ...rules(
    ['create/make/add (me) (a/the) (new) folder/directory/dir (called/named) FILE', 'mkdir (-p) FILE'],
    ({ FILE }, context) => ({ do: 'mkdir', path: pathOf(FILE!, context) }),
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
    (slots, context) => (isFile(slots.FILE!) ? create(slots, context) : null),
  ),
  ...literally(
    ['append/add (the/this) (line/text) TEXT to (the) (end/bottom) (of) (the) (file) FILE'],
    ({ TEXT, FILE }, context) =>
      isFree(TEXT!) && isFile(FILE!)
        ? { do: 'append', path: pathOf(FILE!, context), content: meant(TEXT!, context.hidden) }
        : null,
  ),
  ...literally(['write/put/save (the) (text) TEXT to/in/into/as (the/a) (new) (file) FILE'], (slots, context) =>
    isFile(slots.FILE!) ? create(slots, context) : null,
  ),
  ...rules(
    [
      'replace/change/substitute/rename all/every (occurrences) (of) (the) (word/text/line) OLD with/by/to NEW in (the) (file) FILE',
      'replace/change/substitute/rename (the) (word/text/line) OLD with/by/to NEW everywhere in (the) (file) FILE',
      'replace/change/substitute/rename (the) (word/text/line) OLD with/by/to NEW in (the) (file) FILE everywhere',
    ],
    (slots, context) => edit({ ...slots, ALL: 'all' }, context),
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
  ...rules(['edit/change (the) (file) FILE'], ({ FILE }, context) => {
    const path = pathOf(FILE!, context) || 'FILE'
    return { do: 'ask', question: `What should change in it? Say for example \`replace "old" with "new" in ${path}\`.` }
  }),
  ...rules(['delete/remove/rm/erase (the) (file) FILE'], ({ FILE }, context) =>
    isFile(FILE!) ? { do: 'delete', path: pathOf(FILE!, context) } : null,
  ),
  ...rules(['move/rename (the) (file) FILE to/into/as TO', 'mv FILE TO'], ({ FILE, TO }, context) => ({
    do: 'move',
    from: pathOf(FILE!, context),
    to: pathOf(TO!, context),
  })),
  ...rules(['copy/duplicate (the) (file) FILE to/into/as TO', 'cp FILE TO'], ({ FILE, TO }, context) => ({
    do: 'copy',
    from: pathOf(FILE!, context),
    to: pathOf(TO!, context),
  })),
]

function create({ FILE, TEXT = '' }: Groups, context: RuleContext): Intent | null {
  if (!isFree(TEXT)) return null
  const content = meant(TEXT, context.hidden)
  return {
    do: 'create',
    path: pathOf(FILE!, context),
    content: content && !content.endsWith('\n') ? `${content}\n` : content,
  }
}

function edit({ OLD, NEW = '', FILE, ALL }: Groups, context: RuleContext): Intent | null {
  if (!isFree(OLD!) || !isFree(NEW) || !isFile(FILE!)) return null
  const [old, text] = [meant(OLD!, context.hidden), meant(NEW, context.hidden)]
  return { do: 'edit', path: pathOf(FILE!, context), old, new: text, all: ALL !== undefined }
}
