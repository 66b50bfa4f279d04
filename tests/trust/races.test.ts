import { expect, test } from 'bun:test'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { createDirectoryTool } from '../../src/tools/files/directory.ts'
import { editFileTool, writeFileTool } from '../../src/tools/files/edit.ts'
import { copyFileTool, moveFileTool } from '../../src/tools/files/transfer.ts'
import type { Tool } from '../../src/tools/tool.ts'
import { figure, random, scaled } from '../support/figures.ts'
import { FUZZ_SEED } from '../support/fuzz.ts'
import { SWAP } from '../support/swapping.ts'
import { tempDir } from '../support/temp.ts'

/** Ways to name what is outside: climbing, links, /proc, odd spellings, and names whose parent changes in between. */
function escapes(project: string, outside: string): string[] {
  const up = relative(project, outside)
  const name = basename(outside)
  const ways = [
    up, `./${up}`, `src/../${up}`, `src//..//${up}`, outside, `//${outside}`, `/proc/self/cwd/${up}`,
    `/proc/self/root${outside}`, `/proc/thread-self/root${outside}`, 'out', 'out/.', 'out/../out', 'src/out',
    'src/../out', 'nested/out/..', `../${name}`, `${project}/../${name}`, `${project}/out`, 'out\\..\\..', 'OUT/../out',
    'd', 'd/.', 'src/../d', './d', 'd/sub', 'd/sub/deep', 'deep/d', 'two/out', 'loop', 'two/../out', '~', '~/..',
    `file://${outside}`, 'out\u0000', 'ou\u0301t', `${up}/./`, `${up}//`, 'dangling', 'abs', 'chain',
  ] // biome-ignore format: a table
  return ways.flatMap(way => [
    `${way}/new.txt`,
    `${way}/sub/new.txt`,
    way,
    `${way}/keep.txt`,
    `${way}/../new-${name}.txt`,
  ])
}

test.skipIf(process.platform !== 'linux')(
  'paths that lead outside, while directories change: nothing is written there',
  async () => {
    const outer = tempDir()
    const project = join(outer, 'project')
    const outside = join(outer, 'outside')
    for (const dir of ['d', 'src', 'deep/d', 'two', 'nested']) mkdirSync(join(project, dir), { recursive: true })
    mkdirSync(outside)
    const kept = () => {
      writeFileSync(join(project, 'a.txt'), 'alpha')
      mkdirSync(join(project, 'm'), { recursive: true })
      writeFileSync(join(project, 'm/a.txt'), 'alpha')
    }
    kept()
    writeFileSync(join(outside, 'keep.txt'), 'alpha')
    for (const [link, to] of [
      ['out', outside],
      ['src/out', outside],
      ['nested/out', outside],
      ['two/out', '../../outside'],
      ['loop', 'loop'],
      ['dangling', join(outside, 'none')],
      ['abs', '/'],
      ['chain', 'out'],
    ] as const)
      symlinkSync(to, join(project, link))
    const around = () => [...readdirSync(outer), ...(readdirSync(outside, { recursive: true }) as string[])].sort()
    const before = around()
    const swapper: ChildProcess = spawn(process.execPath, ['-e', SWAP, project, outside], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(swapper.stdout!, 'data')

    const paths = escapes(project, outside)
    const TOOLS: [Tool, (path: string) => object][] = [
      [writeFileTool, path => ({ path, content: 'beta' })],
      [editFileTool, path => ({ path, old: 'alpha', new: 'beta' })],
      [copyFileTool, path => ({ source: 'a.txt', dest: path, overwrite: true })],
      [moveFileTool, path => ({ source: 'm/a.txt', dest: path, overwrite: true })],
      [createDirectoryTool, path => ({ path })],
    ]
    const rounds = scaled(2, 1000)
    const pick = random(FUZZ_SEED)
    const roots = { project, allowed: [], forbidden: [] }
    const seen = {
      path_escapes: paths.length,
      tools: TOOLS.length,
      rounds_of_each: rounds,
      calls: 0,
      went_through_inside: 0,
      outside: 0,
    }
    const signal = new AbortController().signal
    const made: string[] = []
    try {
      for (let round = 0; round < rounds; round++) {
        for (const [tool, params] of TOOLS)
          for (const path of paths) {
            const context = { roots, seen: new Map(), unsaved: new Map(), hidden: () => false, signal } as never
            seen.calls++
            try {
              const parsed = tool.parse(params(path))
              const effect = await tool.effect(parsed, context)
              if (pick(3) === 0) await new Promise<void>(resolve => setImmediate(resolve))
              await tool.run(parsed, context, effect)
              seen.went_through_inside++
            } catch {
              // refused, or the place was another one at that moment
            }
          }
        kept()
        const now = around()
        if (String(now) !== String(before) || (await Bun.file(join(outside, 'keep.txt')).text()) !== 'alpha')
          made.push(...now.map(String))
      }
    } finally {
      swapper.kill('SIGKILL')
      await once(swapper, 'exit')
    }
    seen.outside = made.length
    figure('path escapes and races', seen)
    expect(made).toEqual([])
    expect(seen.went_through_inside).toBeGreaterThan(0)
  },
  7_200_000,
)
