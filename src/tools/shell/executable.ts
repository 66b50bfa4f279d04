import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join, parse, resolve } from 'node:path'
import { isInside } from '../paths.ts'

type Env = Record<string, string>

/**
 * The absolute path of a program on `env`'s PATH, or null. Nothing inside the project counts, reached by a link or not:
 * a repository must not bring the `git` that we start without asking. A name that is a path is not looked up at all.
 */
export async function findExecutable(name: string, env: Env, project: string): Promise<string | null> {
  if (/[/\\]/.test(name)) return null
  for (const folder of pathOutside(env, project)) {
    for (const suffix of suffixes(env)) {
      const path = join(folder, name + suffix)
      if (await isProgramOutside(path, project)) return path
    }
  }
  return null
}

/** The folders of PATH that are absolute and outside the project: `.` and empty entries mean the project. */
export const pathOutside = (env: Env, project: string): string[] =>
  (variable(env, 'PATH') ?? '').split(delimiter).filter(folder => isAbsolute(folder) && !isProjects(folder, project))

/**
 * A program that a person configured, or that we know. A bare name: the same, with the project's own `node_modules/.bin` first where
 * what the project brings may be run. A path, relative to the project: null for one of the project's where it may not.
 */
export async function programFor(name: string, env: Env, project: string, trusted: boolean): Promise<string | null> {
  if (/[/\\]/.test(name)) {
    const path = resolve(project, name)
    const real = await realProgram(path)
    return real !== null && (trusted || !isProjects(real, project)) ? path : null
  }
  if (trusted)
    for (const suffix of suffixes(env)) {
      const path = join(project, 'node_modules/.bin', name + suffix)
      if ((await realProgram(path)) !== null) return path
    }
  return await findExecutable(name, env, project)
}

/** The real path of what can be run; null for anything else. */
async function realProgram(path: string): Promise<string | null> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile() ? await realpath(path) : null
  } catch {
    return null // not there, or not executable
  }
}

async function isProgramOutside(path: string, project: string): Promise<boolean> {
  const real = await realProgram(path)
  return real !== null && !isProjects(real, project)
}

/** A project that is the whole file system has no outside: there, every program is as good as any other. */
const isProjects = (path: string, project: string): boolean =>
  project !== parse(project).root && isInside(path, project)

const suffixes = (env: Env): string[] =>
  process.platform === 'win32' ? (variable(env, 'PATHEXT') ?? '.EXE;.CMD;.BAT').split(';') : ['']

/** Windows spells PATH as it likes. */
export function variable(env: Env, name: string): string | undefined {
  if (process.platform !== 'win32') return env[name]
  const key = Object.keys(env).find(key => key.toUpperCase() === name.toUpperCase())
  return key === undefined ? undefined : env[key]
}
