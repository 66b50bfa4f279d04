/**
 * `npm run release [-- --verify] [-- TARGET …]`: an archive for each system in `dist/release`, with sums, an SBOM, notes and the
 * schemas. Each executable is checked before it is packed; the same sources give the same bytes. `--verify` adds what takes
 * long: a second build, the end-to-end tests, sessions on other systems. RELEASE_SIGNING_KEY names an OpenSSH key that signs
 * the sums.
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { version } from '../package.json'
import { distinctCompiler, ROOT } from './build/compile.ts'
import { executableName, HOST, NAME, TARGETS } from './build/targets.ts'
import { formatsOf, pack, run } from './release/archive.ts'
import { faultsOf, placesHere } from './release/checks.ts'
import { sharedFiles } from './release/contents.ts'
import { recipes } from './release/packaging.ts'
import { sumsOf } from './release/sums.ts'
import { verify } from './release/verify.ts'

const OUT = join(ROOT, 'dist', 'release')
const WORK = join(OUT, 'work')
const started = performance.now()
const say = (line: string) => console.log(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}`)

const wanted = process.argv.slice(2)
const targets = TARGETS.filter(target => !wanted.some(word => !word.startsWith('-')) || wanted.includes(target))

async function main(): Promise<void> {
  rmSync(OUT, { recursive: true, force: true })
  mkdirSync(WORK, { recursive: true })
  const date = new Date(Number(await run('git', ['log', '-1', '--format=%ct'], ROOT)) * 1000)
  await run(process.execPath, [join(ROOT, 'scripts/catalogue.ts')], ROOT)
  const { inside, beside } = await sharedFiles(version, date)

  const compileOne = distinctCompiler()
  const packing: Promise<void>[] = []
  let running = 0
  let wake = () => {}
  // From the last to the first: Windows takes longest to pack, so it must not be the one that all wait for at the end.
  for (const target of targets.toReversed()) {
    const folder = `${NAME}-${version}-${target}`
    const path = join(WORK, folder, 'bin', executableName(target))
    mkdirSync(dirname(path), { recursive: true })
    await compileOne(path, target)
    const faults = faultsOf(readFileSync(path), target, version, placesHere(ROOT))
    if (target === HOST && !(await run(path, ['--version'], ROOT)).includes(version))
      faults.push('it says another version')
    if (faults.length > 0) throw new Error(`${target}: ${faults.join('; ')}`)
    put(join(WORK, folder), inside)
    say(`${target}  ${mib(path)} MiB, checked`)
    while (running >= availableParallelism()) await new Promise<void>(resolve => (wake = resolve))
    running++
    // One after the other: packing touches the files, and tar notices that.
    const packAll = async () => {
      for (const format of formatsOf(target)) {
        const archive = join(OUT, `${folder}${format}`)
        await pack(WORK, folder, archive, date)
        say(`${archive.slice(OUT.length + 1)}  ${mib(archive)} MiB`)
      }
      running--
      wake()
    }
    packing.push(packAll())
  }
  await Promise.all(packing)
  put(OUT, beside)
  const sums = await sumsOf(OUT, process.env['RELEASE_SIGNING_KEY'])
  const hashOf = (target: string) => sums.get(`${NAME}-${version}-${target}${formatsOf(target)[0]}`)!
  const hashes = new Map(targets.map(target => [target, hashOf(target)]))
  put(join(OUT, 'packaging'), recipes(join(ROOT, 'scripts', 'packaging'), version, hashes))
  if (wanted.includes('--verify')) await verify(WORK, version, targets, say)
  rmSync(WORK, { recursive: true, force: true })
  say(`dist/release is ready`)
}

function put(directory: string, files: Record<string, string>) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text, { mode: 0o644 })
  }
}

const mib = (path: string) => (statSync(path).size / 2 ** 20).toFixed(1)

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
