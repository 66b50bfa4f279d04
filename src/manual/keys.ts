import type { FileConfig } from '../config/schema.ts'

type Texts<T> = { [K in keyof T]-?: string }
type Item<T> =
  NonNullable<T> extends readonly (infer I)[] ? I : NonNullable<T> extends Record<string, infer V> ? V : never
type Provider = Item<FileConfig['providers']>
type Server = Item<FileConfig['mcp_servers']>
type Model = Item<FileConfig['models']>
type Prices = NonNullable<Model['prices']>

const PRICES = {
  input: 'For input that is not cached.',
  output: 'For output, thinking included.',
  cache_read: 'For input that is read from the cache.',
  cache_write: 'For input that is written to the cache.',
}
const TIERS = { above: 'Holds for a request with more input tokens than this, cached ones included.', ...PRICES }

/** What each key of `emacs-agent.toml` does, by table. The types keep it complete: a new key needs its text here. */
export const KEYS = {
  '': {
    host: 'Where the server listens. Anything but loopback needs EMACS_AGENT_TOKEN.',
    port: 'The port of the server; 0 takes a free one.',
    log_level: 'What the server reports on stderr. =debug= adds a line for each request.',
    transcript_path: 'Where sessions are kept.',
    model: 'The model of new sessions. Without it: the best usable one.',
    small_model:
      'The model that writes titles; ="none"= turns titles off. Without it: the cheapest usable one of the same provider.',
    small_model_summaries:
      'Whether =small_model= also writes the summaries of long conversations, if its window is not smaller.',
    agent: 'The agent of new sessions: =build=, =plan=, =ask=, =auto= or one of yours.',
    max_rounds: 'Calls of the model in one turn, at most.',
    approval_timeout_seconds: 'A call that is not approved within this time counts as rejected; 0 waits for ever.',
    review_edits:
      'Edits of a turn wait for one review of them all, on one diff, before any is written. A session may have another value.',
    max_cost_usd: 'When a turn or a session has cost this much, it asks before it goes on; 0 never asks.',
    wait_for_reset:
      'Whether a turn that reaches a rate limit waits until the time that the provider names, in place of ending.',
    undo_limit_mb: 'Disk space for the copies that undo changes, over all sessions; the oldest are removed first.',
    instructions_budget: 'Tokens that AGENTS.md and the like may take in one session.',
    toon: 'Whether uniform results are encoded as TOON where that is shorter.',
    allowed_hosts: 'Further names that requests may have in their =Host= header.',
    allowed_directories: 'Directories beside the project that tools may work in.',
    fallback_models: 'Models that replace one that stays overloaded, for the rest of the turn, in this order.',
    providers: 'Providers of models, by name.',
    mcp_servers: 'MCP servers, an entry each.',
    permissions: 'Rules for calls that run, ask or are refused: see =help rules=.',
    agents: 'Your own agents, and changes of the built-in ones: see =help agents=.',
    hooks: 'Programs that run at an event: see =help hooks=.',
    lsp: 'Language servers for the tools =diagnostics=, =definition=, =references=, =hover= and =symbols=.',
    format:
      'Formatters by file pattern. Each reads the text on stdin; =$FILE= in its arguments is the absolute path of the file.',
    sandbox: 'The isolation of commands and MCP servers. A project can only restrict it further.',
    telemetry: 'Traces of turns, model calls and tool calls. Without it nothing is sent.',
    web_search: 'The service behind the tool =web_search=. Without it there is no such tool.',
    models: 'Facts about models that replace or extend the built-in table: see =help models=.',
  } satisfies Texts<FileConfig>,
  providers: {
    kind: 'The format of its API. Known names need none; any other is =openai-compatible=.',
    api_key: 'The key. A variable in it comes from the environment.',
    api_key_command: 'A program and its arguments that prints the key.',
    base_url: 'Its address: for Anthropic without =/v1=, for the others with it.',
    headers: 'Headers that are sent with each request.',
    timeout_seconds: 'How long it may send nothing, before its first token and within an answer.',
    oauth: 'Signing in by the device flow: =emacs-agent-backend login NAME=.',
  } satisfies Texts<Provider>,
  'providers.oauth': {
    client_id: 'The client that the provider registered for you.',
    client_secret: 'Its secret, where it has one.',
    scope: 'What is asked for.',
    issuer: 'The authorization server. Its metadata give the endpoints that are not set here.',
    device_authorization_endpoint: 'The endpoint that issues the code of the device flow.',
    token_endpoint: 'The endpoint that issues and renews tokens.',
    revocation_endpoint: 'The endpoint at which =logout= revokes tokens.',
  } satisfies Texts<NonNullable<Provider['oauth']>>,
  mcp_servers: {
    name: 'Its name: tools are =NAME/TOOL= in rules and events.',
    type: 'As other clients write it; =command= or =url= says the same.',
    transport: 'As other clients write it; =command= or =url= says the same.',
    command: 'The program of a server that is a child process.',
    args: 'Its arguments.',
    env: 'Variables that are added to its environment, from which secrets are removed.',
    cwd: 'Its working directory. Without it: the project.',
    url: 'The address of a server over HTTP.',
    headers: 'Headers that are sent to =url=.',
    category: 'The category of its tools. Without it: its name.',
    format: '=toon= for a server that lists its tools as TOON text.',
    enabled: 'Whether it is used.',
    disabled: 'The opposite of =enabled=, as other clients write it.',
    shared: 'One process for a =project=, for =all= of them, or for each =session=.',
    allow: 'The only tools of it that are offered. Approves none of them.',
    deny: 'Tools of it that are not offered.',
    repeatable: 'Tools that may be called again after a crash in the middle of a call.',
    timeout_seconds: 'How long a call may take without progress.',
    trust_annotations: 'Whether its annotations are believed: tools that it declares read-only then do not ask.',
    oauth: 'For a =url= whose authorization server has registered a client for you.',
    limits: 'Resource limits of the process, on Linux; 0 is none.',
    sandbox: 'Settings for its process that differ from =[sandbox]=: a table, or a mode.',
  } satisfies Texts<Server>,
  'mcp_servers.oauth': {
    client_id: 'The client that was registered for you.',
    client_secret: 'Its secret, where it has one.',
    client_metadata_url: 'The address of a document that describes the client, in place of an id.',
    scope: 'What is asked for.',
  } satisfies Texts<NonNullable<Server['oauth']>>,
  'mcp_servers.limits': {
    cpu_seconds: 'Processor time.',
    memory_mb: 'Memory for data.',
    open_files: 'Open files.',
  } satisfies Texts<NonNullable<Server['limits']>>,
  permissions: {
    allow: 'Calls that run without asking.',
    ask: 'Calls that ask even where they would not.',
    deny: 'Calls that are refused. Stronger than =ask=, which is stronger than =allow=.',
  } satisfies Texts<NonNullable<FileConfig['permissions']>>,
  agents: {
    description: 'Its purpose, in one line. Other agents choose by it.',
    model: "Its model, where it is not the session's.",
    allowed_tools: 'The only tools that it has, as names or rules. Approves none of them.',
    system_prompt: 'Its own instructions. The system prompt has them beside the text that all agents share.',
    max_tokens: 'Tokens of one answer, at most.',
    effort: 'The effort of its model: see =help models=.',
    read_only: 'Whether it is kept from changing anything.',
    write_paths: 'The only paths that it may write to.',
    max_rounds: 'Calls of the model in one turn, at most.',
    max_total_tokens: 'Tokens of one delegated task, at most.',
    max_cost_usd: 'Dollars of one delegated task, at most.',
    isolation:
      '=worktree=: a delegated task is done in a copy of the project, and its changes ask for approval at the end.',
    todo: 'Whether it has the tool =todo=.',
    sandbox: 'Settings for its commands that differ from =[sandbox]=: a table, or a mode.',
  } satisfies Texts<Item<FileConfig['agents']>>,
  sandbox: {
    mode: '=auto= isolates commands where this machine supports it, =required= refuses to run them otherwise, =off= isolates none.',
    network:
      '=off=, =on=, or a list of hosts that a filtering proxy lets through; ="*.example.org"= is any name below.',
    write:
      'Directories that commands may write to. =$PROJECT= is the project, =$TMP= a temporary directory of the session.',
    read_deny:
      'Paths, or globs within the project, that they may not read, beside secrets and the files of this program.',
    auto_approve_sandboxed:
      'Whether commands in the sandbox run without asking, unless a rule says otherwise. Only your own file can set it.',
  } satisfies Texts<NonNullable<FileConfig['sandbox']>>,
  hooks: {
    on: 'The event at which it runs.',
    match: 'A rule; the hook runs only for calls that match it.',
    command: 'A line for =sh=, or a program and its arguments. It reads one line of JSON on stdin.',
    timeout_seconds: 'How long it may take.',
  } satisfies Texts<Item<FileConfig['hooks']>>,
  lsp: {
    command: 'The program and its arguments.',
    files: 'Patterns of the files that it handles.',
    languages: 'LSP language ids: one for all its files, or a table by file pattern.',
    settings:
      'Settings that are sent to the server: as =initializationOptions=, and in answer to =workspace/configuration=.',
  } satisfies Texts<Item<FileConfig['lsp']>>,
  telemetry: {
    otlp: 'The address of the collector: OTLP over HTTP, as =http://127.0.0.1:4318/v1/traces=. Traces have no texts, parameters or paths.',
  } satisfies Texts<NonNullable<FileConfig['telemetry']>>,
  web_search: {
    provider: '=brave=, =tavily= or =searxng=.',
    api_key: 'The key. A variable in it comes from the environment. SearXNG needs none.',
    base_url: 'Its address, if it is not the default. SearXNG needs it: an instance that answers with JSON.',
  } satisfies Texts<NonNullable<FileConfig['web_search']>>,
  models: {
    context_window: 'Tokens that fit, input and output together.',
    max_output: 'Tokens of one answer, at most.',
    prices: 'Dollars per million tokens. A price that is absent is unknown.',
    images: 'Whether it accepts images.',
    tools: 'Whether it can call tools.',
    efforts: 'The values of =effort= that it accepts; empty if it accepts none.',
  } satisfies Texts<Model>,
  'models.prices': {
    ...PRICES,
    tiers: 'Other prices for long inputs.',
    changes: 'Other prices from a day on. Prices that a change does not set stay as they are.',
  } satisfies Texts<Prices>,
  'models.prices.tiers': TIERS satisfies Texts<Item<Prices['tiers']>>,
  'models.prices.changes': {
    from: 'The first day, UTC: =2027-01-01=.',
    ...PRICES,
    tiers: 'Other prices for long inputs, from that day on.',
  } satisfies Texts<Item<Prices['changes']>>,
  'models.prices.changes.tiers': TIERS satisfies Texts<Item<Item<Prices['changes']>['tiers']>>,
}
