import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { AppError } from '../base/errors.ts'
import { suggestion } from '../config/nearest.ts'
import { defineTool } from '../tools/define.ts'
import { isInside } from '../tools/paths.ts'
import { isSensitive } from '../tools/permission/sensitive.ts'
import type { Tool } from '../tools/tool.ts'
import { openSkill, type Skill } from './skills.ts'
import { isRefused, readText } from './text-file.ts'

const LARGEST = 4 * 1024 * 1024

/**
 * The constant tool through which a model reads skills. `find` has those of now: a skill that was added since the session
 * began can be read as well. `used` is called for each that was read.
 */
export const skillTool = (find: () => Promise<Skill[]>, used: (skill: Skill) => void): Tool =>
  defineTool({
    name: 'skill',
    proposals: 'sees',
    category: 'skills',
    description: 'Read a skill, or a file of it; without name: list them',
    level: 'read',
    params: v.object({ name: v.optional(v.string()), file: v.optional(v.string()) }),
    aliases: { skill: 'name', skill_name: 'name', command: 'name', path: 'file' },
    async effect({ name, file }, { roots }) {
      const what = name === undefined ? 'List the skills' : `Read ${file ? `${file} of ` : ''}the skill ${name}`
      const skill = name === undefined ? undefined : (await find()).find(skill => skill.name === plain(name))
      const path = skill && (file === undefined ? join(skill.directory, 'SKILL.md') : await fileOf(skill, file))
      // Rules for paths bind this tool too, where they can: those of the project.
      const reads = path && isInside(path, roots.project) ? [path] : []
      return { level: 'read', reason: what, reads, writes: [], leads_on: true }
    },
    async run({ name, file }) {
      const skills = await find()
      if (name === undefined)
        return said(
          skills.map(({ name, description }) => `${name}: ${description}`).join('\n') || 'There are no skills.',
        )
      const skill = skills.find(skill => skill.name === plain(name))
      if (!skill) throw unknown(name, skills)
      if (file !== undefined) return said(await textOf(skill, file))
      const opened = await openSkill(skill)
      if (!opened) throw new AppError('TOOL_FAILED', `The skill ${skill.name} cannot be read any more.`)
      used(skill)
      return said(skillText(skill, opened))
    },
  })

/** What a model, or a person's prompt, gets of a skill. */
export function skillText(skill: Skill, { body, files }: { body: string; files: string[] }): string {
  const others = files.length === 0 ? '' : `\nIts files (skill with file reads one): ${files.join(', ')}`
  return `Skill ${skill.name}, in ${skill.directory}${others}\n\n${body}`
}

const said = (content: string) => ({ content, metadata: {} })
/** As it may be written: `/name`. */
const plain = (name: string) => name.trim().replace(/^\//, '')

const unknown = (name: string, skills: Skill[]) => {
  const names = skills.map(skill => skill.name)
  return new AppError(
    'INVALID_PARAMS',
    `There is no such skill${suggestion(plain(name), names)}. Skills: ${names.slice(0, 60).join(', ') || 'none'}.`,
  )
}

/** The real path of a file of a skill. Throws PERMISSION_DENIED for what is not in its folder. */
async function fileOf({ name, directory }: Skill, file: string): Promise<string> {
  const path = join(directory, file)
  const real = await realpath(path).catch(() => path)
  if (!isInside(real, directory) || isSensitive(real.slice(directory.length + 1)))
    throw new AppError('PERMISSION_DENIED', `That is no file of the skill ${name}: name one below its folder.`)
  return real
}

async function textOf(skill: Skill, file: string): Promise<string> {
  const path = await fileOf(skill, file)
  const read = await readText(path, LARGEST)
  if (read === null) throw new AppError('TOOL_FAILED', `The skill ${skill.name} has no file ${file}.`)
  if (isRefused(read)) throw new AppError('TOOL_FAILED', `${path} ${read.refusal}.`)
  return read.isWhole ? read.text : `${read.text}\n[Only the first 4 MiB]`
}
