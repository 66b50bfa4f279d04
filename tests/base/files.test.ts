import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskPath, gathered, openRegular, readRegular, readRegularSync, writeAtomic } from '../../src/base/files.ts'

let root: string
let server: Server
const at = (name: string) => join(root, name)

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'agent-files-'))
  writeFileSync(at('file'), 'text')
  mkdirSync(at('directory'))
  symlinkSync('fifo', at('link'))
  execFileSync('mkfifo', [at('fifo')])
  server = createServer()
  await new Promise<void>(resolve => server.listen(at('socket'), resolve))
})
afterAll(() => {
  server.close()
  rmSync(root, { recursive: true, force: true })
})

describe('only regular files are opened, and nothing is waited for', () => {
  test.each([
    ['fifo', 'ENXIO'],
    ['link', 'ENXIO'],
    ['socket', 'ENXIO'],
    ['directory', 'EISDIR'],
    ['missing', 'ENOENT'],
  ])('%s', async (name, code) => {
    await expect(openRegular(at(name))).rejects.toMatchObject({ code })
    await expect(readRegular(at(name))).rejects.toMatchObject({ code })
    expect(() => readRegularSync(at(name))).toThrow(expect.objectContaining({ code }))
  })

  test('a device', async () => {
    await expect(readRegular('/dev/zero')).rejects.toMatchObject({ code: 'ENXIO' })
  })

  test('a file, whole or not at all', async () => {
    expect(String(await readRegular(at('file'), 4))).toBe('text')
    expect(String(readRegularSync(at('file')))).toBe('text')
    await expect(readRegular(at('file'), 3)).rejects.toMatchObject({ code: 'EFBIG' })
  })
})

describe('a name that is not UTF-8', () => {
  const bytes = (name: string) => Buffer.from(name, 'latin1')
  const shown = (name: string) => bytes(name).toString()

  test('is found by what is shown of it, in every part of the path', async () => {
    mkdirSync(bytes(at('d\xe9')))
    writeFileSync(bytes(at('d\xe9/f\xe8')), 'in')
    const path = join(at(shown('d\xe9')), shown('f\xe8'))
    expect(await diskPath(path)).toEqual(bytes(at('d\xe9/f\xe8')))
    expect(String(await readRegular(await diskPath(path)))).toBe('in')
  })

  test('is not guessed at between two, and none where there is none', async () => {
    for (const name of ['x\xe8', 'x\xe9']) writeFileSync(bytes(at(name)), '')
    expect(await diskPath(at(shown('x\xe9')))).toBe(at(shown('x\xe9')))
    expect(await diskPath(at('none\uFFFD'))).toBe(at('none\uFFFD'))
    expect(await diskPath(at('file'))).toBe(at('file'))
  })
})

test('a file that cannot be put in its place leaves nothing behind', async () => {
  const before = readdirSync(root)
  const fail = async () => {
    throw new Error('no')
  }
  await expect(writeAtomic(at('new'), 'x', 0o600, fail)).rejects.toThrow('no')
  expect(readdirSync(root)).toEqual(before)
})

test('a long text is encoded in parts, none of which ends within a character', async () => {
  const text = `a${'🙂'.repeat(1_200_000)}`
  async function* whole() {
    yield text
  }
  const parts = await Array.fromAsync(gathered(whole()))
  expect(Math.max(...parts.map(part => part.length))).toBeLessThan(4 * 1024 * 1024)
  expect(parts.length).toBeGreaterThan(1)
  expect(Buffer.concat(parts).toString() === text).toBe(true)
})
