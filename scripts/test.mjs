// `npm test`: types, lint, build, unit and end-to-end tests, and the Emacs client's. Ends with `N passed, N failed`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, bun, root, run } from './executable.mjs'

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

const bin = name => join(root, 'node_modules', '.bin', name)
step('types', run(bin('tsc'), ['--noEmit']))
step('lint and format', run(bin('biome'), ['check', '.']))
if (step('build', build())) {
  bunTests()
  emacsTests()
}

function bunTests() {
  const directory = mkdtempSync(join(tmpdir(), 'emacs-agent-report-'))
  const report = join(directory, 'junit.xml')
  try {
    const code = run(bun, [
      'test',
      '--timeout',
      '60000',
      '--reporter=junit',
      `--reporter-outfile=${report}`,
      ...process.argv.slice(2),
    ])
    const [, attributes = ''] = existsSync(report)
      ? (/<testsuites([^>]*)>/.exec(readFileSync(report, 'utf8')) ?? [])
      : []
    const number = name => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(attributes)?.[1] ?? 0)
    const [tests, failed, skipped] = [number('tests'), number('failures'), number('skipped')]
    count({ passed: tests - failed - skipped, failed: failed === 0 && code !== 0 ? 1 : failed, skipped })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The client's own runner counts for itself, in the same words; once for each Emacs there is. */
function emacsTests() {
  const newer = join(root, 'dist', 'emacs-30', 'emacs') // see provide-emacs30.sh
  for (const emacs of ['emacs', ...(existsSync(newer) ? [newer] : [])]) {
    const { status, stdout } = spawnSync('bash', [join(root, 'scripts', 'test-emacs.sh')], {
      cwd: root,
      env: { ...process.env, EMACS: emacs },
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

console.log(`\n${totals.passed} passed, ${totals.failed} failed${totals.skipped ? `, ${totals.skipped} skipped` : ''}`)
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1)
