import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { contextFor, isAlive, journalOf, peer, until, withPool } from '../../support/mcp.ts'
import type { PeerOptions } from '../../support/mcp-peer.ts'
import { tempDir } from '../../support/temp.ts'

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    error => `${error.code}: ${error.message}`,
  )

describe('a server that behaves', () => {
  test('answers calls by id, in whatever order it likes', async () => {
    await withPool([peer()], async ({ call }) => {
      const keys = ['a', 'b', 'c', 'd']
      const results = await Promise.all(keys.map(key => call('peer/hold', { key, of: keys.length })))
      expect(results.map(result => result.content)).toEqual(keys)
    })
  })

  test('gets every page of the list read, each name once', async () => {
    const tools = [
      { name: 'twice', description: 'first', inputSchema: { type: 'object' } },
      { name: 'twice', description: 'second', inputSchema: { type: 'object' } },
      { title: 'nameless' },
      { name: 'bare' },
      { name: 'odd', inputSchema: { type: 'object' }, outputSchema: { type: 'nonsense', pattern: '(' } },
    ]
    await withPool([peer({ pageSize: 2, tools })], async ({ tools: list, pool }) => {
      const names = (await list()).map(tool => tool.name)
      expect(names.filter(name => name === 'peer/twice')).toEqual(['peer/twice'])
      expect(names).toContain('peer/bare')
      expect(names).toContain('peer/odd')
      const [row] = await pool.status()
      expect(row!.stderr.join('\n')).toContain('the second tool named twice')
    })
  })

  test('shows progress, and hears of an interrupt', async () => {
    await withPool([peer()], async ({ call }) => {
      const controller = new AbortController()
      const seen: [string, number | undefined][] = []
      const stopped = call(
        'peer/slow',
        {},
        {
          signal: controller.signal,
          progress: (message, more) => {
            if (!message.startsWith('step')) return
            seen.push([message, more?.progress])
            controller.abort(new Error('interrupted'))
          },
        },
      )
      expect(await codeOf(stopped)).toContain('interrupted')
      expect(seen[0]).toEqual(['step 1', 0.01])
      await until(async () => JSON.parse((await call('peer/pid')).content).cancelled !== null, 'the server heard of it')
    })
  })

  test('fails a call that gives no sign of life in time, and only that one', async () => {
    await withPool([peer({}, { timeout_seconds: 3 })], async ({ call }) => {
      expect(await codeOf(call('peer/never'))).toMatch(/^TIMEOUT: peer\/never gave no sign of life for 3 s/)
      expect((await call('peer/echo', { text: 'still here' })).content).toBe('still here')
    })
  })

  test('may ask the person in the one session that calls it, and nobody when there are two', async () => {
    await withPool([peer({}, { timeout_seconds: 3 })], async ({ call }) => {
      const asked: unknown[] = []
      const ask = async (question: unknown) => {
        asked.push(question)
        // Longer than the timeout of the call: its clock stands still meanwhile.
        await new Promise(resolve => setTimeout(resolve, 3_500))
        return { action: 'accept' as const, content: { color: 'blue' } }
      }
      const answer = await call('peer/ask', {}, { ask })
      expect(JSON.parse(answer.content)).toEqual({ action: 'accept', content: { color: 'blue' } })
      expect(asked).toEqual([{ server: 'peer', message: 'Which color?', schema: expect.anything() }])

      const other = new AbortController()
      const busy = call('peer/never', {}, { session_id: 'other', signal: other.signal, ask })
      const declined = await call('peer/ask', {}, { ask })
      expect(JSON.parse(declined.content)).toEqual({ action: 'decline' })
      other.abort(new Error('enough'))
      await codeOf(busy)
    })
  })

  test('is told the project as its root, its directory and the environment of children', async () => {
    const env = () => ({ PATH: process.env.PATH!, HOME: '/home/x', KUBECONFIG: '/k', LANG: 'C' })
    await withPool(
      [peer({}, { env: { OWN: 'mine' } })],
      async ({ call, project }) => {
        expect(JSON.parse((await call('peer/roots')).content).roots[0].uri).toBe(`file://${project}`)
        expect(JSON.parse((await call('peer/pid')).content).cwd).toBe(project)
        const seen = JSON.parse((await call('peer/env')).content)
        expect(seen).toMatchObject({ OWN: 'mine', LANG: 'C', HOME: '/home/x', KUBECONFIG: '/k' })
      },
      { env },
    )
  })

  test('gives every kind of content', async () => {
    await withPool([peer()], async ({ call }) => {
      const { content, images } = await call('peer/blocks')
      expect(content).toBe(
        'hello\n[image 1: image/png]\n[resource a.txt file:///a.txt]\n[resource note://1]\ninside\n[audio audio/wav, 1 kB: cannot be shown]\n[hologram: a kind of content that cannot be shown]',
      )
      expect(images).toEqual([{ media_type: 'image/png', data: expect.stringMatching(/^iVBORw0KGgo/) }])
      expect((await call('peer/structured', { rows: 3 })).content).toBe(
        'rows[3]{id,name,size}:\n  0,row 0,0\n  1,row 1,10\n  2,row 2,20',
      )
      expect((await call('peer/structured', { rows: 3 }, { toon: false })).content).toStartWith('{"rows":[{"id":0,')
      expect(await codeOf(call('peer/fail'))).toBe('TOOL_FAILED: no such thing')
    })
  })

  test('has its limits, and its log in the ring', async () => {
    const limits = { cpu_seconds: 77, memory_mb: 900, open_files: 256 }
    await withPool([peer({ stderr: 300_000 }, { limits })], async ({ call, pool }) => {
      expect((await call('peer/limits')).content).toBe(`77\n256\n${900 * 1024}\n`)
      await call('peer/log', { text: 'careful' })
      const [row] = await pool.status()
      expect(row!.stderr.at(-1)).toBe('[warning] careful')
      expect(row!.stderr.length).toBe(100)
      expect(row!.stderr[0]).toBe('e'.repeat(200))
    })
  })
})

