import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTimeOf } from '../../../src/base/processes.ts'
import { killJobs } from '../../../src/tools/shell/job.ts'
import { shellBackground, shellExec, shellKill, shellOutput, shellTools } from '../../../src/tools/shell/shell.ts'
import { call, createProject, type Project } from '../project.ts'

let project: Project
beforeEach(() => {
  project = createProject()
})
afterEach(() => project.remove())

const exec = (command: string, more: object = {}) => call(shellExec, { command, ...more }, project.context)
const alive = (pid: unknown) => startTimeOf(Number(pid)) !== null

test('the tools and the levels they have when no rule speaks', () => {
  expect(shellTools.map(({ name, level, category }) => [name, level, category])).toEqual([
    ['shell_exec', 'dangerous', 'shell'],
    ['shell_background', 'write', 'shell'],
    ['shell_output', 'read', 'shell'],
    ['shell_kill', 'read', 'shell'],
  ])
})

/** Longer than an argument of a program may be. */
const long = (before: string, after: string) =>
  `${before}cat > big <<'EOF'\n${'0123456789abcde\n'.repeat(9000)}EOF\n${after}`

describe('a line of more than 128 KiB', () => {
  test('runs as a short one does', async () => {
    const { content, metadata } = await exec(long('cat; ', 'x="é$0"; echo "$x" >&2; exit 3'))
    expect(content).toMatch(/^é(\S*\/)?(bash|sh)\n\[exit status 3\]$/)
    expect(metadata).toMatchObject({ exit_code: 3 })
    expect(statSync(join(project.path, 'big')).size).toBe(144_000)
  })

  test('runs in the background', async () => {
    const { metadata } = await call(shellBackground, { command: long('', 'echo done') }, project.context)
    const read = () => call(shellOutput, { job_id: metadata.job_id }, project.context)
    let output = ''
    for (let running = true; running; ) {
      const { content, metadata } = await read()
      output += content
      running = metadata.running as boolean
    }
    expect(output).toContain('done')
    expect(statSync(join(project.path, 'big')).size).toBe(144_000)
  })

  test('an environment that is too long is said, with the way out', async () => {
    project.context.env.LONG = 'x'.repeat(200_000)
    await expect(exec('echo never')).rejects.toThrow('write_file')
  })
})

describe('what a person sees before a line runs', () => {
  test('the line and where', async () => {
    mkdirSync(join(project.path, 'sub'))
    expect(await shellExec.effect({ command: 'make all', cwd: 'sub' }, project.context)).toEqual({
      level: 'dangerous',
      reason: 'Run `make all`',
      reads: [],
      writes: [],
      command: 'make all',
      cwd: join(project.path, 'sub'),
      leads: { paths: [], partial: false },
    })
    const effect = await shellBackground.effect({ command: 'serve' }, project.context)
    expect(effect).toMatchObject({ level: 'write', reason: 'Start in the background `serve`', cwd: project.path })
  })

  test('both ends of a line that nobody could read, and all of it in the call', async () => {
    const line = `echo ${'😀'.repeat(100_000)}; rm last`
    const { reason, command } = await shellExec.effect({ command: line }, project.context)
    expect(command).toBe(line)
    expect(reason).toStartWith('Run `echo 😀')
    expect(reason).toEndWith('; rm last`')
    expect(reason.length).toBeLessThan(4100)
    expect(reason.isWellFormed()).toBe(true)
  })

  test('nothing hides in it', async () => {
    const { reason, command } = await shellExec.effect({ command: 'ls\u202e\n\x1b[2Krm x' }, project.context)
    expect(reason).toBe('Run `ls\\u{202e}\\n\\u{1b}[2Krm x`')
    expect(command).toBe('ls\u202e\n\x1b[2Krm x')
  })

  const refused: [string, object, string][] = [
    ['an empty line', { command: ' \n' }, 'INVALID_PARAMS'],
    ['a NUL', { command: 'a\0b' }, 'INVALID_PARAMS'],
    ['a directory outside', { command: 'ls', cwd: '..' }, 'PERMISSION_DENIED'],
    ['a link that leads outside', { command: 'ls', cwd: 'out' }, 'PERMISSION_DENIED'],
    ['a directory that is none', { command: 'ls', cwd: 'file' }, 'TOOL_FAILED'],
    ['a directory that is missing', { command: 'ls', cwd: 'missing' }, 'TOOL_FAILED'],
  ]
  test.each(refused)('%s is refused', (_, params, code) => {
    symlinkSync('/', join(project.path, 'out'))
    project.write('file', '')
    return expect(call(shellExec, params, project.context)).rejects.toMatchObject({ code })
  })
})

