/** A server made with the SDK's 1.x, as most of the world's are. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { z } from 'zod'

const server = new McpServer({ name: 'sdk1', version: '1.0.0' }, { capabilities: { logging: {} } })
server.registerTool(
  'add',
  {
    description: 'Adds two numbers.',
    inputSchema: { a: z.number(), b: z.number().optional() },
    outputSchema: { sum: z.number() },
    annotations: { readOnlyHint: true },
  },
  async ({ a, b = 0 }) => {
    const structuredContent = { sum: a + b }
    return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent }
  },
)
server.registerTool('color', { description: 'Asks for a color.', inputSchema: {} }, async () => {
  const answer = await server.server.elicitInput({
    message: 'Which color?',
    requestedSchema: { type: 'object', properties: { color: { type: 'string', default: 'green' } } },
  })
  return { content: [{ type: 'text', text: JSON.stringify(answer) }] }
})
const late = server.registerTool('late', { description: 'Comes later.' }, async () => ({
  content: [{ type: 'text', text: 'late' }],
}))
late.disable()
server.registerTool('enable', { description: 'Enables late.' }, async () => {
  late.enable()
  return { content: [{ type: 'text', text: 'enabled' }] }
})
await server.connect(new StdioServerTransport())
