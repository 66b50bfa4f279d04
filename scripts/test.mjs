// `npm test`: types, lint, build, unit and end-to-end tests, and the Emacs client's. Ends with `N passed, N failed`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, bun, root, run } from './executable.mjs'
import { countsIn, slowestIn } from './junit.mjs'

const SLOWEST = 20

const totals = { passed: 0, failed: 0, skipped: 0 }
const count = ({ passed = 0, failed = 0, skipped = 0 }) => {
  totals.passed += passed
  totals.failed += failed
  totals.skipped += skipped
}

/** A step that passes or fails as a whole. */
function step(name, code) {
  console.log(`${code === 0 ? 'ok' : 'FAILED'}  ${name}`)
  count(code === 0 ? { passed: 1 } : { failed: 1 })
  return code === 0
}

/** Everything temporary goes below one directory of this run: what is still in it at the end was left behind. */
const temp = mkdtempSync(join(tmpdir(), 'emacs-agent-tests-'))
const env = { ...process.env, TMPDIR: temp }

const bin = name => join(root, 'node_modules', '.bin', name)
let slowest = []
try {
  step('types', run(bin('tsc'), ['--noEmit']))
  step('lint and format', run(bin('biome'), ['check', '.']))
  if (step('build', build())) {
    bunTests()
    emacsTests()
    nothingLeft()
  }
} finally {
  rmSync(temp, { recursive: true, force: true })
}

/** Each file in a world of its own (`--isolate`): hooks in what files share would else run after the first of them alone. */
function bunTests() {
  const report = join(temp, 'junit.xml')
  const reporting = ['--reporter=junit', `--reporter-outfile=${report}`]
  const code = run(bun, ['test', '--isolate', '--timeout', '180000', ...reporting, ...process.argv.slice(2)], { env })
  const text = existsSync(report) ? readFileSync(report, 'utf8') : ''
  rmSync(report, { force: true })
  const { tests, failures, skipped } = countsIn(text)
  count({ passed: tests - failures - skipped, failed: failures === 0 && code !== 0 ? 1 : failures, skipped })
  slowest = slowestIn(text, SLOWEST)
}

/** The client's own runner counts for itself, in the same words; once for each Emacs there is. */
function emacsTests() {
  const newer = join(root, 'dist', 'emacs-30', 'emacs') // see provide-emacs30.sh
  for (const emacs of ['emacs', ...(existsSync(newer) ? [newer] : [])]) {
    const { status, stdout } = spawnSync('bash', [join(root, 'scripts', 'test-emacs.sh')], {
      cwd: root,
      env: { ...env, EMACS: emacs },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    process.stdout.write(stdout)
    const [, passed, failed, skipped] = /(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$/.exec(stdout) ?? []
    if (passed === undefined) count({ failed: 1 })
    else
      count({
        passed: Number(passed),
        failed: Math.max(Number(failed), status === 0 ? 0 : 1),
        skipped: Number(skipped ?? 0),
      })
  }
}

/** Neither files of ours nor processes: whoever was started for this run has its directory in the environment. */
function nothingLeft() {
  const ours = readdirSync(temp).filter(name => name.startsWith('emacs-agent-')) // Emacs and Node keep caches there
  const left = [...ours.flatMap(name => [join(temp, name), ...contentsOf(join(temp, name))]), ...processesOf(temp)]
  if (!step('nothing is left behind', left.length === 0 ? 0 : 1)) console.log(left.join('\n'))
}

/** What is in a directory that was left tells which test it was. */
function contentsOf(directory) {
  const names = readdirSync(directory, { recursive: true })
  return names.slice(0, 20).map(name => `  ${name}`)
}

function processesOf(directory) {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').flatMap(pid => {
    try {
      if (!/^\d+$/.test(pid) || !readFileSync(`/proc/${pid}/environ`, 'utf8').includes(directory)) return []
      return [`process ${pid}: ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`]
    } catch {
      return [] // it ended meanwhile, or is another user's
    }
  })
}

if (slowest.length > 0) {
  console.log(`\nThe ${slowest.length} slowest tests, in seconds`)
  for (const { seconds, name } of slowest) console.log(`${seconds.toFixed(1).padStart(6)}  ${name}`)
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed${totals.skipped ? `, ${totals.skipped} skipped` : ''}`)
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1)
