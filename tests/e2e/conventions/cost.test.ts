import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { encode } from 'gpt-tokenizer'
import { stringify } from 'smol-toml'
import { announced, open, systemOf } from '../../support/conventions.ts'
import { withModel } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

const TOPICS = [
  'build',
  'deploy',
  'review',
  'translate',
  'document',
  'profile',
  'migrate',
  'format',
  'secure',
  'release',
]
const some = (count: number, make: (i: number, topic: string) => [string, string]) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => make(i, TOPICS[i % TOPICS.length]!)))

/** As many conventions as a large project has: none of them is used. */
const FILES = {
  '.git/HEAD': 'ref: refs/heads/main\n',
  'AGENTS.md': 'Be kind, and run the tests.\n',
  ...some(40, (i, topic) => [
    `.claude/skills/${topic}-${i}/SKILL.md`,
    `---\nname: ${topic}-${i}\ndescription: Use this when the user wants to ${topic} something of part ${i}, with all its details and special cases\n---\n${'Long text. '.repeat(300)}`,
  ]),
  ...some(30, (i, topic) => [
    `.claude/commands/${topic}-${i}.md`,
    `---\ndescription: ${topic}\n---\n${'Do it. '.repeat(50)}`,
  ]),
  ...some(8, (i, topic) => [`part-${i}/AGENTS.md`, `Rules of part ${i} about how to ${topic}.\n`]),
  'part-3/file.txt': 'text',
}
const peer = {
  name: 'big',
  command: process.execPath,
  args: [
    join(import.meta.dir, '../../support/mcp-peer.ts'),
    JSON.stringify({ tools: Array.from({ length: 100 }, (_, i) => toolOf(i)) }),
  ],
}
function toolOf(i: number) {
  const verb = ['get', 'list', 'create', 'update', 'delete'][i % 5]
  const properties = { id: { type: 'string', description: 'The id of the thing' }, limit: { type: 'integer' } }
  return {
    name: `${verb}_${TOPICS[Math.floor(i / 10)]}_${i}`,
    description: `This tool does ${verb} things, with a long description that nobody needs to see before it is used.`,
    inputSchema: { type: 'object', properties, required: ['id'] },
  }
}

test('40 skills, 30 commands, 8 nested files and 100 MCP tools cost at most 900 tokens; the prefix stays through their use', async () => {
  const loaded = await withModel(stringify({ mcp_servers: [peer] }))
  const bare = await withModel()
  bare.says({ text: 'Hi.' })
  const empty = await open(bare.home, tempDir({ '.git/HEAD': 'x', 'AGENTS.md': FILES['AGENTS.md'] }))
  await empty.ask('Hello')
  await empty.backend.stop()
  loaded.says(
    { calls: [{ name: 'skill', args: { name: 'deploy-1' } }] },
    { calls: [{ name: 'read_file', args: { path: 'part-3/file.txt' } }] },
    { text: 'One.' },
    { text: 'Two.' },
  )
  const { backend, stream, ask, send } = await open(loaded.home, tempDir(FILES))
  await ask('Hello')
  await send({ text: 'And now?', effort: 'high', wait: true })
  await backend.stop()

  const requests = loaded.model.requests.map(({ body }) => body)
  const tokens = ({ messages, tools }: any) => encode(JSON.stringify([messages[0].content, tools])).length
  const cost = tokens(requests[0]) - tokens(bare.model.requests[0]!.body)
  console.log(`conventions that are not used cost ${cost} tokens`)
  expect(systemOf({ body: requests[0] })).toContain('secure-38')
  expect(systemOf({ body: requests[0] })).toMatch(/\nbig: .*get_\{/)
  expect(cost).toBeLessThanOrEqual(900)

  expect(announced(stream)).toHaveLength(1)
  for (const [i, request] of requests.entries()) {
    if (i === 0) continue
    const before = requests[i - 1]
    expect(request.tools).toEqual(before.tools)
    expect(request.messages.slice(0, before.messages.length)).toEqual(before.messages)
  }
})
