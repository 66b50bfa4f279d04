import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { UsageError } from '../../src/base/errors.ts'
import { parseCommand } from '../../src/cli/args.ts'
import { COMMAND_NAMES, flagsOf } from '../../src/cli/commands.ts'
import { helpText } from '../../src/cli/help.ts'
import { TOPIC_NAMES } from '../../src/manual/topics.ts'

const serve = { command: 'serve', stdin_lifeline: false, no_auth: false } as const
const run = { command: 'run', yes: false, json: false } as const

const GOOD: [string, string[], object][] = [
  ['nothing is serve', [], serve],
  ['serve', ['serve'], serve],
  [
    'flags without a command are for serve',
    ['--port', '0', '--stdin-lifeline'],
    { ...serve, port: 0, stdin_lifeline: true },
  ],
  ['a value after =', ['serve', '--port=9421', '--host=::1'], { ...serve, port: 9421, host: '::1' }],
  [
    'common flags before the command',
    ['--config', 'run', 'serve', '--log-level', 'debug'],
    { ...serve, config_file: 'run', log_level: 'debug' },
  ],
  ['flags of the command before it', ['--port', '1', 'serve', '--no-auth'], { ...serve, port: 1, no_auth: true }],
  ['the last of two wins', ['--port', '1', '--port=2'], { ...serve, port: 2 }],
  ['run without a prompt', ['run'], run],
  ['an empty prompt is none', ['run', ''], run],
  [
    'run with all',
    ['run', 'fix it', '--project', 'd', '--model=m', '--agent', 'plan', '--yes', '--json', '--resume', 'x'],
    { ...run, prompt: 'fix it', project: 'd', model: 'm', agent: 'plan', yes: true, json: true, resume: 'x' },
  ],
  ['words without quotes', ['run', 'fix', 'the', 'test', '--yes'], { ...run, prompt: 'fix the test', yes: true }],
  ['a prompt after --', ['run', '--json', '--', '--help', 'me'], { ...run, prompt: '--help me', json: true }],
  ['a prompt that is a command', ['run', 'serve'], { ...run, prompt: 'serve' }],
  ['a value that begins with a dash', ['run', '--model=-m'], { ...run, model: '-m' }],
  ['doctor', ['doctor', '--config', 'f'], { command: 'doctor', config_file: 'f', json: false }],
  ['elisp', ['elisp'], { command: 'elisp' }],
  ['elisp --install', ['elisp', '--install', 'd'], { command: 'elisp', install: 'd' }],
  ['mcp', ['mcp'], { command: 'mcp', allow: [] }],
  [
    'mcp --allow',
    ['mcp', '--allow', 'write, shell', '--allow=write', '--project', '.'],
    { command: 'mcp', allow: ['write', 'shell'], project: '.' },
  ],
  [
    'transcripts list with a limit',
    ['transcripts', 'list', '--limit', '5'],
    { command: 'transcripts', action: 'list', limit: 5 },
  ],
  ['transcripts list', ['transcripts', 'list'], { command: 'transcripts', action: 'list' }],
  [
    'transcripts search',
    ['transcripts', 'search', 'a', 'b'],
    { command: 'transcripts', action: 'search', query: 'a b' },
  ],
  ['transcripts show', ['transcripts', 'show', 'id'], { command: 'transcripts', action: 'show', id: 'id' }],
  ['trust', ['trust'], { command: 'trust', revoke: false, yes: false }],
  ['trust with all', ['trust', 'd', '--revoke', '--yes'], { command: 'trust', dir: 'd', revoke: true, yes: true }],
  ['--version', ['--version'], { command: 'version' }],
  ['--version on a command', ['run', 'x', '--version'], { command: 'version' }],
  ['--help', ['--help'], { command: 'help' }],
  ['-h', ['-h'], { command: 'help' }],
  ['--help on a command', ['run', '--help'], { command: 'help', about: 'run' }],
  ['--help before a command', ['--help', 'trust'], { command: 'help', about: 'trust' }],
  ['--help wins over mistakes', ['run', '--bogus', '--help'], { command: 'help', about: 'run' }],
  ['help', ['help'], { command: 'help' }],
  ['help on a command', ['help', 'run'], { command: 'help', about: 'run' }],
  ['help on a command of two words', ['help', 'mcp', 'import'], { command: 'help', about: 'mcp import' }],
  ['help on a topic', ['help', 'rules'], { command: 'help', topic: 'rules' }],
  ['help on what is both', ['help', 'mcp'], { command: 'help', about: 'mcp', topic: 'mcp' }],
  ['the whole manual', ['help', 'manual'], { command: 'help', topic: 'manual' }],
  ['a schema', ['help', 'config', '--json-schema'], { command: 'help', schema: 'config' }],
]

