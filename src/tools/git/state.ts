import { join } from 'node:path'
import { exists, readRegular } from '../../base/files.ts'
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
export async function underway(gitDir: string): Promise<string[]> {
  const rebase = await rebaseIn(gitDir)
  const others = await Promise.all(
    UNDERWAY.map(async ([file, what]) => ((await exists(join(gitDir, file))) ? `${what} is in progress.` : null)),
  )
  return [rebase, ...others].filter(line => line !== null)
}

async function rebaseIn(gitDir: string): Promise<string | null> {
  const [merge, apply] = [join(gitDir, 'rebase-merge'), join(gitDir, 'rebase-apply')]
  if (await exists(merge)) return await rebaseLine(merge, 'msgnum', 'end')
  if (!(await exists(apply))) return null
  if (await exists(join(apply, 'applying'))) return 'Patches are being applied (git am).'
  return await rebaseLine(apply, 'next', 'last')
}

async function rebaseLine(directory: string, step: string, last: string): Promise<string> {
  const [branch, onto, at, end] = await Promise.all(
    ['head-name', 'onto', step, last].map(async file => await firstLine(join(directory, file))),
  )
  const what = branch ? ` of ${branch.replace(/^refs\/heads\//, '')}` : ''
  const where = onto ? ` onto ${onto.slice(0, 10)}` : ''
  return `A rebase${what}${where} is in progress${at && end ? `, step ${at} of ${end}` : ''}.`
}

const firstLine = (path: string): Promise<string | null> =>
  readRegular(path, MAX_BYTES).then(
    bytes => plain(String(bytes)).split('\n')[0]!,
    () => null,
  )
