import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contextFor, journalOf, peer, perform, until, withPool } from '../../support/mcp.ts'
import { tempDir } from '../../support/temp.ts'

const object = (properties: object, required: string[] = []) => ({ type: 'object', properties, required })
const tools = [
  {
    name: 'create_issue',
    description: 'Create a new issue in a repository. Labels must exist.',
    inputSchema: object(
      {
        title: { type: 'string', description: 'The title.' },
        labels: { type: 'array', items: { type: 'string' } },
        priority: { type: 'integer', enum: [1, 2, 3] },
        options: object({ dry: { type: 'boolean' } }),
      },
      ['title'],
    ),
  },
  { name: 'list_issues', description: 'List issues.', inputSchema: object({}) },
]
const lazy = { native_budget: 0 }
const failure = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    error => `${error.code}: ${error.message}`,
  )

describe('a lazy catalog', () => {
  test('is three constant tools, however many the servers have', async () => {
    await withPool(
      [peer({ tools })],
      async ({ tools: offered, pool, project }) => {
        expect((await offered()).map(tool => tool.name)).toEqual(['find_tools', 'describe_tools', 'call_tool'])
        const lines = await pool.promptLines(project, 'session')
        expect(lines).toStartWith('MCP tools (x_{a b} = x_a, x_b):\npeer: echo ')
        expect(lines).toContain('create_issue list_issues')
      },
      lazy,
    )
  })

  test('is native below the budget', async () => {
    await withPool(
      [peer({ list: tools })],
      async ({ tools: offered, pool, project }) => {
        const [create] = await offered()
        expect((await offered()).map(tool => tool.name)).toEqual(['peer/create_issue', 'peer/list_issues'])
        expect(create!.parameters).toEqual({
          type: 'object',
          properties: {
            title: { type: 'string', description: 'The title.' },
            labels: { type: 'array', items: { type: 'string' } },
            priority: { type: 'integer' },
            options: { type: 'object', properties: { dry: { type: 'boolean' } } },
          },
          required: ['title'],
        })
        expect(await pool.promptLines(project, 'session')).toBe('')
      },
      { native_budget: 4000 },
    )
  })

  test('finds, describes and calls', async () => {
    await withPool(
      [peer({ tools })],
      async ({ call }) => {
        expect((await call('find_tools', { query: 'open a ticket' })).content).toContain(
          'peer/create_issue,"title labels?:str[] priority?:1|2|3 options?:{dry?:bool}",Create a new issue in a repository',
        )
        expect((await call('describe_tools', { names: ['peer/create_issue'] })).content).toBe(
          'tools[1]{name,params,about}:\n  peer/create_issue,"title labels?:str[] priority?:1|2|3 options?:{dry?:bool}",Create a new issue in a repository\n- title: The title',
        )
        expect((await call('describe_tools', { names: 'echo' }, { toon: false })).content).toBe(
          '{"tools":[{"name":"peer/echo","params":"text","about":"Says it again"}]}',
        )
        expect((await call('find_tools', {})).content).toContain('peer: echo')
        expect((await call('find_tools', { server: 'peer' })).content).toContain('peer/create_issue')
        expect((await call('find_tools', { query: 'xylophone' })).content).toContain('No MCP tool matches')
        expect(await failure(call('find_tools', { server: 'nobody' }))).toContain('Servers: peer')
        expect(await failure(call('describe_tools', {}))).toStartWith('INVALID_PARAMS: names')
      },
      lazy,
    )
  })

  const calls: [string, unknown][] = [
    ['as it should be', { tool: 'peer/echo', args: { text: 'hi' } }],
    ['by the name for providers', { tool: 'peer__echo', args: { text: 'hi' } }],
    ['as other clients name tools', { tool: 'mcp__peer__echo', args: { text: 'hi' } }],
    ['by the bare name', { tool: 'echo', args: { text: 'hi' } }],
    ['with arguments as text', { tool: 'peer/echo', args: '{"text":"hi"}' }],
    ['with other words', { name: 'peer/echo', arguments: { text: 'hi' } }],
    ['with arguments beside the name', { tool: 'peer/echo', text: 'hi' }],
    ['wrapped twice', { tool: 'peer/echo', args: { arguments: { text: 'hi' } } }],
    ['wrapped in a call', { args: { tool: 'peer/echo', args: { text: 'hi' } } }],
    ['wholly as text', '{"tool":"peer/echo","args":{"text":"hi"}}'],
  ]
  test('takes a call however a model puts it', async () => {
    await withPool(
      [peer()],
      async ({ call }) => {
        for (const [name, params] of calls)
          expect([name, (await call('call_tool', params)).content]).toEqual([name, 'hi'])
      },
      lazy,
    )
  })

  test('names the inner tool, judges that, and runs nothing by itself', async () => {
    await withPool(
      [peer({ tools: [{ name: 'wipe', annotations: { destructiveHint: true }, inputSchema: object({}) }] })],
      async ({ tools: offered }) => {
        const outer = (await offered()).find(tool => tool.name === 'call_tool')!
        const { tool, params } = await outer.resolve!({ tool: 'wipe', args: {} }, contextFor())
        expect([tool.name, tool.category, tool.level, params]).toEqual(['peer/wipe', 'peer', 'write', {}])
        expect(await tool.effect({}, contextFor())).toEqual({
          level: 'write',
          reason: 'Call wipe of the MCP server peer',
          reads: [],
          writes: [],
          danger: 'destructive',
          definition: {
            hash: expect.stringContaining('sha256:'),
            text: expect.stringContaining('"destructiveHint":true'),
          },
        })
        expect(await failure(outer.run({}, contextFor(), await outer.effect({}, contextFor())))).toStartWith(
          'TOOL_FAILED',
        )
      },
      lazy,
    )
  })

  const wrong: [unknown, RegExp][] = [
    [
      { tool: 'peer/creat_isue', args: {} },
      /^UNKNOWN_TOOL: There is no MCP tool peer\/creat_isue\. Nearest: peer\/create_issue title/,
    ],
    [{ tool: 'peer/open_ticket', args: {} }, /^UNKNOWN_TOOL: .*Nearest: .*peer\/create_issue/],
    [{ args: {} }, /^INVALID_PARAMS: call_tool needs/],
    [
      { tool: 'peer/create_issue', args: {} },
      /^INVALID_PARAMS: missing "title"\. Signature: peer\/create_issue title labels/,
    ],
    [{ tool: 'peer/create_issue', args: { title: 1 } }, /^INVALID_PARAMS: title: value type "number" is invalid/],
    [
      { tool: 'peer/create_issue', args: { title: 'x', priority: 9 } },
      /^INVALID_PARAMS: priority: value does not match any of \[1,2,3\]/,
    ],
    [{ tool: 'peer/create_issue', args: 'nonsense' }, /^INVALID_PARAMS: missing "title"|^INVALID_PARAMS/],
  ]
  test('says of a wrong call what is wrong and what would be right', async () => {
    await withPool(
      [peer({ tools })],
      async ({ call }) => {
        for (const [params, expected] of wrong) expect(await failure(call('call_tool', params))).toMatch(expected)
      },
      lazy,
    )
  })

  test('announces what changes, once, and leaves the prompt alone', async () => {
    await withPool(
      [peer()],
      async ({ call, pool, project }) => {
        const before = await pool.promptLines(project, 'session')
        expect(pool.announcement('session')).toBeNull()
        await call('call_tool', { tool: 'peer/grow' })
        let text: string | null = null
        await until(() => (text ??= pool.announcement('session')) !== null, 'it was announced')
        expect(text!).toBe('The MCP server peer changed its tools. New: grown.')
        expect(pool.announcement('session')).toBeNull()
        expect(await pool.promptLines(project, 'session')).toBe(before)
        expect((await call('describe_tools', { names: ['grown'] })).content).toContain('peer/grown,path,New')
      },
      lazy,
    )
  })

  test('hides what its entry hides', async () => {
    await withPool([peer({}, { allow: ['e*', 'pid'], deny: ['env'] })], async ({ tools: offered, pool, project }) => {
      expect((await offered()).map(tool => tool.name)).toEqual(['peer/echo', 'peer/pid'])
      expect((await pool.listed(project)).map(tool => tool.name)).toEqual(['peer/echo', 'peer/pid'])
    })
  })
})

