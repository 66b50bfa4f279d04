/**
 * Compiles the executables: for this machine into `dist/emacs-agent-backend`, with `--all` also one per system, and with
 * `--node` the same program as a bundle for Node 22. Bytecode halves the start; a program that autoloads `.env` or
 * `bunfig.toml` from where it is started would run what an untrusted project says, so both are off.
 */
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dir, '..')
const dist = join(root, 'dist')
const NAME = 'emacs-agent-backend'
export const TARGETS = [
  'bun-linux-x64',
  'bun-linux-x64-baseline',
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
  console.error(stderr.toString())
  process.exit(1)
}

function report(path: string) {
  console.log(`${path.slice(root.length + 1)}  ${(statSync(path).size / 1024 / 1024).toFixed(1)} MiB`)
}

const wanted = new Set(process.argv.slice(2))
mkdirSync(dist, { recursive: true })

if (wanted.has('--node')) {
  bun([...COMMON, `--outdir=${join(dist, 'node')}`])
  report(join(dist, 'node', 'main.js'))
} else if (wanted.has('--all')) {
  for (const target of TARGETS) {
    const path = join(dist, `${NAME}-${target.slice(4)}${target.includes('windows') ? '.exe' : ''}`)
    bun([...COMMON.filter(flag => flag !== '--target=bun'), ...COMPILE, `--target=${target}`, `--outfile=${path}`])
    report(path)
  }
} else {
  const path = join(dist, process.platform === 'win32' ? `${NAME}.exe` : NAME)
  bun([...COMMON, ...COMPILE, `--outfile=${path}`])
  report(path)
}
