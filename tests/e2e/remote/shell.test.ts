import { beforeAll, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { startTimeOf } from '../../../src/base/processes.ts'
import { withRemote } from '../../support/remote-editor.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({
    config: '[permissions]\nallow = ["shell_exec(cat *)"]\ndeny = ["read_file(private/**)", "read_file(~/keys/**)"]',
  })
})

const shell = (command: string, more: object = {}) => call('shell_exec', { command, ...more })

test('a command runs there, with its output as it comes', async () => {
  const { make, machine } = await withRemote(scripted, { 'd/x': '' }, { more: { env: { MINE: 'yes' } } })
  const { called, told, frames, result } = await make(
    shell('pwd; echo $MINE $TERM; echo err >&2; exit 3', { cwd: 'd' }),
  )
  expect(called).toMatchObject({ requires_approval: true, undo: 'none' })
  expect(called.reason).toEndWith(' on u@far')
  expect(told).toBe(`${machine.path}/d\nyes dumb\nerr\n[exit status 3]`)
  expect(result.result.metadata).toMatchObject({ exit_code: 3 })
  expect(
    frames
      .filter(({ event }) => event === 'tool.progress')
      .map(({ data }) => data.output)
      .join(''),
  ).toContain('yes dumb')
})

test('no variable of this machine is passed on', async () => {
  const { make } = await withRemote(scripted)
  const { told } = await make(shell('env'))
  expect(told).not.toContain(scripted.home.root)
  expect(told).toContain('TERM=dumb')
})

test('rules apply to the files that the operands resolve to there', async () => {
  const { make, machine } = await withRemote(scripted, {
    'a.txt': 'x\n',
    '.env': 'K=1\n',
    'private/p': 'x\n',
    'dir/a.txt': 'y\n',
  })
  fs.symlinkSync('.env', machine.at('plain'))
  fs.symlinkSync('dir', machine.at('way'))
  fs.symlinkSync('private/p', machine.at('open'))
  const asks = async (command: string) => {
    const { called, result } = await make(shell(command))
    return result.error?.code ?? called.requires_approval
  }
  expect(await asks('cat a.txt')).toBe(false)
  expect(await asks('cat way/a.txt dir/*.txt')).toBe(false)
  expect(await asks('cat plain')).toBe(true)
  expect(await asks('cat pl*')).toBe(true)
  expect(await asks('cat open')).toBe('PERMISSION_DENIED')
  expect(await asks('cat ~/keys/k')).toBe('PERMISSION_DENIED')
  expect(await asks(`cat ${machine.home}/keys/k`)).toBe('PERMISSION_DENIED')
  expect(await asks('cat ../open ./o?en')).toBe('PERMISSION_DENIED')
})

test('a long output is kept, and can be read in pages', async () => {
  const { make } = await withRemote(scripted)
  const { told, called } = await make(shell('seq 1 200000'))
  expect(told).toContain('[Over ')
  expect(told).toContain(`read_file {"path":"spill:${called.tool_call_id}"}`)
  const page = await make(call('read_file', { path: `spill:${called.tool_call_id}`, offset: 100_000, limit: 1 }))
  expect(page.told).toContain('100000\t100000')
})

test('output over the limit is cut, and the result says so', async () => {
  const { make } = await withRemote(scripted)
  const { told, result } = await make(shell('head -c 6000000 /dev/zero | tr "\\0" x'))
  expect(told).toContain('left out here')
  expect(result.result.metadata.dropped_bytes).toBeGreaterThan(0)
})

test('a command that takes too long is ended', async () => {
  const { make } = await withRemote(scripted)
  const { told, result } = await make(shell('echo begun; while :; do echo .; sleep 0.05; done', { timeout_seconds: 1 }))
  expect(told).toStartWith('begun\n')
  expect(told).toContain('[timed out after 1 s and was ended; shell_background has no limit]')
  expect(result.result.metadata).toMatchObject({ exit_code: null, timed_out: true })
})

test('an interrupt ends a running command, there too', async () => {
  const { says, backend, path, stream, approve, machine } = await withRemote(scripted)
  says(shell('echo $$ >pid; while :; do echo .; sleep 0.05; done'))
  await backend.call(`POST ${path}/prompt`, { text: 'go' })
  await approve((await stream.next('tool.call')).data)
  await stream.next('tool.progress')
  expect((await backend.call(`POST ${path}/interrupt`)).status).toBe(200)
  const { data } = await stream.next('tool.result')
  expect(data.error.code).toBe('INTERRUPTED')
  const pid = Number(machine.read('pid'))
  while (startTimeOf(pid) !== null) await Bun.sleep(10)
})

test('jobs run there, are read, and end', async () => {
  const { make } = await withRemote(scripted)
  const { told, result } = await make(
    call('shell_background', { command: 'echo up; while :; do echo .; sleep 0.05; done' }),
  )
  const { job_id } = result.result.metadata
  expect(told).toBe(`Started ${job_id}.`)
  expect((await make(call('shell_output', { job_id }))).told).toContain('up')
  expect((await make(call('shell_kill', { job_id }))).told).toContain('[ended with exit status 137]')
})

test('git tools work there, and run no program that the repository configures', async () => {
  const { make, machine } = await withRemote(scripted, { 'a.txt': 'one\n', '.env': 'K=1\n' })
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: machine.real, env: { ...process.env, HOME: machine.home }, encoding: 'utf8' })
  git('init', '-q', '-b', 'main')
  expect((await make(call('git_log', {}))).told).toBe('There are no commits yet.')
  expect((await make(call('git_commit', { message: 'First', files: ['a.txt'] }))).told).toContain('First')
  fs.writeFileSync(machine.at('a.txt'), 'two\n')
  git('config', 'core.fsmonitor', `touch ${machine.at('ran')}`)
  expect((await make(call('git_status', {}))).told).toMatch(/On branch main\.\n[\s\S]*\.M.*a\.txt/)
  expect((await make(call('git_diff', {}))).told).toContain('-one\n+two')
  expect((await make(call('git_log', {}))).told).toContain('First')
  expect(fs.existsSync(machine.at('ran'))).toBe(false)
  expect((await make(call('git_branch', { name: 'other', create: true }))).told).toContain('other')
  expect(git('branch', '--show-current').trim()).toBe('other')
})
