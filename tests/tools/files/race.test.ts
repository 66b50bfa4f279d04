import { beforeAll, expect, test } from 'bun:test'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commitChanges } from '../../../src/tools/files/change.ts'
import { createDirectoryTool } from '../../../src/tools/files/directory.ts'
import { copyFileTool, moveFileTool } from '../../../src/tools/files/transfer.ts'
import { atEnd } from '../../support/at-end.ts'
import { SWAP } from '../../support/swapping.ts'
import { tempDir } from '../../support/temp.ts'

const ROUNDS = 200

let project: string
let outside: string
let swapper: ChildProcess

beforeAll(async () => {
  project = tempDir({ 'a.txt': 'alpha', 'd/keep.txt': 'kept' })
  outside = tempDir()
  swapper = spawn(process.execPath, ['-e', SWAP, project, outside], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise(resolve => swapper.stdout!.once('data', resolve))
})
// Gone before the directory is: it would move things about while that is removed.
atEnd(async () => {
  swapper.kill('SIGKILL')
  await once(swapper, 'exit')
})

test
  .skipIf(process.platform !== 'linux')
  .each(['write', 'edit', 'copy', 'move', 'delete', 'create_directory'] as const)(
  '%s leaves nothing outside while its directory becomes a link',
  async how => {
    const roots = { project, allowed: [], forbidden: [] }
    const context = { roots, seen: new Map(), unsaved: new Map(), hidden: () => false, children: undefined } as never
    const bytes = Buffer.from('alpha')
    let done = 0
    for (let round = 0; round < ROUNDS; round++) {
      const path = join(project, `d/${how}-${round}/f`)
      const plain = join(project, `d/${how}-${round}`)
      try {
        if (how === 'write') await commitChanges([{ path, operation: 'write', before: null, after: bytes }], roots)
        if (how === 'edit') {
          await commitChanges([{ path: plain, operation: 'write', before: null, after: bytes }], roots)
          await commitChanges([{ path: plain, operation: 'edit', before: bytes, after: Buffer.from('beta') }], roots)
        }
        if (how === 'delete') {
          writeFileSync(join(outside, 'keep.txt'), 'kept')
          await commitChanges(
            [{ path: join(project, 'd/keep.txt'), operation: 'delete', before: Buffer.from('kept'), after: null }],
            roots,
          )
          writeFileSync(join(project, 'd/keep.txt'), 'kept')
        }
        if (how === 'create_directory') await createDirectoryTool.run({ path }, context, effectOf([], [path]))
        if (how === 'copy')
          await copyFileTool.run({ source: '', dest: '' }, context, effectOf([join(project, 'a.txt')], [path]))
        if (how === 'move') {
          const from = join(project, `m-${round}`)
          mkdirSync(from)
          await moveFileTool.run({ source: '', dest: '' }, context, effectOf([from], [plain, from]))
        }
        done++
      } catch {
        // refused, as the place was another one at that moment
      }
      const left = readdirSync(outside).filter(name => !(how === 'delete' && name === 'keep.txt'))
      expect(left).toEqual([])
      if (how === 'delete') expect(readdirSync(outside)).toEqual(['keep.txt'])
    }
    if (how === 'delete') await Bun.file(join(outside, 'keep.txt')).delete()
    expect(done).toBeLessThanOrEqual(ROUNDS)
  },
  60_000,
)

const effectOf = (reads: string[], writes: string[]) => ({
  level: 'write' as const,
  reason: '',
  reads,
  writes,
  changes: [],
})
