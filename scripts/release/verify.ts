import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, compile, ROOT } from '../build/compile.ts'
import { executableName, HOST, NAME } from '../build/targets.ts'
import { muslLibraries } from './musl.ts'

/**
 * What takes long: a second build has the same bytes; the end-to-end tests run on the executable that is shipped; those for
 * other systems run one session, where this one can run them; the bundle for Node passes its test. What this machine lacks is reported.
 * Throws Error for what fails.
 */
export async function verify(
  work: string,
  version: string,
  targets: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  const shipped = (target: string) => join(work, `${NAME}-${version}-${target}`, 'bin', executableName(target))
  for (const target of targets) {
    const again = join(work, 'again', executableName(target))
    await compile(again, target)
    if (!readFileSync(again).equals(readFileSync(shipped(target)))) throw new Error(`${target}: a second build differs`)
    rmSync(again)
  }
  say('a second build has the same bytes')

  for (const [target, { runner, needs }] of Object.entries(RUNNERS)) {
    if (!targets.includes(target)) continue
    const found = await runner(shipped(target), join(work, `libraries-${target}`))
    if (!found) say(`${target} was not run: this machine lacks ${needs}`)
    else say(`${target}: ${session(found)}`)
  }

  await bundle(join(ROOT, 'dist', 'node'))
  tests('tests/e2e/cli/node.test.ts')
  say('the bundle for Node passes its test')
  if (!(targets as readonly string[]).includes(HOST)) return
  copyFileSync(shipped(HOST), join(ROOT, 'dist', executableName(HOST)))
  tests('tests/e2e')
  say(`${HOST} passes the end-to-end tests`)
}

const has = (program: string) => spawnSync(program, ['--version']).status === 0

type Run = { command: string[]; env?: Record<string, string> }

/** How an executable for another system runs here; null where it does not. `scratch` is a path at which it may make a directory. */
const RUNNERS: Record<
  string,
  { runner(executable: string, scratch: string): Run | null | Promise<Run | null>; needs: string }
> = {
  'linux-arm64': {
    needs: 'qemu-aarch64 with /usr/aarch64-linux-gnu (Debian: qemu-user, libc6-arm64-cross)',
    runner: executable =>
      has('qemu-aarch64') && existsSync('/usr/aarch64-linux-gnu')
        ? { command: ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu', executable] }
        : null,
  },
  'linux-x64-musl': {
    needs: 'musl on x64, or a static libstdc++ (Debian: musl, g++)',
    runner: async (executable, scratch) =>
      (await muslLibraries(scratch, executable)) ? { command: [executable], env: { LD_LIBRARY_PATH: scratch } } : null,
  },
}

/** One session with a real tool call, in a home and a project of its own. Returns what is to be said of it. */
function session({ command: [program, ...args], env }: Run): string {
  const home = mkdtempSync(join(tmpdir(), 'emacs-agent-release-'))
  try {
    const { status, stdout, stderr } = spawnSync(
      program!,
      [...args, 'run', '--json', 'create hello.txt with hello', '--yes'],
      {
        cwd: home,
        env: { HOME: home, PATH: process.env['PATH'], ...env },
        encoding: 'utf8',
        timeout: 300_000,
      },
    )
    const made = join(home, 'hello.txt')
    if (status !== 0 || !existsSync(made))
      throw new Error(`${program} ran no session: ${stderr || stdout}`.slice(0, 2000))
    return 'a session runs'
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** Shows what the runner prints. Throws Error when a test fails. */
function tests(path: string): void {
  const args = ['test', '--isolate', '--timeout', '180000', path]
  if (spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' }).status !== 0) throw new Error(`${path} fails`)
}