describe('the kept catalog', () => {
  test("lists without starting anything, and is the owner's alone", async () => {
    await withPool([], async ({ state }) => {
      const journal = join(state, 'journal')
      const servers = [peer({ journal })]
      const places = { dirs: { state, home: state } }
      await withPool(
        servers,
        async ({ pool, project }) => {
          expect(await pool.listed(project)).toEqual([])
          expect(journalOf(journal)).toEqual([])
          await pool.tools(project, 's')
          expect(journalOf(journal).length).toBe(1)
        },
        places,
      )
      const [file] = readdirSync(join(state, 'mcp', 'catalogs'))
      expect(statSync(join(state, 'mcp', 'catalogs', file!)).mode & 0o777).toBe(0o600)
      await withPool(
        servers,
        async ({ pool, project }) => {
          expect((await pool.tools(project, 's')).length).toBeGreaterThan(10)
          expect((await pool.listed(project)).length).toBeGreaterThan(10)
          expect((await pool.status(project))[0]).toMatchObject({
            status: 'idle',
            protocol: '2025-11-25',
            tool_count: 17,
          })
          expect(journalOf(journal).length).toBe(1)
          const echo = (await pool.tools(project, 's')).find(tool => tool.name === 'peer/echo')!
          expect((await perform(echo, { text: 'now' }, contextFor())).content).toBe('now')
          expect(journalOf(journal).length).toBe(2)
          expect(pool.announcement('s')).toBeNull()
        },
        places,
      )
    })
  })

  test('of a server that speaks the older dialect of the documentation', async () => {
    const list = `tools: 2
      name         description        parameters
      read_file    Reads a file.      path:string!
      find         Finds files.       pattern:string! depth:int = 3  # not deep`
    const journal = join(tempDir(), 'journal')
    await withPool([peer({ list, journal }, { format: 'toon', category: 'files' })], async ({ tools: offered }) => {
      expect((await offered()).map(({ name, parameters }) => [name, parameters])).toEqual([
        ['peer/read_file', { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] }],
        [
          'peer/find',
          {
            type: 'object',
            properties: { pattern: { type: 'string' }, depth: { type: 'integer' } },
            required: ['pattern'],
          },
        ],
      ])
      expect(journalOf(journal).filter(line => line.startsWith('list'))).toEqual(['list files'])
    })
  })
})

