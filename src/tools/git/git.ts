import { join, relative as relativeTo, sep } from 'node:path'
import * as v from 'valibot'
import { renderData } from '../../base/toon.ts'
import { defineTool } from '../define.ts'
import { locate, relative } from '../paths.ts'
import { isHidden } from '../search/walk.ts'
import { createCapture, excerpt } from '../shell/capture.ts'
import type { Effect, Tool, ToolContext } from '../tool.ts'
import { gitBranch } from './branch.ts'
import { gitCommit, gitPush } from './commit.ts'
import { pathspecsOf } from './pathspecs.ts'
import { gitFailure, openRepository, type Repository, read, runSafe } from './repository.ts'
import { underway } from './state.ts'
import { dirtySubmodules } from './submodules.ts'

/** Rows of a table before it is cut, commits at most, and how many without being told. */
const MAX_FILES = 500
const MAX_COMMITS = 200
const COMMITS = 20
/** Of a diff in memory, and of what git says when it fails. */
const MAX_DIFF_BYTES = 1024 * 1024
const MAX_MESSAGE_BYTES = 64 * 1024
const PATCH = ['--find-renames', '--submodule=short', '--src-prefix=a/', '--dst-prefix=b/', '-p']
/** Names of files that a diff keeps to itself. */
const MAX_HIDDEN = 20

const path = v.optional(v.string())

/** The place a call is about, without asking git. A link is itself, as it is to git. */
const target = (path: string | undefined, context: ToolContext): Promise<string> =>
  path === undefined ? Promise.resolve(context.roots.project) : locate(path, context.roots, { link: true })

async function looksAt(what: string, path: string | undefined, context: ToolContext): Promise<Effect> {
  const place = await target(path, context)
  const where = path === undefined ? '' : ` of ${relative(place, context.roots)}`
  return { level: 'read', reason: `Show the ${what}${where}`, reads: [place], writes: [] }
}

/** Keeps git to one place: repositories may reach beyond the project. Nothing in the path is special. */
function only(place: string, { top }: Repository): string {
  const path = relativeTo(top, place).split(sep).join('/')
  return path === '' ? ':(top)' : `:(top,literal)${path}`
}

/** A path of git's, which counts from the top of the work tree, as all tools name it; a directory keeps its last `/`. */
const named = (path: string, { top }: Repository, context: ToolContext): string =>
  relative(join(top, path), context.roots) + (path.endsWith('/') ? '/' : '')

export const gitStatus = defineTool({
  name: 'git_status',
  category: 'git',
  description: 'Branch and changed files',
  level: 'read',
  takes: 'path',
  params: v.object({ path }),
  effect: ({ path }, context) => looksAt('git status', path, context),
  async run(params, context) {
    const place = await target(params.path, context)
    const repository = await openRepository(place, context)
    const output = await read(
      repository,
      ['status', '--porcelain=v2', '-z', '--branch', '--ignore-submodules=dirty', '--', only(place, repository)],
      context,
    )
    const { branch, files } = parseStatus(output)
    const listed = new Set(files.map(({ path }) => path))
    for (const path of await dirtySubmodules(repository, place, context)) {
      if (!listed.has(path)) files.push({ status: '.M', path })
    }
    const rows = files.slice(0, MAX_FILES).map(({ status, path, from }) => ({
      status,
      path: named(path, repository, context),
      ...(from !== undefined && { from: named(from, repository, context) }),
    }))
    const more = files.length > rows.length ? `\n${files.length - rows.length} more not shown.` : ''
    const table = rows.length === 0 ? 'Nothing changed.' : await renderData(rows, context.toon)
    const state = [branch, ...(await underway(repository.gitDir, context.roots))].join('\n')
    return { content: `${state}\n${table}${more}`, metadata: { files: files.length } }
  },
})

type StatusRow = { status: string; path: string; from?: string }

/** `git status --porcelain=v2 -z --branch` (git-status(1)). Statuses are git's two letters, index then work tree. */
export function parseStatus(output: string): { branch: string; files: StatusRow[] } {
  const head = new Map<string, string>()
  const files: StatusRow[] = []
  const entries = output.split('\0')
  for (let at = 0; at < entries.length; at++) {
    const entry = entries[at]!
    const kind = entry[0]
    const fields = entry.split(' ')
    const rest = (before: number) => fields.slice(before).join(' ')
    if (kind === '#') head.set(fields[1] ?? '', rest(2))
    else if (kind === '?') files.push({ status: '??', path: rest(1) })
    else if (kind === '1') files.push({ status: fields[1]!, path: rest(8) })
    else if (kind === '2') files.push({ status: fields[1]!, path: rest(9), from: entries[++at] ?? '' })
    else if (kind === 'u') files.push({ status: fields[1]!, path: rest(10) })
  }
  return { branch: branchLine(head), files }
}

