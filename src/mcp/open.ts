import type { Children } from '../children.ts'
import type { McpServerConfig } from '../config/config.ts'
import { startChild } from './child.ts'
import type { Ring } from './ring.ts'
import type { Opened } from './slot.ts'
import { createStdioTransport } from './transport.ts'

/** A server as a child process. */
export async function openChild(
  config: McpServerConfig,
  cwd: string,
  env: Record<string, string>,
  stderr: Ring,
  children: Children,
  grace_ms: number,
): Promise<Opened> {
  const child = await startChild({
    name: config.name,
    command: config.command!,
    args: config.args,
    cwd: config.cwd ?? cwd,
    children,
    env: { ...inherited(env), ...config.env },
    limits: config.limits,
    stderr,
    grace_ms,
  })
  return { transport: createStdioTransport(child), pid: child.pid, ended: () => child.ended }
}

/** What a server may know of our environment: where things are and how to reach the net. No keys, whatever they are called. */
const ALLOWED =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|LANG|LANGUAGE|LC_\w+|TMPDIR|TEMP|TMP|XDG_\w+|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|DBUS_SESSION_BUS_ADDRESS|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS|(?:https?|no|all)_proxy|npm_config_(?:registry|cache|prefix)|NVM_DIR|FNM_DIR|VOLTA_HOME|ASDF_DIR|MISE_DATA_DIR|PYENV_ROOT|VIRTUAL_ENV|UV_\w*DIR|BUN_INSTALL|DENO_DIR|CARGO_HOME|RUSTUP_HOME|GOPATH|GOROOT|JAVA_HOME|DOCKER_HOST|APPDATA|LOCALAPPDATA|COMSPEC|HOMEDRIVE|HOMEPATH|PATHEXT|PROGRAMDATA|PROGRAMFILES|PROGRAMFILES\(X86\)|SYSTEMDRIVE|SYSTEMROOT|USERNAME|USERPROFILE|WINDIR)$/i

export const inherited = (env: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => ALLOWED.test(name)))
