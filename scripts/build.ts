/**
 * Compiles the executables: for this machine into `dist/emacs-agent-backend`, with `--all` also one per system, and with
 * `--node` the same program as a bundle for Node 22. Fails when two executables hold the same runtime.
 */
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { bundle, compile, distinctCompiler, ROOT } from './build/compile.ts'
import { executableName, HOST, NAME, TARGETS } from './build/targets.ts'

const dist = join(ROOT, 'dist')

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}

function report(path: string) {
  console.log(`${path.slice(ROOT.length + 1)}  ${(statSync(path).size / 1024 / 1024).toFixed(1)} MiB`)
}

async function all() {
  const compileOne = distinctCompiler()
  for (const target of TARGETS) {
    const path = join(dist, executableName(target).replace(NAME, `${NAME}-${target}`))
    await compileOne(path, target)
    report(path)
  }
}

const made = Bun.spawnSync([process.execPath, join(ROOT, 'scripts/catalogue.ts')], { cwd: ROOT, stderr: 'inherit' })
if (made.exitCode !== 0) fail('The catalogue of models could not be made.')

const wanted = new Set(process.argv.slice(2))
mkdirSync(dist, { recursive: true })
try {
  if (wanted.has('--node')) {
    await bundle(join(dist, 'node'))
    report(join(dist, 'node', 'main.js'))
  } else if (wanted.has('--all')) await all()
  else {
    const path = join(dist, executableName(HOST))
    await compile(path)
    report(path)
  }
} catch (error) {
  fail(error instanceof Error ? error.message : String(error))
}
