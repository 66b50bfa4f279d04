import { expect, test } from 'bun:test'
import { dirname, join, normalize } from 'node:path'
import { Glob } from 'bun'

/** The rooms from the bottom up. A file may import from its own room and from those below; equals do not import each other. */
const ROOMS = [
  ['event', 'base'],
  ['config', 'markdown'],
  ['org', 'llm', 'lsp', 'emacs'],
  ['transcript'],
  ['tools'],
  ['guide', 'mcp', 'conventions', 'undo'],
  ['agent'],
  ['session'],
  ['acp', 'server'],
  ['manual'],
  ['cli'],
  ['main'],
]

const roomOf = (path: string) => path.replace(/^src\//, '').split(/[/.]/)[0]!
const rankOf = (path: string) => ROOMS.findIndex(rooms => rooms.includes(roomOf(path)))
const IMPORT = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g

/** Files that work on the disk of this machine only: changes made on it, walks of it, the user's own git excludes, worktrees. */
const OF_THIS_MACHINE =
  /^src\/tools\/(files\/(held|replace)|search\/(walk|repository|wanted)|editor\/buffers|git\/worktrees?|shell\/(capture|executable))\.ts$/
const DISK = /from 'node:fs|\b(readRegular|openRegular|exists)\b.*from '\.\.\/\.\.\/base\/files/

const root = join(import.meta.dir, '..')
for (const path of new Glob('src/**/*.ts').scanSync(root)) {
  test(path, async () => {
    const source = await Bun.file(join(root, path)).text()
    expect(rankOf(path)).toBeGreaterThanOrEqual(0)
    for (const [, specifier] of source.matchAll(IMPORT)) {
      const target = normalize(join(dirname(path), specifier!))
      if (!target.startsWith('src/') || roomOf(target) === roomOf(path)) continue
      const isBase = rankOf(target) === 0 && rankOf(path) === 0
      if (!isBase && rankOf(target) >= rankOf(path)) throw new Error(`${path} imports ${target}, which is not below it`)
    }
    if (path !== 'src/main.ts' && /\bprocess\.(env|argv)\b/.test(source))
      throw new Error(`${path} reads the environment or argv`)
    // A path may lead to a named pipe, which waits for ever: `files.ts` opens regular files only. /proc has no others.
    if (
      !/^src\/base\/(files|marks|processes)\.ts$/.test(path) &&
      /\breadFile(Sync)?\(|createReadStream|Bun\.file/.test(source)
    )
      throw new Error(`${path} opens files to read them otherwise than by base/files.ts`)
    // A project may be on another machine: its tools reach files through the host.
    if (/^src\/tools\/(files|search|git|shell|editor)\//.test(path) && !OF_THIS_MACHINE.test(path) && DISK.test(source))
      throw new Error(`${path} reaches the disk of this machine otherwise than by tools/host`)
    if (/^export default/m.test(source)) throw new Error(`${path} has a default export`)
  })
}

for (const path of new Glob('tests/**/*.ts').scanSync(root)) {
  test(`${path} has at most 400 lines`, async () => {
    const { length } = (await Bun.file(join(root, path)).text()).split('\n')
    expect(length).toBeLessThanOrEqual(401)
  })
}
