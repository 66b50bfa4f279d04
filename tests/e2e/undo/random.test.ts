import { expect, test } from 'bun:test'
import { chmodSync, existsSync, lstatSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { startScripted } from '../../support/scripted.ts'
import { gitState, KINDS, makeTree, type TreeKind } from '../../support/undo-trees.ts'
import { openUndo, type Place, put, treeOf } from '../../support/undoing.ts'

/** `npm run test:undo` runs a thousand. */
const SEQUENCES = Number(process.env.UNDO_SEQUENCES ?? 40)
const SEED = Number(process.env.FUZZ_SEED ?? 1)

function random(seed: number) {
  let state = seed * 2654435761
  const next = () => {
    state = (state * 1664525 + 1013904223) >>> 0
    return state / 2 ** 32
  }
  for (let n = 0; n < 8; n++) next()
  const below = (most: number) => Math.floor(next() * most)
  return { below, pick: <T>(some: readonly T[]): T => some[below(some.length)]! }
}
type Random = ReturnType<typeof random>

const FILES = [
  'a.txt',
  'b.txt',
  'crlf.txt',
  'dir/c.txt',
  'dir/sub/d.txt',
  'dir/sub/latin.txt',
  'empty',
  'bin.dat',
  'run.sh',
  'link',
  'new.txt',
  'x.log',
  'made/deep/m.txt',
  'module/a.txt',
]
const DIRECTORIES = ['dir', 'dir/sub', 'made', 'module/dir']

function callOf({ pick, below }: Random): [string, object] {
  const path = pick(FILES)
  const other = pick([...FILES, 'other/o.txt', 'moved.txt'])
  switch (below(10)) {
    case 0:
      return ['write_file', { path, content: pick(['', 'one\n', 'one\ntwo\nthree', 'caf\u00e9\n'.repeat(40)]) }]
    case 1:
    case 2: {
      const line = below(12)
      return [
        'edit_file',
        { path: pick(['a.txt', 'b.txt', 'crlf.txt', 'dir/c.txt']), old: ` ${line}\n`, new: ` edited ${below(100)}\n` },
      ]
    }
    case 3:
      return ['delete_file', below(2) ? { path } : { path: pick(DIRECTORIES), recursive: true }]
    case 4:
      return [
        'move_file',
        below(2)
          ? { source: path, dest: other, overwrite: true }
          : { source: pick(DIRECTORIES), dest: pick(['other', 'dir2', 'made/x']) },
      ]
    case 5:
      return ['copy_file', { source: path, dest: other, overwrite: true }]
    case 6:
      return ['create_directory', { path: pick(['made', 'made/deep', 'other/x/y']) }]
    default:
      return ['shell_exec', { command: commandOf({ pick, below }, path, other) }]
  }
}

function commandOf({ pick, below }: Random, path: string, other: string): string {
  return pick([
    `rm -rf ${pick(DIRECTORIES)}`,
    `rm -f ${path}`,
    `mv ${path} ${other}`,
    `chmod ${pick(['600', '755', '444', '640'])} ${path}`,
    `chmod ${pick(['700', '750'])} ${pick(DIRECTORIES)}`,
    `sed -i 's/1/ONE/' ${path}`,
    `printf 'x%s\\n' ${below(100)} >> ${path}`,
    `ln -sf ${path} ${other}`,
    `rm -f ${path} && mkdir -p ${path} && touch ${path}/in`,
    `cp -r dir copy${below(3)}`,
    `head -c ${below(3000)} /dev/zero > ${path}`,
    `: > ${path}`,
    `mkdir -p empty.d/${below(3)}; rmdir dir/none 2>/dev/null; true`,
    `tac ${path} > t.tmp && cat t.tmp > ${path}; rm t.tmp`,
    'find . -name "*.txt" -not -path "./.git*" -exec touch {} +',
    `ln ${path} hard${below(2)}`,
  ])
}

/** Files that a person has removed, by where they are. */
const removed = new Set<string>()

/** What a person does meanwhile; the paths. */
function userEdit(root: string, { pick, below }: Random, n: number): string[] {
  const path = pick(['a.txt', 'b.txt', 'dir/c.txt', 'new.txt', `mine${n}.txt`])
  const file = join(root, path)
  const isFile = existsSync(file) && lstatSync(file).isFile()
  switch (below(4)) {
    case 0:
      if (isFile) {
        rmSync(file)
        removed.add(file)
      }
      return [path]
    case 1:
      if (isFile) chmodSync(file, 0o604)
      return [path]
    default: {
      if (existsSync(join(root, 'dir')) && !lstatSync(join(root, 'dir')).isDirectory()) return []
      if (existsSync(file) && !isFile) return []
      put(root, path, `user ${n}\n${isFile ? readFileSync(file, 'latin1') : ''}`)
      return [path]
    }
  }
}

/** Paths: restored as they were, refused, merged with what a person did. */
const tally = { sequences: 0, changed: 0, refused: 0, merged: 0 }

/** Undoes until there is nothing left. The paths that were refused; each of them was left as it was. */
async function undoAll(place: Place): Promise<Set<string>> {
  const refused = new Set<string>()
  for (;;) {
    const before = treeOf(place.root)
    const { status, body } = await place.post('undo')
    if (status === 409) {
      expect(body.error.code).toBe('NOTHING_TO_UNDO')
      return refused
    }
    if (status !== 200) throw new Error(JSON.stringify(body))
    const now = treeOf(place.root)
    for (const { path, reason } of body.refused) {
      expect(reason).not.toBe('')
      expect([path, now[path]]).toEqual([path, before[path]])
      refused.add(path)
    }
  }
}

const isBelow = (path: string, paths: Iterable<string>) =>
  [...paths].some(one => path === one || path.startsWith(`${one}/`) || one.startsWith(`${path}/`))

function expectRestored(
  root: string,
  before: Record<string, string>,
  after: Record<string, string>,
  touched: Set<string>,
  refused: Set<string>,
) {
  for (const path of differences(before, after)) {
    if (isBelow(path, refused)) tally.refused++
    else if (isBelow(path, touched)) expectMerged(path, before[path], after[path], removed.has(join(root, path)))
    else
      throw new Error(`${path} is silently different: ${JSON.stringify(before[path])} ${JSON.stringify(after[path])}`)
  }
}

type Tree = Record<string, string>
const differences = (before: Tree, after: Tree): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(path => before[path] !== after[path])

/** With what the person did to it, and without what the agent did. */
function expectMerged(path: string, before: string | undefined, after: string | undefined, isRemoved: boolean) {
  tally.merged++
  if (after === undefined) return // the person deleted it
  const plain = (text = '') => text.replace(/^\d+ /, '').replace(/user \d+\n/g, '')
  if (after.startsWith('dir ')) return
  if (plain(after) !== (isRemoved ? '' : plain(before)) && plain(after) !== plain(before))
    throw new Error(`${path} is silently different: ${JSON.stringify(before)} ${JSON.stringify(after)}`)
}

async function sequence(place: Place, git: string | null, { below, ...rest }: Random): Promise<void> {
  const { root } = place
  const before = treeOf(root)
  const touched = new Set<string>()
  const untouched = gitState(git)
  const turns = 1 + below(3)
  const hasUser = below(2) === 0
  for (let turn = 0; turn < turns; turn++) {
    if (hasUser && below(2) === 0) for (const path of userEdit(root, { below, ...rest }, turn)) touched.add(path)
    await place.turn(...Array.from({ length: 1 + below(4) }, () => callOf({ below, ...rest })))
  }
  if (hasUser && below(2) === 0) for (const path of userEdit(root, { below, ...rest }, 9)) touched.add(path)
  const changed = treeOf(root)
  tally.changed += differences(before, changed).length
  const refused = await undoAll(place)
  if (touched.size === 0) expect([...refused]).toEqual([])
  expectRestored(root, before, treeOf(root), touched, refused)
  expect(gitState(git)).toBe(untouched)
  if (touched.size === 0 && refused.size === 0) {
    while ((await place.post('redo')).status === 200);
    expect(treeOf(root)).toEqual(changed)
    await undoAll(place)
    expect(treeOf(root)).toEqual(before)
  }
  tally.sequences++
}

test.each(KINDS)(
  'random changes of a %s tree are undone, or refused with the reason',
  async (kind: TreeKind) => {
    const scripted = await startScripted()
    const count = Math.ceil(SEQUENCES / KINDS.length)
    for (let n = 0; n < count; n++) {
      const seed = SEED + n * KINDS.length + KINDS.indexOf(kind)
      const { root, git } = makeTree(kind)
      const place = await openUndo(scripted, root)
      try {
        await sequence(place, git, random(seed))
      } catch (error) {
        throw new Error(`FUZZ_SEED=${seed}, ${kind}: ${error instanceof Error ? error.message : error}`, {
          cause: error,
        })
      }
      await scripted.backend.call(`DELETE /api/sessions/${place.id}`)
      rmSync(root, { recursive: true, force: true })
    }
    console.log(`undo, ${kind}: ${JSON.stringify(tally)}`)
  },
  3_600_000,
)
