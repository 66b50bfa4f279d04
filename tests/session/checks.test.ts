import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { createChecks } from '../../src/session/checks.ts'
import type { ToolContext } from '../../src/tools/tool.ts'
import { tempDir } from '../support/temp.ts'

type Found = { severity: string; message: string }

/** A place with an editor that answers as `reports` does, and no language server. */
function place(project: string, reports: (path: string) => Promise<Found[]>) {
  const servers = { newErrors: async () => null, begin: async () => {}, refresh: async () => {} }
  const ask = async ({ params, parse }: { params: { path: string }; parse(result: unknown): unknown }) => {
    const diagnostics = (await reports(params.path)).map(found => ({ ...found, path: params.path, line: 1 }))
    return parse({ diagnostics })
  }
  const editor = { current: { name: 'stub', answers: () => true, buffers: new Map(), ask } }
  const languages = { servers: async () => servers, loaded: () => undefined }
  const context = { roots: { project, allowed: [], forbidden: [] } }
  const checks = createChecks({ editor, languages, unsaved: new Map(), roots: {} } as never)
  const file = (name: string, text: string) => ({
    path: join(project, name),
    operation: 'write' as const,
    before: null,
    after: Buffer.from(text),
  })
  const after = (name: string, text: string) =>
    checks.after([file(name, text)], context as unknown as ToolContext, new AbortController().signal)
  return { after, late: () => checks.late(context as unknown as ToolContext) }
}

test('calls do not wait for a checker that was silent three times, until it reports in time', async () => {
  const project = tempDir({ 'a.x': 'text' })
  let silent = true
  const reports = async () => (silent ? new Promise<never>(() => {}) : [{ severity: 'error', message: 'bad' }])
  const tired = place(project, reports)
  const fresh = place(project, reports)
  for (let i = 0; i < 3; i++) expect(await tired.after('a.x', `${i}`)).toBeUndefined()
  const order: string[] = []
  await Promise.all([
    fresh.after('a.x', 'text').then(() => order.push('waits')),
    tired.after('a.x', 'text').then(() => order.push('does not')),
    tired.after('a.y', 'text').then(() => order.push('another kind of file waits')),
  ])
  expect(order[0]).toBe('does not')
  expect(order).toHaveLength(3)

  silent = false
  let told = await tired.after('a.x', 'text')
  while (!told) {
    await new Promise(setImmediate)
    told = await tired.late()
  }
  expect((await tired.after('a.x', 'text'))?.text).toBe('New errors since this change:\na.x:1 error: bad')
}, 60_000)

test('a late report is returned once, by the first late() after it', async () => {
  const { promise: gate, resolve } = Promise.withResolvers<void>()
  const project = tempDir({ 'a.x': 'text' })
  const { after, late } = place(project, async () => {
    await gate
    return [{ severity: 'error', message: 'bad' }]
  })
  expect(await after('a.x', 'text')).toBeUndefined()
  expect(await late()).toBeUndefined()
  resolve()
  let told = await late()
  while (!told) {
    await new Promise(setImmediate)
    told = await late()
  }
  expect(told?.text).toBe('New errors since earlier changes, reported late:\na.x:1 error: bad')
  expect(await late()).toBeUndefined()
}, 60_000)
