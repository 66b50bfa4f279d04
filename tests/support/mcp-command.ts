/** `emacs-agent-backend mcp` without `main`: project, allowances, home. */
import { mcp } from '../../src/cli/mcp.ts'
import type { Process } from '../../src/cli/process.ts'

const [project, allow = '', home = '/nonexistent'] = process.argv.slice(2)
const outside = {
  env: { PATH: process.env.PATH },
  dirs: { config: `${home}/config`, state: `${home}/state`, home },
  version: '0.0.0',
  cwd: project!,
  stdin: process.stdin,
  stdout: (text: string) => void process.stdout.write(text),
  stderr: (text: string) => void process.stderr.write(text),
} as unknown as Process
const allowed = allow.split(',').filter(word => word === 'write' || word === 'shell')
process.exit(await mcp({ command: 'mcp', project, allow: allowed }, outside))
