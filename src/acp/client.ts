import type { ClientCapabilities } from '@agentclientprotocol/sdk'

/** What a client can, as it said in `initialize`. */
export type Abilities = {
  form: boolean
  url: boolean
  /** Has buffers, whose text may not be saved. */
  read_file: boolean
  write_file: boolean
  notices: boolean
  compaction: boolean
  /** Can start this program in a terminal of its own, to sign in. */
  terminal_auth: boolean
  /** Shows the output of commands while they run, by `_meta.terminal_output`. */
  terminal_output: boolean
}

export const abilitiesOf = ({ auth, elicitation, session, fs, _meta }: ClientCapabilities = {}): Abilities => ({
  form: isGiven(elicitation?.form),
  url: isGiven(elicitation?.url),
  read_file: fs?.readTextFile === true,
  write_file: fs?.writeTextFile === true,
  notices: isGiven(session?.notices),
  compaction: isGiven(session?.compaction),
  terminal_auth: auth?.terminal === true,
  terminal_output: _meta?.['terminal_output'] === true,
})

const isGiven = (capability: unknown): boolean => capability !== undefined && capability !== null
