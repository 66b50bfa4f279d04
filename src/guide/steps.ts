import { append, create, edit } from './change.ts'
import { commit } from './commit.ts'
import { GREETING, HELP } from './help.ts'
import type { Intent } from './plan.ts'
import { plan } from './plan.ts'
import { languageOf, listing, type Row, readPage, run, runTests, tabulate } from './results.ts'
import { block, type Closing, callOnce, code, failure, plural, type Script } from './script.ts'
import { tour } from './tour.ts'

/** The tools that a step cannot do without. A tour and a plan take what there is. */
const NEEDS: Partial<Record<Intent['do'], string[]>> = {
  list: ['list_directory'],
  read: ['read_file'],
  grep: ['grep'],
  find: ['search_files'],
  create: ['write_file'],
  mkdir: ['create_directory'],
  append: ['read_file', 'edit_file', 'write_file'],
  edit: ['edit_file'],
  delete: ['delete_file'],
  move: ['move_file'],
  copy: ['copy_file'],
  run: ['shell_exec'],
  test: ['shell_exec', 'list_directory'],
  status: ['git_status'],
  diff: ['git_diff'],
  log: ['git_log'],
  branches: ['git_branch'],
  branch: ['git_branch'],
  commit: ['git_commit'],
  push: ['git_push'],
}

/** The script of one step, as far as the offered tools allow. `unknown` is for the caller to answer. */
export function* playStep(intent: Intent, offered: ReadonlySet<string>): Script {
  const missing = (NEEDS[intent.do] ?? []).filter(tool => !offered.has(tool))
  if (missing.length > 0)
    return {
      text: `That takes ${missing.map(code).join(' and ')}, which this agent is not given. The agent \`build\` has all tools.`,
      failed: true,
    }
  const paths =
    'paths' in intent
      ? intent.paths
      : 'from' in intent
        ? [intent.from, intent.to]
        : 'path' in intent
          ? [intent.path]
          : []
  if (paths.includes(''))
    return { text: 'Which file is "this file"? Your editor named none: say its path.', failed: true }
  return yield* scriptOf(intent, offered)
}

