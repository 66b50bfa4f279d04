/** A server made with the SDK's 2.x: it speaks both eras, and asks back in the way of each. */
import { acceptedContent, fromJsonSchema, inputRequired, McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'

serveStdio(() => {
  const server = new McpServer({ name: 'sdk2', version: '1.0.0' })
  server.registerTool(
    'add',
    {
      description: 'Adds two numbers.',
      inputSchema: fromJsonSchema<{ a: number; b?: number }>({
        type: 'object',
        properties: { a: { type: 'number' }, b: { type: 'number' } },
        required: ['a'],
      }),
    },
    async ({ a, b = 0 }) => ({ content: [{ type: 'text', text: String(a + b) }] }),
  )
  server.registerTool('deploy', { description: 'Asks before it deploys.' }, async context => {
    const answer = acceptedContent<{ confirm: boolean }>(context.mcpReq.inputResponses, 'confirm')
    if (answer === undefined)
      return inputRequired({
        inputRequests: {
          confirm: inputRequired.elicit({
            message: 'Deploy?',
            requestedSchema: { type: 'object', properties: { confirm: { type: 'boolean' } } },
          }),
          roots: inputRequired.listRoots(),
        },
        requestState: 'opaque',
      })
    const roots = context.mcpReq.inputResponses?.roots as { roots: { uri: string }[] }
    return {
      content: [{ type: 'text', text: `${answer.confirm ? 'deployed' : 'not deployed'} ${roots.roots[0]?.uri}` }],
    }
  })
  return server
})
