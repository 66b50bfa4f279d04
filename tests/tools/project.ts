import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createChildren } from '../../src/base/children.ts'
import { killJobs } from '../../src/tools/shell/job.ts'
import type { Effect, Output, Tool, ToolContext } from '../../src/tools/tool.ts'
import { AUTHOR } from '../support/committed.ts'
import { tempDir } from '../support/temp.ts'

/** A project in a directory of its own, with a home beside it, and what tools get to know of it. */
export function createProject() {
  const root = tempDir()
  const path = join(root, 'project')
  const home = join(root, 'home')
  mkdirSync(path)
  mkdirSync(home)
  const progress: { message: string; output?: string }[] = []
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: home,
    ...AUTHOR,
  }
  const children = createChildren(join(root, 'children'))
  const context: ToolContext = {
    session_id: 's',
    tool_call_id: 'tc_test',
    roots: { project: path, allowed: [], forbidden: [] },
    unsaved: new Map(),
    seen: new Map(),
    children,
    env,
    signal: new AbortController().signal,
    progress: (message, more) => progress.push({ message, ...more }),
    spillPath: id => join(root, `${id}.spill`),
    jobs: new Map(),
    toon: false,
  }

  function write(name: string, text: string, mode?: number): string {
    const file = join(path, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    if (mode !== undefined) chmodSync(file, mode)
    return file
  }

  /** Plain git, as a person would run it. */
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: path, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()

  async function remove(): Promise<void> {
    await killJobs(context.jobs)
    await children.close()
    rmSync(root, { recursive: true, force: true })
  }

  return { root, path, home, env, context, progress, write, git, remove }
}

export type Project = ReturnType<typeof createProject>

/** A call as the loop makes it: arguments checked, effect, run. */
export async function call(tool: Tool, params: unknown, context: ToolContext): Promise<Output & { effect: Effect }> {
  const parsed = tool.parse(params)
  const effect = await tool.effect(parsed, context)
  return { ...(await tool.run(parsed, context, effect)), effect }
}
