/** Our own server over the built-in tools that only read, for clients of others to talk to. */
import { serveTools } from '../../src/mcp/serve.ts'
import { builtinTools } from '../../src/tools/registry.ts'
import { contextFor } from './mcp.ts'

const project = process.argv[2]!
await serveTools(
  {
    tools: builtinTools.filter(tool => tool.level === 'read'),
    version: '0.0.0',
    async run(tool, raw, call) {
      const context = contextFor({
        roots: { project, allowed: [], forbidden: [] },
        ...call,
        env: process.env as Record<string, string>,
      })
      const params = tool.parse(raw)
      return tool.run(params, context, await tool.effect(params, context))
    },
  },
  process.stdin,
  text => void process.stdout.write(text),
)
