import { afterAll, describe, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createChildren } from '../../../src/base/children.ts'
import { livingProcesses, startTimeOf } from '../../../src/base/processes.ts'
import { exitCodeOf, type RunOptions, run, start } from '../../../src/tools/shell/process.ts'
import { tempDir } from '../../support/temp.ts'

const env = { PATH: process.env.PATH ?? '/usr/bin:/bin' }
const folder = tempDir()
const children = createChildren(join(folder, 'children'))
afterAll(() => children.close())
const isGroupAlive = (leader: number) => livingProcesses().some(({ group }) => group === leader)
const sh = (line: string, options: Partial<RunOptions> = {}) =>
  run(['/bin/sh', '-c', line], { children, cwd: tmpdir(), env, signal: new AbortController().signal, ...options })

/** Pids that a command printed, one a line. */
const pids = (text: string) => text.split('\n').filter(Boolean).map(Number)
const alive = (all: number[]) => all.filter(pid => startTimeOf(pid) !== null)
const hasSetsid = Bun.which('setsid') !== null

/** Runs until `count` lines came, then aborts. */
async function interrupt(line: string, count: number) {
  const controller = new AbortController()
  let seen = ''
  const error = await sh(line, {
    signal: controller.signal,
    onOutput(chunk) {
      seen += new TextDecoder().decode(chunk)
      if (seen.split('\n').length > count) controller.abort()
    },
  }).catch(error => error)
  return { error, pids: pids(seen) }
}

describe('run', () => {
  test('reports status, signal and both outputs', async () => {
    expect(await sh('echo out; echo err >&2; exit 3')).toMatchObject({
      exit_code: 3,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    const killed = await sh('kill -9 $$')
    expect(killed).toMatchObject({ exit_code: null, signal: 'SIGKILL' })
    expect(exitCodeOf(killed)).toBe(137)
  })

  test('stdin is /dev/null unless given', async () => {
    expect((await sh('cat')).stdout).toBe('')
    expect((await sh('cat', { stdin: 'hello' })).stdout).toBe('hello')
    expect((await sh('exec 0<&-; exit 0', { stdin: 'x'.repeat(1_000_000) })).exit_code).toBe(0)
  })

  test('merges both outputs into one', async () => {
    expect(await sh('echo a; echo b >&2', { merge: true })).toMatchObject({ stderr: '', dropped: 0 })
  })

  test.each([
    ['a program', ['/nowhere/program'], tmpdir()],
    ['a directory', ['/bin/sh'], '/nowhere/at/all'],
  ])('%s that does not exist', (_, command, cwd) => {
    const running = run(command, { children, cwd, env, signal: new AbortController().signal })
    return expect(running).rejects.toMatchObject({ code: 'TOOL_FAILED' })
  })

  test('an aborted signal starts nothing', () =>
    expect(sh('echo never', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'INTERRUPTED' }))

  test('memory is bounded, and the whole is spilled', async () => {
    const spill = join(folder, 'spill')
    const result = await sh('i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done', {
      max_output_bytes: 1000,
      spill,
    })
    expect(result.spilled).toBe(true)
    expect(result.stdout).toStartWith('line 0\n')
    expect(result.stdout).toEndWith('line 2999\n')
    expect(result.dropped).toBe(statSync(spill).size - 1000)
  })
})

describe('nothing is left behind', () => {
  test('a timeout ends the group', async () => {
    const result = await sh('echo $$; sleep 1000 & echo $!; wait', { timeout_ms: 3_000 })
    expect(result).toMatchObject({ timed_out: true, exit_code: null, signal: 'SIGTERM' })
    expect(pids(result.stdout)).toHaveLength(2)
    expect(alive(pids(result.stdout))).toEqual([])
  })

  test('an interrupt ends the group', async () => {
    const { error, pids } = await interrupt('echo $$; sleep 1000 & echo $!; (sleep 1000 & echo $!; wait)', 3)
    expect(error).toMatchObject({ code: 'INTERRUPTED' })
    expect(alive(pids)).toEqual([])
  })

  test('so it does when TERM is ignored', async () => {
    const { error, pids } = await interrupt('trap "" TERM; echo $$; while :; do sleep 1000; done', 1)
    expect(error).toMatchObject({ code: 'INTERRUPTED' })
    expect(alive(pids)).toEqual([])
  })

  test('a command that ends takes its background with it', async () => {
    const result = await sh('sleep 1000 & echo $!')
    expect(result).toMatchObject({ exit_code: 0, leftovers: true })
    expect(alive(pids(result.stdout))).toEqual([])
  })

  test('what ends by itself in time may still write', async () => {
    const result = await sh('(read x < /dev/null; echo late) & echo early')
    expect(result.stdout.split('\n').sort()).toEqual(['', 'early', 'late'])
  })

  // Each prints the pid of what it leaves behind; the last one also clears what it could be known by.
  test.skipIf(!hasSetsid || process.platform !== 'linux').each([
    ['setsid', 'setsid sleep 1000 & echo $!'],
    ['setsid -f', 'setsid -f sh -c "echo \\$\\$; exec sleep 1000 >&- 2>&-" | cat'],
    ['job control', 'set -m; sleep 1000 & echo $!'],
    ['nohup and disown', 'nohup sleep 1000 >/dev/null 2>&1 & echo $!'],
    ['a double fork', '(setsid sh -c "echo \\$\\$; exec sleep 1000 >&- 2>&-" &) | cat'],
    ['a double fork without an environment', '(env -i setsid sh -c "echo \\$\\$; exec sleep 1000 >&- 2>&-" &) | cat'],
  ])('what leaves the group goes with its command: %s (needs setsid and /proc)', async (_, line) => {
    const result = await sh(line)
    expect(result).toMatchObject({ exit_code: 0, leftovers: true })
    expect(pids(result.stdout)).toHaveLength(1)
    expect(alive(pids(result.stdout))).toEqual([])
  })

  test.skipIf(!hasSetsid || process.platform !== 'linux')(
    'an interrupt finds it too, even without its parents (needs setsid and /proc)',
    async () => {
      const line = 'setsid sh -c "echo \\$\\$; sleep 1000" & (setsid sh -c "echo \\$\\$; sleep 1000" &); sleep 1000'
      const { error, pids } = await interrupt(line, 2)
      expect(error).toMatchObject({ code: 'INTERRUPTED' })
      expect(pids).toHaveLength(2)
      expect(alive(pids)).toEqual([])
    },
  )
})

describe('start', () => {
  test('waits for the whole group on request', async () => {
    let output = ''
    const child = await start(['/bin/sh', '-c', '(read x; echo last) < "$GATE" & exit 0'], {
      children,
      cwd: tmpdir(),
      env: { ...env, GATE: '/dev/null' },
      leftovers: 'wait',
      onOutput: chunk => {
        output += new TextDecoder().decode(chunk)
      },
    })
    expect(await child.ended).toMatchObject({ exit_code: 0, leftovers: false })
    expect(output).toBe('last\n')
    expect(isGroupAlive(child.pid)).toBe(false)
  })

  test('killing what is gone is nothing', async () => {
    const child = await start(['/bin/sh', '-c', ':'], { children, cwd: tmpdir(), env, onOutput() {} })
    await child.ended
    await child.kill()
    expect(isGroupAlive(child.pid)).toBe(false)
  })
})
