import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { exists } from '../base/files.ts'
import { tokensIn } from '../base/tokens.ts'
import { fitInstructions } from './budget.ts'
import { type Cache, gatherInstructions, type Hidden, type Instruction, type Remark } from './instructions.ts'
import { chain, type Place, shownPath } from './places.ts'

/** Which text of a file the model has, by real path. */
type Told = ReadonlyMap<string, { hash: string }>
/** Instructions that a model learns in mid-session. `files` are those it knows from then on; '' for one that is gone. */
type Announcement = { text: string; files: { path: string; hash: string }[] }

/**
 * The instructions of one session: those of its beginning stand in the frozen prompt; files in directories that a tool works
 * in, and files that change, are announced. All of them share one budget of tokens.
 */
export type Briefing = {
  /** The text of the prompt; read once. */
  beginning(): Promise<string>
  /** A tool worked on these real paths. */
  touch(paths: readonly string[]): Promise<void>
  /**
   * What has to be announced now, on top of `told` by earlier announcements; null when nothing has. `byModel` knows the hash
   * of files as the model itself last wrote or read them.
   */
  news(told: Told, byModel: (path: string) => string | undefined): Promise<Announcement | null>
  /** What a person should know, each once. */
  remarks(): Remark[]
}

export function createBriefing(place: Place, budget: number, hidden: Hidden): Briefing {
  const own = new Set(chain(place.root, place.project))
  const touched = new Set<string>()
  const cache: Cache = new Map()
  const said = new Set<string>()
  let pending: Remark[] = []
  /** Those of the frozen prompt, and those that the model wrote itself since they were told. */
  const first = new Map<string, string>()
  const written = new Map<string, string>()
  let spent = 0
  let begun: Promise<string> | null = null

  const remark = (remarks: Remark[]) => {
    for (const one of remarks) {
      const key = `${one.code} ${one.path} ${one.line}`
      if (!said.has(key)) pending.push(one)
      said.add(key)
    }
  }

  async function begin(): Promise<string> {
    const { files, remarks } = await gatherInstructions(place, [], hidden, cache)
    for (const { path, hash } of files) first.set(path, hash)
    const fitted = fitInstructions(files, budget)
    remark([...remarks, ...fitted.remarks])
    spent = fitted.tokens
    return fitted.text
  }

  return {
    beginning: () => (begun ??= begin()),
    async touch(paths) {
      for (const path of paths) {
        const isDirectory = await stat(path).then(
          info => info.isDirectory(),
          () => false,
        ) // a file that was deleted
        const directories = chain(place.project, isDirectory ? path : dirname(path))
        if (directories[0] === place.project)
          for (const directory of directories) if (!own.has(directory)) touched.add(directory)
      }
    },
    async news(told, byModel) {
      await (begun ??= begin())
      for (const path of told.keys()) touched.add(dirname(path))
      const known = new Map([...first, ...Array.from(told, ([path, { hash }]) => [path, hash] as const), ...written])
      const { files, remarks } = await gatherInstructions(place, touched, hidden, cache)
      const left = Math.max(0, budget - spent - sum(files.filter(file => told.has(file.path))))
      const unlike = files.filter(file => known.get(file.path) !== file.hash)
      // What the model has just written itself it knows; but not what it finds where it begins to work.
      const isItsOwn = ({ path, hash }: Instruction) =>
        byModel(path) === hash && (known.has(path) || own.has(dirname(path)))
      for (const file of unlike) if (isItsOwn(file)) written.set(file.path, file.hash)
      const news = unlike.filter(file => !isItsOwn(file))
      const gone = await missing(known, files)
      for (const { path } of news) written.delete(path)
      const [changed, fresh] = [news.filter(({ path }) => known.has(path)), news.filter(({ path }) => !known.has(path))]
      const fitted = [fresh, changed].map(some => fitInstructions(some, left))
      remark([...remarks, ...fitted.flatMap(({ remarks }) => remarks)])
      const parts = [
        fresh.length > 0 && `Instructions for where you work now:\n\n${fitted[0]!.text}`,
        changed.length > 0 && `These instructions have changed and replace those before:\n\n${fitted[1]!.text}`,
        gone.length > 0 && `These instructions exist no more: ${gone.map(path => shownPath(path, place)).join(', ')}.`,
      ].filter(part => part !== false)
      if (parts.length === 0) return null
      return {
        text: parts.join('\n\n'),
        files: [...news.map(({ path, hash }) => ({ path, hash })), ...gone.map(path => ({ path, hash: GONE }))],
      }
    },
    remarks() {
      const now = pending
      pending = []
      return now
    },
  }
}

const GONE = ''
const sum = (files: readonly Instruction[]) => files.reduce((tokens, { text }) => tokens + tokensIn(text), 0)

/** Known files that are no more; one that is only not imported any more still holds. */
async function missing(known: ReadonlyMap<string, string>, files: readonly Instruction[]): Promise<string[]> {
  const there = new Set(files.map(({ path }) => path))
  const gone: string[] = []
  for (const [path, hash] of known) if (hash !== GONE && !there.has(path) && !(await exists(path))) gone.push(path)
  return gone
}
