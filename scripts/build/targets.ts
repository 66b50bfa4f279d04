/** No `-baseline`: since Bun 1.4 there is one runtime for all x64 processors (SSE4.2), and that target gives the same bytes. */
export const TARGETS = [
  'linux-x64',
  'linux-x64-musl',
  'linux-arm64',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'windows-x64',
  'windows-arm64',
] as const

/** The system that this runs on, as a target. */
export const HOST = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`

export const NAME = 'emacs-agent-backend'
export const executableName = (target: string): string => `${NAME}${target.startsWith('windows') ? '.exe' : ''}`
