import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { shellExec } from '../../src/tools/shell/shell.ts'
import type { Change } from '../../src/tools/tool.ts'
import { openStore, type Store } from '../../src/undo/store.ts'
import { createProject, type Project } from '../tools/project.ts'

let project: Project
let store: Store
beforeEach(() => {
  project = createProject()
  store = openStore({
    dir: join(project.root, 'undo', 's'),
    roots: project.context.roots,
    most_bytes: 1e9,
    unsaved: false,
    at: () => 0,
    report: () => {},
  })
})
afterEach(async () => {
  store.close()
  await project.remove()
})

/** Runs a line as a session does. */
async function exec(command: string): Promise<Change[]> {
  const { context } = project
  const effect = await shellExec.effect({ command }, context)
  const writing = { tool: 'shell_exec', category: 'shell', effect, context }
  const kept = await store.keeper.keep(writing, { turn_id: 'turn', tool_call_id: 'tc' })
  await shellExec.run({ command }, context, effect)
  return (await kept.settle()).changes ?? []
}

describe('files that a line changes', () => {
  const changed = async (command: string) =>
    (await exec(command)).map(({ path, operation, change }) => {
      expect(operation).toBe('shell')
      return `${change} ${path.slice(project.path.length + 1)}`
    })

  test.each([
    ['a git repository', true],
    ['no repository', false],
  ])('in %s', async (_, isRepository) => {
    for (const name of ['same.txt', 'edit.txt', 'gone.txt', 'dir/old.txt', 'node_modules/x/y.js'])
      project.write(name, '1')
    if (isRepository) {
      project.write('.gitignore', 'node_modules\n')
      project.git('init', '-q')
      project.git('add', 'same.txt', 'edit.txt')
    }
    const found = await changed(
      'echo 2 > edit.txt; rm gone.txt; mv dir/old.txt dir/new.txt; mkdir deep; echo x > deep/made.txt; echo 2 > node_modules/x/y.js',
    )
    expect(found).toEqual([
      'created deep/made.txt',
      'created dir/new.txt',
      'deleted dir/old.txt',
      'modified edit.txt',
      'deleted gone.txt',
    ])
  })

  test('none', async () => expect(await changed('echo hello')).toEqual([]))

  test('even when size and time stay the same', async () => {
    const file = project.write('a.txt', 'one')
    const { mtime } = statSync(file)
    utimesSync(file, mtime, mtime)
    expect(await changed('touch -r a.txt ../ref; printf two > a.txt; touch -r ../ref a.txt')).toEqual([
      'modified a.txt',
    ])
  })

  test('a commit changes no file', async () => {
    project.git('init', '-q')
    project.write('a.txt', '1')
    expect(await changed('git add . && git commit -qm first')).toEqual([])
  })

  test('a great many are not told one by one', async () => {
    const changes = await exec('i=0; while [ $i -lt 300 ]; do : > f$i; i=$((i+1)); done')
    expect(changes).toHaveLength(200)
  })
})
