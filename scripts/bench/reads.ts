/**
 * What a cache of the results of reading tools could save in a session, at most. The sessions are scripted, not recorded: for each
 * of the last commits of this repository, an agent that looks around, searches, reads the files that were touched and
 * their neighbours, edits, reads again what it edited, runs a command, and looks at the rest, as coding agents do. The files,
 * the tools and their results are real; the model is a list of calls.
 */
import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { chat } from '../../tests/support/model-replies.ts'
import { median, ms, type Row, table } from './measure.ts'
import { type Bench, type Running, withBench } from './running.ts'

const COMMITS = 20
const MOST_FILES = 8
const READS = ['read_file', 'list_directory', 'search_files', 'grep']
/** What a call of a fast model takes. */
const MODEL_MS = 2_000

type Call = { name: string; args: Record<string, unknown> }

const root = join(import.meta.dir, '../..')
function git(directory: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('git', ['-C', directory, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

/** The sources that each of the last commits touched, where they are still there. */
const touchedFiles = (project: string): string[][] =>
  git(
    project,
    'log',
    '--no-merges',
    '-n',
    '200',
    '--name-only',
    '--diff-filter=M',
    '--format=%x00',
    '--',
    'src',
    'tests',
  )
    .split('\0')
    .map(block => block.split('\n').filter(path => path.endsWith('.ts') && Bun.file(join(project, path)).size > 0))
    .filter(files => files.length > 1)
    .slice(0, COMMITS)
    .map(files => files.slice(0, MOST_FILES))

/** The calls of one task, in rounds. */
function task(project: string, files: string[]): Call[][] {
  const read = (path: string, more = {}): Call => ({ name: 'read_file', args: { path, ...more } })
  const grep = (pattern: string, path = 'src'): Call => ({ name: 'grep', args: { pattern, path } })
  const rounds: Call[][] = [
    [{ name: 'list_directory', args: { path: '.' } }, read('README.md', { limit: 60 })],
    [{ name: 'list_directory', args: { path: dirname(files[0]!) } }, grep(basename(files[0]!, '.ts'))],
    [{ name: 'search_files', args: { pattern: `**/${basename(files[0]!, '.ts')}*` } }],
    files.slice(0, 3).map(path => read(path)),
  ]
  for (const path of files) {
    const text = readFileSync(join(project, path), 'utf8')
    const lines = text.split('\n')
    const at = lines.findIndex((line, i) => i > 3 && line.trim().length > 20 && text.split(line).length === 2)
    rounds.push([read(path)], [grep(basename(path, '.ts'))])
    if (at < 0) continue
    rounds.push(
      [{ name: 'edit_file', args: { path, old: lines[at], new: `${lines[at]} // seen` } }],
      [read(path, { offset: Math.max(1, at - 10), limit: 30 })],
    )
  }
  rounds.push([{ name: 'shell_exec', args: { command: 'git diff --stat' } }])
  rounds.push(
    files.slice(0, 2).map(path => read(path)),
    [grep(basename(files[0]!, '.ts'))],
  )
  return rounds
}

/** One call in the log: its milliseconds, and whether it repeats a call since which nothing changed. */
type Done = { tool: string; took: number; repeats: boolean }

/** Runs a task as one turn. Returns its time and its calls. */
async function run({ model }: Bench, product: Running, project: string, rounds: Call[][]) {
  const { session_id } = await product.call('POST /api/sessions', { project_path: project })
  model.requests.length = 0
  let count = 0
  for (const calls of rounds)
    model.add(chat({ calls: calls.map(({ name, args }) => ({ id: `c${count++}`, name, args })) }))
  model.add(chat({ text: 'Done.' }))
  const begun = performance.now()
  await product.call(`POST /api/sessions/${session_id}/prompt`, { text: 'go', wait: true })
  const took = performance.now() - begun
  const { transcript_path } = await product.call(`DELETE /api/sessions/${session_id}`)
  const lines = readFileSync(transcript_path.replace(/\.org$/, '.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
  return { took, rounds: rounds.length + 1, calls: callsIn(lines.map(line => JSON.parse(line))) }
}

// biome-ignore lint/suspicious/noExplicitAny: events as the log has them
function callsIn(events: any[]): Done[] {
  const asked = new Map<string, string>()
  let known = new Set<string>()
  const done: Done[] = []
  for (const event of events) {
    if (event.type === 'tool.call') asked.set(event.tool_call_id, JSON.stringify([event.tool, event.params]))
    if (event.type !== 'tool.result') continue
    if (event.status !== 'success') throw new Error(`${event.tool}: ${event.message}`)
    const call = asked.get(event.tool_call_id)!
    const reads = READS.includes(event.tool)
    done.push({ tool: event.tool, took: event.execution_time_ms, repeats: reads && known.has(call) })
    if (reads) known.add(call)
    else known = new Set() // an edit or a command may have changed any file
  }
  return done
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0)
const percent = (value: number) => `${(value * 100).toFixed(1)} %`

/** Resolves with true: there are no targets. */
export const benchReads = (): Promise<boolean> =>
  withBench(async bench => {
    const project = join(bench.home, 'project')
    git(root, 'clone', '--quiet', root, project)
    appendFileSync(join(bench.home, 'bench.toml'), '[permissions]\nallow = ["edit_file", "shell_exec(git diff *)"]\n')
    const product = await bench.start()
    const turns: Awaited<ReturnType<typeof run>>[] = []
    for (const files of touchedFiles(project)) {
      turns.push(await run(bench, product, project, task(project, files)))
      git(project, 'checkout', '--quiet', '.')
    }
    await product.stop()
    const calls = turns.flatMap(turn => turn.calls)
    const reads = calls.filter(({ tool }) => READS.includes(tool))
    const repeated = reads.filter(({ repeats }) => repeats)
    const [whole, reading, saved] = [
      sum(turns.map(({ took }) => took)),
      sum(reads.map(({ took }) => took)),
      sum(repeated.map(({ took }) => took)),
    ]
    const rounds = sum(turns.map(turn => turn.rounds))
    const rows: Row[] = [
      { what: `${turns.length} turns, ${calls.length} calls, of which read`, value: String(reads.length) },
      ...READS.map(name => ({
        what: `  ${name}, median`,
        value: ms(median(reads.filter(({ tool }) => tool === name).map(({ took }) => took))),
      })),
      { what: 'share of reading tools in turns, model at once', value: percent(reading / whole) },
      {
        what: `  with a model that takes ${MODEL_MS / 1000} s a round`,
        value: percent(reading / (whole + rounds * MODEL_MS)),
      },
      { what: 'reads that repeat one with nothing changed since', value: percent(repeated.length / reads.length) },
      { what: 'what a cache would save of a turn, at most', value: ms(saved / turns.length) },
      { what: '  of its time, with that model', value: percent(saved / (whole + rounds * MODEL_MS)) },
    ]
    return table('Reading tools in scripted sessions on this repository', rows)
  })