/** The peer, but not before the file `gate` is there. */
const gated = (name: string, gate: string, options = {}) => {
  const { command, args } = peer(options)
  const script = 'while [ ! -e "$0" ]; do sleep 0.02; done; exec "$@"'
  return peer({}, { name, command: '/bin/sh', args: ['-c', script, gate, command!, ...args] })
}

describe('a server that has told no tools yet', () => {
  const gates = mkdtempSync(join(tmpdir(), 'mcp-gates-'))
  afterAll(() => rmSync(gates, { recursive: true, force: true }))
  const soon = { list_wait_ms: 1, probe_ms: 20_000 }

  const waits: [string, unknown, string][] = [
    ['call_tool', { tool: 'late/echo', args: { text: 'here' } }, 'here'],
    ['call_tool', { tool: 'late__echo', args: { text: 'here' } }, 'here'],
    ['describe_tools', { names: ['late/echo'] }, 'late/echo,text'],
    ['find_tools', { server: 'late' }, 'late/echo'],
  ]
  test.each(waits)('is waited for by %s %j', async (tool, args, expected) => {
    const gate = join(gates, `${tool}-${JSON.stringify(args).length}`)
    await withPool(
      [gated('late', gate)],
      async ({ call, tools: offered }) => {
        expect((await offered()).map(tool => tool.name)).toContain('call_tool')
        const progress = Promise.withResolvers<string>()
        const answer = call(tool, args, { progress: progress.resolve })
        expect(await progress.promise).toBe('Waiting for late')
        writeFileSync(gate, '')
        expect((await answer).content).toContain(expected)
      },
      soon,
    )
  })

  test('keeps no call of another server waiting, and no later session', async () => {
    const never = gated('never', join(gates, 'never'))
    await withPool(
      [never, peer()],
      async ({ call, pool, project }) => {
        await pool.tools(project, 'first')
        await until(async () => (await pool.listed(project)).length > 0, 'the peer is known')
        expect((await call('call_tool', { tool: 'peer/echo', args: { text: 'here' } })).content).toBe('here')
        for (const session of ['second', 'third'])
          expect((await pool.tools(project, session)).map(tool => tool.name)).toContain('call_tool')
        const enough = new AbortController()
        const answer = call('call_tool', { tool: 'never/x' }, { signal: enough.signal })
        enough.abort(new Error('enough'))
        await expect(answer).rejects.toThrow('enough')
      },
      soon,
    )
  })

  test('and failed, says why, whoever asks', async () => {
    const script = 'echo "Error: cannot open the ledger" >&2; echo bye >&2; exit 3'
    const failing = peer({}, { name: '@acme/ledger', command: '/bin/sh', args: ['-c', script] })
    await withPool([failing, peer()], async ({ call }) => {
      const why =
        'MCP server @acme/ledger did not start: it ended with exit code 3. It said: Error: cannot open the ledger'
      expect(await failure(call('call_tool', { tool: '@acme/ledger/a' }))).toBe(`MCP_SERVER_ERROR: ${why}`)
      expect(await failure(call('find_tools', { server: '@acme/ledger' }))).toContain('cannot open the ledger')
      expect(await failure(call('describe_tools', { names: ['@acme/ledger/a'] }))).toContain('cannot open the ledger')
      expect((await call('find_tools', { query: 'say again' })).content).toMatch(
        /peer\/echo[\s\S]*cannot open the ledger/,
      )
      expect((await call('call_tool', { tool: 'peer/echo', args: { text: 'here' } })).content).toBe('here')
    })
  })
})
