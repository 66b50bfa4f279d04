/**
 * The Emacs client as it comes out of the executable, byte-compiled, in a terminal: how long it takes to start and to show
 * conversations, and the longest time Emacs does not answer meanwhile. Somebody types all the time a conversation comes, and
 * stops when it is shown; what is done in idle time then is a row of its own. In the conversation of 2 MB somebody scrolls
 * and types then. `emacs.el` is the part inside Emacs.
 */
import { existsSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { EMACSEN, withClient } from './client.ts'
import { type Conversation, largeResult, replayed, streamed, streamedCode } from './conversations.ts'
import { median, type Row, table } from './measure.ts'
import { PRODUCT } from './running.ts'

const ROUNDS = 3
const PULSE = 3
const KEYS = 100
/** Up, down, to the end, and a line: one key every 25 ms while the conversation of 2 MB is quiet. */
const SCROLLING = [
  ...Array<string>(20).fill('\x1bv'),
  ...Array<string>(19).fill('\x16'),
  '\x1b>',
  ...'now somebody types this'.split(''),
]

type Figures = Record<string, number>
type Target = { total?: number; longest: number; keys?: number }

const CONVERSATIONS: Record<string, { what: string; make: () => Conversation; target: Target }> = {
  stream: { what: '4,000 tokens at full speed', make: () => streamed(), target: { total: 600, longest: 30 } },
  code: { what: 'one block of 4,000 tokens', make: streamedCode, target: { total: 600, longest: 30 } },
  large: { what: 'a result of 1 MB in one line', make: largeResult, target: { longest: 100 } },
  opened: { what: 'a session of 500 turns opened', make: () => replayed(500), target: { total: 600, longest: 100 } },
  replay: { what: '10,000 events replayed', make: () => replayed(2000), target: { longest: 100 } },
  big: { what: 'a buffer of 2 MB', make: () => replayed(4600), target: { longest: 100, keys: 30 } },
}

/** Those that `EMACS_CONVERSATIONS` names, with commas between, or all. */
const NAMES = process.env.EMACS_CONVERSATIONS?.split(',') ?? Object.keys(CONVERSATIONS)

/** Serves conversations and the time; calls `typing` when one begins and when it is shown, then with its name. */
function serve(conversations: Record<string, Conversation>, typing: (on: boolean, shown?: string) => void) {
  const results: Record<string, Figures> = {}
  const pulse = createServer(socket => {
    const timer = setInterval(() => socket.write(`${Date.now()}\n`), PULSE)
    socket.setNoDelay().on('error', () => {})
    socket.on('close', () => clearInterval(timer))
  }).listen(0, '127.0.0.1')
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    routes: {
      '/api/sessions/:name/events': ({ params }) => {
        typing(true)
        const { stream } = conversations[params.name]!
        // It stays open, as a session's does.
        const body = new ReadableStream({ start: controller => controller.enqueue(Buffer.from(stream)) })
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
      },
      '/bench/:name': async request => {
        if (request.params.name in conversations) typing(false, request.params.name)
        results[request.params.name] = (await request.json()) as Figures
        return Response.json({})
      },
    },
    fetch: () => Response.json({ error: { code: 'NOT_FOUND', message: 'not here' } }, { status: 404 }),
  })
  const stop = async () => {
    pulse.close()
    await server.stop(true)
  }
  return { port: server.port, pulse: (pulse.address() as AddressInfo).port, results, stop }
}

