import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '../support/temp.ts'

const ROOT = join(import.meta.dirname, '../..')
type Entry = { integrity?: string; resolved?: string; optionalDependencies?: Record<string, string> }
const { packages }: { packages: Record<string, Entry> } = JSON.parse(
  readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
)

/** As Node resolves it: from the folder of the package upwards. */
function entryFor(dependency: string, from: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const path = `${at && `${at}/`}node_modules/${dependency}`
    if (path in packages) return path
    if (at === '') return undefined
  }
}

test('the lock file holds the optional packages of every system: npm install would add what lacks', () => {
  const lacking = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(dependency => !entryFor(dependency, path)),
  )
  expect(lacking).toEqual([])
})

test('each is fixed by its hash, and none by where it was found', () => {
  const entries = Object.entries(packages).filter(([path]) => path !== '')
  expect(entries.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([])
  expect(entries.filter(([, { resolved }]) => resolved).map(([path]) => path)).toEqual([])
})

test('npm finds that it agrees with package.json', () => {
  const copy = tempDir()
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) copyFileSync(join(ROOT, file), join(copy, file))
  const { status, stderr } = spawnSync('npm', ['ci', '--dry-run', '--offline', '--ignore-scripts'], {
    cwd: copy,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(status).toBe(0)
})