function branchLine(head: Map<string, string>): string {
  const name = head.get('branch.head')
  const on = name === '(detached)' ? `Detached at ${head.get('branch.oid')?.slice(0, 10)}` : `On branch ${name}`
  const upstream = head.get('branch.upstream')
  const [ahead, behind] = (head.get('branch.ab') ?? '').split(' ').map(part => Number(part.slice(1)))
  if (!upstream) return `${on}.`
  return ahead === undefined || behind === undefined
    ? `${on}, whose upstream ${upstream} is gone.`
    : `${on}, ${ahead} ahead of and ${behind} behind ${upstream}.`
}

export const gitDiff = defineTool({
  name: 'git_diff',
  category: 'git',
  description: 'Unstaged or staged changes',
  level: 'read',
  takes: 'path',
  params: v.object({ path, staged: v.optional(v.boolean()) }),
  effect: ({ path, staged }, context) => looksAt(`${staged ? 'staged' : 'unstaged'} changes`, path, context),
  async run(params, context) {
    const place = await target(params.path, context)
    const repository = await openRepository(place, context)
    const diff = [
      ...['diff', '--no-ext-diff', '--no-textconv', '--no-color', '--no-relative', '--ignore-submodules=dirty'],
      ...(params.staged ? ['--cached'] : []),
    ]
    const here = only(place, repository)
    const names = (await read(repository, [...diff, '--name-only', '-z', '--no-renames', '--', here], context))
      .split('\0')
      .filter(name => name !== '')
    const hidden = new Set(names.filter(name => isHidden(join(repository.top, name), context)))
    const shown = names.filter(name => !hidden.has(name))
    const capture = createCapture(MAX_DIFF_BYTES, 'ends', context.spillPath(context.tool_call_id))
    for (const specs of pathspecsOf(here, shown, [...hidden])) {
      const result = await runSafe(repository, [...diff, ...PATCH, '--', ...specs], context, {
        redactor: context.redactor,
        max_output_bytes: MAX_MESSAGE_BYTES,
        onOutput: (chunk, stream) => stream === 'stdout' && capture.add(chunk),
      })
      if (result.exit_code !== 0) throw gitFailure(result)
    }
    const captured = capture.finish()
    const text = excerpt(captured.text, captured, context.tool_call_id)
    const none = names.length === 0 ? `No ${params.staged ? 'staged' : 'unstaged'} changes.` : ''
    return {
      content: `${text || none}\n${notShown([...hidden].map(name => named(name, repository, context)))}`.trim(),
      metadata: { files: shown.length, hidden: hidden.size },
    }
  },
})

function notShown(names: string[]): string {
  if (names.length === 0) return ''
  const more = names.length > MAX_HIDDEN ? ` and ${names.length - MAX_HIDDEN} more` : ''
  return `[Not shown: ${names.slice(0, MAX_HIDDEN).join(', ')}${more}]`
}

export const gitLog = defineTool({
  name: 'git_log',
  category: 'git',
  description: 'Recent commits',
  level: 'read',
  takes: 'path',
  params: v.object({ limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))), path }),
  effect: ({ path }, context) => looksAt('history', path, context),
  async run(params, context) {
    const place = await target(params.path, context)
    const repository = await openRepository(place, context)
    if ((await runSafe(repository, ['rev-parse', '--verify', '--quiet', 'HEAD'], context)).exit_code !== 0)
      return { content: 'There are no commits yet.', metadata: { commits: 0 } }
    const output = await read(
      repository,
      [
        ...['log', '-z', `--max-count=${Math.min(params.limit ?? COMMITS, MAX_COMMITS)}`],
        ...['--no-show-signature', '--no-ext-diff', '--no-textconv', '--no-color', '--no-notes', '--no-mailmap'],
        ...['--encoding=UTF-8', '--date=format:%Y-%m-%d %H:%M', '--format=%h%x1f%ad%x1f%an%x1f%s', '--no-patch'],
        '--',
        // A pathspec, even of everything, leaves out merges and empty commits.
        ...(place === repository.top ? [] : [only(place, repository)]),
      ],
      context,
    )
    const rows = output
      .split('\0')
      .filter(line => line !== '')
      .map(line => {
        const [commit, date, author, subject] = line.split('\x1f')
        return { commit, date, author, subject }
      })
    const content = rows.length === 0 ? 'No commit touches that path.' : await renderData(rows, context.toon)
    return { content, metadata: { commits: rows.length } }
  },
})

export const gitTools: Tool[] = [gitStatus, gitDiff, gitLog, gitBranch, gitCommit, gitPush]
