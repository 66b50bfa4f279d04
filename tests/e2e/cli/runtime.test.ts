import { expect, test } from 'bun:test'
import { makeHome } from '../../support/backend.ts'
import { run } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

/** What Bun reads from the environment before our code runs: none of it makes another program of the executable. */
const preload = `${tempDir({ 'preload.js': 'console.log("preloaded")' })}/preload.js`
test.each([
  ['BUN_BE_BUN', '1'],
  ['BUN_OPTIONS', '--version'],
  ['BUN_OPTIONS', '--help'],
  ['BUN_OPTIONS', `--preload=${preload}`],
  ['BUN_OPTIONS', `--config=${preload}`],
  ['BUN_INSPECT', 'ws://127.0.0.1:0/'],
  ['BUN_INSPECT_PRELOAD', preload],
  ['NODE_OPTIONS', `--require=${preload}`],
])('%s=%s changes nothing', async (name, value) => {
  const home = makeHome()
  const plain = await run(['--version'], { home })
  expect(plain.stdout).toStartWith('emacs-agent-backend ')
  expect(await run(['--version'], { home, env: { [name]: value } })).toEqual(plain)
})
