import type { ProjectServers } from '../lsp/project.ts'
import type { LanguageSource } from '../tools/editor/language.ts'

export type Languages = {
  servers(): Promise<ProjectServers>
  /** Those that were loaded; nothing is loaded for it. */
  loaded(): Promise<ProjectServers> | undefined
  /** Whether there is one for files of the project. Starts none. */
  found(): Promise<boolean>
  /** Once one was found. */
  readonly source: LanguageSource | undefined
  /** The same for a copy of the project: looked for where one was found for this. */
  copy(project: string, unsaved: ReadonlyMap<string, string>): Promise<Languages>
}

/** The language servers of a project, loaded and looked for when that is asked first. */
export function createLanguages(
  load: (project: string) => Promise<ProjectServers>,
  project: string,
  unsaved: ReadonlyMap<string, string>,
): Languages {
  let loading: Promise<ProjectServers> | undefined
  let source: LanguageSource | undefined

  const servers = () => (loading ??= load(project))
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
  const looked = () => {
    looking = undefined // a file that a call makes may be the first of its kind
  }

  return {
    servers,
    loaded: () => loading,
    async found() {
      if (!source) await (looking ??= look().finally(looked))
      return source !== undefined
    },
    get source() {
      return source
    },
    async copy(project, unsaved) {
      const copied = createLanguages(load, project, unsaved)
      if (source) await copied.found()
      return copied
    },
  }
}
