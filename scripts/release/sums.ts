import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './archive.ts'

/**
 * Writes SHA256SUMS of all files in a directory, as `sha256sum -c` reads it, and with an OpenSSH key `SHA256SUMS.sig`:
 * `ssh-keygen -Y verify -n file -f ALLOWED_SIGNERS -I WHO -s SHA256SUMS.sig < SHA256SUMS` checks it.
 */
export async function sumsOf(directory: string, key?: string): Promise<void> {
  const files = readdirSync(directory, { withFileTypes: true }).filter(
    entry => entry.isFile() && !entry.name.startsWith('SHA256SUMS'),
  )
  const lines = files.map(
    ({ name }) =>
      `${createHash('sha256')
        .update(readFileSync(join(directory, name)))
        .digest('hex')}  ${name}\n`,
  )
  const path = join(directory, 'SHA256SUMS')
  writeFileSync(path, lines.sort((a, b) => (a.slice(64) < b.slice(64) ? -1 : 1)).join(''))
  if (key) await run('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'file', '-f', key, path], directory)
}
