import { promises } from 'node:fs'
import { dirname, extname, join, relative } from 'node:path'
import { isBelow, readRegular } from '../base/files.ts'
import type { LspConfig } from '../config/config.ts'
import { KNOWN, type ServerRow } from './known.ts'

/** What decides which servers a project has, and the functions that upper rooms pass in. */
export type Surroundings = {
  /** Its real path. */
  project: string
  /** The user's `[lsp.NAME]`. */
  configured: Readonly<Record<string, LspConfig>>
  /** Whether programs that the project brings may run. */
  trusted: boolean
  /** The absolute path of a program, on PATH outside of the project or among those it brings; null where there is none. */
  programFor(name: string, project: string, trusted: boolean): Promise<string | null>
  compile(pattern: string): (path: string) => boolean
}

/** A server that can be started. */
export type Found = {
  row: ServerRow
  program: string
  fits(path: string): boolean
  fitsPattern(pattern: string, path: string): boolean
}

/** Finds the servers of one project: searches at the first question, keeps the result, and starts none. */
export function createFinder(around: Surroundings) {
  const matchers = new Map<string, (path: string) => boolean>()
  const fitsPattern = (pattern: string, path: string) => {
    const matcher = matchers.get(pattern) ?? compiled(pattern)
    matchers.set(pattern, matcher)
    return matcher(relative(around.project, path))
  }
  const compiled = (pattern: string) => {
    try {
      return around.compile(pattern)
    } catch {
      return () => false // larger than any pattern of files
    }
  }
  let programs: Promise<Found[]> | undefined
  let present: Promise<{ found: Found; sample: string }[]> | undefined

  async function look(): Promise<Found[]> {
    const rows = [...Object.entries(around.configured).map(ofUser), ...KNOWN.filter(row => allowed(row, around))]
    const found = await Promise.all(
      rows.map(async row => {
        const program = await around.programFor(row.command[0]!, around.project, around.trusted)
        if (program === null || !(await isNewEnough(row, program))) return []
        const fits = fitting(row.files, fitsPattern)
        return [{ row, program, fits, fitsPattern }]
      }),
    )
    return found.flat()
  }
  const all = () => (programs ??= look())

  async function sampled(): Promise<{ found: Found; sample: string }[]> {
    const servers = await all()
    const samples = new Map<Found, string>()
    if (servers.length > 0)
      await walk(around.project, path => {
        const found = servers.find(({ fits }) => fits(path))
        if (found && !samples.has(found)) samples.set(found, path)
        return samples.size < servers.length
      })
    return [...samples].map(([found, sample]) => ({ found, sample }))
  }

  return {
    all,
    /** Those for a file in order of preference, the user's first. */
    for: async (path: string): Promise<Found[]> =>
      isBelow(path, around.project) ? (await all()).filter(({ fits }) => fits(path)) : [],
    /** Those that have files in the project, each with one of these. */
    present: () => (present ??= sampled()),
  }
}

/** Called for every file of a tree: a pattern of an extension alone, as most are, is compared without a matcher. */
function fitting(files: readonly string[], fitsPattern: Found['fitsPattern']): Found['fits'] {
  const endings = new Set(files.flatMap(pattern => /^\*(\.\w+)$/.exec(pattern)?.[1] ?? []))
  const others = files.filter(pattern => !endings.has(pattern.slice(1)))
  return path =>
    endings.has(path.slice(Math.max(0, path.lastIndexOf('.')))) || others.some(pattern => fitsPattern(pattern, path))
}

const allowed = ({ runs_project }: ServerRow, { trusted }: Surroundings) => trusted || !runs_project

function ofUser([name, { command, files, languages, settings }]: [string, LspConfig]): ServerRow {
  const ids = Array.isArray(languages) ? languages[0] : languages
  return { name, command, files, ...(ids !== undefined && { languages: ids }), ...(settings && { settings }) }
}

/** Reads the version from the npm package of the program; a program without an extension that is in no package passes. */
async function isNewEnough({ since }: ServerRow, program: string): Promise<boolean> {
  if (since === undefined) return true
  try {
    const real = await promises.realpath(program)
    const { version } = JSON.parse(String(await readRegular(join(dirname(real), '../package.json'), 1024 * 1024)))
    return Number.parseInt(version, 10) >= since
  } catch {
    return extname(program) === ''
  }
}

/** How many directories are searched, and the names of those that hold nothing of the project's own. */
const MOST_DIRECTORIES = 400
const OTHERS = new Set(['node_modules', 'vendor', 'target', 'dist', 'build', '__pycache__', 'venv'])

/** Files of the project, the upper ones first, until `visit` returns false. Links are not followed. */
async function walk(project: string, visit: (path: string) => boolean): Promise<void> {
  const waiting = [project]
  for (let looked = 0; looked < MOST_DIRECTORIES && looked < waiting.length; looked++) {
    const directory = waiting[looked]!
    const entries = await promises.readdir(directory, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      if (entry.isFile() && !visit(join(directory, entry.name))) return
      if (entry.isDirectory() && !entry.name.startsWith('.') && !OTHERS.has(entry.name))
        waiting.push(join(directory, entry.name))
    }
  }
}
