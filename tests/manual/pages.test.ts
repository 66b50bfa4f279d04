import { describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseCommand } from '../../src/cli/args.ts'
import { helpText } from '../../src/cli/help.ts'
import { manual } from '../../src/manual/manual.ts'
import { PAGES } from '../../src/manual/pages.ts'
import { TOPIC_NAMES } from '../../src/manual/topics.ts'
import { blocks, blocksIn, commandsInText } from '../support/manual.ts'
import { tempDir } from '../support/temp.ts'

const ROOT = join(import.meta.dir, '../..')

test('every block is in a language that a test reads', () => {
  const languages = new Set(blocks.map(({ language }) => language))
  expect([...languages].sort()).toEqual(['emacs-lisp', 'json', 'lua', 'sh', 'toml'])
})

test.each(commandsInText)('%s: is a command line', line => {
  expect(() => parseCommand(line.split(' '))).not.toThrow()
})

test('there are command lines in sentences', () => expect(commandsInText.length).toBeGreaterThan(5))

test.each(blocksIn('json').map(({ topic, text }) => [topic, text]))('JSON in %s', (_, text) =>
  expect(JSON.parse(text!)).toBeObject(),
)

test.each(TOPIC_NAMES)('%s: its help names only topics that exist', topic => {
  for (const [, name] of PAGES[topic].matchAll(/=help ([a-z]+)/g)) expect([...TOPIC_NAMES]).toContain(name as never)
})

test('what the design page names is there', () => {
  const paths = [...PAGES.design.matchAll(/=((?:[a-z]+\/)+(?:[\w.-]+)?)=/g)].map(([, path]) => path!)
  expect(paths.length).toBeGreaterThan(20)
  const missing = paths.filter(path => !existsSync(join(ROOT, 'src', path)) && !existsSync(join(ROOT, path)))
  expect(missing).toEqual([])
})

describe('the manual', () => {
  test('holds every page as a chapter', async () => {
    const text = await manual('1.2.3')
    expect(text.match(/^\* .*/gm)).toHaveLength(TOPIC_NAMES.length)
    expect(text).toContain('** Every key')
    expect(await helpText({ topic: 'manual' }, '1.2.3')).toBe(text)
  })

  const hasEmacs = spawnSync('emacs', ['--version']).status === 0
  test.skipIf(!hasEmacs)('is Org that Emacs exports to Texinfo, with Lisp that it reads (needs Emacs)', async () => {
    const lisp = blocksIn('emacs-lisp').map(({ text }) => text)
    const directory = tempDir({ 'emacs-agent.org': await manual('1.2.3'), 'blocks.el': lisp.join('\n') })
    const { status, stderr } = spawnSync(
      'emacs',
      [
        '-Q',
        '--batch',
        'emacs-agent.org',
        '--eval',
        '(progn (require (quote ox-texinfo)) (org-texinfo-export-to-texinfo))',
      ].concat('--eval', '(with-temp-buffer (insert-file-contents "blocks.el") (emacs-lisp-mode) (check-parens))'),
      { cwd: directory, encoding: 'utf8' },
    )
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
    const texinfo = await Bun.file(join(directory, 'emacs-agent.texi')).text()
    expect(texinfo.match(/^@(?:chapter|unnumbered) /gm)).toHaveLength(TOPIC_NAMES.length)
  })

  const hasLua = spawnSync('luac', ['-v']).status === 0
  test.skipIf(!hasLua)('has Lua that compiles (needs luac)', () => {
    for (const { text } of blocksIn('lua')) expect(spawnSync('luac', ['-p', '-'], { input: text }).status).toBe(0)
  })
})
