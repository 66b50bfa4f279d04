import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const URL = 'https://github.com/emacs-agent/emacs-agent-backend/releases/download'

/**
 * The recipes of `scripts/packaging` with version and hashes filled in, by path. `hashes` are those of the archives by target. A
 * recipe for an archive that is not there is left out. Throws Error for a placeholder that means nothing.
 */
export function recipes(
  directory: string,
  version: string,
  hashes: ReadonlyMap<string, string>,
): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(directory.length + 1))
  return Object.fromEntries(
    files.sort().flatMap(path => {
      const template = readFileSync(join(directory, path), 'utf8')
      if (!template.includes('@')) return []
      const lacks = [...template.matchAll(/@SHA256:([\w-]+)@/g)].some(([, target]) => !hashes.has(target!))
      return lacks ? [] : [[path, filled(template, path, version, hashes)]]
    }),
  )
}

const filled = (template: string, path: string, version: string, hashes: ReadonlyMap<string, string>): string =>
  template.replace(/@([A-Z][A-Z0-9]*)(?::([\w-]+))?@/g, (whole, word, target) => {
    if (word === 'VERSION') return version
    if (word === 'URL') return URL
    if (word === 'SHA256') return hashes.get(target)!
    throw new Error(`${path}: ${whole} means nothing`)
  })
