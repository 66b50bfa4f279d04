import { dirname, join, sep } from 'node:path'
import { oneLine } from '../base/controls.ts'
import type { ConfigProblem } from '../config/problem.ts'
import { isInside } from '../tools/paths.ts'
import { type FrontMatter, isProblem, readFrontMatter } from './front-matter.ts'
import { filesOf, type Listing, oneOfEach } from './listing.ts'
import { readMatterFile } from './matter-file.ts'
import type { Origin, Place } from './places.ts'
import { isRefused, readText } from './text-file.ts'
import { rulesFor } from './tool-names.ts'
import { filesBelow } from './walk.ts'

/** A folder with a SKILL.md: what it is for, and where. */
export type Skill = {
  name: string
  description: string
  /** Its SKILL.md, as it was found. */
  path: string
  /** The real path of its folder. */
  directory: string
  origin: Origin
  argument_hint?: string
  /** Restricts the turn that uses it; never pre-approves. */
  allowed_tools?: string[]
  /** Only a person may invoke it; it is not offered to the model. */
  by_person_only?: boolean
  /** Not offered to people as a command. */
  by_model_only?: boolean
}

const LARGEST = 1024 * 1024
const MOST_SKILLS = 1000
const NAME = /^[^\s/\\:\p{Cc}\p{Cf}][^\s/\\\p{Cc}\p{Cf}]{0,63}$/u
const FILE = 'SKILL.md'

/** The skills of the project and its user, strongest first. A folder that several directories lead to is one skill. */
export async function findSkills(place: Place): Promise<Listing<Skill>> {
  const entries: (Skill & { problem?: string })[] = []
  const problems: ConfigProblem[] = []
  // `NAME/SKILL.md`, and one level deeper for folders that group others.
  const files = (await filesOf('skills', place, 2, problems)).filter(
    ({ parts }) => parts.length > 1 && parts.at(-1) === FILE,
  )
  for (const { path, origin } of files.slice(0, MOST_SKILLS)) {
    const skill = await readSkill(path, origin, place, problems)
    if (skill) entries.push(skill)
  }
  return { entries: oneOfEach(entries), problems }
}

async function readSkill(path: string, origin: Origin, place: Place, problems: ConfigProblem[]): Promise<Skill | null> {
  const read = await readMatterFile(path, { most: LARGEST, origin, place }, problems)
  if (read === null) return null
  const { matter, problem } = read
  const name = matter.text('name') ?? path.split(sep).at(-2)!
  const description = oneLine(matter.text('description') ?? '')
  if (!NAME.test(name)) return problem(matter.lineOf('name'), 'name', 'must be one word of at most 64 characters')
  if (description === '')
    return problem(matter.lineOf('description'), 'description', 'is missing: it says when to use the skill')
  if (matter.text('model') !== undefined)
    problem(matter.lineOf('model'), 'model', 'is ignored: a skill chooses no model')
  return {
    name,
    description,
    path,
    directory: dirname(read.path),
    origin,
    argument_hint: matter.text('argument-hint', 'argument_hint'),
    allowed_tools: allowedTools(matter, path, problems),
    by_person_only: matter.flag('disable-model-invocation'),
    by_model_only: matter.flag('user-invocable') === false,
  }
}

function allowedTools(matter: FrontMatter, file: string, problems: ConfigProblem[]): string[] | undefined {
  const written = matter.list('allowed-tools', 'allowed_tools')
  if (!written) return undefined
  const { rules, unknown } = rulesFor(written)
  if (unknown.length > 0)
    problems.push({
      file,
      line: Math.max(matter.lineOf('allowed-tools'), matter.lineOf('allowed_tools')),
      key: 'allowed-tools',
      message: `names what is no tool here: ${unknown.join(', ')}`,
    })
  return rules
}

/** The text of a skill, and the other files of its folder. Throws nothing: null when it has gone. */
export async function openSkill(skill: Skill): Promise<{ body: string; files: string[] } | null> {
  const read = await readText(join(skill.directory, FILE), LARGEST)
  if (read === null || isRefused(read)) return null
  const matter = await readFrontMatter(read.text, skill.path)
  if (isProblem(matter)) return null
  const found = await filesBelow(skill.directory, {
    depth: 3,
    admits: real => (isInside(real, skill.directory) ? null : 'lies elsewhere'),
    refused: () => {},
  })
  const files = found.filter(({ real }) => isInside(real, skill.directory)).map(({ parts }) => parts.join('/'))
  return { body: matter.body.trim(), files: files.filter(file => file !== FILE).slice(0, MOST_FILES) }
}

/** More are found by looking into the folder. */
const MOST_FILES = 100
