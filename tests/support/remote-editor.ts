import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { atEnd } from './at-end.ts'
import type { EventStream } from './backend.ts'
import type { Said } from './model-replies.ts'
import type { Scripted } from './scripted.ts'
import { editorSession, type StubRequest } from './stub-editor.ts'
import { tempDir } from './temp.ts'

export const PREFIX = '/ssh:u@far:'
const REMOTE_TOOLS = ['remote_files', 'remote_process']

/** The answer of a test to a request. undefined: what the machine answers; `null`: no answer. */
type Answer = (request: StubRequest) => Promise<object | string | null | undefined> | object | string | null | undefined

const running = new Set<number>()
atEnd(async () => {
  for (const pid of running) {
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {} // it has ended
  }
})

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const kindOf = (found: fs.Stats) =>
  found.isFile() ? 'file' : found.isDirectory() ? 'directory' : found.isSymbolicLink() ? 'link' : 'other'

/**
 * The files and programs of another machine, as an Emacs serves them: what is at `path` there is really below `real`. A directory of
 * this machine lies at `path` as well, with other contents, which must stay as they are.
 */
export class Machine {
  readonly path: string
  readonly real: string
  readonly home: string
  /** What was asked, in order: `look a.txt`, or the program of a process. */
  readonly asked: string[] = []

  constructor(files: Record<string, string>, decoys: Record<string, string> = {}) {
    this.real = fs.realpathSync(tempDir(files))
    this.path = fs.realpathSync(tempDir(decoys))
    this.home = fs.realpathSync(tempDir({ '.gitconfig': '[user]\nname = Far\nemail = far@example.org\n' }))
  }

  at = (name: string) => join(this.real, name)
  read = (name: string) => fs.readFileSync(this.at(name), 'utf8')
  here = (text: string) => text.replaceAll(this.path, this.real)
  there = (text: string) => text.replaceAll(this.real, this.path)

