import { describe, expect, test } from 'bun:test'
import { encode as tokens } from 'gpt-tokenizer/encoding/o200k_base'
import { realCatalogs } from '../../../scripts/bench/catalogs.ts'
import { until } from '../../support/mcp.ts'
import { madeEntry, peerEntry, pending, rowOf, startServed, talk } from '../../support/mcp-servers.ts'

const catalogs = await realCatalogs()
/** `filesystem` is taken. */
const called = (server: string) => (server === 'filesystem' ? 'files' : server)

/** Where there are no real ones: fewer names and longer schemas than theirs, so that the same bounds hold. */
const SERVICES = ['billing', 'support', 'storage', 'calendar'].map(server => ({
  server,
  tools: Array.from({ length: 25 }, (_, i) => ({
    name: `${['list', 'get', 'create', 'update', 'delete'][i % 5]}_${['invoice', 'customer', 'order', 'ticket', 'report'][Math.floor(i / 5)]}`,
    description: `Works on the records of ${server}. Give the id of one, or a filter for many; what is left out stays as it is.`,
    annotations: {},
    schema: {
      type: 'object',
      properties: Object.fromEntries(
        ['id', 'filter', 'owner', 'created_after', 'created_before', 'status', 'order_by', 'fields'].map(name => [
          name,
          { type: 'string', description: `The ${name.replaceAll('_', ' ')} of the records that are meant` },
        ]),
      ),
      required: ['id'],
    },
  })),
}))

/** Nothing asks. */
const FREE = { config: { auto_approve_tools: ['peer/*'] } }

