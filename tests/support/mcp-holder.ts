/** A backend in small: starts the servers of its first argument in the state directory of its second, tells, and waits. */
import { join } from 'node:path'
import { createChildren } from '../../src/base/children.ts'
import type { McpServerConfig } from '../../src/config/config.ts'
import { createPool } from '../../src/mcp/pool.ts'

const servers: McpServerConfig[] = JSON.parse(process.argv[2]!)
const state = process.argv[3]!
const pool = createPool({
  servers: () => servers,
  children: createChildren(join(state, 'children')),
  dirs: { state, home: state },
  env: () => ({ PATH: process.env.PATH ?? '' }),
  version: '0.0.0',
  log: () => {},
  grace_ms: 200,
})
await pool.tools(state, 'session')
process.stdout.write('ready\n')
process.stdin.resume()
