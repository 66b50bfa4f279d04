import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

type Component = { 'bom-ref': string; type: string; name: string; version: string; [field: string]: unknown }
type Bom = {
  serialNumber: string
  metadata: { timestamp: string; component: Component }
  components: Component[]
  dependencies: { ref: string; dependsOn: string[] }[]
}

/**
 * What the executables are made of, as CycloneDX: what npm says of the packages, and the runtime, which npm takes for a tool.
 * npm's time, number and name of the directory make way for what is the same in every build of these sources. Which packages
 * are tools is read from the lock file: `npm sbom --omit dev` also leaves out what a tool shares with the program.
 */
export function sbom(root: string, date: Date): string {
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 } as const
  const { status, stdout, stderr } = spawnSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], options)
  if (status !== 0) throw new Error(`npm sbom: ${stderr}`)
  const bom: Bom = JSON.parse(stdout)
  const { name, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const inside = insideOf(root)
  const program = bom.metadata.component['bom-ref']
  const bun = `bun@${devDependencies.bun}`
  bom.metadata.timestamp = date.toISOString()
  bom.metadata.component = { ...bom.metadata.component, name, type: 'application' }
  bom.components = bom.components.filter(component => inside.has(component['bom-ref']))
  bom.components.push({
    'bom-ref': bun,
    type: 'framework',
    name: 'bun',
    version: devDependencies.bun,
    purl: `pkg:npm/${bun}`,
    licenses: [{ license: { id: 'MIT' } }],
  })
  bom.dependencies = bom.dependencies
    .filter(({ ref }) => inside.has(ref) || ref === program)
    .map(({ ref, dependsOn }) => ({
      ref,
      dependsOn: dependsOn.filter(on => inside.has(on) || (ref === program && on === bun)),
    }))
  bom.serialNumber = ''
  bom.serialNumber = `urn:uuid:${uuidOf(JSON.stringify(bom))}`
  return `${JSON.stringify(bom, null, 2)}\n`
}

/** The packages that the program depends on, however far, as `name@version`. */
function insideOf(root: string): Set<string> {
  type Entry = { version: string; dev?: boolean; devOptional?: boolean; optional?: boolean; peer?: boolean }
  const { packages }: { packages: Record<string, Entry> } = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  )
  const entries = Object.entries(packages).filter(
    ([path, { dev, devOptional, optional, peer }]) => path !== '' && !(dev || devOptional || optional || peer),
  )
  return new Set(entries.map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`))
}

/** The same text gives the same number: a UUID of version 8. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
