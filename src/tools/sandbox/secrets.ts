/**
 * What of a home directory no sandboxed command reads: keys, tokens, passwords, what was typed and browsed. Configuration that
 * holds none (`.gitconfig`, `.config/git` …) stays readable.
 */
export const SECRETS_OF_HOME: readonly string[] = [
  // Keys and passwords
  ...['.ssh', '.gnupg', '.pki', '.password-store', '.local/share/keyrings', '.local/share/kwalletd', '.authinfo'],
  ...['.authinfo.gpg', '.netrc', '_netrc', '.git-credentials', '.config/git/credentials', '.pgpass', '.my.cnf'],
  ...['.mylogin.cnf', '.vault-token', '.Xauthority', '.ICEauthority', '.config/keepassxc', '.1password', '.config/op'],
  ...['Library/Keychains', 'Library/Cookies', 'Library/Messages', 'Library/Mail'],
  // Clouds, registries, services
  ...['.aws', '.azure', '.config/gcloud', '.kube', '.docker', '.config/containers', '.config/gh', '.config/hub'],
  ...['.config/glab-cli', '.npmrc', '.yarnrc', '.yarnrc.yml', '.pypirc', '.config/pip', '.cargo/credentials'],
  ...['.cargo/credentials.toml', '.gem/credentials', '.m2/settings.xml', '.gradle/gradle.properties', '.terraform.d'],
  ...[
    '.terraformrc',
    '.config/rclone',
    '.s3cfg',
    '.boto',
    '.config/doctl',
    '.fly',
    '.heroku',
    '.oci',
    '.databrickscfg',
  ],
  ...['.huggingface/token', '.cache/huggingface/token', '.config/hcloud', '.config/op', '.colima', '.rd', '.lima'],
  // Other agents and editors that keep tokens
  ...[
    '.claude.json',
    '.claude/.credentials.json',
    '.codex/auth.json',
    '.gemini/oauth_creds.json',
    '.config/github-copilot',
  ],
  ...['.local/share/opencode/auth.json', '.config/anthropic', '.config/openai', '.anthropic'],
  // What was typed and browsed
  ...['.bash_history', '.zsh_history', '.python_history', '.node_repl_history', '.psql_history', '.mysql_history'],
  ...['.sqlite_history', '.lesshst', '.local/share/fish/fish_history', '.mozilla', '.config/google-chrome'],
  ...['.config/chromium', '.config/BraveSoftware', '.config/microsoft-edge', '.thunderbird'],
  ...['Library/Application Support/Google/Chrome', 'Library/Application Support/Firefox'],
]

/** Of the machine. Most are closed to users anyway; where the backend runs as root, nothing else closes them. */
export const SECRETS_OF_MACHINE: readonly string[] = [
  ...[
    '/etc/shadow',
    '/etc/shadow-',
    '/etc/gshadow',
    '/etc/gshadow-',
    '/etc/sudoers',
    '/etc/sudoers.d',
    '/etc/ssl/private',
  ],
  ...[
    '/etc/krb5.keytab',
    '/etc/wireguard',
    '/etc/NetworkManager/system-connections',
    '/var/lib/docker',
    '/var/lib/containerd',
  ],
  ...['/var/run/secrets', '/sys/firmware', '/sys/kernel/security', '/sys/kernel/debug', '/sys/kernel/tracing'],
]

/** Variables that lead programs to services outside; the sockets of those are closed as well. */
export const LEADING_OUT: readonly string[] =
  'SSH_AUTH_SOCK SSH_AGENT_PID GPG_AGENT_INFO DBUS_SESSION_BUS_ADDRESS DBUS_SYSTEM_BUS_ADDRESS DOCKER_HOST CONTAINER_HOST XDG_RUNTIME_DIR WAYLAND_DISPLAY DISPLAY XAUTHORITY PULSE_SERVER TMUX STY'.split(
    ' ',
  )
