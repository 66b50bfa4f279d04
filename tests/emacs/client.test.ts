import { expect, test } from 'bun:test'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { elisp } from '../../src/cli/elisp.ts'
import { CLIENT } from '../../src/emacs/client.ts'
import { tempDir } from '../support/temp.ts'

const source = join(import.meta.dir, '../../src/emacs')
const lisp = (dir: string) =>
  readdirSync(dir)
    .filter(name => name.endsWith('.el'))
    .sort()

test('every file of the client is embedded as it is', () => {
  expect(Object.keys(CLIENT).sort()).toEqual(lisp(source))
  for (const name of lisp(source)) expect(CLIENT[name]).toBe(readFileSync(join(source, name), 'utf8'))
})

test('installing writes them with the version of the executable, and takes stale compiled files away', async () => {
  const dir = tempDir()
  writeFileSync(join(dir, 'emacs-agent.elc'), 'old')
  writeFileSync(join(dir, 'other.elc'), 'not ours')
  let said = ''
  const env = { PATH: tempDir() }
  expect(await elisp({ install: dir }, { version: '9.8.7', env, stdout: text => void (said += text) })).toBe(0)
  expect(lisp(dir)).toEqual(Object.keys(CLIENT).sort())
  expect(readdirSync(dir).filter(name => name.endsWith('.elc'))).toEqual(['other.elc'])
  expect(readFileSync(join(dir, 'emacs-agent.el'), 'utf8')).toContain(';; Version: 9.8.7\n')
  expect(readFileSync(join(dir, 'emacs-agent-base.el'), 'utf8')).toContain('(defconst emacs-agent-version "9.8.7"')
  expect(said).toContain(`(add-to-list 'load-path "${dir}")`)
  expect(said).toContain('Not byte-compiled: there is no emacs in PATH.')
})

test.skipIf(!Bun.which('emacs'))(
  `installing byte-compiles every file${Bun.which('emacs') ? '' : ' (no emacs)'}`,
  async () => {
    const dir = tempDir()
    let said = ''
    const env = { PATH: process.env.PATH, HOME: tempDir() }
    expect(await elisp({ install: dir }, { version: '9.8.7', env, stdout: text => void (said += text) })).toBe(0)
    const compiled = readdirSync(dir).filter(name => name.endsWith('.elc'))
    expect(compiled.map(name => name.slice(0, -1)).sort()).toEqual(lisp(dir))
    expect(said).toMatch(/Byte-compiled by Emacs \d+\.\d+/)
  },
)

test('an Emacs that fails leaves the files as they are, and no compiled ones', async () => {
  const dir = tempDir()
  let said = ''
  const env = { PATH: tempDir(), EMACS: '/bin/false' }
  expect(await elisp({ install: dir }, { version: '9.8.7', env, stdout: text => void (said += text) })).toBe(0)
  expect(readdirSync(dir).sort()).toEqual(Object.keys(CLIENT).sort())
  expect(said).toContain('Not byte-compiled: /bin/false ended with 1')
})

test('printing gives one file in which nothing is required before it is there', async () => {
  let printed = ''
  await elisp({}, { version: '1.0.0', env: {}, stdout: text => void (printed += text) })
  expect(printed.split('\n', 1)[0]).toContain('lexical-binding: t')
  const provided = new Set<string>()
  for (const [, verb, name] of printed.matchAll(/^\((require|provide) '(emacs-agent[\w-]*)\)/gm)) {
    if (verb === 'provide') provided.add(name!)
    else expect(provided).toContain(name!)
  }
  expect(provided.size).toBe(Object.keys(CLIENT).length)
})

/** The stem of the name of a private definition is its file: `emacs-agent-view--event` is of emacs-agent-view.el. */
const PRIVATE = /(?<![\w-])(emacs-agent(?:-[a-z0-9]+)*)--[a-z][\w-]*/g

test('a name with two dashes is used in its own file only', () => {
  const strays = lisp(source).flatMap(file =>
    [...CLIENT[file]!.matchAll(PRIVATE)]
      .filter(([, stem]) => `${stem}.el` !== file)
      .map(([name]) => `${file}: ${name}`),
  )
  expect(strays).toEqual([])
})

test('no file of the client is longer than 300 lines', () => {
  const long = lisp(source).filter(file => CLIENT[file]!.trimEnd().split('\n').length > 300)
  expect(long).toEqual([])
})