describe('frames', () => {
  const table: [string, PeerOptions][] = [
    ['in pieces of 7 bytes', { pieces: 7 }],
    ['after a banner that is no JSON', { banner: 'Server running on stdio\n[not json' }],
  ]
  for (const [name, options] of table)
    test(name, async () => {
      await withPool([peer(options)], async ({ call }) => {
        expect((await call('peer/echo', { text: 'ü☃' })).content).toBe('ü☃')
      })
    })

  test('of 11 MB pass, of 100 MB fail their call alone', async () => {
    await withPool([peer()], async ({ call }) => {
      const started = JSON.parse((await call('peer/pid')).content).pid
      const [eleven, hundred, small] = await Promise.allSettled([
        call('peer/big', { bytes: 11_000_000 }),
        call('peer/big', { bytes: 100_000_000 }),
        call('peer/echo', { text: 'small' }),
      ])
      expect(eleven.status === 'fulfilled' && eleven.value.content.length).toBe(11_000_000)
      expect(hundred.status === 'rejected' && hundred.reason.code).toBe('MCP_SERVER_ERROR')
      expect(hundred.status === 'rejected' && hundred.reason.message).toContain('the limit is 67108864')
      expect(small.status === 'fulfilled' && small.value.content).toBe('small')
      expect(JSON.parse((await call('peer/pid')).content).pid).toBe(started)
    })
  }, 180_000)
})

describe('a server that fails', () => {
  test('delays nobody', async () => {
    const silent = peer({ on: { initialize: 'ignore' } }, { name: 'silent' })
    const broken = peer({}, { name: 'broken', command: '/no/such/program' })
    const limited = peer({}, { name: 'limited', command: 'no-such-program', limits: { open_files: 256 } })
    const dead = peer({ on: { initialize: 'die' } }, { name: 'dead' })
    await withPool(
      [silent, broken, limited, dead, peer()],
      async ({ call, pool, tools, project }) => {
        expect((await tools()).map(tool => tool.name)).toEqual(['find_tools', 'describe_tools', 'call_tool'])
        expect((await call('call_tool', { tool: 'peer/echo', args: { text: 'here' } })).content).toBe('here')
        expect(await pool.promptLines(project, 'session')).toContain('silent: (starting)')
        await until(
          async () => (await pool.status()).filter(row => row.status === 'failed').length === 3,
          'three failed',
        )
        const rows = Object.fromEntries((await pool.status()).map(row => [row.name, row]))
        expect(rows.broken!.last_error).toContain('"/no/such/program" or the directory')
        expect(rows.limited!.last_error).toContain('its program was not found')
        expect(rows.dead!.last_error).toContain('exit code 7')
        expect(rows.silent!.status).toBe('starting')
      },
      { list_wait_ms: 5_000, probe_ms: 100 },
    )
  })

  const phases: [string, PeerOptions, RegExp][] = [
    ['at the handshake', { on: { initialize: 'die' } }, /did not start: it ended with exit code 7/],
    ['at the list', { on: { 'tools/list': 'die' } }, /did not start: it ended with exit code 7/],
    ['with an error to the handshake', { on: { initialize: 'error' } }, /no initialize today/],
    ['with an error to the list', { on: { 'tools/list': 'error' } }, /no tools\/list today/],
    ['with garbage for the list', { on: { 'tools/list': 'garbage' } }, /did not start: .*[Tt]imed out/],
    ['with silence', { on: { initialize: 'ignore' } }, /did not start: .*[Tt]imed out/],
  ]
  for (const [name, options, expected] of phases)
    test(name, async () => {
      await withPool(
        // A server that answers or ends has long to do so; silence is waited for, and so is short.
        [peer(options, { timeout_seconds: `${expected}`.includes('imed out') ? 2 : 40 })],
        async ({ pool, tools }) => {
          await tools()
          const [row] = await pool.status()
          expect(row).toMatchObject({ status: 'failed', tool_count: null })
          expect(row!.last_error).toMatch(expected)
        },
        { probe_ms: 100 },
      )
    })

  test('in mid-call fails what was pending with a typed error, starts again, and repeats nothing', async () => {
    await withPool([peer({}, { name: 'a' })], async ({ call }) => {
      const marker = join((await call('a/pid').then(result => JSON.parse(result.content).cwd)) as string, 'marker')
      const [pending, crashed] = await Promise.allSettled([call('a/never'), call('a/crash_once', { marker })])
      for (const outcome of [pending, crashed])
        expect(outcome.status === 'rejected' && `${outcome.reason.code} ${outcome.reason.message}`).toMatch(
          /^MCP_SERVER_ERROR MCP server a ended with exit code 3 during \w+\. The call may have done its work/,
        )
      expect((await call('a/crash_once', { marker })).content).toBe('second time')
    })
  })

  test('repeats the call that the config calls repeatable, once', async () => {
    await withPool([peer({}, { repeatable: ['crash_once', 'crash'] })], async ({ call, project }) => {
      expect((await call('peer/crash_once', { marker: join(project, 'marker') })).content).toBe('second time')
      expect(await codeOf(call('peer/crash'))).toContain('MCP_SERVER_ERROR')
    })
  })

  test('again and again is left alone for a while, until it is restarted by hand', async () => {
    await withPool([peer()], async ({ call, pool }) => {
      let message = ''
      for (let i = 0; i < 20 && !message.includes('rests'); i++) message = await codeOf(call('peer/crash'))
      expect(message).toMatch(/failed \d+ times and rests for another \d+ s.* exit code 3/)
      await pool.restart('peer')
      expect((await call('peer/echo', { text: 'back' })).content).toBe('back')
    })
  })
})

