import * as v from 'valibot'
import { choice, flag, maybe, table, text } from './kinds.ts'
import { SANDBOX_MODES } from './sandbox.ts'

/** `[sandbox]`, and what an agent or a server says of its own. */

const HOSTS = '"off", "on" or a list of host names (*.example.org)'
/** Names alone: a port, a path or a scheme would promise what the proxy does not check. */
const host = v.pipe(
  v.string(HOSTS),
  v.regex(/^(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$|^\[?[0-9A-Fa-f:.]+\]?$/, HOSTS),
)
const sandboxEntries = {
  mode: maybe(choice(SANDBOX_MODES)),
  network: maybe(v.union([v.picklist(['off', 'on']), v.array(host)], HOSTS)),
  /** Where a command may write: directories, `$PROJECT` and `$TMP` among them. */
  write: maybe(v.array(text('a directory'), 'a list of directories')),
  /** What it may not read, in addition to files that no sandboxed command may: paths, or globs within the project. */
  read_deny: maybe(v.array(text('a path'), 'a list of paths')),
}
/** Of an agent or a server: `sandbox = "off"` is short for `sandbox = { mode = "off" }`. */
export const ownSandbox = v.union(
  [
    v.pipe(
      v.picklist(SANDBOX_MODES),
      v.transform(mode => ({ mode })),
    ),
    table(sandboxEntries),
  ],
  'a table like [sandbox], or one of "off", "auto", "required"',
)

export const sandbox = table({
  ...sandboxEntries,
  /** Whether a call whose only limit is the sandbox runs without asking. */
  auto_approve_sandboxed: maybe(flag),
})
