import type { Children } from '../base/children.ts'
import type { Definition, FileOperation, Location, PlanItem } from '../event.ts'
import type { Image, JsonSchema } from '../llm/provider.ts'
import type { Editor } from './editor/editor.ts'
import type { LanguageSource, LanguageTool } from './editor/language.ts'
import type { Formatted, Formatting } from './files/format.ts'
import type { Host } from './host/host.ts'
import type { Confinement, Look } from './sandbox/confinement.ts'
import type { Isolation } from './sandbox/sandbox.ts'

/**
 * A tool works in two steps: `effect` looks and says exactly what would happen, changing nothing; `run` does it. Policy,
 * previews and approvals work on the effect alone, so what was shown is what is done. MCP tools are tools like any other.
 */
// biome-ignore lint/suspicious/noExplicitAny: the registry holds tools of every parameter type
export type Tool<P = any> = {
  /** As events and rules name it: `read_file`, or `server/tool` for MCP. */
  name: string
  category: string
  description: string
  /** JSON Schema of the arguments, as the model gets it. */
  parameters: JsonSchema
  /** What policy asks for when no rule speaks: read → auto, write → ask, dangerous → ask with a warning. */
  level: Level
  /** Some calls have another level than `level` says: each call is judged by its effect, or by the call it stands for. */
  level_by_call?: boolean
  /** What the pattern of a permission rule for this tool means; absent: such a rule has none. */
  takes?: 'path' | 'line' | 'url'
  /** Tools of MCP servers, which are not offered themselves, are reached through it. */
  leads?: boolean
  /**
   * What it has to do with edits that wait for a review (`review_edits`): one that `makes` them can wait with its changes, one
   * that `sees` them reads the proposed text, or reads no file at all. Absent: it needs the disk, so the review comes first.
   */
  proposals?: 'makes' | 'sees'
  /** `run` makes the changes of its effect and no others, so that a person may approve some of the files, or other texts. */
  divisible?: true
  /** After an abort it ends by itself, in order: it is waited for, however long that takes. */
  settles?: true
  /** Throws AppError INVALID_PARAMS with a message that tells the model what to fix. */
  parse(params: unknown): P
  /** For a tool that stands for another (`call_tool`): the inner call, which policy, events and approvals then apply to. */
  resolve?(params: unknown, context: ToolContext): Promise<{ tool: Tool; params: Record<string, unknown> }>
  /** Throws AppError (TOOL_FAILED, PERMISSION_DENIED for confinement, STALE_FILE …) when the call cannot work. */
  effect(params: P, context: ToolContext): Promise<Effect>
  /** Performs the effect. Throws AppError; anything else thrown becomes TOOL_FAILED. Honours `context.signal`. */
  run(params: P, context: ToolContext, effect: Effect): Promise<Output>
}

export type Level = 'read' | 'write' | 'dangerous'

export type Effect = {
  /** The level of this very call (git_branch only writes when it creates). */
  level: Level
  /** One sentence in our own words, for the person who decides: `Edit src/a.ts`. */
  reason: string
  /** Real absolute paths that would be read or written. */
  reads: string[]
  writes: string[]
  /** The shell line, for tools that run one, and where. */
  command?: string
  cwd?: string
  /** What the command is isolated from. */
  sandbox?: Isolation
  /** It is to run outside of the sandbox: a person decides, even if a rule allows it. */
  leaves_sandbox?: true
  /** Where its operands lead: real absolute paths behind links and wildcards; `partial` when there were too many to follow. */
  leads?: { paths: string[]; partial: boolean }
  /** The address that is contacted, as `URL.href` writes it: it asks where no rule allows it, though nothing is written. */
  url?: string
  /** It asks where no rule allows it, though nothing is written, and is not remembered; `always`: even if a rule allows it. */
  asks?: { reason: string; always?: true }
  /** The user chose the address in the configuration: it may be a private one. */
  own_url?: true
  /** It touches nothing but the session, and what comes of it is judged by itself: it never asks. */
  session_only?: true
  /** It only leads on: to the next skill, or to tools that are judged by their own names. No skill closes it. */
  leads_on?: true
  /** The MCP server that a tool of ours reads from: rules for all of that server (`name/*`) hold for the call, too. */
  mcp_server?: string
  /** The exact new contents, for tools that write files: the preview is their diff, running is committing them. */
  changes?: Change[]
  /** What became of the text of `changes` before it was shown. */
  formatted?: Formatted
  /** Of a tool of an MCP server: what that says of it now, which a remembered approval is bound to. */
  definition?: Definition
  /** Set when the call deserves a warning whatever the rules say. */
  danger?: string
  locations?: Location[]
}

/** One file before and after. `null` is absence. `path` and `from` are real absolute paths. */
export type Change = {
  path: string
  from?: string
  operation: FileOperation
  /** Only where `before` and `after` are not known: a shell command changed the file. */
  change?: 'created' | 'modified' | 'deleted'
  before: Uint8Array | null
  after: Uint8Array | null
}