test.each(GOOD)('%s', (_, argv, command) => expect<object>(parseCommand(argv)).toEqual(command))

const BAD: [string[], RegExp][] = [
  [['srve'], /no command "srve" \(did you mean "serve"\?\)\. Commands: serve, run, doctor/],
  [['9'], /no command "9"\. Commands/],
  [['help', 'rum'], /no command or topic "rum" \(did you mean "run".*Topics: emacs, terminal, config/],
  [['help', 'rule'], /did you mean "rules"/],
  [['help', 'rules', 'hooks'], /one command or topic/],
  [['help', 'rules', '--json-schema'], /--json-schema goes with config, api, events/],
  [['help', '--jsonschema'], /no flag "--jsonschema"/],
  [['--prot', '9420'], /no flag "--prot" \(did you mean "--port"\?\)/],
  [
    ['serve', '--prot', '9420'],
    /serve: there is no flag "--prot" \(did you mean "--port"\?\); it takes --host, --port/,
  ],
  [['run', '--port', '1'], /run: there is no flag "--port"/],
  [['run', '-y'], /no flag "-y"/],
  [['run', '--yes=true'], /--yes takes no value/],
  [['run', '--model'], /--model needs a value: --model M/],
  [['run', '--model='], /--model needs a value/],
  [['run', '--model', '--yes'], /--model needs a value \(one that begins with a dash is written --model=…\)/],
  [['--port', 'x'], /--port must be an integer from 0 to 65535/],
  [['--port', '65536'], /--port must be/],
  [['--port=-1'], /--port must be/],
  [['--port', '1e3'], /--port must be/],
  [['--log-level', 'loud'], /--log-level must be one of "debug", "info", "warn", "error"/],
  [['serve', 'now'], /serve: takes flags only/],
  [['doctor', 'x'], /takes flags only/],
  [['mcp', '--allow', 'wirte'], /--allow takes write and shell, separated by a comma \(did you mean "write"\?\)/],
  ...['0', '1.5', 'x', '1e3', '99999999999999999999'].map((limit): [string[], RegExp] => [
    ['transcripts', 'list', '--limit', limit],
    /--limit must be a whole number/,
  ]),
  [['transcripts', 'show', 'a', '--limit', '1'], /`show` takes no --limit/],
  [['transcripts'], /needs list, search or show/],
  [['transcripts', 'serch', 'x'], /no such action \(did you mean "search"\?\)/],
  [['transcripts', 'search'], /`search` needs/],
  [['transcripts', 'show'], /`show` needs/],
  [['transcripts', 'show', 'a', 'b'], /`show` needs/],
  [['transcripts', 'list', 'a'], /`list` takes nothing/],
  [['trust', 'a', 'b'], /takes one directory/],
  [['\u001b[31mred'], /"\\u001b\[31mred"/],
]

test.each(BAD)('%j is refused', (argv, message) => {
  expect(() => parseCommand(argv)).toThrow(UsageError)
  expect(() => parseCommand(argv)).toThrow(message)
})

test('never throws anything but a UsageError of one line', () => {
  const word = fc.oneof(
    fc.constantFrom(
      ...COMMAND_NAMES,
      'help',
      '--',
      '-',
      '',
      '-h',
      '--port',
      '--port=0',
      '--yes',
      '--model',
      '--no-yes',
      '--__proto__',
      '--constructor=1',
      '__proto__',
    ),
    fc.string({ unit: 'binary' }),
    fc.string().map(text => `--${text}`),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), argv => {
      try {
        expect(parseCommand(argv).command).toBeString()
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError)
        expect((error as Error).message).not.toMatch(/[\x00-\x1f\x7f]/)
      }
    }),
    { numRuns: 1000 },
  )
})

describe('help', () => {
  test.each(COMMAND_NAMES)('%s: every flag, in 80 columns', async name => {
    const text = await helpText({ about: name }, '1.2.3')
    for (const flag of Object.keys(flagsOf(name))) expect(text).toContain(`--${flag}`)
    expect(text).toStartWith(`Usage: emacs-agent-backend ${name}`)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })
  test('without a command: all of them, and the topics', async () => {
    const text = await helpText({}, '1.2.3')
    for (const name of [...COMMAND_NAMES, ...TOPIC_NAMES]) expect(text).toContain(`  ${name} `)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })
})