function scriptOf(intent: Intent, offered: ReadonlySet<string>): Script {
  switch (intent.do) {
    case 'tour':
      return tour(offered)
    case 'plan':
      return plan(intent, offered)
    case 'create':
      return create(intent)
    case 'append':
      return append(intent)
    case 'edit':
      return edit(intent)
    case 'commit':
      return commit(intent, offered)
    case 'read':
      return read(intent.paths)
    case 'test':
      return runTests()
    case 'run':
      return run(intent.command)
    case 'help':
      return say({ text: intent.greeting ? GREETING : HELP })
    case 'ask':
      return say({ text: intent.question, failed: true })
    case 'unknown':
      return say({ text: '', failed: true })
    case 'list': {
      const place = intent.path === '.' ? 'the project' : code(intent.path)
      return callOnce(
        { tool: 'list_directory', params: intent.path === '.' ? {} : { path: intent.path } },
        { after: content => `In ${place}:\n\n${block(listing(content))}`, failed: `I could not list ${place}` },
      )
    }
    case 'grep': {
      const { text, path } = intent
      return callOnce(
        { tool: 'grep', params: { pattern: text.replace(/[.*+?^$(){}|[\]\\]/g, '\\$&'), ...(path && { path }) } },
        {
          after: (content, { matches, hint = '' }) =>
            matches === 0
              ? `No line has ${code(text)}. ${hint}`.trim()
              : `${plural(Number(matches), 'line')} with ${code(text)}:\n\n${block(content)}`,
          failed: `I could not search for ${code(text)}`,
        },
      )
    }
    case 'find': {
      const { glob, path } = intent
      return callOnce(
        { tool: 'search_files', params: { pattern: glob, ...(path && { path }) } },
        {
          after: (content, { count, hint = '' }) =>
            count === 0
              ? `No file matches ${code(glob)}. ${hint}`.trim()
              : `${plural(Number(count), 'file')} for ${code(glob)}:\n\n${block(content)}`,
          failed: `I could not look for ${code(glob)}`,
        },
      )
    }
    case 'mkdir':
      return callOnce(
        { tool: 'create_directory', params: { path: intent.path } },
        {
          after: () => `The folder ${code(intent.path)} is there now.`,
          failed: `${code(intent.path)} was not created`,
        },
      )
    case 'delete':
      return callOnce(
        { tool: 'delete_file', params: { path: intent.path } },
        { after: () => `${code(intent.path)} is deleted.`, failed: `${code(intent.path)} was not deleted` },
      )
    case 'move':
    case 'copy': {
      const [from, to] = [code(intent.from), code(intent.to)]
      const params = { source: intent.from, dest: intent.to }
      return intent.do === 'move'
        ? callOnce(
            { tool: 'move_file', params },
            { after: () => `${from} is now ${to}.`, failed: `${from} was not moved` },
          )
        : callOnce(
            { tool: 'copy_file', params },
            { after: () => `${to} is a copy of ${from}.`, failed: `${from} was not copied` },
          )
    }
    case 'status':
      return callOnce(
        { tool: 'git_status', params: {} },
        { after: (content, { files }) => status(content, files === 0), failed: 'I could not get the status' },
      )
    case 'diff': {
      const { staged, path } = intent
      return callOnce(
        { tool: 'git_diff', params: { ...(path && { path }), ...(staged && { staged }) } },
        {
          after: (content, { files }) => (files === 0 ? content : block(content, 'diff')),
          failed: 'I could not get the diff',
        },
      )
    }
    case 'log':
      return callOnce(
        { tool: 'git_log', params: { limit: intent.limit } },
        { after: content => `The last commits:\n\n${block(tabulate(content))}`, failed: 'I could not get the history' },
      )
    case 'branches':
      return callOnce(
        { tool: 'git_branch', params: {} },
        {
          after: content => `The branches:\n\n${block(tabulate(content, branch))}`,
          failed: 'I could not list the branches',
        },
      )
    case 'branch':
      return callOnce(
        { tool: 'git_branch', params: { name: intent.name, create: true } },
        {
          after: () => `You are on the new branch ${code(intent.name)}.`,
          failed: `${code(intent.name)} was not created`,
        },
      )
    case 'push':
      return callOnce(
        { tool: 'git_push', params: {} },
        { after: content => `Pushed:\n\n${block(content)}`, failed: 'Nothing was pushed' },
      )
  }
}

// biome-ignore lint/correctness/useYield: a script without a call
function* say(closing: Closing): Script {
  return closing
}

function* read(paths: string[]): Script {
  const calls = paths.map(path => ({ tool: 'read_file', params: { path } }))
  const outcomes = yield { text: '', calls }
  const shown = paths.map((path, i) => {
    const outcome = outcomes[i]
    if (!outcome || outcome.is_error) return failure(`I could not read ${code(path)}`, outcome)
    const { lines, next } = readPage(outcome)
    if (lines.length === 0) return `${code(path)} is empty.`
    return `${code(path)}${next ? `, its first ${next - 1} lines` : ''}:\n\n${block(lines.join('\n'), languageOf(path))}`
  })
  return { text: shown.join('\n\n'), failed: paths.some((_, i) => outcomes[i]?.is_error ?? true) }
}

/** The line about the branch, then what changed. */
function status(content: string, isClean: boolean): string {
  const [branch, ...rest] = tabulate(content).split('\n')
  const files = rest.join('\n')
  return isClean ? `${branch} ${files}` : `${branch}\n\n${block(files)}`
}

const branch = ({ current, branch = '', upstream = '', track = '' }: Row): string[] => [
  current === 'true' ? '*' : ' ',
  branch,
  upstream,
  track,
]
