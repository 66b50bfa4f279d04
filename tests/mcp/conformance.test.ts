import { describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '../..')
const SUITE = join(ROOT, 'node_modules/@modelcontextprotocol/conformance')
const lack = existsSync(SUITE) ? '' : ' (needs the package @modelcontextprotocol/conformance)'

/** The official suite, offline: every client scenario that a revision requires, at that revision's wire. */
describe('the official conformance suite', () => {
  for (const [revision, scenarios] of [
    ['2025-11-25', 18],
    ['2026-07-28', 32],
  ] as const)
    test.skipIf(lack !== '')(
      `${revision}${lack}`,
      async () => {
        const out = mkdtempSync(join(tmpdir(), 'mcp-conformance-out-'))
        try {
          const client = `${process.execPath} ${join(ROOT, 'tests/support/mcp-conformance.ts')}`
          const { bin } = JSON.parse(readFileSync(join(SUITE, 'package.json'), 'utf8')) as {
            bin: Record<string, string>
          }
          const suite = spawn(
            process.execPath,
            [join(SUITE, Object.values(bin)[0]!), 'client', '--command', client, '--requirements', revision, '-o', out],
            { stdio: ['ignore', 'pipe', 'pipe'] },
          )
          let report = ''
          for (const stream of [suite.stdout, suite.stderr]) stream.on('data', chunk => (report += chunk))
          const [code] = await once(suite, 'close')
          const passed = [...report.matchAll(/^✓ (\S+):/gm)].map(([, name]) => name)
          expect({ code, passed: passed.length, report: code === 0 ? '' : report.slice(-4000) }).toEqual({
            code: 0,
            passed: scenarios,
            report: '',
          })
        } finally {
          rmSync(out, { recursive: true, force: true })
        }
      },
      300_000,
    )
})
