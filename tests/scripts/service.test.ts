import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '../support/temp.ts'

const unit = readFileSync(join(import.meta.dirname, '../../scripts/packaging/emacs-agent.service'), 'utf8')
const lacks = spawnSync('systemd-analyze', ['--version']).status !== 0

test.skipIf(lacks)(`systemd takes the unit${lacks ? ' (skipped: no systemd-analyze)' : ''}`, () => {
  const root = tempDir({ program: '#!/bin/sh\n' })
  chmodSync(join(root, 'program'), 0o755)
  const there = unit.replace('%h/.local/bin/emacs-agent-backend', join(root, 'program'))
  expect(there).not.toBe(unit)
  const verify = (text: string) =>
    spawnSync(
      'systemd-analyze',
      ['verify', '--user', join(tempDir({ 'emacs-agent.service': text }), 'emacs-agent.service')],
      {
        encoding: 'utf8',
        env: { ...process.env, HOME: root, XDG_RUNTIME_DIR: root },
      },
    )
  // What it says of units of the machine is not about ours.
  const complaints = (text: string) =>
    verify(text)
      .stderr.split('\n')
      .filter(line => line.includes('emacs-agent.service'))
  expect(complaints(there)).toEqual([])
  expect(complaints(there.replace('UMask=', 'UMusk='))).not.toEqual([])
})
