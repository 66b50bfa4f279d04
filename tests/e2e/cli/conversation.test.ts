import { describe, expect, test } from 'bun:test'
import { hasTerminal, onTerminal, run, withModel } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

const CTRL_D = '\x04'

describe.skipIf(!hasTerminal)(`a conversation${hasTerminal ? '' : ' (skipped: no script of util-linux)'}`, () => {
  test('slash commands; unknown ones are refused and reach no model', async () => {
    const { home, says, model } = await withModel()
    const project = tempDir({ '.claude/commands/greet.md': 'Greet $1 for me.' })
    const terminal = onTerminal(['run'], { home, cwd: project })
    let at = await terminal.until('\n> ')
    for (const [typed, told] of [
      ['/help', '/agent'],
      ['/modle', 'did you mean "/model"'],
      ['/agent', 'agent build (there are build, plan, ask)'],
      ['/agent plan', 'agent plan'],
      ['/agent nobody', 'no such agent'],
      ['/model', 'model test/model'],
      ['/model test/other', 'model test/other'],
    ] as const) {
      terminal.type(`${typed}\r`)
      // The echo of what was typed comes first.
      at = await terminal.until('\n> ', await terminal.until(told, await terminal.until('\n', at)))
    }
    expect(model.requests.length).toBe(0)
    says({ text: 'as planned' })
    terminal.type('hello\r')
    await terminal.until('\n> ', await terminal.until('as planned', at))
    expect(model.requests[0]!.body.model).toBe('other')
    says({ text: 'good day' })
    terminal.type('/greet Ada\r')
    await terminal.until('\n> ', await terminal.until('good day', at))
    expect(model.requests[1]!.body.messages.at(-1).content).toBe('Greet Ada for me.')
    terminal.type('/quit\r')
    expect((await terminal.ended).code).toBe(0)
  })

  test('a conversation goes back, is tried again, forked, summarised and measured', async () => {
    const { home, says, model } = await withModel()
    const terminal = onTerminal(['run'], { home, cwd: tempDir() })
    let at = await terminal.until('\n> ')
    says(
      { text: 'one bird' },
      { text: 'two birds' },
      { text: 'three birds' },
      { text: 'A SUMMARY' },
      { text: 'no bird' },
    )
    for (const [typed, told] of [
      ['first', 'one bird'],
      ['second', 'two birds'],
      ['/rewind', 'The conversation stands before: second'],
      ['/retry', 'three birds'],
      ['/context', 'conversation'],
      ['/fork', 'The fork is session'],
      ['/compact birds', 'tokens became'],
      ['third', 'no bird'],
    ] as const) {
      terminal.type(`${typed}\r`)
      at = await terminal.until('\n> ', await terminal.until(told, await terminal.until('\n', at)))
    }
    const asked = model.requests.map(({ body }) => JSON.stringify(body.messages))
    expect(asked[2]).not.toMatch(/one bird|second/)
    expect(asked[3]).toContain('The user asks of this summary: birds')
    expect(asked[4]).toContain('A SUMMARY')
    expect(asked[4]).not.toContain('three birds')
    terminal.type('/quit\r')
    expect((await terminal.ended).code).toBe(0)
  })

  test('a line that ends with a backslash goes on in the next', async () => {
    const { home, says, model } = await withModel()
    const terminal = onTerminal(['run'], { home, cwd: tempDir() })
    const at = await terminal.until('\n> ')
    says({ text: 'both read' })
    terminal.type('first\\\r')
    await terminal.until('… ', at)
    terminal.type('second\r')
    await terminal.until('\n> ', await terminal.until('both read', at))
    expect(model.requests[0]!.body.messages.at(-1).content).toContain('first\nsecond')
    terminal.type(CTRL_D)
    expect((await terminal.ended).code).toBe(0)
  })

  test('the arrow keys bring back prompts, of earlier runs too', async () => {
    const { home, says, model } = await withModel()
    const cwd = tempDir()
    says({ text: '# Read\n\nand **done**' }, { text: 'once more' })
    const first = onTerminal(['run'], { home, cwd })
    let at = await first.until('\n> ')
    first.type('look here\r')
    at = await first.until('\n> ', await first.until('and done', await first.until(/\nRead\r?\n/, at)))
    first.type(CTRL_D)
    expect((await first.ended).code).toBe(0)
    const second = onTerminal(['run'], { home, cwd })
    at = await second.until('\n> ')
    second.type('\x1b[A')
    at = await second.until('look here', at)
    second.type('\r')
    await second.until('\n> ', await second.until('once more', at))
    expect(model.requests[1]!.body.messages.at(-1).content).toContain('look here')
    second.type(CTRL_D)
    expect((await second.ended).code).toBe(0)
  })

  test('while the model works the elapsed time is shown, and gone before anything else is told', async () => {
    const { home, model } = await withModel()
    model.add({ body: [], hang: true })
    const terminal = onTerminal(['run', 'think'], { home, cwd: tempDir() })
    const at = await terminal.until(/thinking \d+ s/)
    terminal.type('\x03')
    await terminal.until(/\r\x1b\[K[^⠀-⣿]*interrupted/, at)
    expect((await terminal.ended).code).toBe(1)
  })
})

test('the beginning of an id is enough; what is ambiguous or unknown says so', async () => {
  const { home, says, model } = await withModel()
  const ids: string[] = []
  for (const text of ['one', 'two']) {
    says({ text })
    const { stdout } = await run(['run', text, '--json'], { home, cwd: tempDir() })
    ids.push(JSON.parse(stdout.split('\n')[0]!).session_id)
  }
  let length = 1
  while (ids[0]!.slice(0, length) === ids[1]!.slice(0, length)) length++
  const shown = await run(['transcripts', 'show', ids[0]!.slice(0, length)], { home })
  expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining(ids[0]!)])
  says({ text: 'here again' })
  const resumed = await run(['run', 'go on', '--resume', ids[1]!.slice(0, length)], { home, cwd: tempDir() })
  expect([resumed.code, resumed.stdout]).toEqual([0, expect.stringContaining('here again')])
  expect(JSON.stringify(model.requests.at(-1)!.body.messages)).toContain('two')
  const common = ids[0]!.slice(0, length - 1)
  if (common !== '')
    expect(await run(['transcripts', 'show', common], { home })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('2 sessions begin so'),
    })
  expect(await run(['transcripts', 'show', 'zz'], { home })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no such session'),
  })
  const { stdout } = await run(['transcripts', 'list', '--limit', '1'], { home })
  expect(stdout).toContain(ids[1]!)
  expect(stdout).not.toContain(ids[0]!)
  expect(stdout).toContain('--limit shows more')
})