export type Output = {
  /** What the model reads; cut and spilled by `tools/output.ts` when long. */
  content: string
  metadata: Record<string, unknown>
  /** Files that did change, for `file.changed`. */
  changes?: Change[]
  locations?: Location[]
  images?: Image[]
}

/** All that a tool may know of the world: nothing here is global. */
export type ToolContext = {
  session_id: string
  tool_call_id: string
  roots: Roots
  /** Unsaved editor buffers by real path: what reads see. */
  unsaved: ReadonlyMap<string, string>
  /** Edits of this turn that wait for a review, by real path: what reads and further edits see. Null is a new directory. */
  proposed?: ReadonlyMap<string, Uint8Array | null>
  /** Puts text into the client's buffer of a file, by real path; absent where the client has none, or cannot. */
  writeBuffer?(path: string, text: string): Promise<void>
  /** Hash of each file as the model last read or wrote it, by real path: write_file over anything else is STALE_FILE. */
  seen: Map<string, string>
  /** What was done in this session to a file since it had this hash, by whom; empty where that is not known. */
  changesSince?(path: string, hash: string): string
  /** Who starts child processes, and ends them when nobody else can. */
  children: Children
  /** Environment of child processes: already stripped of secrets. */
  env: Record<string, string>
  /** Files that walking tools (grep, search_files, list_directory) leave out: a rule denies them, or their name is sensitive. */
  hidden?(path: string): boolean
  signal: AbortSignal
  progress(message: string, more?: { progress?: number; output?: string }): void
  /** Takes known secrets out of what is kept of a call: results, and output on its way to a file. */
  redactor?: Redaction
  /** Where the whole of an over-long result goes; null when the session must leave nothing on disk. */
  spillPath(tool_call_id: string): string | null
  /** Keeps images of a result for the model's next requests. */
  keepImages?(images: Image[]): Promise<void>
  /** What the rules say of a further address, as of a redirect; `named`: one names this very host, so it may be private. */
  judgeUrl?(url: string): { decision: 'allow' | 'ask' | 'deny'; named: boolean; reason: string }
  jobs: Jobs
  /** What isolates its commands; absent where the sandbox is off. */
  sandbox?: Sandbox
  /** The user's formatters; absent: none. */
  formatting?: Formatting
  /** Encode uniform rows as TOON where that is shorter. */
  toon: boolean
  ask?: Ask
  /** The source for this tool: an editor that registered it, else our own language servers; undefined where there is neither. */
  language?(tool: LanguageTool): LanguageSource | undefined
  /** The editor that is attached now. */
  editor?(): Editor | undefined
  /** Other agents. `check` throws INVALID_PARAMS, TOOL_FAILED for what cannot be given to one. */
  delegate?: { check(task: Task): void; run(task: Task): Promise<Output> }
  /** The list of steps of the agent that calls. */
  plan?: { items(): readonly PlanItem[]; set(items: PlanItem[]): void }
}

/** The sandbox of an agent's commands. */
export type Sandbox = {
  /** What would isolate a command; a reason where this machine cannot. Throws PERMISSION_DENIED where one is required and missing. */
  look(): Promise<Look>
  confine(command: readonly string[], cwd: string, env: Record<string, string>): ReturnType<Confinement['confine']>
}

/** What one agent gives another to do. `auto` for `agent` lets a rule choose. */
export type Task = { agent: string; task: string; context?: string; background?: boolean }

/**
 * A child server's question to the person (MCP elicitation, signing in): answered over HTTP, or `elsewhere`, as when a
 * browser comes back. When that resolves first, the answer is `accept`; when it rejects, nobody needs one: `cancel`.
 */
export type Ask = (
  question: { server: string; message: string; schema?: unknown; url?: string; kind?: 'ask' | 'plan' },
  elsewhere?: Promise<unknown>,
) => Promise<{ action: 'accept' | 'decline' | 'cancel'; content?: unknown }>

/** Replaces known secrets; `stream` also where one comes in pieces: what may be the beginning of one waits for the next. */
export type Redaction = {
  value<T>(value: T): T
  stream(): { push(piece: string): string; flush(): string }
}

/**
 * Real paths: the project, further directories the config allows, and our own files that no tool may ever touch. `worktree` lies
 * below one of ours and is open all the same: an agent works there in its own copy of the project.
 */
export type Roots = {
  project: string
  allowed: string[]
  forbidden: string[]
  worktree?: string
  /** The machine they are on; absent: this one. */
  host?: Host
}

/** The background shells of one session. */
export type Jobs = Map<string, Job>
export type Job = {
  job_id: string
  command: string
  /** Absent for one on another machine. */
  pid?: number
  started_at: number
  /** Output not yet read, and whether some of it was dropped for size. */
  read(): { output: string; dropped: number }
  /** Settles when there is something to read or the job has ended, or after `patience_ms`, or on abort. */
  news?(patience_ms: number, signal: AbortSignal): Promise<void>
  /** null while running. */
  exit_code: number | null
  kill(): Promise<void>
}
