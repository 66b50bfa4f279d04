import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { BINARY, makeHome } from '../../support/backend.ts'
import { Program, withModel } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

const hasFull = existsSync('/dev/full')
const into = (redirection: string, argv: string[], home = makeHome()) =>
  new Program(['sh', '-c', `exec "$0" "$@" ${redirection}`, BINARY, ...argv], { home, cwd: tempDir(), input: '' }).ended

describe.skipIf(!hasFull)(`output to a full disk${hasFull ? '' : ' (skipped: no /dev/full)'}`, () => {
  test.each([[['--help']], [['--version']], [['run', '--help']], [['doctor']], [['transcripts', 'list']], [['elisp']]])(
    '%j fails, with one line that says so',
    async argv => {
      const { code, stderr } = await into('>/dev/full', argv)
      expect(code).toBe(1)
      expect(stderr).toMatch(/^emacs-agent-backend: .*(disk is full|no space left).*\n$/)
    },
  )

  test.each([[[]], [['--json']]])('run %j fails, and the session can be resumed', async flags => {
    const { home, says } = await withModel()
    says({ text: 'into the void' })
    const { code, stderr } = await into('>/dev/full', ['run', 'hello', ...flags], home)
    expect([code, stderr]).toEqual([1, 'emacs-agent-backend: standard output cannot be written: the disk is full.\n'])
  })
})

test('what can be written is no failure', async () => {
  expect(await into('>/dev/null', ['--help'])).toMatchObject({ code: 0, stderr: '' })
  expect(await into('| head -1', ['--help'])).toMatchObject({ code: 0, stderr: '' })
})
