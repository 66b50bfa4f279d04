import { beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findExecutable, pathOutside } from '../../../src/tools/shell/executable.ts'
import { tempDir } from '../../support/temp.ts'

let root: string
let project: string
let outside: string
beforeAll(() => {
  root = tempDir()
  project = join(root, 'project')
  outside = join(root, 'outside')
  for (const folder of [project, outside, join(root, 'project-two'), join(root, 'linked'), join(project, 'bin')])
    mkdirSync(folder, { recursive: true })
  for (const file of [join(project, 'bin', 'tool'), join(outside, 'tool'), join(root, 'project-two', 'tool')]) {
    writeFileSync(file, '#!/bin/sh\n')
    chmodSync(file, 0o755)
  }
  writeFileSync(join(outside, 'data'), '')
  mkdirSync(join(outside, 'folder'))
  symlinkSync(join(project, 'bin', 'tool'), join(root, 'linked', 'tool'))
})

describe('findExecutable', () => {
  const find = (name: string, ...folders: string[]) => findExecutable(name, { PATH: folders.join(':') }, project)
  const cases: [string, () => Promise<string | null>, () => string | null][] = [
    ['outside', () => find('tool', outside), () => join(outside, 'tool')],
    ['the project comes first', () => find('tool', join(project, 'bin'), outside), () => join(outside, 'tool')],
    ['only the project has it', () => find('tool', join(project, 'bin')), () => null],
    ['the project itself', () => find('tool', project), () => null],
    ['a link into the project', () => find('tool', join(root, 'linked')), () => null],
    [
      'a sibling that is named alike',
      () => find('tool', join(root, 'project-two')),
      () => join(root, 'project-two', 'tool'),
    ],
    ['relative and empty folders', () => find('tool', '.', '', 'bin'), () => null],
    ['by way of ..', () => find('tool', `${outside}/../project/bin`), () => null],
    ['not executable', () => find('data', outside), () => null],
    ['a directory', () => find('folder', outside), () => null],
    ['a path', () => find('../outside/tool', outside), () => null],
    ['no PATH', () => findExecutable('tool', {}, project), () => null],
  ]
  test.each(cases)('%s', async (_, found, expected) => expect(await found()).toBe(expected()))

  test('a project that is everything has no outside', async () => {
    expect(await findExecutable('tool', { PATH: outside }, '/')).toBe(join(outside, 'tool'))
  })
})

test('pathOutside', () => {
  expect(pathOutside({ PATH: `.:${project}/bin:${outside}::bin` }, project)).toEqual([outside])
})
