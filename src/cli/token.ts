import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf, UsageError } from '../base/errors.ts'
import { makePrivateDir, PRIVATE_FILE } from '../base/files.ts'
import { withRemedy } from '../base/remedy.ts'

export const newToken = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')

/** Writes the token to a file that only its owner can read, `token-<pid>`. Returns its path. Throws UsageError. */
export async function keepToken(token: string, state: string): Promise<string> {
  try {
    const { startTimeOf } = await import('../base/processes.ts')
    await makePrivateDir(state)
    // A killed backend leaves its files behind. It may have had the pid that is ours now.
    for (const name of readdirSync(state)) {
      const pid = Number(/^(?:token-(\d+)|(?:acp|serve)-(\d+)\.json)$/.exec(name)?.slice(1).find(Boolean))
      if (pid === process.pid || (pid > 0 && startTimeOf(pid) === null)) rmSync(join(state, name), { force: true })
    }
    const path = join(state, `token-${process.pid}`)
    writeFileSync(path, token, { flag: 'wx', mode: PRIVATE_FILE })
    return path
  } catch (error) {
    throw new UsageError(
      `${withRemedy(`The token cannot be kept in ${state} (${reasonOf(error)}).`, error)} XDG_STATE_HOME names another directory.`,
    )
  }
}

/** Writes where this backend listens, beside its token: `acp-<pid>.json` or `serve-<pid>.json`. Returns its path. */
export function keepAddress(command: 'acp' | 'serve', handshake: object, state: string): string {
  const path = join(state, `${command}-${process.pid}.json`)
  writeFileSync(path, `${JSON.stringify(handshake)}\n`, { flag: 'wx', mode: PRIVATE_FILE })
  return path
}
