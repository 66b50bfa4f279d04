import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { atEnd } from './at-end.ts'
import { BINARY, type Home, makeHome } from './backend.ts'
import { chat, type Said } from './model-replies.ts'
import { type Script, startModelServer } from './model-server.ts'

const running = new Set<ChildProcessWithoutNullStreams>()
const closing: (() => Promise<void>)[] = []
atEnd(async () => {
  for (const child of running) child.kill('SIGKILL')
  await Promise.all(closing.splice(0).map(close => close()))
})

export type Ended = { code: number | null; signal: string | null; stdout: string; stderr: string }
export type Options = { home?: Home; cwd?: string; env?: Record<string, string>; input?: string }

/** The built binary, as it is started on a command line without a terminal. */
export class Program {
  stdout = ''
  stderr = ''
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<Ended>
  #wake: (() => void)[] = []

  constructor(command: string[], { home = makeHome(), cwd = home.root, env = {}, input }: Options = {}) {
    this.child = spawn(command[0]!, command.slice(1), { cwd, env: { ...home.env, ...env } })
    running.add(this.child)
    for (const name of ['stdout', 'stderr'] as const)
      this.child[name].on('data', chunk => {
        this[name] += chunk
        this.#notify()
      })
    this.child.stdin.on('error', () => {}) // it ended without reading what it was given
    this.ended = new Promise(resolve =>
      this.child.on('close', (code, signal) => {
        running.delete(this.child)
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
        this.#notify()
      }),
    )
    if (input !== undefined) this.child.stdin.end(input)
  }

  #notify() {
    for (const wake of this.#wake.splice(0)) wake()
  }

  /** Resolves when the output has the text, from an offset on; returns the offset behind it. */
  async until(text: string | RegExp, from = 0): Promise<number> {
    for (;;) {
      const rest = this.stdout.slice(from)
      const found = typeof text === 'string' ? { index: rest.indexOf(text), 0: text } : text.exec(rest)
      if (found && found.index >= 0) return from + found.index + found[0].length
      if (!running.has(this.child)) throw new Error(`It ended without ${text}: ${this.stdout}${this.stderr}`)
      await new Promise<void>(resolve => this.#wake.push(resolve))
    }
  }

  type(keys: string) {
    this.child.stdin.write(keys)
  }
}

/** Runs the binary to its end; without input, stdin is empty. */
export const run = (argv: string[], options: Options = {}): Promise<Ended> =>
  new Program([BINARY, ...argv], { input: '', ...options }).ended

export const hasTerminal = spawnSync('script', ['--version']).status === 0

/** The binary on a terminal of its own, 100 columns wide and without colours. */
export function onTerminal(argv: string[], options: Options = {}): Program {
  const quoted = [BINARY, ...argv].map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  const env = { TERM: 'xterm', NO_COLOR: '1', SHELL: '/bin/sh', ...options.env }
  return new Program(['script', '-qefc', `stty cols 100; exec ${quoted}`, '/dev/null'], { ...options, env })
}

/** A home whose model says these lines. */
export async function withModel(config = '') {
  const model = await startModelServer()
  closing.push(() => model.close())
  const home = makeHome(
    `model = "test/model"\n${config}\n[providers.test]\nkind = "openai-compatible"\nbase_url = "${model.url}/v1"`,
  )
  const says = (...lines: (Said | Script)[]) =>
    model.add(
      ...lines.map(line =>
        typeof line === 'object' && ('text' in line || 'calls' in line) ? chat(line) : (line as Script),
      ),
    )
  return { home, model, says }
}