describe('shell_exec', () => {
  test('both outputs in the order they were written', async () => {
    const { content, metadata } = await exec('for i in 1 2 3; do echo out $i; echo err $i >&2; done')
    expect(content).toBe('out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3')
    expect(metadata).toEqual({ exit_code: 0, output_chars: 35 })
  })

  const results: [string, string, string, object][] = [
    ['no output', ':', '(no output)', { exit_code: 0 }],
    ['an exit status', 'echo no; exit 3', 'no\n[exit status 3]', { exit_code: 3 }],
    ['an exit status alone', 'exit 4', '[exit status 4]', { exit_code: 4 }],
    ['a signal', 'kill -9 $$', '[exit status 137]', { exit_code: 137, signal: 'SIGKILL' }],
    ['colours', "printf '\\033[31mred\\033[0m'", 'red', { exit_code: 0 }],
    ['progress bars', "printf '1%%\\r2%%\\r3%%\\n'", '3%', { exit_code: 0 }],
    ['an empty stdin', 'cat; read x || echo none', 'none', { exit_code: 0 }],
    ['several lines', 'a=1\nb=2\necho $a$b', '12', { exit_code: 0 }],
    ['quotes', `echo "it's" 'a "b"' \\$x`, `it's a "b" $x`, { exit_code: 0 }],
    ['a syntax error', 'echo "', expect.stringContaining('[exit status'), { exit_code: expect.any(Number) }],
  ]
  test.each(results)('%s', async (_, command, content, metadata) =>
    expect(await exec(command)).toMatchObject({ content, metadata }),
  )

  test('bash where there is one, of outside the project', async () => {
    project.write('bin/bash', '#!/bin/sh\necho trapped', 0o755)
    project.env.PATH = `${project.path}/bin:${project.env.PATH}`
    const { content } = await exec('[[ x == x ]] && echo bash || echo sh')
    expect(content).toBe(Bun.which('bash') ? 'bash' : expect.stringContaining('sh'))
  })

  test('only the environment it was given, and nothing that waits for a terminal', async () => {
    project.env.GIVEN = 'yes'
    const { content } = await exec('env')
    for (const line of ['GIVEN=yes', 'TERM=dumb', 'PAGER=cat', 'GIT_TERMINAL_PROMPT=0', `PWD=${project.path}`])
      expect(content.split('\n')).toContain(line)
    expect(content).not.toContain('BUN_')
  })

  test('output arrives while it runs', async () => {
    const gate = join(project.root, 'gate')
    execFileSync('mkfifo', [gate])
    project.context.progress = (message, more) => {
      project.progress.push({ message, ...more })
      if (project.progress.length === 1) writeFileSync(gate, 'go\n')
    }
    const { content } = await exec(`printf '\\033[1mfirst\\033[0m\\n'; read x < '${gate}'; echo second`)
    expect(content).toBe('first\nsecond')
    expect(project.progress[0]).toEqual({ message: 'Running', output: 'first\n' })
    expect(project.progress.map(({ output }) => output).join('')).toBe('first\nsecond\n')
  })

  test('a flood goes out in few and small pieces', async () => {
    await exec('head -c 20000000 /dev/zero | tr "\\0" x')
    const sizes = project.progress.map(({ output }) => output!.length)
    expect(Math.max(...sizes)).toBeLessThan(20_000)
    expect(sizes.length).toBeGreaterThan(0)
  })

  test('of over-long output both ends are kept, the whole is spilled', async () => {
    const line = 'i=0; while [ $i -lt 100000 ]; do echo "this is line $i"; i=$((i+1)); done'
    const { content, metadata } = await exec(line)
    expect(content).toStartWith('this is line 0\n')
    expect(content).toEndWith('this is line 99999')
    expect(content).toContain('spill:tc_test')
    expect(content.length).toBeLessThan(30_000)
    const spill = join(project.root, 'tc_test.spill')
    expect(readFileSync(spill, 'utf8').split('\n')).toHaveLength(100_001)
    expect(statSync(spill).mode & 0o777).toBe(0o600)
    expect(metadata.dropped_bytes).toBe(statSync(spill).size - 1024 * 1024)
  })

  test('or dropped, when nothing may stay on disk', async () => {
    project.context.spillPath = () => null
    const { content } = await exec('head -c 3000000 /dev/zero | tr "\\0" x')
    expect(content).toContain('The rest was not kept')
  })

  test('a timeout is said', async () => {
    const { content, metadata } = await exec('echo started; sleep 1000', { timeout_seconds: 3 })
    expect(content).toStartWith('started\n[timed out after 3 s')
    expect(metadata).toMatchObject({ exit_code: null, timed_out: true })
  })

  test('what it leaves in the background is ended, and that is said', async () => {
    const { content } = await exec('sleep 1000 & echo $!')
    expect(content).toContain('shell_background')
    expect(alive(content.split('\n')[0])).toBe(false)
  })

  test('an interrupt ends it', async () => {
    const controller = new AbortController()
    const running = call(
      shellExec,
      { command: 'echo $$; sleep 1000' },
      {
        ...project.context,
        signal: controller.signal,
        progress: (_, more) => {
          project.progress.push({ message: '', ...more })
          controller.abort()
        },
      },
    )
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(alive(project.progress[0]!.output)).toBe(false)
  })
})

