import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Servers of the world. Not among our own dependencies: 200 packages for one test. */
const PACKAGES: Record<string, string> = {
  '@eslint/mcp': '0.3.13',
  '@modelcontextprotocol/server-everything': '2026.8.31',
  '@modelcontextprotocol/server-filesystem': '2026.8.31',
  '@modelcontextprotocol/server-memory': '2026.8.31',
  '@modelcontextprotocol/server-sequential-thinking': '2026.8.31',
  '@playwright/mcp': '0.0.83',
}
const DIRECTORY = join(import.meta.dir, '../../dist/mcp-servers')
const PATIENCE_MS = 80_000

/** Where their programs are, installed from npm once per checkout and version; null where they cannot be had. */
export function installServers(): string | null {
  const bin = join(DIRECTORY, 'node_modules/.bin')
  if (isInstalled()) return bin
  mkdirSync(DIRECTORY, { recursive: true })
  const wanted = Object.entries(PACKAGES).map(([name, version]) => `${name}@${version}`)
  const flags = ['--prefix', DIRECTORY, '--save-exact', '--ignore-scripts', '--no-audit', '--no-fund']
  spawnSync('npm', ['install', ...flags, '--fetch-retries=0', ...wanted], { stdio: 'ignore', timeout: PATIENCE_MS })
  return isInstalled() ? bin : null
}

function isInstalled(): boolean {
  const path = join(DIRECTORY, 'package.json')
  if (!existsSync(path) || !existsSync(join(DIRECTORY, 'node_modules/.package-lock.json'))) return false
  const { dependencies } = JSON.parse(readFileSync(path, 'utf8'))
  return Bun.deepEquals(dependencies, PACKAGES)
}
