import { describe, expect, test } from 'bun:test'
import { readFileSync, statSync } from 'node:fs'
import { elfGraph, isElf } from '../../scripts/build/elf.ts'
import { loadedBy, type Modules, trimGraph } from '../../scripts/build/graph.ts'
import { BINARY } from '../support/backend.ts'

const name = (file: string) => `/$bunfs/root/${file}`
const sources = (files: Record<string, string>): Modules => ({
  entry: name('main'),
  sources: new Map(Object.entries(files).map(([file, text]) => [name(file), text])),
})

describe('what is loaded with the entry point', () => {
  const modules = sources({
    main: `import{a}from"./shared-00000000.js";import("./late-11111111.js")`,
    'shared-00000000.js': `import"${name('deep-22222222.js')}"`,
    'deep-22222222.js': 'x="./late-11111111.js.not"',
    'late-11111111.js': `import{b}from"./own-33333333.js"`,
    'own-33333333.js': '',
  })
  const loaded = (...roots: string[]) => [...loadedBy(modules, roots)].map(path => path.split(/[/-]/).at(3)).sort()

  test('is what it imports at once, and so on', () => expect(loaded()).toEqual(['deep', 'main', 'shared']))
  test('a root adds what it imports', () => expect(loaded('late')).toEqual(['deep', 'late', 'main', 'own', 'shared']))
  test('an unknown root is a mistake', () => expect(() => loaded('lat')).toThrow('there is no chunk lat'))
})

describe('the built executable', () => {
  const executable = readFileSync(BINARY)
  const isLinux = isElf(executable)

  test.skipIf(!isLinux)('has at most 110 MiB', () => expect(statSync(BINARY).size).toBeLessThanOrEqual(110 * 2 ** 20))

  const all = ({ sources }: Modules) => new Set(sources.keys())

  test.skipIf(!isLinux)('keeping everything changes nothing, and what has no bytecode gets none', () => {
    const graph = elfGraph(executable)
    expect(trimGraph(graph, all).equals(graph)).toBe(true)
    const trimmed = trimGraph(graph, modules => loadedBy(modules, []))
    expect(trimmed.length).toBeLessThan(graph.length)
    expect(trimGraph(trimmed, all).equals(trimmed)).toBe(true)
  })

  test.skipIf(!isLinux).each<[string, (graph: Buffer) => Buffer]>([
    ['no end', graph => graph.subarray(0, -1)],
    ['another size', graph => graph.subarray(8)],
    ['other lists', graph => Buffer.concat([graph.subarray(0, -48), Buffer.alloc(4), graph.subarray(-48)])],
  ])('a graph with %s is refused', (_, damage) => {
    expect(() => trimGraph(damage(elfGraph(executable)), all)).toThrow('its module graph')
  })
})
