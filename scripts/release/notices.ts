import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The licences of what is inside: of each package of which the compiler took anything, and of the runtime. */

type Package = { name: string; version: string; licence: string; text: string }

/** Their texts must come along; none of these asks for more. */
const ACCEPTED = new Set([
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'Unlicense',
])

const RUNTIME = `Bun (https://bun.sh), the runtime inside the executables: MIT, Copyright Oven and its contributors. It contains JavaScriptCore
(LGPL 2), and other libraries under MIT, BSD, Apache 2.0, zlib and ISC licences; https://bun.com/docs/project/licensing lists
them with their texts, and https://github.com/oven-sh/WebKit has the source of JavaScriptCore and says how to link it anew.`

/** `paths` are the files that were bundled. Throws Error that names a package without a licence that is accepted here. */
export function notices(paths: readonly string[]): string {
  const roots = new Set(paths.flatMap(path => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? []))
  const packages = [...roots].map(packageAt).sort((a, b) => (a.name < b.name ? -1 : 1))
  const byLicence = Map.groupBy(packages, ({ licence }) => licence)
  const table = [...byLicence]
    .sort()
    .map(([licence, of]) => `${licence}: ${of.map(({ name, version }) => `${name} ${version}`).join(', ')}`)
  const texts = packages.map(
    ({ name, version, licence, text }) => `${'-'.repeat(78)}\n${name} ${version} (${licence})\n\n${text.trim()}\n`,
  )
  return `What is inside, and under which licence. The program itself: MIT, see LICENSE.

${RUNTIME}

${table.join('\n\n')}

${texts.join('\n')}`
}

function packageAt(root: string): Package {
  const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  if (!ACCEPTED.has(license)) throw new Error(`${name} ${version} is under ${license}`)
  const files = readdirSync(root)
    .filter(file => /^(?:licen[cs]e|notice|copying)/i.test(file))
    .sort()
  const text = files.map(file => readFileSync(join(root, file), 'utf8')).join('\n')
  if (license === 'Apache-2.0' && text === '') throw new Error(`${name} ${version} has no text of its licence`)
  return { name, version, licence: license, text: text || textFrom(root, license) }
}

/** Some have it in the README alone, or name it alone: then the name has to do. */
function textFrom(root: string, licence: string): string {
  const readme = join(root, 'README.md')
  const text = existsSync(readme)
    ? /^#+ Licen[cs]e\b[\s\S]{0,3000}/im.exec(readFileSync(readme, 'utf8'))?.[0]
    : undefined
  return text ?? `${licence} (the package has no text of its own)`
}
