import { afterEach, beforeEach, expect, test } from 'bun:test'
import { searchTools } from '../../../src/tools/search/search.ts'
import { call, createProject, type Project } from '../project.ts'

const [searchFiles, grep] = searchTools as [(typeof searchTools)[0], (typeof searchTools)[0]]

let project: Project
beforeEach(() => {
  project = createProject()
  for (const name of ['README.MD', 'app/UserController.php', 'app/src/a.ts', 'app/src/b.tsx', 'c.css'])
    project.write(name, 'needle\n')
})
afterEach(() => project.remove())

const find = async (pattern: string, params: object = {}) =>
  (await call(searchFiles, { pattern, ...params }, project.context)).content
const search = async (pattern: string, params: object = {}) =>
  (await call(grep, { pattern, ...params }, project.context)).content

const INEXACT = '\n[None has exactly that name; these have it in another case, or as a part.]'

test.each([
  ['*.md', 'README.MD'],
  ['controller', 'app/UserController.php'],
  ['app/SRC/*.ts', 'app/src/a.ts'],
  ['app\\src\\a.ts', 'app/src/a.ts'],
  ['src', 'app/src/'],
  ['*.ts *.tsx', 'app/src/a.ts\napp/src/b.tsx'],
])('without an exact match, similar names are found: %s', async (pattern, found) => {
  expect(await find(pattern)).toBe(found + INEXACT)
})

test('with an exact match, similar names are left out', async () => {
  project.write('src', '')
  project.write('Controller', '')
  expect(await find('src')).toBe('src')
  expect(await find('Controller')).toBe('Controller')
  expect(await find('nowhere')).toStartWith('[No file has that name.')
  expect(await find('*.{md,txt}')).toBe(`README.MD${INEXACT}`)
  expect(await find('!*.md', { limit: 1 })).not.toContain('None has exactly')
})

test.each([
  ['ts', 'app/src/a.ts'],
  ['.ts', 'app/src/a.ts'],
  ['*.md', 'README.MD'],
  ['*.ts *.tsx', 'app/src/b.tsx'],
  ['src\\*.ts', 'No line matches'],
])('a glob of grep that matches no file is tried in similar forms: %s', async (glob, found) => {
  const said = await search('needle', { glob })
  expect(said).toContain(found)
  expect(said.includes('No file that fits the glob as it is written')).toBe(!found.startsWith('No line'))
})

test('a glob that matches a file is used as it is', async () => {
  expect(await search('needle', { glob: '*.ts' })).toBe('app/src/a.ts\n1:needle')
  expect(await search('absent', { glob: '*.ts' })).toStartWith('[No line matches.')
})

test('a pattern of another dialect is explained', async () => {
  expect(await search('needle\\|thread')).toMatch(/^\[No line matches\. .*alternatives are a\|b/)
  expect(await search('/needle/i')).toMatch(/^\[No line matches\. The slashes/)
  expect(await search('\\Aneedle\\z', { path: 'c.css' })).toBe('c.css\n1:needle')
  expect(search('needle(')).rejects.toThrow('`\\(` is the character')
})