describe('the list of tools', () => {
  const many = Array.from({ length: 110 }, (_, i) => ({
    name: `${['list', 'read', 'make', 'change'][i % 4]}_thing_${i}`,
    description: `Works on thing ${i}.`,
    inputSchema: { type: 'object', properties: { id: { type: 'string' }, limit: { type: 'integer' } } },
  }))

  test('beyond the budget: every name in the prompt, and three constant tools that lead to them', async () => {
    const served = await startServed([peerEntry({ tools: many })])
    const { run, start, stream } = await talk(served)
    const found = await run('find_tools', { query: 'say it again' })
    expect(found.result.content).toContain('peer/echo,text,Says it again')
    expect((await run('describe_tools', { names: ['peer/echo'] })).result.content).toContain('peer/echo,text')
    const { messages, tools } = served.model.requests[0]!.body
    for (const { name } of many) expect(messages[0].content).toContain(name.replace(/^[a-z]+_/, ''))
    expect(tools.map((tool: any) => tool.function.name).filter((name: string) => /_tools?$/.test(name))).toEqual([
      'find_tools',
      'describe_tools',
      'call_tool',
    ])
    expect(JSON.stringify(served.model.requests[0]!.body)).not.toContain('Works on thing')
    const called = await run('call_tool', { tool: 'peer/echo', args: { text: 'inner' } })
    expect(called.call).toMatchObject({ tool: 'peer/echo', params: { text: 'inner' }, requires_approval: true })
    expect(called).toMatchObject({ tool: 'peer/echo', result: { content: 'inner' } })
    const wrong = await run('call_tool', { tool: 'peer/ecko', args: {} })
    expect(wrong.error.code).toBe('UNKNOWN_TOOL')
    expect(wrong.message).toContain('peer/echo text')
    const from = await start('peer/echo', { text: 'directly' })
    expect((await pending(stream, from)).data.tool).toBe('peer/echo')
  })

  test(`of 100 ${catalogs.length > 0 ? 'real' : 'made'} tools costs a few hundred tokens`, async () => {
    let left = 100
    const some = (catalogs.length > 0 ? catalogs : SERVICES).flatMap(({ server, tools }) => {
      const list = tools.slice(0, left).map(({ schema, ...tool }) => ({ ...tool, inputSchema: schema }))
      left -= list.length
      return list.length > 0 ? [{ server, list }] : []
    })
    const served = await startServed(some.map(({ server, list }) => peerEntry({ list }, { name: called(server) })))
    const { project, post } = await talk(served)
    const up = some.map(
      ({ server }) => `POST /api/mcp/${called(server)}/restart?project=${encodeURIComponent(project)}`,
    )
    for (const { status } of await Promise.all(up.map(line => served.backend.call(line)))) expect(status).toBe(200)
    served.says({ text: 'hi' })
    await post('prompt', { text: 'hi', wait: true })
    const { messages, tools } = served.model.requests[0]!.body
    const lines = messages[0].content.split('\n\n').find((part: string) => part.startsWith('MCP tools'))
    for (const { server } of some) expect(lines).toContain(`\n${called(server)}: `)
    const three = tools.slice(-3).map((tool: any) => tool.function)
    expect(three.map((tool: any) => tool.name)).toEqual(['find_tools', 'describe_tools', 'call_tool'])
    expect(tokens(lines).length).toBeLessThanOrEqual(330)
    expect(tokens(lines).length + tokens(JSON.stringify(three)).length).toBeLessThanOrEqual(420)
    const schemas = some.flatMap(({ list }) => list.map(({ annotations: _, ...tool }) => tool))
    expect(tokens(JSON.stringify(schemas)).length).toBeGreaterThan(14_000)
  }, 180_000)

  test('in read-only agents leads to what is allowed as reading, and to nothing else', async () => {
    const served = await startServed([
      peerEntry({ tools: many }, { name: 'loud', trust_annotations: false }),
      madeEntry('sdk1', { trust_annotations: true }),
    ])
    const { run } = await talk(served, { agent: 'plan' })
    expect((await run('call_tool', { tool: 'sdk1/add', args: { a: 1, b: 2 } })).status).toBe('success')
    const refused = await run('call_tool', { tool: 'loud/echo', args: { text: 'x' } })
    expect(refused.error).toMatchObject({ code: 'PERMISSION_DENIED' })
  })

  test.each([
    ['native', {}, ['peer__echo']],
    ['lazy', { tools: many }, ['find_tools', 'describe_tools', 'call_tool']],
  ])('of an agent is what its allowed_tools name, and they approve nothing (%s)', async (how, options, offered) => {
    const config = '[agents.echoer]\nallowed_tools = ["peer/echo"]'
    const served = await startServed([peerEntry(options)], { config })
    const { run } = await talk(served, { agent: 'echoer' })
    const use = (tool: string, args: object) =>
      how === 'lazy' ? run('call_tool', { tool: `peer/${tool}`, args }) : run(`peer__${tool}`, args)
    const echo = await use('echo', { text: 'x' })
    expect([echo.status, echo.call.requires_approval]).toEqual(['success', true])
    expect((await use('pid', {})).status).toBe('error')
    const { tools } = served.model.requests[0]!.body
    expect(tools.map((tool: any) => tool.function.name)).toEqual(offered)
  })

  test.each([
    ['native', {}],
    ['lazy', { tools: many }],
  ])('that changes is announced as a message; the prefix stays, byte for byte (%s)', async (_, options) => {
    const served = await startServed([peerEntry(options)])
    const { run, stream } = await talk(served, FREE)
    const tool = 'tools' in options ? 'call_tool' : 'peer__grow'
    await run(tool, tool === 'call_tool' ? { tool: 'peer/grow' } : {})
    const { model } = served
    await until(async () => (await rowOf(served.backend, 'peer')).tool_count % 10 === 8, 'the list was read again')
    await run(tool === 'call_tool' ? 'find_tools' : 'peer__pid', {})
    const { data } = await stream.until(({ event, data }) => event === 'prompt' && data.source === 'agent')
    expect(data.text).toContain('The MCP server peer changed its tools. New')
    expect(data.text).toContain('grown')
    const bodies = model.requests.map(({ body }) => body)
    for (const [i, body] of bodies.slice(1).entries()) {
      const before = bodies[i]
      expect(JSON.stringify(body.tools)).toBe(JSON.stringify(before.tools))
      expect(JSON.stringify(body.messages.slice(0, before.messages.length))).toBe(JSON.stringify(before.messages))
    }
    expect(JSON.stringify(bodies.at(-1).messages)).toContain('changed its tools')
    if (tool === 'call_tool')
      expect((await run('describe_tools', { names: ['peer/grown'] })).result.content).toContain('peer/grown,path')
  })
})
