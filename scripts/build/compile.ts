import { createHash } from 'node:crypto'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { VERSION } from '../../src/base/version.ts'
import { changeElfGraph, isElf } from './elf.ts'
import { loadedBy, trimGraph } from './graph.ts'
import { compressTexts, leaveOut } from './leave-out.ts'
import { signAdHoc, verifySignature } from './macho.ts'
import { changePeGraph, isPe, writeChecksum } from './pe.ts'
import { disarmSwitches } from './switches.ts'
import { HOST, NAME } from './targets.ts'
import { writeVersionInfo } from './version-info.ts'

export const ROOT = join(import.meta.dir, '../..')

/** Names of functions and classes stay: errors are reported with them. */
const COMMON = {
  entrypoints: [join(ROOT, 'src/main.ts')],
  root: ROOT,
  target: 'bun',
  format: 'esm',
  splitting: true,
  naming: { entry: '[name].[ext]', chunk: '[name]-[hash].[ext]' },
  minify: { syntax: true, whitespace: true, identifiers: true, keepNames: true },
  define: { 'process.env.NODE_ENV': '"production"' },
  plugins: [leaveOut, compressTexts],
} as const satisfies Bun.BuildConfig

/**
 * What has bytecode, two functions deep (one for Windows), beside the entry point: the chunks that a server loads. It halves the
 * start, and is three times the size of the source; that of a first turn (`session`) would save 20 ms once, and does not fit.
 */
const EAGER = (target: string): string[] => (isForWindows(target) ? [] : ['engine'])
const isForWindows = (target: string): boolean => target.startsWith('windows')

/** The files that are in the program, by absolute path. */
export async function bundledFiles(): Promise<string[]> {
  const { metafile } = await build({ ...COMMON, metafile: true })
  return Object.entries(metafile?.outputs ?? {}).flatMap(([, { inputs }]) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [resolve(ROOT, path)] : [])),
  )
}

/** The program as modules for Node 22, in `directory`; the first is `main.js`. Throws Error with what the compiler says. */
export async function bundle(directory: string): Promise<void> {
  rmSync(directory, { recursive: true, force: true }) // the names of its parts are hashes: old ones would stay
  await build({ ...COMMON, outdir: directory })
  const main = join(directory, 'main.js')
  writeFileSync(main, `#!/usr/bin/env node\n${readFileSync(main, 'utf8')}`, { mode: 0o755 })
}

/**
 * Compiles into `path` for a target, takes out what is not needed, disarms and signs what came out. A program that autoloads
 * `.env` or `bunfig.toml` from where it is started would run what an untrusted project says, so both are off. Returns a hash
 * of the runtime, which comes first: what is ours stands behind it. Throws Error; there is no file then.
 */
export async function compile(path: string, target: string = HOST): Promise<string> {
  rmSync(path, { force: true }) // one that runs cannot be written to
  try {
    await build({
      ...COMMON,
      bytecode: true,
      bytecodeDepth: isForWindows(target) ? 1 : 2,
      compile: {
        target: `bun-${target}` as Bun.Build.CompileTarget,
        outfile: path,
        autoloadDotenv: false,
        autoloadBunfig: false,
      },
    })
    let executable: Buffer = readFileSync(path)
    const runtime = createHash('sha256')
      .update(executable.subarray(0, 64 * 2 ** 20))
      .digest('hex')
    const trim = (graph: Buffer) => trimGraph(graph, modules => loadedBy(modules, EAGER(target)))
    if (isElf(executable)) executable = changeElfGraph(executable, trim)
    if (isPe(executable)) executable = changePeGraph(executable, trim)
    disarmSwitches(executable)
    if (isPe(executable)) {
      nameOurs(executable)
      writeChecksum(executable)
    }
    const isForMac = target.startsWith('darwin')
    if (isForMac) executable = signAdHoc(executable, NAME)
    writeFileSync(path, executable)
    chmodSync(path, 0o755)
    if (isForMac) verifySignature(readFileSync(path))
    return runtime
  } catch (error) {
    rmSync(path, { force: true }) // `npm test` would take it for a good one
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`)
  }
}

/** Returns a `compile` that throws Error when two of its executables have the same runtime. */
export function distinctCompiler(): (path: string, target: string) => Promise<void> {
  const targets = new Map<string, string>()
  return async (path, target) => {
    const runtime = await compile(path, target)
    const same = targets.get(runtime)
    if (same) throw new Error(`${target} is the same program as ${same}: ship one of them`)
    targets.set(runtime, target)
  }
}

/** There is room for what the runtime had there, and no more. */
const nameOurs = (executable: Buffer): void =>
  writeVersionInfo(executable, VERSION, {
    CompanyName: 'Emacs-Agent',
    FileDescription: 'Emacs-Agent',
    FileVersion: VERSION,
    LegalCopyright: 'MIT',
    OriginalFilename: `${NAME}.exe`,
    ProductName: 'Emacs-Agent',
    ProductVersion: VERSION,
  })

async function build(config: Bun.BuildConfig): Promise<Bun.BuildOutput> {
  const output = await Bun.build({ ...config, throw: false })
  if (!output.success) throw new Error(output.logs.map(String).join('\n'))
  return output
}
