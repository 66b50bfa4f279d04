import { expect, test } from 'bun:test'
import { causeIn } from '../../../src/mcp/transport/cause.ts'

const NODE = `node:internal/modules/cjs/loader:1228
  throw err;
  ^

Error: Cannot find module '/srv/build/index.js'
    at Module._resolveFilename (node:internal/modules/cjs/loader:1225:15) {
  code: 'MODULE_NOT_FOUND',
  requireStack: []
}

Node.js v22.1.0`
const PYTHON = `INFO starting
Traceback (most recent call last):
  File "/srv/app.py", line 3, in <module>
    main(os.environ["DSN"])
psycopg.OperationalError: connection to server at "db" failed: Connection refused`
const NPM = `npm error code E404
npm error 404 Not Found - GET https://packages.example/nowhere-mcp - Not found
npm error 404
npm error A complete log of this run can be found in: /home/u/.npm/_logs/1.log`
const RUST = `thread 'main' panicked at src/main.rs:4:5:
LEDGER_PATH is missing
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace`
const GO = `2026/11/01 12:00:00 starting ledger
panic: open /srv/ledger.db: no such file or directory

goroutine 1 [running]:
main.main()
\t/srv/main.go:7 +0x1d
exit status 2`
const JAVA = `Exception in thread "main" java.lang.IllegalStateException: token is empty
\tat com.acme.Main.main(Main.java:5)`

test.each<[string, string, string | undefined]>([
  ['Node', NODE, "Error: Cannot find module '/srv/build/index.js'"],
  ['Python', PYTHON, 'psycopg.OperationalError: connection to server at "db" failed: Connection refused'],
  ['npm', NPM, 'npm error 404 Not Found - GET https://packages.example/nowhere-mcp - Not found'],
  ['Rust', RUST, "thread 'main' panicked at src/main.rs:4:5: LEDGER_PATH is missing"],
  ['Go', GO, 'panic: open /srv/ledger.db: no such file or directory'],
  ['Java', JAVA, 'Exception in thread "main" java.lang.IllegalStateException: token is empty'],
  [
    'Elixir',
    '** (RuntimeError) no token given\n    srv.exs:3: (file)\n    (app 1.0) lib/srv.ex:9: Srv.start/2',
    '** (RuntimeError) no token given',
  ],
  ['a linter', 'checking\n  srv.toml:3: missing key\n', 'srv.toml:3: missing key'],
  [
    'structured logs',
    '{"level":"info","msg":"up"}\n{"level":"error","msg":"port taken"}\n{"level":"info","msg":"bye"}',
    '{"level":"error","msg":"port taken"}',
  ],
  ['a plain sentence and a farewell', 'ACME_URL must be set\nShutting down', 'ACME_URL must be set'],
  ['nothing that sounds like a failure', 'one\ntwo\n', 'two'],
  ['nothing at all', '', undefined],
])('the reason in what %s says', (_, text, expected) => {
  expect(causeIn(text.split('\n'))).toBe(expected)
})