describe('background jobs', () => {
  const begin = async (command: string) => {
    const { metadata, content } = await call(shellBackground, { command }, project.context)
    expect(content).toBe(`Started ${metadata.job_id}.`)
    return { job_id: metadata.job_id as string, pid: metadata.pid as number }
  }
  const output = (job_id: string) => call(shellOutput, { job_id }, project.context)

  test('are read in pieces, to their end', async () => {
    const gate = join(project.root, 'gate')
    execFileSync('mkfifo', [gate])
    const { job_id } = await begin(`echo first; read x < '${gate}'; printf '\\033[1msecond\\033[0m'; exit 5`)
    expect(await output(job_id)).toMatchObject({
      content: 'first\n[running]',
      metadata: { job_id, running: true, exit_code: null },
      effect: { level: 'read', reason: expect.stringMatching(/^Read the output of the background job `echo first/) },
    })
    writeFileSync(gate, 'go\n')
    let rest = ''
    while (!rest.includes('[ended')) rest += (await output(job_id)).content
    expect(rest.replace('[running]', '')).toMatch(/^second\n?\[ended with exit status 5\]$/)
    expect((await output(job_id)).content).toBe('[ended with exit status 5]')
  })

  test('are ended with all they started', async () => {
    const { job_id, pid } = await begin('sleep 1000 & echo $!; wait')
    const child = Number.parseInt((await output(job_id)).content, 10)
    expect([alive(pid), alive(child)]).toEqual([true, true])
    const { content, metadata } = await call(shellKill, { job_id }, project.context)
    expect(content).toBe('[ended with exit status 143]')
    expect(metadata).toMatchObject({ running: false, exit_code: 143 })
    expect([alive(pid), alive(child)]).toEqual([false, false])
    expect((await call(shellKill, { job_id }, project.context)).content).toBe('[ended with exit status 143]')
  })

  test('run until the last of their group does', async () => {
    const gate = join(project.root, 'gate')
    execFileSync('mkfifo', [gate])
    const { job_id } = await begin(`(read x < '${gate}'; echo server) & echo shell`)
    expect((await output(job_id)).content).toBe('shell\n[running]')
    writeFileSync(gate, 'go\n')
    let rest = ''
    while (!rest.includes('[ended')) rest += (await output(job_id)).content
    expect(rest).toContain('server')
  })

  test('keep the last of what nobody reads', async () => {
    const { job_id } = await begin('head -c 1000000 /dev/zero | tr "\\0" x; echo; echo the end')
    while (project.context.jobs.get(job_id)?.exit_code === null) await new Promise(setImmediate)
    const { content } = await output(job_id)
    expect(content).toStartWith(`[${1_000_009 - 256 * 1024} earlier bytes left out]\n`)
    expect(content).toEndWith('the end\n[ended with exit status 0]')
  })

  test('end with the session', async () => {
    const jobs = [await begin('exec sleep 1000'), await begin('trap "" TERM; echo; while :; do sleep 1000; done')]
    await output(jobs[1]!.job_id)
    await killJobs(project.context.jobs)
    expect(jobs.map(({ pid }) => alive(pid))).toEqual([false, false])
    expect(project.context.jobs.size).toBe(0)
  })

  test('are at most 16, of which ended ones make place', async () => {
    const jobs = []
    for (let n = 0; n < 16; n++) jobs.push(await begin('exec sleep 1000'))
    await expect(begin('exec sleep 1000')).rejects.toMatchObject({ code: 'TOOL_FAILED' })
    await call(shellKill, { job_id: jobs[3]!.job_id }, project.context)
    await begin('exec sleep 1000')
    expect(project.context.jobs.has(jobs[3]!.job_id)).toBe(false)
    expect(project.context.jobs.size).toBe(16)
  })

  test.each([
    ['shell_output', shellOutput],
    ['shell_kill', shellKill],
  ])('%s names the jobs there are', async (_, tool) => {
    await expect(tool.effect({ job_id: 'job_x' }, project.context)).rejects.toMatchObject({
      code: 'INVALID_PARAMS',
      message: 'There is no such job. The jobs are: none.',
    })
  })

  test('waiting for output ends with the turn', async () => {
    const { job_id } = await begin('exec sleep 1000')
    const signal = AbortSignal.abort()
    const { content } = await call(shellOutput, { job_id }, { ...project.context, signal })
    expect(content).toBe('[running]')
  })
})

test('a project that is gone is said', async () => {
  rmSync(project.path, { recursive: true })
  await expect(exec('ls')).rejects.toMatchObject({ code: 'TOOL_FAILED' })
})
