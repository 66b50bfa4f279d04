import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')
export const bun = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'bun.cmd' : 'bun')
export const binary = join(
  root,
  'dist',
  process.platform === 'win32' ? 'emacs-agent-backend.exe' : 'emacs-agent-backend',
)

/** Runs a program with our streams; resolves to its exit code. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (error) console.error(`${command}: ${error.message}`)
  return status ?? 1
}

/** Builds the executable unless it is newer than everything it is made of. */
export function build() {
  const sources = [
    join(root, 'package.json'),
    join(root, 'scripts', 'build.ts'),
    ...filesIn(join(root, 'scripts', 'build')),
    ...filesIn(join(root, 'src')),
  ]
  const newest = Math.max(...sources.map(path => statSync(path).mtimeMs))
  if (existsSync(binary) && statSync(binary).mtimeMs > newest) return 0
  console.error('Building dist/emacs-agent-backend …')
  return run(bun, ['scripts/build.ts'])
}

const filesIn = directory =>
  readdirSync(directory, { withFileTypes: true }).flatMap(entry => {
    const path = join(directory, entry.name)
    return entry.isDirectory() ? filesIn(path) : [path]
  })
