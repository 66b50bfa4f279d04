import { join } from 'node:path'
import type { Files, OnHost } from '../host/host.ts'
import { absent, hostOf } from '../host/local.ts'
import { plain } from '../shell/terminal.ts'

/** What git keeps in its directory while it is in the middle of something, and what that is called. */
const UNDERWAY: [file: string, what: string][] = [
  ['MERGE_HEAD', 'A merge'],
  ['CHERRY_PICK_HEAD', 'A cherry-pick'],
  ['REVERT_HEAD', 'A revert'],
  ['BISECT_LOG', 'A bisection'],
]
const MAX_BYTES = 4096

/** Sentences about what git is in the middle of, as `git status` tells a person; none mostly. */
export async function underway(gitDir: string, on: OnHost): Promise<string[]> {
  const { files } = hostOf(on)
  const names = new Set((await files.entries(gitDir).catch(absent))?.map(({ name }) => name))
  const others = UNDERWAY.flatMap(([file, what]) => (names.has(file) ? [`${what} is in progress.`] : []))
  const rebase = await rebaseIn(gitDir, names, files)
  return rebase === null ? others : [rebase, ...others]
}

async function rebaseIn(gitDir: string, names: ReadonlySet<string>, files: Files): Promise<string | null> {
  if (names.has('rebase-merge')) return await rebaseLine(join(gitDir, 'rebase-merge'), 'msgnum', 'end', files)
  if (!names.has('rebase-apply')) return null
  const apply = join(gitDir, 'rebase-apply')
  if ((await files.sights([join(apply, 'applying')]))[0]) return 'Patches are being applied (git am).'
  return await rebaseLine(apply, 'next', 'last', files)
}

async function rebaseLine(directory: string, step: string, last: string, files: Files): Promise<string> {
  const [branch, onto, at, end] = await Promise.all(
    ['head-name', 'onto', step, last].map(async file => await firstLine(join(directory, file), files)),
  )
  const what = branch ? ` of ${branch.replace(/^refs\/heads\//, '')}` : ''
  const where = onto ? ` onto ${onto.slice(0, 10)}` : ''
  return `A rebase${what}${where} is in progress${at && end ? `, step ${at} of ${end}` : ''}.`
}

const firstLine = (path: string, files: Files): Promise<string | null> =>
  files.read(path, MAX_BYTES).then(
    bytes => plain(String(bytes)).split('\n')[0]!,
    () => null,
  )
