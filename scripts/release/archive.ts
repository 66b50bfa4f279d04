import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Packs folders so that the same files give the same bytes: sorted, with one date, owned by root, without further fields. */

const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C' }

/** How the archives of a target end, the smallest first. The registry of ACP agents takes no xz. */
export const formatsOf = (target: string): string[] =>
  target.startsWith('windows') ? ['.zip'] : target.endsWith('-musl') ? ['.tar.xz'] : ['.tar.xz', '.tar.gz']

/** `parent/folder` as `path`, which ends with .tar.xz, .tar.gz or .zip. `date` is the time of every file. Throws Error. */
export async function pack(parent: string, folder: string, path: string, date: Date): Promise<void> {
  rmSync(path, { force: true })
  mkdirSync(dirname(path), { recursive: true })
  const inside = (readdirSync(join(parent, folder), { recursive: true }) as string[]).map(name => join(folder, name))
  const names = [folder, ...inside].sort()
  for (const name of names.toReversed()) utimesSync(join(parent, name), date, date)
  const input = `${names.join('\n')}\n`
  if (path.endsWith('.zip')) {
    await run('zip', ['-q', '-X', '-9', '-D', path, '-@'], parent, input)
    return
  }
  // One thread: with more, the bytes depend on their number. Preset 6 saves 3 % more, and takes half as long again. The
  // filter is for machine code of x64, and every xz knows it.
  const filter = folder.includes('x64') ? '--x86 ' : ''
  const time = `--mtime=@${Math.floor(date.getTime() / 1000)}`
  const tar = ['--format=ustar', '--owner=0', '--group=0', '--numeric-owner', '--mode=u+w,go-w', time, '--no-recursion']
  const compress = path.endsWith('.gz') ? 'gzip -n' : `xz -T1 ${filter}--lzma2=preset=4`
  await run('tar', [...tar, `--use-compress-program=${compress}`, '-cf', path, '--files-from=-'], parent, input)
}

/** Throws Error with what the program says. */
export async function run(program: string, args: string[], cwd: string, input = ''): Promise<string> {
  const child = spawn(program, args, { cwd, env })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', chunk => (stdout += chunk))
  child.stderr.on('data', chunk => (stderr += chunk))
  child.stdin.on('error', () => {}) // it ended without reading
  child.stdin.end(input)
  const status = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject))
  if (status !== 0) throw new Error(`${program}: ${stderr.trim() || status}`)
  return stdout
}
