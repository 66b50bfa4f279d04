import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, linkSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commitChanges } from '../../../src/tools/files/change.ts'
import { holding } from '../../../src/tools/files/hold.ts'
import { createFile, replaceFile } from '../../../src/tools/files/replace.ts'
import type { Change } from '../../../src/tools/tool.ts'
import { createProject, type Project } from '../project.ts'

let project: Project
const at = (name: string) => join(project.path, name)
const text = (name: string) => readFileSync(at(name), 'utf8')
const change = (name: string, before: string | null, after: string | null, more: Partial<Change> = {}): Change => ({
  path: at(name),
  operation: after === null ? 'delete' : 'write',
  before: before === null ? null : Buffer.from(before),
  after: after === null ? null : Buffer.from(after),
  ...more,
})
const outcomes = (...changes: Change[]) =>
  Promise.all(
    changes.map(one =>
      commitChanges([one], project.context.roots).then(
        () => 'done',
        error => error.code,
      ),
    ),
  )
const busy = () => Object.assign(new Error('busy'), { code: 'EBUSY' })
const nothing = async () => {}

beforeEach(() => {
  project = createProject()
})
afterEach(() => project.remove())

describe('of two writers one wins, and the other says so', () => {
  test('of one file', async () => {
    project.write('f', 'old')
    const said = await outcomes(...Array.from({ length: 20 }, (_, i) => change('f', 'old', `new ${i}`)))
    expect(said).toEqual(['done', ...Array(19).fill('STALE_FILE')])
    expect(text('f')).toBe('new 0')
  })

  test('of a new file', async () => {
    expect(await outcomes(change('d/f', null, 'one'), change('d/f', null, 'two'))).toEqual(['done', 'STALE_FILE'])
    expect(text('d/f')).toBe('one')
    expect(readdirSync(at('d'))).toEqual(['f'])
  })

  test('an edit and a move', async () => {
    project.write('f', 'old')
    const move = change('g', null, 'old', { from: at('f'), operation: 'move' })
    expect(await outcomes(change('f', 'old', 'new'), move)).toEqual(['done', 'STALE_FILE'])
    expect(await outcomes({ ...move, after: Buffer.from('new') }, change('f', 'new', 'newer'))).toEqual([
      'done',
      'STALE_FILE',
    ])
    expect([existsSync(at('f')), text('g')]).toEqual([false, 'new'])
  })

  test('of two names of one file', async () => {
    project.write('f', 'old')
    linkSync(at('f'), at('g'))
    expect(await outcomes(change('f', 'old', 'one'), change('g', 'old', 'two'))).toEqual(['done', 'STALE_FILE'])
    expect([text('f'), text('g')]).toEqual(['one', 'one'])
  })

  test('an editor that saves while the new file is written beside', async () => {
    project.write('f', 'old')
    const saves = async () => {
      expect(readdirSync(project.path)).toHaveLength(2) // the last look comes when all is written
      throw new Error('it was saved meanwhile')
    }
    await expect(replaceFile(at('f'), Buffer.from('old'), Buffer.from('new'), saves)).rejects.toThrow('saved meanwhile')
    expect(text('f')).toBe('old')
    expect(readdirSync(project.path)).toEqual(['f'])
  })

  test('an editor that makes the file while ours is written beside', async () => {
    project.write('f', 'theirs')
    await expect(createFile(at('f'), Buffer.from('ours'), 0o644, nothing)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(text('f')).toBe('theirs')
  })
})

describe('holding', () => {
  test('waits for what is the same, above or below, in the order of asking', async () => {
    const seen: string[] = []
    const gate = Promise.withResolvers<void>()
    const hold = (path: string, until: Promise<void> = Promise.resolve()) =>
      holding([path], async () => {
        seen.push(path)
        await until
      })
    const first = hold('/a/b', gate.promise)
    const rest = [hold('/a/b/c'), hold('/a'), hold('/a/b')]
    await hold('/ab/c')
    expect(seen).toEqual(['/a/b', '/ab/c'])
    gate.resolve()
    await Promise.all([first, ...rest])
    expect(seen).toEqual(['/a/b', '/ab/c', '/a/b/c', '/a', '/a/b'])
  })

  test('goes on after a failure', async () => {
    await expect(holding(['/a'], () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await holding(['/a'], async () => 'went on')).toBe('went on')
  })
})

describe('in place', () => {
  test('a file with other names keeps them', async () => {
    project.write('f', 'old and long')
    linkSync(at('f'), at('g'))
    expect(await outcomes(change('f', 'old and long', 'new'))).toEqual(['done'])
    expect([text('f'), text('g'), statSync(at('f')).nlink]).toEqual(['new', 'new', 2])
  })

  test('a file that the system does not let us replace', async () => {
    project.write('f', 'old', 0o640)
    const { ino } = statSync(at('f'))
    let asked = 0
    const confirm = async () => {
      if (++asked === 1) throw busy() // as rename(2) on a mount point
    }
    await replaceFile(at('f'), Buffer.from('old'), Buffer.from('new and longer'), confirm)
    expect([text('f'), statSync(at('f')).ino, statSync(at('f')).mode & 0o777]).toEqual(['new and longer', ino, 0o640])
    expect(readdirSync(project.path)).toEqual(['f'])
    expect(asked).toBe(2)
  })

  test('not one that was saved before the last look', async () => {
    project.write('f', 'old')
    let asked = 0
    const confirm = async () => {
      if (++asked === 1) throw busy()
      throw new Error('it was saved meanwhile')
    }
    await expect(replaceFile(at('f'), Buffer.from('old'), Buffer.from('new'), confirm)).rejects.toThrow(
      'saved meanwhile',
    )
    expect(text('f')).toBe('old')
  })

  test('a file whose name is not UTF-8', async () => {
    writeFileSync(Buffer.from(at('f\xe9'), 'latin1'), 'old')
    expect(await outcomes(change('f\uFFFD', 'old', 'new'))).toEqual(['done'])
    expect(readdirSync(project.path, { encoding: 'buffer' })).toEqual([Buffer.from('f\xe9', 'latin1')])
  })
})
