import { join } from 'node:path'
import type { Dirs } from '../config.ts'

/** A file in which another client keeps MCP servers. */
export type Known = { client: string; path: string }

/** Where other clients keep their servers: those of the project first, then the user's. */
export function knownFiles(
  project: string,
  { home, config }: Pick<Dirs, 'home' | 'config'>,
  platform: NodeJS.Platform,
): Known[] {
  // The directory that ours lies in: ~/.config, or what the system has in its place.
  const configHome = join(config, '..')
  const application = platform === 'darwin' ? join(home, 'Library', 'Application Support') : configHome
  const inProject: [string, string][] = [
    ['Claude Code', '.mcp.json'],
    ['VS Code', '.vscode/mcp.json'],
    ['Cursor', '.cursor/mcp.json'],
    ['Zed', '.zed/settings.json'],
    ['opencode', 'opencode.json'],
    ['opencode', 'opencode.jsonc'],
    ['Codex', '.codex/config.toml'],
    ['Gemini CLI', '.gemini/settings.json'],
  ]
  const ofUser: [string, string][] = [
    ['Claude Code', join(home, '.claude.json')],
    ['Claude Desktop', join(application, 'Claude', 'claude_desktop_config.json')],
    ['VS Code', join(application, 'Code', 'User', 'mcp.json')],
    ['Cursor', join(home, '.cursor', 'mcp.json')],
    ['Zed', join(configHome, 'zed', 'settings.json')],
    ['opencode', join(configHome, 'opencode', 'opencode.json')],
    ['opencode', join(configHome, 'opencode', 'opencode.jsonc')],
    ['Codex', join(home, '.codex', 'config.toml')],
    ['Gemini CLI', join(home, '.gemini', 'settings.json')],
    ['Windsurf', join(home, '.codeium', 'windsurf', 'mcp_config.json')],
  ]
  return [...inProject.map(([client, path]) => [client, join(project, path)] as const), ...ofUser].map(
    ([client, path]) => ({
      client,
      path,
    }),
  )
}
