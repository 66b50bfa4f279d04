import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { call, choose, edit, modelHome, Peer, project } from '../../support/acp.ts'

test('one question about all edits of a turn, with the diffs of all files', async () => {
  const world = await modelHome('review_edits = true')
  const peer = await Peer.start(world.home, { fs: { readTextFile: true, writeTextFile: true } })
  const cwd = project()
  const id = await peer.session(cwd)
  const buffers: Record<string, string> = {}
  peer.answers.read = async path => buffers[path] ?? readFileSync(path, 'utf8')
  const asked: any[] = []
  peer.answers.permission = async request => {
    asked.push(request)
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('one\ntwo\nthree\n')
    return choose(asked.length === 1 ? 'reject_once' : 'allow_once')
  }
  const turn = [edit, call('write_file', { path: 'c.txt', content: 'c\n' }), { text: 'Done.' }]
  world.says(...turn, { text: 'I see.' })
  await peer.prompt(id, 'edit')
  expect(existsSync(join(cwd, 'c.txt'))).toBe(false)
  world.says(...turn)
  expect(await peer.prompt(id, 'edit again')).toMatchObject({ stopReason: 'end_turn' })
  expect(asked).toHaveLength(2)
  const [{ toolCall, options }] = asked
  expect(toolCall).toMatchObject({ kind: 'edit', title: 'Write what was proposed: 2 files' })
  expect(toolCall.content.map(({ path, newText }: any) => [path, newText])).toEqual([
    [join(cwd, 'a.txt'), 'one\n2\nthree\n'],
    [join(cwd, 'c.txt'), 'c\n'],
  ])
  expect(options.map(({ optionId }: any) => optionId)).toEqual(['allow_once', 'reject_once'])
  expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('one\n2\nthree\n')
  expect(readFileSync(join(cwd, 'c.txt'), 'utf8')).toBe('c\n')
})
