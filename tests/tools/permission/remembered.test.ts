import { beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRemembered } from '../../../src/tools/permission/remembered.ts'
import { tempDir } from '../../support/temp.ts'

let state: string
let path: string
beforeEach(() => {
  state = join(tempDir(), 'state')
  path = join(state, 'rules.json')
})

const texts = (rules: { rule: string }[]) => rules.map(({ rule }) => rule)

describe('createRemembered', () => {
  test('keeps rules by project, over restarts', async () => {
    const remembered = createRemembered(state)
    expect(await remembered.list('/a')).toEqual([])
    expect(existsSync(state)).toBe(false) // looking leaves nothing behind
    const kept = await remembered.add('/a', 'shell_exec(=npm test)')
    await remembered.add('/b', 'edit_file(x)')
    expect(kept).toEqual({
      rule_id: expect.stringMatching(/^rule_[a-z2-7]{12}$/),
      rule: 'shell_exec(=npm test)',
      action: 'allow',
      origin: expect.any(String),
      project_path: '/a',
      definition: null,
    })
    const later = createRemembered(state)
    expect(await later.list('/a')).toEqual([kept])
    expect(texts(await later.list())).toEqual(['shell_exec(=npm test)', 'edit_file(x)'])
    expect(await later.list('/a/b')).toEqual([])
  })

  test('the same rule is kept once', async () => {
    const remembered = createRemembered(state)
    const first = await remembered.add('/a', 'git_commit')
    expect(await remembered.add('/a', 'git_commit')).toEqual(first)
    expect(await remembered.list('/a')).toHaveLength(1)
  })

  test('forgets one rule', async () => {
    const remembered = createRemembered(state)
    const { rule_id } = await remembered.add('/a', 'git_commit')
    await remembered.add('/a', 'git_branch')
    expect(await remembered.remove(rule_id)).toBe(true)
    expect(await remembered.remove(rule_id)).toBe(false)
    expect(texts(await remembered.list('/a'))).toEqual(['git_branch'])
  })

  test('takes only rules', async () => {
    await expect(createRemembered(state).add('/a', 'shell_exec(a * b)')).rejects.toThrow('last word')
    expect(existsSync(path)).toBe(false)
  })

  test('is for the owner alone', async () => {
    await createRemembered(state).add('/a', 'git_commit')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(state).mode & 0o777).toBe(0o700)
    expect(readdirSync(state)).toEqual(['rules.json']) // no lock, no temporary file
  })

  const entry = { rule_id: 'rule_1', project_path: '/a', rule: 'git_commit' }
  test.each([
    ['empty', ''],
    ['cut', '{"format":1,"rules":[{"rule_id"'],
    ['another shape', '[]'],
    ['another format', JSON.stringify({ format: 2, rules: [entry] })],
    ['a rule that is none', JSON.stringify({ format: 1, rules: [entry, { ...entry, rule: 'shell_exec(* x)' }] })],
    ['a rule without project', JSON.stringify({ format: 1, rules: [{ ...entry, project_path: '' }] })],
  ])('a damaged file (%s) allows nothing, is set aside and told of', async (_, text) => {
    await createRemembered(state).add('/a', 'git_commit')
    writeFileSync(path, text)
    const reports: string[] = []
    const remembered = createRemembered(state, message => reports.push(message))
    expect(await remembered.list()).toEqual([])
    const [aside, ...others] = readdirSync(state).filter(name => name.startsWith('rules.json.damaged-'))
    expect([others, readFileSync(join(state, aside!), 'utf8')]).toEqual([[], text])
    expect(reports).toEqual([expect.stringContaining(aside!)])
    await remembered.add('/a', 'git_branch')
    expect(texts(await remembered.list('/a'))).toEqual(['git_branch'])
  })

  test.skipIf(process.platform === 'win32')(
    'a file that others can write allows nothing (skipped on Windows: no modes)',
    async () => {
      await createRemembered(state).add('/a', 'git_commit')
      chmodSync(path, 0o666)
      const reports: string[] = []
      expect(await createRemembered(state, message => reports.push(message)).list('/a')).toEqual([])
      expect(reports[0]).toContain('writable by other users')
    },
  )

  test('several at once lose nothing', async () => {
    const rules = Array.from({ length: 24 }, (_, i) => `edit_file(f${i})`)
    await Promise.all(rules.map(rule => createRemembered(state).add('/a', rule)))
    expect(texts(await createRemembered(state).list('/a')).sort()).toEqual(rules.sort())
  })

  test('nor do several processes', async () => {
    const script = `
      const { createRemembered } = await import(${JSON.stringify(join(import.meta.dir, '../../../src/tools/permission/remembered.ts'))})
      for (let i = 0; i < 5; i++) await createRemembered(process.argv[1]).add('/a', 'edit_file(' + process.argv[2] + i + ')')`
    const children = ['a', 'b', 'c'].map(name => Bun.spawn([process.execPath, '-e', script, state, name]))
    expect(await Promise.all(children.map(child => child.exited))).toEqual([0, 0, 0])
    expect(await createRemembered(state).list('/a')).toHaveLength(15)
  })

  test('the lock of a process that is gone is no lock', async () => {
    await createRemembered(state).add('/a', 'git_commit')
    const child = Bun.spawn([process.execPath, '-e', ''])
    await child.exited
    writeFileSync(`${path}.lock`, `${child.pid} 12345`)
    await createRemembered(state).add('/a', 'git_branch')
    expect(await createRemembered(state).list('/a')).toHaveLength(2)
    expect(readdirSync(state)).toEqual(['rules.json'])
  })
})
