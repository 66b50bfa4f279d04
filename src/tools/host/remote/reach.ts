import { constants } from 'node:os'
import * as v from 'valibot'
import { AppError } from '../../../base/errors.ts'
import type { RemoteName } from '../../../base/remote-name.ts'
import type { Editor } from '../../editor/editor.ts'

/** How the machine of a remote project is reached: by requests to the editor. Paths of ours are those of that machine. */
export type Reach = RemoteName & {
  /** Undefined while none is attached. */
  editor(): Editor | undefined
}

/** In one request or answer. Both travel as base64, and a body has at most 16 MiB. */
export const MOST_BYTES = 8 * 1024 * 1024

/** Milliseconds for an answer, and between two reports of progress; a connection may have to be opened again first. */
const PATIENCE_MS = 30_000

/** As TRAMP writes a path there. */
export const named = ({ prefix }: Reach, path: string): string => prefix + path

/** The path of a name that the editor gives. Throws TOOL_FAILED for one of another machine. */
export function pathOf({ prefix, machine }: Reach, name: string): string {
  if (name.startsWith(`${prefix}/`)) return name.slice(prefix.length)
  throw new AppError('TOOL_FAILED', `The editor answered with a file that is not on ${machine}. Go on without it.`)
}

const base64 = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9+/\s]*={0,2}\s*$/),
  v.transform(text => Buffer.from(text, 'base64')),
)
const size = v.pipe(
  v.nullish(v.number(), 0),
  v.transform(bytes => Math.max(0, bytes)),
)
const maybe = <S extends v.GenericSchema>(schema: S) =>
  v.pipe(
    v.nullish(schema),
    v.transform(value => value ?? undefined),
  )
/** Emacs has `:false` and nil for it, and its JSON null or false. */
const flag = v.pipe(v.optional(v.unknown()), v.transform(Boolean))
const kind = v.picklist(['file', 'directory', 'link', 'other'])

export const Looked = v.object({
  path: v.string(),
  kind: v.nullish(kind, null),
  size,
  mode: maybe(v.pipe(v.string(), v.regex(/^[0-7]{1,6}$/))),
  hash: maybe(v.string()),
  target: maybe(v.string()),
})
export const Content = v.object({ data: base64, size })
const isName = ({ name }: { name: string }): boolean => !/^\.{0,2}$|[/\0]/.test(name)
export const Listed = v.object({
  entries: v.pipe(v.array(v.object({ name: v.string(), kind, size })), v.filterItems(isName)),
  cut: flag,
})
/** An Emacs that has nothing to say sends null for an empty object. */
export const Changed = v.pipe(
  v.nullish(v.object({ stale: flag }), {}),
  v.transform(value => value.stale === true),
)
export const Ran = v.pipe(
  v.object({
    exit_code: v.nullish(v.number(), null),
    signal: v.nullish(v.union([v.string(), v.number()]), null),
    stdout: base64,
    stderr: v.optional(base64, ''),
    cut: flag,
  }),
  v.transform(({ exit_code, signal, ...output }) => ({ ...output, ...statusOf(exit_code, signal) })),
)

function statusOf(exit_code: number | null, signal: string | number | null) {
  const name = typeof signal === 'string' && Object.hasOwn(constants.signals, signal) ? signal : null
  if (name !== null) return { exit_code: null, signal: name as NodeJS.Signals }
  return { exit_code: typeof signal === 'number' && signal > 0 ? 128 + signal : (exit_code ?? 255), signal: null }
}

type Asked<S extends v.GenericSchema> = {
  tool: 'remote_files' | 'remote_process'
  params: Record<string, unknown>
  schema: S
  progress?(message: string, output?: string): void
}

/**
 * Asks the editor. Throws TOOL_FAILED where none is attached that reaches other machines, what it reports, another shape, TIMEOUT,
 * and the reason of `signal`.
 */
export async function ask<S extends v.GenericSchema>(
  reach: Reach,
  { tool, params, schema, progress }: Asked<S>,
  signal: AbortSignal,
): Promise<v.InferOutput<S>> {
  const editor = reach.editor()
  if (!editor || !reaches(editor))
    throw new AppError(
      'TOOL_FAILED',
      `The files of this project are on ${reach.machine}; they are reached through Emacs. Open the conversation there.`,
    )
  const parse = (result: unknown): v.InferOutput<S> => {
    const parsed = v.safeParse(schema, result)
    if (parsed.success) return parsed.output
    throw new AppError('TOOL_FAILED', `The editor answered ${tool} with another shape than expected.`)
  }
  try {
    return await editor.ask(
      { tool, params, parse, timeout_ms: PATIENCE_MS, exact: true, ...(progress && { progress }) },
      signal,
    )
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'TIMEOUT') throw error
    throw new AppError(
      'TIMEOUT',
      `Emacs did not answer for ${reach.machine} in time: the connection may be gone. Visit a file there, then go on.`,
    )
  }
}

const reaches = (editor: Editor): boolean => editor.answers('remote_files') && editor.answers('remote_process')
