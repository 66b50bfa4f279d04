/** A server with prompts, resources, templates and completion, made with the SDK's 1.x. The tool `touch` changes a resource. */

import { completable } from '@modelcontextprotocol/sdk/server/completable.js'
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { SubscribeRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'

const server = new McpServer(
  { name: 'library', version: '1.0.0' },
  { capabilities: { resources: { subscribe: true }, completions: {} } },
)
let edition = 1
const subscribed = new Set<string>()
server.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
  subscribed.add(params.uri)
  return {}
})
server.registerResource(
  'Handbook',
  'lib://handbook',
  { description: 'The handbook', mimeType: 'text/plain' },
  async uri => ({
    contents: [{ uri: uri.href, text: `Edition ${edition} of the handbook.` }],
  }),
)
server.registerResource(
  'Page',
  new ResourceTemplate('lib://pages/{page}', {
    list: undefined,
    complete: { page: value => ['one', 'two', 'three'].filter(page => page.startsWith(value)) },
  }),
  { description: 'A page' },
  async (uri, { page }) => ({ contents: [{ uri: uri.href, text: `Page ${page}.` }] }),
)
server.registerPrompt(
  'explain',
  {
    description: 'Explains a thing',
    argsSchema: {
      thing: completable(z.string(), value => ['tea', 'toast'].filter(one => one.startsWith(value))),
      tone: z.string().optional(),
    },
  },
  ({ thing, tone = 'plain' }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Explain ${thing} in a ${tone} tone.` } }],
  }),
)
server.registerTool(
  'touch',
  { description: 'Changes the handbook.', annotations: { readOnlyHint: true } },
  async () => {
    edition++
    if (subscribed.has('lib://handbook')) await server.server.sendResourceUpdated({ uri: 'lib://handbook' })
    return { content: [{ type: 'text', text: `edition ${edition}` }] }
  },
)
await server.connect(new StdioServerTransport())
