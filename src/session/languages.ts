import type { ProjectServers } from '../lsp/project.ts'
import type { LanguageSource } from '../tools/editor/language.ts'

/** The language servers of the session's project, loaded and looked for when that is asked first. */
export function createLanguages(load: () => Promise<ProjectServers>, unsaved: ReadonlyMap<string, string>) {
  let loading: Promise<ProjectServers> | undefined
  let source: LanguageSource | undefined

  const servers = () => (loading ??= load())
  async function look(): Promise<void> {
    try {
      const found = await servers()
      if ((await found.names()).length === 0) return
      const { textAt } = await import('../lsp/text.ts')
      source = found.source(async path => unsaved.get(path) ?? (await textAt(path)))
    } catch {
      loading = undefined // the project is gone, or cannot be read: nothing is offered
    }
  }
  let looking: Promise<void> | undefined

  return {
    servers,
    /** Those that were loaded; nothing is loaded for it. */
    loaded: (): Promise<ProjectServers> | undefined => loading,
    /** Whether there is one for files of the project. Starts none. */
    async found(): Promise<boolean> {
      await (looking ??= look())
      return source !== undefined
    },
    /** Once one was found. */
    get source(): LanguageSource | undefined {
      return source
    },
  }
}

export type Languages = ReturnType<typeof createLanguages>
