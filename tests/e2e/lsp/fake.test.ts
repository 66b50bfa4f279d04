import { describe, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTimeOf } from '../../../src/base/processes.ts'
import { LANGUAGE_TOOLS, open, startWith } from '../../support/languages.ts'

describe.each(['pull', 'push'])('a server that is found, %s', kind => {
  test('answers the five tools, which are absent without one; starts at the first call', async () => {
    const here = await startWith(kind)
    const other = await open(here, { 'a.txt': 'text\n' })
    expect((await other.make('read_file', { path: 'a.txt' })).tools).not.toContain('hover')

    const text = 'def föö 𝒳 bar\ncall föö bar\nodd: thing wrong: big\n'
    const { make, project } = await open(here, { 'deep/a.fk': text })
    const { tools } = await make('read_file', { path: 'deep/a.fk' })
    expect(tools).toEqual(expect.arrayContaining(LANGUAGE_TOOLS))
    expect(here.pids()).toEqual([])

    const path = join(project, 'deep/a.fk')
    const { told, diagnostics } = await make('diagnostics', { path: 'deep/a.fk' })
    expect(diagnostics).toEqual([
      { path, line: 3, column: 0, severity: 'warning', message: 'thing is odd', source: 'fake' },
    ])
    expect(told).toBe('deep/a.fk:3:0 warning: thing is odd (fake)')
    expect((await make('definition', { path: 'deep/a.fk', line: 2, symbol: 'call' })).told).toContain('Nothing')
    expect((await make('hover', { path: 'deep/a.fk', line: 1, symbol: 'bar' })).told).toBe('**bar**')
    expect((await make('references', { path: 'deep/a.fk', line: 1, symbol: 'bar' })).told).toBe(
      'deep/a.fk:1:10 def föö 𝒳 bar\ndeep/a.fk:2:9 call föö bar',
    )
    expect((await make('symbols', { query: 'x' })).result.status).toBe('success')
    expect(here.lines()).toContain('open fakish')
    expect(here.lines()).toContain('answer [{"level":3},null]')
    expect(here.lines()).toContain('answer null')
    expect(here.pids()).toHaveLength(1)
    await here.backend.stop()
    expect(here.pids().map(startTimeOf)).toEqual([null])
  })

  test('new errors after an edit go to the model, errors of before do not', async () => {
    const here = await startWith(kind)
    const { make, project } = await open(here, { 'a.fk': 'wrong: old\nfine\nodd: x\n' })
    const same = await make('edit_file', { path: 'a.fk', old: 'fine', new: 'good\nbetter' })
    expect(same.diagnostics).toBeUndefined()
    expect(same.told).not.toContain('New errors')

    const more = await make('edit_file', { path: 'a.fk', old: 'good', new: 'wrong: fresh\nodd: y' })
    const path = join(project, 'a.fk')
    expect(more.diagnostics).toEqual([
      { path, line: 2, column: 0, severity: 'error', message: 'fresh is wrong', source: 'fake' },
    ])
    expect(more.told).toContain('[New errors since this change:\na.fk:2:0 error: fresh is wrong (fake)]')

    const again = await make('edit_file', { path: 'a.fk', old: 'better', new: 'best' })
    expect(again.diagnostics).toBeUndefined()

    const whole = await make('write_file', {
      path: 'b.fk',
      content: Array.from({ length: 14 }, (_, i) => `wrong: e${i}\n`).join(''),
    })
    expect(whole.diagnostics).toHaveLength(10)
    expect(whole.told).toContain('4 more]')
    expect(here.pids()).toHaveLength(1)
  })
})

test('a project without a file of its kind: the tools are there once a call has made the first', async () => {
  const here = await startWith('pull')
  const { make } = await open(here, { 'a.txt': 'text\n' })
  expect((await make('write_file', { path: 'a.fk', content: 'def bar\n' })).tools).not.toContain('hover')
  expect((await make('read_file', { path: 'a.fk' })).tools).toEqual(expect.arrayContaining(LANGUAGE_TOOLS))
})

