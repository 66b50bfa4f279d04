import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { run } from './archive.ts'

/** Debian's musl (package `musl`). */
const LOADER = '/lib/ld-musl-x86_64.so.1'
const LIBC = '/usr/lib/x86_64-linux-musl/libc.so'

/**
 * Makes the directory in which `executable`, one for musl on x64, finds its libraries (LD_LIBRARY_PATH). Debian has no libstdc++
 * for musl: the parts that the executable needs are linked from the static one for glibc, against musl. Resolves with
 * false where the machine lacks musl, gcc or the static library (g++). Throws Error with what the linker says.
 */
export async function muslLibraries(directory: string, executable: string): Promise<boolean> {
  const find = (name: string) => run('gcc', [`-print-file-name=${name}`], '/').then(path => path.trim())
  const archives = await Promise.all(['libstdc++.a', 'libgcc_eh.a', 'libgcc.a'].map(find)).catch(() => [])
  if (!existsSync(LOADER) || !existsSync(LIBC) || archives.length === 0 || !archives.every(isAbsolute)) return false
  const asked = [
    ...(await symbols(['-D', '--undefined-only', executable])),
    ...(await copied(executable)), // a symbol copied from a library counts as defined
  ]
  const offered = new Set(await symbols(['--defined-only', '--extern-only', archives[0]!]))
  const parts = asked.filter(name => offered.has(name)).map(name => `-Wl,-u,${name}`)
  const out = join(directory, 'libstdc++.so.6')
  const stubs = join(import.meta.dir, 'musl-glibc.c')
  mkdirSync(directory, { recursive: true })
  await run('gcc', ['-shared', '-nostdlib', '-fPIC', '-O1', '-o', out, stubs, ...parts, ...archives, LIBC], directory)
  symlinkSync(LIBC, join(directory, 'libc.musl-x86_64.so.1'))
  return true
}

/** Names without the version of the symbol. */
async function symbols(args: string[]): Promise<string[]> {
  const lines = (await run('nm', ['--format=posix', ...args], '/')).matchAll(/^([^ @\n]+)\S* [A-Za-z] ?/gm)
  return [...lines].map(([, name]) => name!)
}

async function copied(executable: string): Promise<string[]> {
  const lines = (await run('readelf', ['-rW', executable], '/')).matchAll(/_COPY\s+\S+\s+([^\s@]+)/g)
  return [...lines].map(([, name]) => name!)
}