  #local(name: string): string {
    if (!name.startsWith(`${PREFIX}/`)) throw new Error(`not a name on this machine: ${name}`)
    return this.here(name.slice(PREFIX.length))
  }

  /** The true name of what may not exist. */
  #true(path: string): string {
    try {
      return fs.realpathSync(path)
    } catch {
      try {
        return this.#true(join(dirname(path), fs.readlinkSync(path)))
      } catch {
        return dirname(path) === path ? path : join(this.#true(dirname(path)), basename(path))
      }
    }
  }

  files({ op, path: name, from: source, ...params }: Record<string, any>): object {
    const path = this.#local(name)
    this.asked.push(`${op} ${path.slice(this.real.length + 1)}`)
    const stale = (at: string, expected: string | null | undefined) =>
      expected !== undefined && (fs.existsSync(at) ? sha(fs.readFileSync(at)) : null) !== expected
    const refuse = (at: string) => {
      if (fs.existsSync(at)) throw new Error(`File already exists: ${at}`)
    }
    switch (op) {
      case 'look': {
        const real = params.link ? join(this.#true(dirname(path)), basename(path)) : this.#true(path)
        const found = fs.lstatSync(real, { throwIfNoEntry: false })
        const kind = found ? kindOf(found) : null
        return {
          path: PREFIX + this.there(real),
          kind,
          ...(found && { size: found.size, mode: (found.mode & 0o7777).toString(8) }),
          ...(kind === 'link' && { target: this.there(fs.readlinkSync(real)) }),
          ...(kind === 'file' && params.hash && { hash: sha(fs.readFileSync(real)) }),
        }
      }
      case 'read': {
        const bytes = fs.readFileSync(path)
        if (bytes.length > params.limit) throw new Error('File is larger than the limit')
        return { data: bytes.toString('base64'), size: bytes.length, mode: '644' }
      }
      case 'list':
        return {
          entries: fs.readdirSync(path).map(name => {
            const found = fs.lstatSync(join(path, name))
            return { name, kind: kindOf(found), size: found.size }
          }),
        }
      case 'write': {
        if (stale(path, params.expected)) return { stale: true }
        fs.mkdirSync(dirname(path), { recursive: true })
        fs.writeFileSync(path, Buffer.from(params.data, 'base64'))
        if (params.mode) fs.chmodSync(path, Number.parseInt(params.mode, 8))
        return {}
      }
      case 'make_directory':
        fs.mkdirSync(path, { recursive: true })
        return {}
      case 'delete':
        if (stale(path, params.expected)) return { stale: true }
        if (fs.lstatSync(path).isDirectory()) fs.rmdirSync(path)
        else fs.unlinkSync(path)
        return {}
      case 'move':
        if (stale(this.#local(source), params.expected)) return { stale: true }
        refuse(path)
        fs.renameSync(this.#local(source), path)
        return {}
      case 'copy':
        refuse(path)
        fs.copyFileSync(this.#local(source), path)
        return {}
    }
    throw new Error(`no such operation: ${op}`)
  }

  async process(params: Record<string, any>, progress: (output: string) => Promise<boolean>): Promise<object> {
    const [program, ...args] = params.command.map(this.here) as string[]
    this.asked.push(`run ${params.command[0]}`)
    const child = spawn(program!, args, {
      cwd: this.#local(params.directory),
      env: { PATH: process.env.PATH, HOME: this.home, LANG: 'C.UTF-8', ...params.env },
      detached: true,
    })
    if (child.pid) running.add(child.pid)
    const out: Buffer[] = []
    const err: Buffer[] = []
    let told = Promise.resolve()
    child.stdout.on('data', chunk => {
      out.push(chunk)
      told = told.then(async () => {
        if (!(await progress(params.quiet ? '' : this.there(String(chunk))))) process.kill(-child.pid!, 'SIGKILL')
      })
    })
    child.stderr.on('data', chunk => err.push(chunk))
    child.stdin.on('error', () => {})
    child.stdin.end(
      params.input === undefined ? '' : this.here(Buffer.from(params.input, 'base64').toString('latin1')),
      'latin1',
    )
    const [exit_code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => resolve([code, signal]))
    })
    await told.catch(() => {})
    if (child.pid) running.delete(child.pid)
    const all = Buffer.from(this.there(Buffer.concat(out).toString('latin1')), 'latin1')
    return {
      exit_code,
      ...(signal && { signal }),
      stdout: all.subarray(0, params.output_limit).toString('base64'),
      stderr: Buffer.concat(err).subarray(0, params.output_limit).toString('base64'),
      ...(all.length > params.output_limit && { cut: true }),
    }
  }
}

/** A session on a machine, and the editor that serves it. `answer` is called first for each request. */
export async function withRemote(
  scripted: Scripted,
  files: Record<string, string> = {},
  {
    decoys = {},
    more = {},
    answer = () => undefined,
    tools = REMOTE_TOOLS as string[] | null,
    below = '',
    machine = new Machine(files, decoys),
  }: {
    decoys?: Record<string, string>
    more?: object
    answer?: Answer
    tools?: string[] | null
    /** The project's path below that of the machine. */
    below?: string
    machine?: Machine
  } = {},
) {
  const { backend, says, model } = scripted
  const session = await editorSession(scripted, PREFIX + machine.path + below, tools, more)
  const { path, stream } = session
  const serving = { answer }
  void serve(stream, request => reply(request))

  async function reply(request: StubRequest): Promise<void> {
    const post = (body: unknown) => session.reply(request.request_id, body)
    const own = await serving.answer(request)
    if (own === null) return
    if (own !== undefined) return void (await post(own))
    try {
      const progress = async (output: string) =>
        (await post({ progress: { message: 'Running', output: output.slice(0, 100_000) } })).status !== 404
      const result =
        request.tool === 'remote_files'
          ? machine.files(request.params)
          : await machine.process(request.params, progress)
      await post({ result })
    } catch (error) {
      await post({ error: { message: machine.there((error as Error).message) } })
    }
  }

  /** The model makes this call, which is approved if it asks, unless `decide` does otherwise. */
  const make = (said: Said, decide: (call: any) => Promise<unknown> = approve) =>
    session.make(said, async (stream, from) => {
      const called = (await stream.next('tool.call', from)).data
      if (called.requires_approval) await decide(called)
    })
  const approve = async ({ tool_call_id }: any) => {
    const { status, body } = await backend.call(`POST ${path}/approve`, { tool_call_id })
    if (status !== 200) throw new Error(JSON.stringify(body))
  }
  return { ...session, make, machine, approve, serving, backend, model, says }
}

async function serve(stream: EventStream, reply: (request: StubRequest) => Promise<void>) {
  for (let from = 0; ; from++) {
    const frame = await stream.next('editor.request', from).catch(() => null)
    if (!frame) return // the stream has ended
    from = stream.frames.indexOf(frame, from)
    void reply(frame.data as StubRequest).catch(() => {}) // the backend has ended
  }
}
