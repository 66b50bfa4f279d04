/**
 * Compiles the executables: for this machine into `dist/emacs-agent-backend`, with `--all` also one per system, and with
 * `--node` the same program as a bundle for Node 22. Bytecode halves the start; a program that autoloads `.env` or
 * `bunfig.toml` from where it is started would run what an untrusted project says, so both are off, and so are the variables
 * that make Bun of it (`build/switches.ts`). What is for macOS is signed anew. Fails when a signature does not fit, or when
 * two executables hold the same runtime.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { signAdHoc, verifySignature } from './build/macho.ts'
import { disarmSwitches } from './build/switches.ts'

const root = join(import.meta.dir, '..')
const dist = join(root, 'dist')
const NAME = 'emacs-agent-backend'
/** No `-baseline`: since Bun 1.4 there is one runtime for all x64 processors (SSE4.2), and that target gives the same bytes. */
const TARGETS = [
  'bun-linux-x64',
  'bun-linux-x64-musl',
  'bun-linux-arm64',
  'bun-darwin-x64',
  'bun-darwin-arm64',
  'bun-windows-x64',
  'bun-windows-arm64',
] as const

const COMMON = [
  '--target=bun',
  '--format=esm',
  '--splitting',
  '--minify-syntax',
  '--minify-whitespace',
  '--define=process.env.NODE_ENV="production"',
]
const COMPILE = ['--compile', '--bytecode', '--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig']

function bun(args: string[]) {
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, 'build', join(root, 'src/main.ts'), ...args], {
    cwd: root,
    stdout: 'ignore',
    stderr: 'pipe',
  })
  if (exitCode === 0) return
  fail(stderr.toString())
}

/**
 * Compiles into `path`, disarms and signs what came out. Returns a hash of the beginning, which is the runtime's alone: what
 * is ours stands behind it, and is a little different in every build.
 */
function compile(path: string, target?: string): string {
  bun([
    ...COMMON.filter(flag => !target || flag !== '--target=bun'),
    ...COMPILE,
    ...(target ? [`--target=${target}`] : []),
    `--outfile=${path}`,
  ])
  try {
    let executable: Buffer = readFileSync(path)
    const runtime = createHash('sha256')
      .update(executable.subarray(0, 64 * 2 ** 20))
      .digest('hex')
    disarmSwitches(executable)
    const isForMac = target ? target.includes('darwin') : process.platform === 'darwin'
    if (isForMac) executable = signAdHoc(executable, NAME)
    writeFileSync(path, executable)
    if (isForMac) verifySignature(readFileSync(path))
    return runtime
  } catch (error) {
    rmSync(path) // `npm test` would take it for a good one
    return fail(`${path}: ${error instanceof Error ? error.message : error}`)
  }
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}

function report(path: string) {
  console.log(`${path.slice(root.length + 1)}  ${(statSync(path).size / 1024 / 1024).toFixed(1)} MiB`)
}

const made = Bun.spawnSync([process.execPath, join(root, 'scripts/catalogue.ts')], { cwd: root, stderr: 'inherit' })
if (made.exitCode !== 0) fail('The catalogue of models could not be made.')

const wanted = new Set(process.argv.slice(2))
mkdirSync(dist, { recursive: true })

if (wanted.has('--node')) {
  rmSync(join(dist, 'node'), { recursive: true, force: true }) // the names of its parts are hashes: old ones would stay
  bun([...COMMON, `--outdir=${join(dist, 'node')}`])
  const main = join(dist, 'node', 'main.js')
  writeFileSync(main, `#!/usr/bin/env node\n${readFileSync(main, 'utf8')}`, { mode: 0o755 })
  report(main)
} else if (wanted.has('--all')) {
  const runtimes = new Map<string, string>()
  for (const target of TARGETS) {
    const path = join(dist, `${NAME}-${target.slice(4)}${target.includes('windows') ? '.exe' : ''}`)
    const runtime = compile(path, target)
    const same = runtimes.get(runtime)
    if (same) fail(`${basename(path)} is the same program as ${same}: ship one of them`)
    runtimes.set(runtime, basename(path))
    report(path)
  }
} else {
  const path = join(dist, process.platform === 'win32' ? `${NAME}.exe` : NAME)
  compile(path)
  report(path)
}
