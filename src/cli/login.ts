import { printable } from '../base/controls.ts'
import { messageOf, UsageError } from '../base/errors.ts'
import type { Config } from '../config/config.ts'
import { suggestion } from '../config/nearest.ts'
import { createSignIns, signInProviders } from '../llm/sign-in/sign-ins.ts'
import type { Options } from './commands.ts'
import { configure } from './configure.ts'
import type { Process } from './process.ts'

/** `login PROVIDER`: signs in by the device flow that `[providers.x.oauth]` describes. */
export async function login(options: Options<'login'>, host: Process): Promise<number> {
  const { config } = await configure({ env: host.env, dirs: host.dirs, flags: options })
  const oauth = oauthOf(config, options.provider)
  const { signInByDevice } = await import('../llm/sign-in/device.ts')
  try {
    const tokens = await signInByDevice(oauth, ({ user_code, verification_uri, verification_uri_complete }) => {
      host.stdout(`Open ${printable(verification_uri)} and enter the code ${printable(user_code)}\n`)
      if (verification_uri_complete) host.stdout(`(or, with the code in it: ${printable(verification_uri_complete)})\n`)
    })
    await createSignIns(config, host.dirs.state).save(options.provider, tokens)
    host.stdout(`Signed in at ${options.provider}.\n`)
    return 0
  } catch (error) {
    host.stderr(`emacs-agent-backend: ${printable(messageOf(error))}\n`)
    return 1
  }
}

/** `acp --login [PROVIDER]`: what an editor starts in a terminal. Without a provider it shows what is configured, as `doctor`. */
export async function setUp(
  { operand: provider, config_file, log_level }: Options<'acp'>,
  host: Process,
): Promise<number> {
  const common = { config_file, log_level }
  if (provider !== undefined) return login({ ...common, command: 'login', provider }, host)
  return (await import('./doctor.ts')).doctor({ ...common, command: 'doctor', json: false }, host)
}

/** `logout PROVIDER`: forgets the tokens, and has the server forget them where it can. */
export async function logout(options: Options<'logout'>, host: Process): Promise<number> {
  const { config } = await configure({ env: host.env, dirs: host.dirs, flags: options })
  oauthOf(config, options.provider)
  const became = await createSignIns(config, host.dirs.state).forget(options.provider)
  host.stdout(
    {
      absent: `You were not signed in at ${options.provider}.\n`,
      forgotten: `Signed out at ${options.provider}: the tokens are deleted here. Its server was not told.\n`,
      revoked: `Signed out at ${options.provider}: the tokens are deleted, and revoked.\n`,
    }[became],
  )
  return 0
}

/** Throws UsageError for a provider without an `oauth` table. */
function oauthOf(config: Config, name: string) {
  const { providers } = config
  const known = signInProviders(config)
  const oauth = Object.hasOwn(providers, name) ? providers[name]!.oauth : undefined
  if (oauth) return oauth
  throw new UsageError(
    `${printable(JSON.stringify(name))} has no [providers.NAME.oauth] table${suggestion(name, known)}${known.length > 0 ? ` (these have: ${known.join(', ')})` : ''}. A key needs no login: set its variable, or api_key_command.`,
  )
}
