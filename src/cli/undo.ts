import { realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { Archive } from '../session/archive.ts'
import { Store } from '../session/store.ts'
import type { Outcome, UndoRequest } from '../undo/outcome.ts'
import type { Options } from './commands.ts'
import { configure } from './configure.ts'
import { createLogger } from './logger.ts'
import type { Process } from './process.ts'
import { createRuntime } from './runtime.ts'
import { colourDiff, inert, styleFor } from './terminal.ts'
import { askOnTerminal } from './trust.ts'

const SIGN = { created: '+', modified: '~', deleted: '-' }

/**
 * `undo [SESSION] [--turn ID | --call ID | --path FILE …] [--yes]`: shows what would be restored, and restores it when that
 * is confirmed. No server is needed. Resolves with 1 when nothing was restored.
 */
export async function undo(options: Options<'undo'>, host: Process): Promise<number> {
  const { env, dirs, version, sweeper, sandbox, cwd } = host
  const loaded = await configure({ env, dirs, flags: options })
  const log = createLogger(loaded.config.log_level === 'info' ? 'warn' : loaded.config.log_level, host.stderr)
  const runtime = createRuntime({ env, dirs, loaded, log, version, sweeper, sandbox, secrets: () => [] })
  const store = new Store(runtime, () => {})
  try {
    const id = options.session ? await runtime.archive.idOf(options.session) : await lastIn(cwd, runtime.archive)
    const wasClosed = (await runtime.archive.read(id)).at(-1)?.type === 'session.closed'
    const { session } = await store.resume(id)
    try {
      const { turn_id, tool_call_id, paths } = options
      const request = { turn_id, tool_call_id, ...(paths.length > 0 && { paths: await located(paths, cwd) }) }
      return await confirmAndUndo(request, asked => session.undo.undo(asked), options.yes, host)
    } finally {
      if (wasClosed) await store.close(id)
    }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'NOTHING_TO_UNDO') throw error
    host.stdout(`${error.message}\n`)
    return 1
  } finally {
    await store.shutdown()
    await runtime.close()
  }
}

async function confirmAndUndo(
  request: UndoRequest,
  act: (request: UndoRequest) => Promise<Outcome>,
  yes: boolean,
  host: Process,
): Promise<number> {
  const planned = await act({ ...request, dry_run: true })
  show(planned, host)
  if (planned.restored.length === 0) return 1
  if (!yes) {
    if (!host.terminal.input || !host.terminal.output) {
      host.stdout('Nobody is here to ask: nothing was changed. With --yes it is done without asking.\n')
      return 1
    }
    const confirm = askOnTerminal(host.stdin, host.terminal_output)
    if (!(await confirm('Restore these files? [y/N] '))) {
      host.stdout('Nothing was changed.\n')
      return 1
    }
  }
  const { restored, refused } = await act(request)
  for (const { path, reason } of refused)
    if (!planned.refused.some(known => known.path === path))
      host.stdout(`Not restored: ${inert(path)}: ${inert(reason)}.\n`)
  host.stdout(`Restored: ${restored.length} ${restored.length === 1 ? 'file' : 'files'}.\n`)
  return restored.length > 0 ? 0 : 1
}

function show({ restored, refused }: Outcome, host: Process): void {
  const style = styleFor(host)
  for (const { path, change } of restored) host.stdout(`${SIGN[change]} ${inert(path)}\n`)
  for (const { path, reason, diff } of refused) {
    host.stdout(style.yellow(`Left as it is: ${inert(path)}: ${inert(reason)}.\n`))
    if (diff) host.stdout(`${colourDiff(diff.trimEnd(), style)}\n`)
  }
}

/** The last session on the project that changed a file; the project is the directory or one above it. */
async function lastIn(cwd: string, archive: Archive): Promise<string> {
  const real = await realpath(cwd)
  for (const start of new Set([resolve(cwd), real]))
    for (let project = start; ; project = dirname(project)) {
      const { transcripts } = await archive.list({ project, limit: 200 })
      const changed = transcripts.find(entry => entry.files_changed.length > 0)
      if (changed) return changed.session_id
      if (project === dirname(project)) break
    }
  throw new AppError(
    'NOTHING_TO_UNDO',
    'No session on this project has changed a file. `transcripts list` names all sessions.',
  )
}

/** Real paths, but for the file itself, which may be a link, or gone. */
async function located(paths: readonly string[], cwd: string): Promise<string[]> {
  const real = await realpath(cwd)
  return paths.map(path => resolve(real, path))
}
