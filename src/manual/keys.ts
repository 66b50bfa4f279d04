import type { FileConfig } from '../config/schema.ts'

type Texts<T> = { [K in keyof T]-?: string }
type Item<T> =
  NonNullable<T> extends readonly (infer I)[] ? I : NonNullable<T> extends Record<string, infer V> ? V : never
type Provider = Item<FileConfig['providers']>
type Server = Item<FileConfig['mcp_servers']>
type Model = Item<FileConfig['models']>
type Prices = NonNullable<Model['prices']>

const PRICES = {
  input: 'For input that is in no cache.',
  output: 'For output, thinking included.',
  cache_read: 'For input that the cache has.',
  cache_write: 'For input that goes into the cache.',
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
    small_model: 'Writes titles; ="none"= writes none. Without it: the cheapest usable one of the same provider.',
    small_model_summaries: 'It also writes the summaries that make room, where its window is no smaller.',
    agent: 'The agent of new sessions: =build=, =plan=, =ask=, =auto= or one of yours.',
    max_rounds: 'Calls of the model in one turn, at most.',
    approval_timeout_seconds: 'A question that has waited so long is answered with no; 0 waits for ever.',
    max_cost_usd: 'A turn, and a session, that has cost so much asks before it goes on; 0 never asks.',
    wait_for_reset: 'Waits for a limit to end when the provider names a time, in place of ending the turn.',
    undo_limit_mb: 'What is kept to undo changes, over all sessions; the oldest go first.',
    instructions_budget: 'Tokens that AGENTS.md and the like may take in one session.',
    toon: 'Encodes uniform results as TOON where that is shorter.',
    allowed_hosts: 'Further names in the =Host= header that requests may have.',
    allowed_directories: 'Directories beside the project that tools may work in.',
    fallback_models: 'Tried in this order, for the rest of a turn whose model stays overloaded.',
    providers: 'Providers of models, by name.',
    mcp_servers: 'MCP servers, an entry each.',
    permissions: 'What runs, asks or is refused: see =help rules=.',
    agents: 'Agents of yours, or other settings of those that are shipped: see =help agents=.',
    hooks: 'Programs that run at an event: see =help hooks=.',
    lsp: 'Language servers for the tools =diagnostics=, =definition=, =references=, =hover= and =symbols=.',
    format: 'Formatters by file pattern: each gets the text on stdin, and =$FILE= in its words is the file.',
    sandbox: 'What commands and MCP servers are isolated from. A project can only restrict it further.',
    telemetry: 'Traces of turns, model calls and tool calls. Without it nothing is sent.',
    web_search: 'Who answers the tool =web_search=. Without it there is no such tool.',
    models: 'What is not known of a model, or is otherwise here: see =help models=.',
  } satisfies Texts<FileConfig>,
  providers: {
    kind: 'The format that it speaks. Known names need none; any other is =openai-compatible=.',
    api_key: 'The key. A variable in it comes from the environment.',
    api_key_command: 'A program and its arguments that prints the key.',
    base_url: 'Its address: for Anthropic without =/v1=, for the others with it.',
    headers: 'Headers that are sent along.',
    timeout_seconds: 'How long it may be silent, before its first token and within an answer.',
    oauth: 'Signing in by the device flow: =emacs-agent-backend login NAME=.',
  } satisfies Texts<Provider>,
  'providers.oauth': {
    client_id: 'The client that the provider registered for you.',
    client_secret: 'Its secret, where it has one.',
    scope: 'What is asked for.',
    issuer: 'Its metadata name the endpoints that are not named here.',
    device_authorization_endpoint: 'Where a code is asked for.',
    token_endpoint: 'Where the code becomes tokens, and these are renewed.',
    revocation_endpoint: 'Where =logout= revokes them.',
  } satisfies Texts<NonNullable<Provider['oauth']>>,
  mcp_servers: {
    name: 'Its name: tools are =NAME/TOOL= in rules and events.',
    type: 'As other clients write it; =command= or =url= says the same.',
    transport: 'As other clients write it; =command= or =url= says the same.',
    command: 'The program of a server that is a child process.',
    args: 'Its arguments.',
    env: 'Variables that it gets beside the stripped environment.',
    cwd: 'Where it runs. Without it: in the project.',
    url: 'The address of a server over HTTP.',
    headers: 'Headers that are sent to =url=.',
    category: 'The category of its tools. Without it: its name.',
    format: '=toon= for a server that lists its tools as TOON text.',
    enabled: 'Whether it is used.',
    disabled: 'The same the other way round, as other clients write it.',
    shared: 'One process for a =project=, for =all= of them, or for each =session=.',
    allow: 'Only these of its tools exist. Approves none of them.',
    deny: 'These of its tools do not exist.',
    repeatable: 'Tools that may be called again after a crash in the middle of a call.',
    timeout_seconds: 'How long a call may take without progress.',
    trust_annotations: 'Believes what it says about its own tools: those it calls read-only do not ask.',
    oauth: 'For a =url= whose authorization server knows a client of yours.',
    limits: 'Bounds for the process, on Linux; 0 is none.',
    sandbox: 'What differs from =[sandbox]= for its process: a table, or a mode.',
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
    allow: 'Runs without asking.',
    ask: 'Asks, even where it would not.',
    deny: 'Is refused. Stronger than =ask=, which is stronger than =allow=.',
  } satisfies Texts<NonNullable<FileConfig['permissions']>>,
  agents: {
    description: 'What it is for, in one line: other agents choose by it.',
    model: "Its model, where it is not the session's.",
    allowed_tools: 'The only tools that it has, as names or rules. Approves none of them.',
    system_prompt: 'What it is told beside what every agent is told.',
    max_tokens: 'Of one answer.',
    effort: 'How much its model thinks.',
    read_only: 'It can change nothing.',
    write_paths: 'The only paths that it may write to.',
    max_rounds: 'Calls of the model in one turn.',
    max_total_tokens: 'Tokens of a task that another agent gave it.',
    max_cost_usd: 'Dollars of a task that another agent gave it.',
    isolation:
      '=worktree=: what another agent gives it is done in a copy of the project, and its changes are asked for at the end.',
    todo: 'Whether it has the tool =todo=.',
    sandbox: 'What differs from =[sandbox]= for its commands: a table, or a mode.',
  } satisfies Texts<Item<FileConfig['agents']>>,
  sandbox: {
    mode: '=auto= isolates commands where this machine can, =required= runs none without; =off= isolates none.',
    network:
      '=off=, =on=, or the hosts that are reached through a filtering proxy: ="*.example.org"= is any name below.',
    write: 'Where commands may write: directories, with =$PROJECT= and =$TMP=, a temporary directory of the session.',
    read_deny: 'What they may not read beside secrets and our own files: paths, or globs within the project.',
    auto_approve_sandboxed: 'Commands in the sandbox do not ask, unless a rule says so. Only from your own file.',
  } satisfies Texts<NonNullable<FileConfig['sandbox']>>,
  hooks: {
    on: 'The event at which it runs.',
    match: 'A rule that the call has to fit.',
    command: 'A line for =sh=, or a program and its arguments. It gets one line of JSON on stdin.',
    timeout_seconds: 'How long it may take.',
  } satisfies Texts<Item<FileConfig['hooks']>>,
  lsp: {
    command: 'The program and its arguments.',
    files: 'Patterns of the files that it is for.',
    languages: 'LSP names of the languages: of all its files, or by file pattern.',
    settings: 'What the server is told in =workspace/configuration=.',
  } satisfies Texts<Item<FileConfig['lsp']>>,
  telemetry: {
    otlp: 'Where they go: OTLP over HTTP, as =http://127.0.0.1:4318/v1/traces=. No texts, no parameters, no paths.',
  } satisfies Texts<NonNullable<FileConfig['telemetry']>>,
  web_search: {
    provider: '=brave=, =tavily= or =searxng=.',
    api_key: 'Its key. A variable in it comes from the environment. SearXNG needs none.',
    base_url: 'Its address, where it is not the usual one; for SearXNG that of an instance that answers with JSON.',
  } satisfies Texts<NonNullable<FileConfig['web_search']>>,
  models: {
    context_window: 'Tokens that fit, input and output together.',
    max_output: 'Tokens of one answer.',
    prices: 'Dollars per million tokens. A price that is absent is not known.',
    images: 'Whether it takes images.',
    tools: 'Whether it can call tools.',
    efforts: 'How much it can be asked to think; empty where it cannot be asked.',
  } satisfies Texts<Model>,
  'models.prices': {
    ...PRICES,
    tiers: 'Other prices for long inputs.',
    changes: 'Other prices from a day on; what a change does not name stays.',
  } satisfies Texts<Prices>,
  'models.prices.tiers': TIERS satisfies Texts<Item<Prices['tiers']>>,
  'models.prices.changes': {
    from: 'The first day, UTC: =2027-01-01=.',
    ...PRICES,
    tiers: 'Other prices for long inputs, from that day on.',
  } satisfies Texts<Item<Prices['changes']>>,
  'models.prices.changes.tiers': TIERS satisfies Texts<Item<Item<Prices['changes']>['tiers']>>,
}
