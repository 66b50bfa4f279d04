import { describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '../../support/temp.ts'

const ROOT = join(import.meta.dir, '../../..')
const SUITE = join(ROOT, 'node_modules/@modelcontextprotocol/conformance')
const lack = existsSync(SUITE) ? '' : ' (needs the package @modelcontextprotocol/conformance)'

/** What a revision requires of clients, in the suite's own words. */
function required(revision: string): string[] {
  const text = readFileSync(join(SUITE, 'requirements', `${revision}.yaml`), 'utf8')
  const [, list = ''] = /^client:\n((?: +- \S+\n)+)/m.exec(text) ?? []
  return Array.from(list.matchAll(/- (\S+)/g), ([, name]) => name!)
}

/** The official suite, offline: every client scenario that a revision requires, at that revision's wire. */
describe('the official conformance suite, on the built binary', () => {
  for (const [revision, scenarios] of [
    ['2025-11-25', 18],
    ['2026-07-28', 32],
  ] as const)
    test.skipIf(lack !== '')(
      `${revision}${lack}`,
      async () => {
        const client = `${process.execPath} ${join(ROOT, 'tests/support/mcp-conformance.ts')}`
        const { bin } = JSON.parse(readFileSync(join(SUITE, 'package.json'), 'utf8')) as { bin: Record<string, string> }
        const program = join(SUITE, Object.values(bin)[0]!)
        const args = ['--command', client, '--requirements', revision, '--timeout', '90000', '-o', tempDir()]
        const suite = spawn(process.execPath, [program, 'client', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
        let report = ''
        for (const stream of [suite.stdout, suite.stderr]) stream.on('data', chunk => (report += chunk))
        await once(suite, 'close')
        // Its own mark counts a warning as a failure, and its exit code counts what the revision does not require.
        const passed = new Set(
          Array.from(report.matchAll(/^[✓✗] (\S+): [1-9]\d* passed, 0 failed/gm), ([, name]) => name),
        )
        const missing = required(revision).filter(name => !passed.has(name))
        expect({ missing, report: missing.length === 0 ? '' : report.slice(-6000) }).toEqual({
          missing: [],
          report: '',
        })
        expect(required(revision)).toHaveLength(scenarios)
      },
      300_000,
    )
})
