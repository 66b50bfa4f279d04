import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Dirs } from '../../src/config/config.ts'
import { type LoadedConfig, type LoadOptions, loadConfig } from '../../src/config/load.ts'
import { readProjectFile, trust } from '../../src/config/trust.ts'
import { tempDir } from '../support/temp.ts'

/** A person's directories and a project, made anew and removed after `use`. */
export type Home = {
  dirs: Dirs
  project: string
  userFile: string
  projectFile: string
  write(path: string, text: string | Uint8Array): Promise<void>
  trustProject(): Promise<void>
  load(options?: Partial<LoadOptions>): Promise<LoadedConfig>
}

export async function withHome<T>(use: (home: Home) => Promise<T>): Promise<T> {
  const root = tempDir()
  const dirs: Dirs = { home: root, config: join(root, '.config', 'emacs-agent'), state: join(root, 'state') }
  const project = join(root, 'project')
  await mkdir(project)
  const home: Home = {
    dirs,
    project,
    userFile: join(dirs.config, 'emacs-agent.toml'),
    projectFile: join(project, 'emacs-agent.toml'),
    async write(path, text) {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, text, { mode: 0o600 })
    },
    async trustProject() {
      const file = await readProjectFile(project)
      if (file.kind !== 'read') throw new Error(file.kind)
      await trust(dirs.state, file)
    },
    load: options => loadConfig({ env: {}, dirs, ...options }),
  }
  try {
    return await use(home)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}
