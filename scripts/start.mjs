// `npm start [-- "PROMPT"]`: builds what is not built yet, then one whole agent session in the terminal, on the directory
// that npm was called in.
import { binary, build, run } from './executable.mjs'

const code = build() || run(binary, ['run', ...process.argv.slice(2)], { cwd: process.env.INIT_CWD ?? process.cwd() })
process.exit(code)
