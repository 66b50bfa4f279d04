import { expect, test } from 'bun:test'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BINARY } from '../../support/backend.ts'
import { startUndo } from '../../support/undoing.ts'

const read = (root: string, path: string) => readFileSync(join(root, path), 'utf8')

test('`undo` restores what the last session here changed, without a server', async () => {
  const { backend, home, root, id, turn } = await startUndo({ 'a.txt': 'one\n', 'b.txt': 'b\n' })
  await turn(['write_file', { path: 'a.txt', content: 'two\n' }])
  await turn(['write_file', { path: 'b.txt', content: 'B\n' }], ['write_file', { path: 'c.txt', content: 'c\n' }])
  const undo = (...argv: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>(resolve => {
      execFile(BINARY, ['undo', ...argv], { cwd: root, env: home.env }, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      )
    })

  const open = await undo('--yes')
  expect([open.code, open.stderr]).toEqual([1, expect.stringContaining('session')])
  await backend.call(`DELETE /api/sessions/${id}`)
  await backend.stop()

  expect(await undo()).toMatchObject({ code: 1, stdout: expect.stringContaining('Nobody is here to ask') })
  expect(read(root, 'b.txt')).toBe('B\n')
  expect(await undo('--yes')).toMatchObject({ code: 0, stdout: '~ b.txt\n- c.txt\nRestored: 2 files.\n' })
  expect([read(root, 'a.txt'), read(root, 'b.txt')]).toEqual(['two\n', 'b\n'])
  writeFileSync(join(root, 'a.txt'), 'mine\n')
  const refused = await undo(id.slice(0, 8), '--path', 'a.txt', '--yes')
  expect(refused.code).toBe(1)
  for (const line of ['Left as it is: a.txt: it was edited since.', 'one', 'two', 'mine'])
    expect(refused.stdout).toContain(line)
  writeFileSync(join(root, 'a.txt'), 'two\n')
  expect(await undo('--path', 'a.txt', '--yes')).toMatchObject({ code: 0, stdout: '~ a.txt\nRestored: 1 file.\n' })
  expect(read(root, 'a.txt')).toBe('one\n')
  expect(await undo('--yes')).toMatchObject({ code: 1, stdout: expect.stringContaining('There is nothing to undo') })
  expect(await undo('--turn', 'turn_nope', '--yes')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no such turn'),
  })
  expect(await undo('--turn', 'a', '--call', 'b')).toMatchObject({ code: 2 })
})