/** Runs everything once in a new Emacs, and resolves with the figures of each conversation. */
async function round(emacs: string, lisp: string, home: string, conversations: Record<string, Conversation>) {
  let keys: Timer | undefined
  let shown = ''
  const served = serve(conversations, (on, shown) => {
    clearInterval(keys)
    if (shown && CONVERSATIONS[shown]!.target.keys) {
      const left = [...SCROLLING]
      keys = setInterval(() => left.length > 0 && child.terminal!.write(left.shift()!), 25)
    } else if (on) keys = setInterval(() => child.terminal!.write('x'), KEYS)
  })
  const child = Bun.spawn([emacs, '-Q', '-nw', '-L', lisp, '-l', join(import.meta.dir, 'emacs.el')], {
    cwd: home,
    env: {
      HOME: home,
      PATH: process.env.PATH ?? '',
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
      BENCH_PROGRAM: PRODUCT,
      BENCH_PORT: String(served.port),
      BENCH_PULSE: String(served.pulse),
      BENCH_CONVERSATIONS: Object.entries(conversations)
        .map(([name, { last }]) => `${name}:${last}`)
        .join(' '),
    },
    terminal: { cols: 120, rows: 50, data: (_, bytes) => void (shown = (shown + bytes).slice(-2000)) },
  })
  const patience = setTimeout(() => child.kill(), 300_000)
  await child.exited
  clearTimeout(patience)
  clearInterval(keys)
  child.terminal!.close()
  await served.stop()
  const missing = Object.keys(conversations).filter(name => !served.results[`${name}-quiet`])
  if (missing.length > 0) throw new Error(`${emacs} did not show ${missing.join(', ')}:\n${shown}`)
  return served.results
}

const ms = (value: number) => `${value.toFixed(0)} ms`
const times = (value: number) => value.toFixed(0)

/** A row of the median of the rounds. Targets are for the least: what else the machine does only adds to the others. */
function row(rounds: Record<string, Figures>[], what: string, path: string, most?: number, show = ms): Row {
  const [name, key] = path.split('.') as [string, string]
  const values = rounds.map(figures => figures[name]![key]!)
  const value = median(values)
  const least = Math.min(...values)
  return {
    what,
    value: show(value),
    ratio: `least ${show(least)}`,
    ...(most !== undefined && { target: `≤ ${show(most)}`, met: least <= most }),
  }
}

/** How much more an event costs in a conversation of 4,600 turns than in one of 2,000: nothing, if time is linear. */
function growth(rounds: Record<string, Figures>[]): Row {
  const [long, short] = ['big', 'replay'].map(name => Math.min(...rounds.map(figures => figures[name]!.total_ms!)))
  const ratio = long! / 4600 / (short! / 2000)
  return {
    what: 'a turn of 4,600 to one of 2,000',
    value: `${ratio.toFixed(2)}×`,
    target: '≤ 1.50×',
    met: ratio <= 1.5,
  }
}

async function benchOne(emacs: string): Promise<boolean> {
  return withClient(emacs, async ({ home, lisp, version }) => {
    const conversations = Object.fromEntries(NAMES.map(name => [name, CONVERSATIONS[name]!.make()]))
    const rounds: Record<string, Figures>[] = []
    for (let i = 0; i < ROUNDS; i++) rounds.push(await round(emacs, lisp, home, conversations))
    const rows = [
      row(rounds, 'the client and Org loaded', 'start-up.loaded_ms'),
      row(rounds, 'M-x emacs-agent to a prompt', 'start-up.usable_ms', 300),
      row(rounds, '  to a session that answers', 'start-up.answered_ms'),
      ...NAMES.map(name => [name, CONVERSATIONS[name]!] as const).flatMap(([name, { what, target }]) => [
        row(rounds, what, `${name}.total_ms`, target.total),
        row(rounds, '  processor time of Emacs in all', `${name}.processor_ms`),
        row(rounds, '  longest without an answer', `${name}.longest_ms`),
        row(rounds, '    processor time of Emacs in it', `${name}.worked_ms`, target.longest),
        row(rounds, '  garbage collections', `${name}.collections`, undefined, times),
        row(rounds, '  one of them', `${name}.collection_ms`),
        row(
          rounds,
          `  longest ${target.keys ? 'while somebody scrolls and types' : 'once nobody types'}, processor`,
          `${name}-quiet.worked_ms`,
          target.keys,
        ),
      ]),
      ...(NAMES.includes('big') && NAMES.includes('replay') ? [growth(rounds)] : []),
    ]
    return table(`${version} (median and least of ${ROUNDS} rounds; the least meets a target)`, rows)
  })
}

/** Resolves with whether every target was met. */
export async function benchEmacs(): Promise<boolean> {
  let met = true
  for (const emacs of EMACSEN) {
    if (Bun.which(emacs) || existsSync(emacs)) met = (await benchOne(emacs)) && met
    else console.log(`\nnot measured: there is no ${emacs} on this machine`)
  }
  return met
}
