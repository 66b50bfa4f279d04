import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, compile, ROOT } from '../build/compile.ts'
import { executableName, HOST, NAME } from '../build/targets.ts'
import { run } from './archive.ts'

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
    if (!targets.includes(target as never)) continue
    const command = runner()
    if (!command) say(`${target} was not run: this machine has no ${needs}`)
    else say(`${target}: ${await session([...command, shipped(target)])}`)
  }

  await bundle(join(ROOT, 'dist', 'node'))
  await tests('tests/e2e/cli/node.test.ts')
  say('the bundle for Node passes its test')
  if (!(targets as readonly string[]).includes(HOST)) return
  copyFileSync(shipped(HOST), join(ROOT, 'dist', executableName(HOST)))
  await tests('tests/e2e')
  say(`${HOST} passes the end-to-end tests`)
}

const has = (program: string) => spawnSync(program, ['--version']).status === 0

/** How an executable for another system runs here; null where it does not. */
const RUNNERS: Record<string, { runner(): string[] | null; needs: string }> = {
  'linux-arm64': {
    needs: 'qemu-aarch64 with /usr/aarch64-linux-gnu (Debian: qemu-user, libc6-arm64-cross)',
    runner: () =>
      has('qemu-aarch64') && existsSync('/usr/aarch64-linux-gnu')
        ? ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu']
        : null,
  },
  'linux-x64-musl': {
    needs: 'musl root with libstdc++ (MUSL_ROOT; Debian has none)',
    runner: () => {
      const root = process.env['MUSL_ROOT']
      const loader = root && join(root, 'lib/ld-musl-x86_64.so.1')
      return loader && existsSync(loader) ? [loader, '--library-path', `${root}/lib:${root}/usr/lib`] : null
    },
  },
}

/** One session with a real tool call, in a home and a project of its own. Returns what is to be said of it. */
async function session([program, ...args]: string[]): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'emacs-agent-release-'))
  try {
    const { status, stdout, stderr } = spawnSync(
      program!,
      [...args, 'run', '--json', 'create hello.txt with hello', '--yes'],
      {
        cwd: home,
        env: { HOME: home, PATH: process.env['PATH'] },
        encoding: 'utf8',
        timeout: 120_000,
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

const tests = (path: string) => run(process.execPath, ['test', '--isolate', '--timeout', '180000', path], ROOT)
