import { expect, test } from 'bun:test'
import { FAMILIES, flawsIn, openSession, startFamilies } from '../support/families.ts'
import { FULL, figure, random, scaled } from '../support/figures.ts'
import { FUZZ_SEED } from '../support/fuzz.ts'
import { type Said, say } from '../support/model-replies.ts'
import { many } from '../support/model-session.ts'

type Pick = ReturnType<typeof random>

function answer(pick: Pick): Said {
  const calls: [string, object][][] = [
    [['read_file', { path: 'a.txt' }]],
    [
      ['read_file', { path: 'a.txt' }],
      ['grep', { pattern: 'one' }],
    ],
    [['write_file', { path: `${pick(3)}.txt`, content: 'x' }]],
    [
      ['read_file', { path: 'a.txt' }],
      ['write_file', { path: 'w.txt', content: 'x' }],
      ['read_file', { path: 'a.txt' }],
    ],
    [['shell_exec', { command: 'echo one; sleep 0.02; echo two' }]],
    [['delegate', { agent: 'build', task: 'work' }]],
    [['todo', { items: [{ title: 'a', status: 'pending' }] }]],
    [['no_such_tool', {}]],
  ]
  const thinking = pick(3) === 0 ? { thinking: 'hm' } : {}
  return pick(3) > 0 ? { ...thinking, ...many(...pick.of(calls)) } : { ...thinking, text: ['one ', 'two ', 'three'] }
}

test('interrupted between any two events: the next request is one that its family takes', async () => {
  const pick = random(FUZZ_SEED)
  const families = await startFamilies('[permissions]\nallow = ["shell_exec(echo *)"]')
  const { model } = families
  const rounds = scaled(12, 125)
  const kinds = new Set<string>()
  let interrupts = 0
  for (const family of FAMILIES) {
    const session = await openSession(families, family, { 'a.txt': 'one\n' })
    const { stream, post } = session
    let ends = false
    const again = async () => {
      model.add(again)
      if (ends) return { body: say(family, { text: 'here' }) }
      if (pick(12) === 0) return { status: 429, headers: { 'retry-after': '0' }, body: '{}' }
      // In pieces, so that there is something between them.
      return { body: say(family, answer(pick)).flatMap(frame => [frame, Bun.sleep(1)]) }
    }
    model.add(again)
    for (let round = 0; round < rounds; round++) {
      const from = stream.frames.length
      const boundary = 1 + pick(30)
      ends = false
      await post('prompt', { text: `go ${round}`, when_busy: 'queue' })
      if (pick(5) === 0) await post('prompt', { text: 'and this', when_busy: pick.of(['queue', 'steer']) })
      // Until so many events came, or nothing comes by itself.
      const reached = await stream.until(({ event, data }) => {
        const waits = event === 'tool.call' && data.requires_approval && pick(2) === 0
        if (event === 'tool.call' && data.requires_approval && !waits)
          void post('approve', { tool_call_id: data.tool_call_id })
        return stream.frames.length - from >= boundary || waits || event === 'turn.end'
      }, from)
      kinds.add(`${family} ${reached.event === 'agent.state' ? reached.data.state : reached.event}`)
      const { status } = await post('interrupt')
      expect(status).toBe(200)
      interrupts++
      ends = true
      const before = model.requests.length
      const { body } = await post('prompt', { text: 'go on', wait: true })
      expect([family, round, body.status]).toEqual([family, round, 'success'])
      await stream.settled(body.turn_id)
      expect([family, round, flawsIn(model, before)]).toEqual([family, round, []])
    }
    model.clear()
    const open = stream.stored.flatMap(event =>
      event.type === 'message' ? event.tool_calls.map(c => c.tool_call_id) : [],
    )
    const closed = stream.stored.flatMap(event => (event.type === 'tool.result' ? [event.tool_call_id] : []))
    expect([family, open.filter(id => closed.filter(each => each === id).length !== 1)]).toEqual([family, []])
  }
  const flaws = flawsIn(model)
  figure('interrupts', {
    interrupts,
    kinds_of_boundaries: kinds.size,
    requests: model.requests.length,
    histories_refused: flaws.length,
  })
  expect(flaws).toEqual([])
  if (FULL) expect(kinds.size).toBeGreaterThan(30)
}, 1_800_000)
