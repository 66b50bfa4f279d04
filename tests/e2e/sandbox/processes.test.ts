import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../support/mcp.ts'
import { SANDBOXES } from '../../support/sandboxes.ts'
import { call, startScripted } from '../../support/scripted.ts'
import { working } from '../../support/working-session.ts'

/** Processes of this machine whose command line has this word. */
const running = (word: string): string[] =>
  readdirSync('/proc').filter(pid => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(word)
    } catch {
      return false // it ended
    }
  })

let next = 100_000 + (process.pid % 10_000) * 10
const seconds = () => String(next++)
const config = '[sandbox]\nmode = "required"\nauto_approve_sandboxed = true\n'

describe.each(SANDBOXES)('processes in the sandbox by %s', (by, isHere, env) => {
  describe.skipIf(!isHere)(`(needs ${by})`, () => {
    const start = async (files: Record<string, string> = {}) => {
      const scripted = await startScripted({ config, env: { ...env(), EXAMPLE_TOKEN: 'canary-0123456789' } })
      return { ...scripted, session: await working(scripted, files) }
    }

    test('a time-out, the end of a command and of a job end all that they started', async () => {
      const { session } = await start({ 'away.sh': 'env -i setsid sleep $1 >/dev/null 2>&1 &\nsleep $2\n' })
      const [a, b, c, d] = [seconds(), seconds(), seconds(), seconds()]
      const timed = await session.make(call('shell_exec', { command: `sh away.sh ${a} ${b}`, timeout_seconds: 1 }))
      expect(timed.told).toContain('timed out after 1 s')
      expect([...running(a), ...running(b)]).toEqual([])
      const left = await session.make(call('shell_exec', { command: `sh away.sh ${c} 0` }))
      expect(left.told).toContain('processes left in the background were ended')
      expect(running(c)).toEqual([])
      const job = await session.make(call('shell_background', { command: `sleep ${d}` }))
      await until(async () => running(d).length > 0, 'the job runs')
      await session.make(call('shell_kill', { job_id: /job_\w+/.exec(job.told)![0] }))
      expect(running(d)).toEqual([])
    })

    test('output, exit status, environment and stdin are those of any command', async () => {
      const { session } = await start({ 'say.sh': 'echo out; echo err >&2; cat; env; exit 3\n' })
      const { told } = await session.make(call('shell_exec', { command: 'sh say.sh' }))
      expect(told).toStartWith('out\nerr\n')
      expect(told).toContain('[exit status 3]')
      expect(told).not.toContain('canary')
      expect(told).not.toContain('outside_sandbox')
      const long = await session.make(call('shell_exec', { command: `echo ${'x'.repeat(150_000)} | wc -c` }))
      expect(long.told.trim()).toBe('150001')
    })

    test('its temporary directory lasts from call to call, and goes with the session', async () => {
      const { session, backend } = await start({
        'put.sh': 'echo kept > "$TMPDIR/kept"; mktemp; grep -o "^/.*" /proc/self/mountinfo >/dev/null; echo $TMPDIR\n',
        'get.sh': 'cat "$TMPDIR/kept"\n',
      })
      const own = () => readdirSync('/tmp').filter(name => name.startsWith(`emacs-agent-${backend.handshake.pid}-`))
      await session.make(call('shell_exec', { command: 'sh put.sh' }))
      expect((await session.make(call('shell_exec', { command: 'sh get.sh' }))).told).toContain('kept')
      expect(own()).toHaveLength(1)
      await backend.call(`DELETE /api/sessions/${session.id}`)
      expect(own()).toEqual([])
    })

    test('what it changed is listed, and undone', async () => {
      const { session, backend } = await start({
        'a.txt': 'before\n',
        'edit.sh': 'echo after > a.txt; echo new > b.txt\n',
      })
      await session.make(call('shell_exec', { command: 'sh edit.sh' }))
      const { body } = await backend.call(`GET /api/sessions/${session.id}/changes`)
      expect(body.files.map(({ path, change }: Record<string, string>) => [path, change])).toEqual([
        ['a.txt', 'modified'],
        ['b.txt', 'created'],
      ])
      await backend.call(`POST /api/sessions/${session.id}/undo`, {})
      expect(readFileSync(join(session.project, 'a.txt'), 'utf8')).toBe('before\n')
      expect(existsSync(join(session.project, 'b.txt'))).toBe(false)
    })
  })
})
