import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The answer to `roots/list`: the project, as a file URL. */
export const rootsOf = (project: string | null): { roots: { uri: string; name: string }[] } => ({
  roots: project === null ? [] : [{ uri: pathToFileURL(project).href, name: basename(project) }],
})