test.each(['2025-11-25', '2025-06-18', '2025-03-26'])('a server of revision %s', async protocol => {
  await withPool([peer({ protocol })], async ({ call, pool }) => {
    expect((await call('peer/echo', { text: 'hi' })).content).toBe('hi')
    expect((await pool.status())[0]).toMatchObject({ status: 'ready', protocol })
  })
})

describe('the era of a server', () => {
  const answers: [string, PeerOptions['on']][] = [
    ['ignores', { 'server/discover': 'ignore' }],
    ['refuses', { 'server/discover': 'error' }],
    ['dies of', { 'server/discover': 'die' }],
  ]
  for (const [name, on] of answers)
    test(`that ${name} the question is remembered`, async () => {
      await withPool(
        [peer({ on, journal: '/dev/null' })],
        async ({ call, state }) => {
          const journal = join(state, 'journal')
          const server = peer({ on, journal })
          const starts: number[] = []
          for (let round = 0; round < 2; round++)
            await withPool(
              [server],
              async ({ pool, project }) => {
                const tool = (await pool.tools(project, 's')).find(tool => tool.name === 'peer/echo')!
                const context = contextFor()
                const { content } = await tool.run({ text: 'x' }, context, await tool.effect({}, context))
                expect(content).toBe('x')
                starts.push(journalOf(journal).length)
              },
              { dirs: { state, home: state }, probe_ms: 3_000 },
            )
          expect(starts).toEqual(name === 'dies of' ? [2, 3] : [1, 2])
          expect((await call('peer/echo', { text: 'y' })).content).toBe('y')
        },
        { probe_ms: 3_000 },
      )
    })
})

describe('sharing', () => {
  test('one process a project, one for all, or one a session', async () => {
    const entries = (['project', 'all', 'session'] as const).map(shared => peer({}, { name: shared, shared }))
    await withPool(entries, async ({ pool, state }) => {
      const pidOf = async (server: string, project: string, session_id: string) => {
        const tool = (await pool.tools(project, session_id)).find(tool => tool.name === `${server}/pid`)!
        const context = contextFor({ session_id })
        return JSON.parse((await tool.run({}, context, await tool.effect({}, context))).content).pid as number
      }
      const [one, two] = [join(state), '/tmp']
      const pids = await Promise.all(
        ['project', 'all', 'session'].map(async server => [
          await pidOf(server, one, 's1'),
          await pidOf(server, one, 's2'),
          await pidOf(server, two, 's3'),
        ]),
      )
      expect(pids.map(row => new Set(row).size)).toEqual([2, 1, 3])
      expect(pids[0]![0]).toBe(pids[0]![1]!)
      await pool.release('s1')
      await until(() => !isAlive(pids[2]![0]!), "the session's own server is gone")
      expect(isAlive(pids[2]![1]!)).toBe(true)
    })
  })

  test('starts once, however many ask at the same time; is reaped when idle, and starts again', async () => {
    await withPool(
      [peer({ journal: join(tempDir(), 'journal') })],
      async ({ call, pool }) => {
        const pids = await Promise.all(Array.from({ length: 8 }, () => call('peer/pid')))
        const [first, ...others] = pids.map(result => JSON.parse(result.content).pid as number)
        expect(new Set(others)).toEqual(new Set([first!]))
        await until(() => !isAlive(first!), 'it was reaped')
        expect((await pool.status())[0]).toMatchObject({ status: 'idle', last_error: null })
        expect(JSON.parse((await call('peer/pid')).content).pid).not.toBe(first)
      },
      { idle_ms: 1_000 },
    )
  })
})
