import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { makePrivateDir, readRegular, writeAtomic } from '../../base/files.ts'
import { newId } from '../../base/ids.ts'
import { withLock } from '../../base/lockfile.ts'
import type { Definition } from '../../event.ts'
import { parseRule, type Rule } from './rule.ts'

/** What a person asked to remember, kept in the state directory by the real path of the project. */
export type Remembered = {
  /** Of one project; of all without one. */
  list(project?: string): Promise<Rule[]>
  /** The rule as it was kept; adding it again binds it to this definition. Throws INVALID_REQUEST for what is no rule. */
  add(project: string, rule: string, definition?: Definition): Promise<Rule>
  /** False when there is no such rule. */
  remove(rule_id: string): Promise<boolean>
}

const Entry = v.object({
  rule_id: v.pipe(v.string(), v.minLength(1)),
  project_path: v.pipe(v.string(), v.minLength(1)),
  rule: v.pipe(v.string(), v.check(isRule)),
  definition: v.optional(v.object({ hash: v.string(), text: v.optional(v.string()) })),
})
const File = v.object({ format: v.literal(1), rules: v.array(Entry) })
type Entry = v.InferOutput<typeof Entry>

/** Others may change the file at the same time: this long each waits for the others' turn. */
const PATIENCE_MS = 5000

/**
 * The rules in `<state>/rules.json`. Every rule there only allows. A file that is damaged, or that others than its owner can
 * write, is moved aside and reported, and counts as empty: nothing is allowed that nobody can read. Backends that run at the
 * same time change it in turns, under a lock beside it.
 */
export function createRemembered(state: string, report: (message: string) => void = () => {}): Remembered {
  const path = join(state, 'rules.json')

  async function load(): Promise<Entry[]> {
    try {
      return await read(path)
    } catch (error) {
      if (!(error instanceof Damaged)) throw error
      const aside = `${path}.damaged-${newId('rule').slice(5)}`
      await rename(path, aside).catch(ignoreMissing)
      report(
        `The remembered rules were ${error.message}. They are set aside in ${aside}; approve again what you want remembered.`,
      )
      return []
    }
  }

  async function change(edit: (entries: Entry[]) => Entry[] | null): Promise<void> {
    await makePrivateDir(state)
    const lock = `${path}.lock`
    const isDone = await withLock(lock, PATIENCE_MS, async () => {
      const rules = edit(await load())
      if (rules) await writeAtomic(path, `${JSON.stringify({ format: 1, rules }, null, 2)}\n`)
    })
    if (isDone) return
    throw new AppError('INTERNAL', `Another backend is changing the remembered rules. If none runs, remove ${lock}.`)
  }

  return {
    async list(project) {
      const entries = await load()
      return entries.filter(entry => project === undefined || entry.project_path === project).map(ruleOf)
    },
    async add(project_path, rule, definition) {
      parseRule(rule)
      let kept: Entry = { rule_id: newId('rule'), project_path, rule, ...(definition && { definition }) }
      await change(entries => {
        const known = entries.find(entry => entry.rule === rule && entry.project_path === project_path)
        if (known) kept = { ...kept, rule_id: known.rule_id }
        if (known?.definition?.hash === definition?.hash && known) return null
        return [...entries.filter(entry => entry !== known), kept]
      })
      return ruleOf(kept)
    },
    async remove(rule_id) {
      let found = false
      await change(entries => {
        const rest = entries.filter(entry => entry.rule_id !== rule_id)
        found = rest.length < entries.length
        return found ? rest : null
      })
      return found
    },
  }
}

const ruleOf = ({ rule_id, rule, project_path, definition }: Entry): Rule => ({
  rule_id,
  rule,
  action: 'allow',
  origin: 'the remembered rules of this project',
  project_path,
  definition: definition ?? null,
})

function isRule(text: string): boolean {
  try {
    return parseRule(text) !== null
  } catch {
    return false // says all that is asked
  }
}

class Damaged extends Error {}

/** Throws Damaged for anything but rules that only their owner could have written. */
async function read(path: string): Promise<Entry[]> {
  let text: string
  try {
    if (!(await isOwnersAlone(path))) throw new Damaged('writable by other users')
    text = String(await readRegular(path))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
  try {
    return v.parse(File, JSON.parse(text)).rules
  } catch {
    throw new Damaged('damaged') // the reason would quote the file
  }
}

async function isOwnersAlone(path: string): Promise<boolean> {
  const { mode, uid } = await stat(path)
  return process.platform === 'win32' || ((mode & 0o022) === 0 && (uid === process.getuid?.() || uid === 0))
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT'
function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}