describe('a server that fails takes nothing down', () => {
  test('results of before an edit are not those of after it', async () => {
    const here = await startWith('push', 'late400')
    const { make } = await open(here, { 'a.fk': 'wrong: old\n' })
    expect((await make('diagnostics', { path: 'a.fk' })).told).toContain('old is wrong')
    expect((await make('edit_file', { path: 'a.fk', old: 'old', new: 'fresh' })).told).toContain('fresh is wrong')
    const mended = await make('edit_file', { path: 'a.fk', old: 'wrong: fresh', new: 'right' })
    expect(mended.diagnostics).toBeUndefined()
    expect((await make('diagnostics', { path: 'a.fk' })).told).toBe('No diagnostics.')
  })

  test('a report that comes too late is waited for no longer than two seconds, and is not that of the next edit', async () => {
    const here = await startWith('push', 'late2500')
    const { make } = await open(here, { 'a.fk': 'fine\n' })
    const first = await make('edit_file', { path: 'a.fk', old: 'fine', new: 'wrong: a' })
    expect(first.result.status).toBe('success')
    expect(first.diagnostics).toBeUndefined()
    const second = await make('edit_file', { path: 'a.fk', old: 'wrong: a', new: 'good' })
    expect(second.diagnostics).toBeUndefined()
    expect((await make('diagnostics', { path: 'a.fk' })).told).toBe('No diagnostics.')
  })

  test('a report that comes too late goes to the next call of the session, once, while the file is as it was', async () => {
    const here = await startWith('push', 'late2500')
    const { make, project } = await open(here, { 'a.fk': 'fine\n', 'b.txt': 'text\n' })
    expect((await make('edit_file', { path: 'a.fk', old: 'fine', new: 'wrong: a' })).diagnostics).toBeUndefined()
    await make('diagnostics', { path: 'a.fk' }) // answered when the report is there
    const told = []
    for (let i = 0; i < 3; i++) told.push(await make('read_file', { path: 'b.txt' }))
    const all = here.model.requests.at(-1)!.body.messages.map(({ content }: { content: unknown }) => String(content))
    const late = all.filter((content: string) => content.includes('reported late:\na.fk:1:0 error: a is wrong (fake)]'))
    expect(late).toHaveLength(1)
    expect(told.at(-1)!.diagnostics).toBeUndefined()

    await make('edit_file', { path: 'a.fk', old: 'wrong: a', new: 'wrong: b' })
    writeFileSync(join(project, 'a.fk'), 'mended elsewhere\n')
    await make('diagnostics', { path: 'a.fk' })
    for (let i = 0; i < 2; i++) expect((await make('read_file', { path: 'b.txt' })).diagnostics).toBeUndefined()
  })

  test('a report that comes too late is part of that of the next change of its file', async () => {
    const here = await startWith('push', 'late2500')
    const { make } = await open(here, { 'a.fk': 'fine\n' })
    await make('edit_file', { path: 'a.fk', old: 'fine', new: 'wrong: a\nfine' })
    await make('edit_file', { path: 'a.fk', old: 'fine', new: 'good' })
    await make('diagnostics', { path: 'a.fk' })
    const { told } = await make('diagnostics', { path: 'a.fk' })
    const all = here.model.requests.at(-1)!.body.messages.map(({ content }: { content: unknown }) => String(content))
    expect(told).toContain('a is wrong')
    expect(
      all.filter((content: string) => content.includes('reported late:\na.fk:1:0 error: a is wrong')),
    ).toHaveLength(1)
  })

  test('a server that sends no versions', async () => {
    const here = await startWith('push', 'unversioned')
    const { make } = await open(here, { 'a.fk': 'wrong: old\nfine\n' })
    expect((await make('diagnostics', { path: 'a.fk' })).told).toContain('old is wrong')
    expect((await make('edit_file', { path: 'a.fk', old: 'fine', new: 'wrong: fresh' })).told).toContain(
      'fresh is wrong',
    )
    expect((await make('edit_file', { path: 'a.fk', old: 'fresh', new: 'other' })).told).toContain('other is wrong')
    expect((await make('edit_file', { path: 'a.fk', old: 'wrong: other', new: 'x' })).diagnostics).toBeUndefined()
  })

  test.each(['silent', 'crash', 'flood', 'huge', 'hang', 'garbage'])('%s', async fault => {
    const here = await startWith('push', fault)
    const { make, project } = await open(here, { 'a.fk': 'fine\n', 'b.txt': 'text\n' })
    for (const text of ['wrong: a', 'wrong: b']) {
      const { result, diagnostics } = await make('write_file', { path: 'a.fk', content: `${text}\n` })
      expect(result.status).toBe('success')
      expect(diagnostics).toBeUndefined()
      expect(readFileSync(join(project, 'a.fk'), 'utf8')).toBe(`${text}\n`)
    }
    expect((await make('read_file', { path: 'b.txt' })).told).toContain('text')
    expect((await here.backend.call('GET /health')).status).toBe(200)
    await here.backend.stop()
    expect(here.pids().map(startTimeOf).filter(Boolean)).toEqual([])
  })
})
