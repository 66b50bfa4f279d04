import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PRIVATE_FILE, readRegular } from '../base/files.ts'

type Env = Readonly<Record<string, string | undefined>>

/** As git chooses: a terminal without escape sequences has no use for a visual editor. */
const editorOf = (env: Env): string => (env.TERM !== 'dumb' && env.VISUAL) || env.EDITOR || 'vi'

/**
 * Lets the person edit a text in their editor, which has the terminal meanwhile. The file is private, and gone afterwards.
 * Throws with the reason when the editor does not run or fails.
 */
export async function editText(text: string, name: string, env: Env): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'emacs-agent-edit-'))
  try {
    const path = join(directory, name)
    await writeFile(path, text, { mode: PRIVATE_FILE })
    const editor = editorOf(env)
    // The variable may hold arguments, and is a line for the shell, as everywhere.
    const child = spawn(`${editor} "$FILE_TO_EDIT"`, {
      shell: true,
      stdio: 'inherit',
      env: { ...env, FILE_TO_EDIT: path },
    })
    const code = await new Promise<number | string>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (status, signal) => resolve(status ?? signal ?? 1))
    })
    if (code !== 0) throw new Error(`The editor (${editor}) ended with ${code}. $VISUAL or $EDITOR name another.`)
    return String(await readRegular(path))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
