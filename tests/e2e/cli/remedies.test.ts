import { describe, expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Backend, makeHome } from '../../support/backend.ts'
import { run } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

/** A home with a file where a directory will be needed. */
const blocked = (path: string) => {
  const home = makeHome()
  writeFileSync(join(home.root, path), '')
  return home
}

describe('a failure of the file system names the remedy', () => {
  test.each([
    ['a file where the client should go', blocked('lisp'), ['elisp', '--install', 'lisp'], 1, /EEXIST.*move it away/],
    ['no such place', makeHome(), ['elisp', '--install', '/proc/none/lisp'], 1, /\/proc\/none\/lisp.*check the path/],
    ['no such configuration', makeHome(), ['--config', 'none.toml', 'doctor'], 2, /none\.toml \(ENOENT\)\. .*check/],
    ['a directory as configuration', makeHome(), ['--config', '/', 'doctor'], 2, /\(EISDIR\)\. .*name a file/],
    [
      'a file for the transcripts',
      blocked('.emacs-agent'),
      ['run', 'hi'],
      1,
      /log in \S*\.emacs-agent\S* .*\(ENOTDIR\)\. .*move.*transcript_path/,
    ],
    ['a file for the state', blocked('.local'), ['run', 'hi'], 1, /\.local\/state.*move it away/],
    ['an invalid rule', makeHome('[permissions]\nallow = ["a("]'), ['doctor'], 2, /is not a rule: [^.]*[^.]\.$/],
  ] as const)('%s', async (_, home, argv, expected, remedy) => {
    const { code, stderr } = await run([...argv], { home })
    expect(code).toBe(expected)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr.trim()).toMatch(remedy)
  })

  test('the error of a session that cannot begin does not suggest a resume', async () => {
    const home = makeHome()
    const backend = await Backend.start(home)
    writeFileSync(join(home.root, '.emacs-agent'), '')
    const { status, body } = await backend.call('POST /api/sessions', { project_path: tempDir() })
    expect([status, body.error.code]).toEqual([500, 'TRANSCRIPT_ERROR'])
    expect(body.error.message).toContain('transcript_path')
    expect(body.error.message).not.toContain('resume')
  })
})

test.each(['', '/children', '/undo', '/worktrees', '/rules.json/x'])(
  'a broken state directory does not end the server, and the error names it: %j',
  async part => {
    const home = makeHome('[permissions]\nallow = ["write_file"]')
    const path = join(home.state, part)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '')
    const backend = await Backend.start(home)
    const { status, body } = await backend.call('POST /api/sessions', { project_path: tempDir() })
    if (status !== 201) expect([status, body.error.message]).toEqual([500, expect.stringContaining(home.state)])
    expect((await backend.call('GET /health')).status).toBe(200)
    expect(backend.stderr).not.toMatch(/\n +at /)
  },
)

test('a header with an invalid value is reported by its name, not as a network error', async () => {
  const config = `model = "x/m"
[providers.x]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
headers = { X-Team = "\${LINES}" }`
  const backend = await Backend.start(makeHome(config), { env: { LINES: 'a\nb' } })
  const id = await backend.session(tempDir())
  const { body } = await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'hi', wait: true })
  expect(body.error.code).toBe('LLM_INVALID_REQUEST')
  expect(body.error.message).toMatch(/X-Team of x .*\[providers\.x\.headers\]/)
})
