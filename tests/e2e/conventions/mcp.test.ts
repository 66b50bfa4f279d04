import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { stringify } from 'smol-toml'
import { announced, open, results, toolsOf } from '../../support/conventions.ts'
import { withModel } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

const LIBRARY = {
  name: 'lib',
  command: process.execPath,
  args: [join(import.meta.dir, '../../support/mcp-library.ts')],
  trust_annotations: true,
}
const read = (args: object) => ({ calls: [{ name: 'read_resource', args }] })

test("a server's prompts are commands, its resources are read and watched, and completed over HTTP", async () => {
  const { home, model, says } = await withModel(stringify({ mcp_servers: [LIBRARY] }))
  const project = tempDir({})
  const { backend, stream, send, ask } = await open(home, project)
  const of = `project=${encodeURIComponent(project)}`
  const { body } = await backend.call(`GET /api/commands?${of}`)
  expect(body.commands.find((row: any) => row.kind === 'mcp')).toEqual({
    name: 'lib:explain',
    description: 'Explains a thing',
    argument_hint: '<thing> [tone]',
    origin: 'lib',
    kind: 'mcp',
  })
  expect((await backend.call(`GET /api/resources?${of}`)).body).toEqual({
    resources: [
      { server: 'lib', uri: 'lib://handbook', name: 'Handbook', description: 'The handbook', mime_type: 'text/plain' },
    ],
    templates: [{ server: 'lib', uri_template: 'lib://pages/{page}', name: 'Page', description: 'A page' }],
  })
  const listed = (await backend.call(`GET /api/tools?${of}`)).body.tools
  expect(listed.find((tool: any) => tool.name === 'read_resource')).toMatchObject({ category: 'mcp', approval: 'auto' })
  expect(listed.some((tool: any) => tool.name === 'skill')).toBe(false)
  const complete = async (query: string) => (await backend.call(`GET /api/mcp/lib/complete?${of}&${query}`)).body
  expect(await complete('prompt=explain&argument=thing&value=t')).toEqual({ values: ['tea', 'toast'], has_more: false })
  expect(await complete(`template=${encodeURIComponent('lib://pages/{page}')}&argument=page&value=t`)).toEqual({
    values: ['two', 'three'],
    has_more: false,
  })

  says({ text: 'One.' }, { text: 'Two.' })
  const explain = (given: string) => send({ command: { name: 'lib:explain', arguments: given }, wait: true })
  expect((await explain('tea "very kind"')).body).toMatchObject({ status: 'success', text: 'One.' })
  expect((await explain('tone=stern toast')).body).toMatchObject({ status: 'success' })
  expect(model.requests.map(({ body }) => body.messages.findLast((m: any) => m.role === 'user').content)).toEqual([
    'Explain tea in a very kind tone.',
    'Explain toast in a stern tone.',
  ])
  expect((await explain('')).body.error).toMatchObject({
    code: 'INVALID_REQUEST',
    message: expect.stringContaining('needs thing. Write <thing> [tone]'),
  })

  expect(toolsOf(model.requests[0]!)).toContain('read_resource')
  says(
    read({ server: 'lib' }),
    read({ server: 'lib', uri: 'lib://handbook' }),
    read({ server: 'lib', uri: '@lib:lib://pages/two' }),
    read({ server: 'libb', uri: 'x' }),
    { calls: [{ name: 'lib__touch', args: {} }] },
    { text: 'Done.' },
  )
  const from = stream.frames.length
  await ask('Read')
  expect(
    results(stream).map(({ tool, status, result, error }) => [tool, status, result?.content ?? error.message]),
  ).toEqual([
    ['read_resource', 'success', 'lib://handbook · Handbook · The handbook\nlib://pages/{page} · Page · A page'],
    ['read_resource', 'success', '[resource lib://handbook]\nEdition 1 of the handbook.'],
    ['read_resource', 'success', '[resource lib://pages/two]\nPage two.'],
    ['read_resource', 'error', expect.stringContaining('did you mean "lib"')],
    ['lib/touch', 'success', 'edition 2'],
  ])
  expect(stream.frames.slice(from).some(({ event }) => event === 'approval')).toBe(false)
  expect(announced(stream).map(({ text }) => text)).toEqual(['Changed since you read it: @lib:lib://handbook.'])
  await backend.stop()
})

test.each(['read_resource', 'lib/*'])('a deny rule %s binds the reading of resources', async rule => {
  const { home, says } = await withModel(`[permissions]\ndeny = ["${rule}"]\n${stringify({ mcp_servers: [LIBRARY] })}`)
  says(read({ server: 'lib', uri: 'lib://handbook' }), { text: 'Done.' })
  const { backend, stream, ask } = await open(home, tempDir({}))
  await ask('Read')
  expect(results(stream)[0]).toMatchObject({ status: 'error', error: { code: 'PERMISSION_DENIED' } })
  await backend.stop()
})

test('without resources there is no tool for them', async () => {
  const none = await withModel(
    stringify({ mcp_servers: [{ ...LIBRARY, args: [join(import.meta.dir, '../../support/mcp-sdk1.ts')] }] }),
  )
  none.says({ text: 'Hi.' })
  const plain = await open(none.home, tempDir({}))
  await plain.ask('Hello')
  expect(toolsOf(none.model.requests[0]!)).not.toContain('read_resource')
  await plain.backend.stop()
})
