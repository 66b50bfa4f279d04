import type { Children } from '../base/children.ts'
import type { Config } from '../config/config.ts'
import type { ProjectServers } from '../lsp/project.ts'

/** A server that was not used for so long is stopped. */
const IDLE_MS = 10 * 60_000

/** The language servers of all projects: those of one serve all its sessions. */
export function createLanguageServers(options: {
  children: Children
  env(): Record<string, string>
  log(message: string): void
}) {
  const projects = new Map<string, Promise<ProjectServers>>()

  async function create(
    { lsp, project_trusted }: Config,
    project: string,
    closed: () => void,
  ): Promise<ProjectServers> {
    const [{ createProjectServers }, { programFor }, { compileGlob }] = await Promise.all([
      import('../lsp/project.ts'),
      import('../tools/shell/executable.ts'),
      import('../tools/search/glob.ts'),
    ])
    return createProjectServers(
      {
        project,
        configured: lsp,
        trusted: project_trusted,
        programFor: (name, project, trusted) => programFor(name, options.env(), project, trusted),
        compile: compileGlob,
      },
      { ...options, idle_ms: IDLE_MS, closed },
    )
  }

  return {
    /** Starts none. `project` is a real path. */
    of(config: Config, project: string): Promise<ProjectServers> {
      const key = JSON.stringify([project, config.project_trusted, config.lsp])
      const known = projects.get(key)
      if (known) return known
      const forget = () => void projects.delete(key)
      const created = create(config, project, forget)
      projects.set(key, created)
      created.catch(forget)
      return created
    },
    async close(): Promise<void> {
      await Promise.allSettled([...projects.values()].map(async servers => (await servers).close()))
    },
  }
}
