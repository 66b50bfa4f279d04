import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const { bin, files, scripts, version } = JSON.parse(read('package.json'))
const contributing = read('.github/CONTRIBUTING.md')

describe('CONTRIBUTING', () => {
  test('its map of the house is the one that is enforced', () => {
    const [, table] = /const ROOMS = (\[[\s\S]*?\n\])/.exec(read('tests/architecture.test.ts'))!
    const enforced: string[][] = JSON.parse(table!.replaceAll("'", '"').replace(/,(\s*\])/g, '$1'))
    const drawn = [...contributing.matchAll(/^\| (\d+) \| (`[^|]+) \|/gm)].map(([, rank, rooms]) => ({
      rank: Number(rank),
      rooms: [...rooms!.matchAll(/`(\w+)`/g)].map(([, room]) => room!).sort(),
    }))
    expect(drawn.toReversed()).toEqual(enforced.map((rooms, i) => ({ rank: i + 1, rooms: rooms.toSorted() })))
  })

  test('the files and folders it names are there', () => {
    const named = [...contributing.matchAll(/`((?:src|scripts|tests)\/[\w./-]*)/g)].map(([, path]) => path!)
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter(path => !existsSync(join(ROOT, path)))).toEqual([])
  })
})

test('the changelog begins with what is unreleased, or with this version', () => {
  const [first, ...older] = [...read('CHANGELOG.md').matchAll(/^## (.*)$/gm)].map(([, heading]) => heading!)
  expect(first).toBe('[Unreleased]')
  for (const heading of older) expect(heading).toMatch(/^\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/)
  if (older.length > 0) expect(older[0]).toStartWith(`[${version}]`)
  else expect(version).toBe('0.1.0')
})

describe('workflows', () => {
  for (const name of readdirSync(join(ROOT, '.github/workflows'))) {
    const workflow = parse(read(`.github/workflows/${name}`))
    const steps = (Object.values(workflow.jobs) as any[]).flatMap(job => job.steps)
    const commands = steps.flatMap(step => (step.run ?? '').split('\n')).filter(Boolean)

    test(`${name} runs what the project has`, () => {
      expect(commands.length).toBeGreaterThan(0)
      const wanted = commands.flatMap((line: string) =>
        [...line.matchAll(/npm (?:run )?([\w:]+)/g)].map(([, it]) => it!),
      )
      const npm = ['ci', 'install', ...Object.keys(scripts)]
      expect(wanted.filter((it: string) => !npm.includes(it))).toEqual([])
      const paths = commands.flatMap((line: string) => line.match(/\bscripts\/[\w./-]+/g) ?? [])
      expect(paths.filter((path: string) => !existsSync(join(ROOT, path)))).toEqual([])
    })

    test(`${name} may do no more than it says, and not for ever`, () => {
      const more = name === 'release.yml' ? { contents: 'write', 'id-token': 'write', attestations: 'write' } : {}
      expect(workflow.permissions).toEqual({ contents: 'read', ...more })
      for (const job of Object.values(workflow.jobs) as any[]) expect(job['timeout-minutes']).toBeGreaterThan(0)
    })
  }
})

test('issue forms have what GitHub asks of them', () => {
  const forms = readdirSync(join(ROOT, '.github/ISSUE_TEMPLATE')).filter(name => name !== 'config.yml')
  expect(forms.length).toBeGreaterThan(1)
  for (const name of forms) {
    const form = parse(read(`.github/ISSUE_TEMPLATE/${name}`))
    expect({ name: typeof form.name, description: typeof form.description }).toEqual({
      name: 'string',
      description: 'string',
    })
    for (const part of form.body) expect([part.type, typeof part.attributes.label]).toEqual([part.type, 'string'])
  }
})

test('the package holds the bundle for Node, which is its command', () => {
  expect(bin).toEqual({ 'emacs-agent-backend': 'dist/node/main.js' })
  expect(files).toEqual(['dist/node', 'CHANGELOG.md'])
})

test('the README names every package that is inside, and is one page', () => {
  const readme = read('README.md')
  const { dependencies } = JSON.parse(read('package.json'))
  const [, table = ''] = /^## What it is made of\n(.*?)^## /ms.exec(readme) ?? []
  expect(Object.keys(dependencies).filter(name => !table.includes(`\`${name}\``))).toEqual([])
  expect(readme.split('\n').length).toBeLessThan(220)
})
