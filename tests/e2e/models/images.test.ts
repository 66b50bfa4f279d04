import { beforeAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend } from '../../support/backend.ts'
import {
  eventsIn,
  FAMILIES,
  type Families,
  type Family,
  flawsIn,
  follow,
  type Line,
  logOf,
  MODELS,
  openSession,
  startFamilies,
  storedOf,
} from '../../support/families.ts'
import { png } from '../../support/images.ts'
import { say } from '../../support/model-replies.ts'
import type { Asked, Reply } from '../../support/model-server.ts'

let on: Families
beforeAll(async () => {
  on = await startFamilies()
})

const bad = png(5, 5).toString('base64')
const good = png(6, 6).toString('base64')
const holds = ({ text }: Asked, data: string) => text.includes(data)
const attached = (data: string) => ({ attachments: [{ media_type: 'image/png', data }] })

/** Words that no list has: what counts is that the request is refused and holds an image. */
const REFUSED: Reply = {
  status: 400,
  body: JSON.stringify({ error: { message: 'Nope, not this one.', type: 'invalid_request_error' } }),
}
const reads = (path: string): Line => ({ calls: [{ name: 'read_file', args: { path } }] })
const answers =
  (family: Family, text: string) =>
  (asked: Asked): Reply =>
    holds(asked, bad) ? REFUSED : (say(family, { text }) as Reply)

describe.each(FAMILIES)('an image that %s refuses', family => {
  test('is left out at once and for ever: after a resume, and for every other model', async () => {
    const { home, model, says } = on
    const before = await Backend.start(home)
    const { id, stream, turn, project } = await openSession({ backend: before, says }, family)
    writeFileSync(join(project, 'bad.png'), Buffer.from(bad, 'base64'))
    const from = model.requests.length
    const reply = await turn('Look', [reads('bad.png'), answers(family, ''), answers(family, 'Left out.')])
    expect(reply).toMatchObject({ status: 'success', text: 'Left out.' })
    const asked = model.requests.slice(from)
    expect(asked.map(each => holds(each, bad))).toEqual([false, true, false])
    expect(asked.at(-1)!.text).toContain('was left out: the provider refused it')
    expect(storedOf(stream, 'notice')).toEqual([
      expect.objectContaining({ code: 'IMAGE_REFUSED', images: [expect.stringMatching(/^[0-9a-f]{16}$/)] }),
    ])

    // The same picture, read once more, is the same.
    await turn('Again', [reads('bad.png'), answers(family, 'Still not.')])
    before.process.kill('SIGKILL')
    await before.exited
    const after = await Backend.start(home)
    await after.call(`POST /api/sessions/${id}/resume`)
    const resumed = await follow(after, id, says)
    for (const next of FAMILIES) {
      await resumed.patch({ model: MODELS[next] })
      expect(await resumed.turn('And now?', [answers(next, next)])).toMatchObject({ status: 'success', text: next })
    }
    expect(model.requests.slice(from).filter(each => holds(each, bad))).toHaveLength(1)
    expect(flawsIn(model, from)).toEqual([])
    expect(eventsIn(await logOf(after, id)).filter(event => event.type === 'notice')).toHaveLength(1)
    await after.stop()
  }, 60_000)
})

describe('a session with images', () => {
  test('keeps the sound one beside the one that is refused, and sees the next', async () => {
    const { model } = on
    const { turn } = await openSession(on, 'chat')
    expect(await turn('One', [{ text: 'Seen.' }], attached(good))).toMatchObject({ status: 'success' })
    const from = model.requests.length
    const lines = [answers('chat', ''), answers('chat', 'Only the first.')]
    expect(await turn('Two', lines, attached(bad))).toMatchObject({ status: 'success', text: 'Only the first.' })
    await turn('Three', [answers('chat', 'Seen.')], attached(png(7, 7).toString('base64')))
    const last = model.requests.at(-1)!
    expect(model.requests.slice(from)).toHaveLength(3)
    expect([holds(last, good), holds(last, bad), holds(last, png(7, 7).toString('base64'))]).toEqual([
      true,
      false,
      true,
    ])
  })

  test('is refused once more when its images are not to blame, and keeps them', async () => {
    const { model } = on
    const { turn, stream } = await openSession(on, 'chat')
    const from = model.requests.length
    expect(await turn('See', [REFUSED, REFUSED], attached(good))).toMatchObject({ status: 'error' })
    expect(model.requests.slice(from).map(each => holds(each, good))).toEqual([true, false])
    await turn('And now?', [{ text: 'Fine.' }])
    expect(holds(model.requests.at(-1)!, good)).toBe(true)
    expect(storedOf(stream, 'notice')).toEqual([])
  })

  test('an error within a 200 is a refusal, too', async () => {
    const { turn } = await openSession(on, 'chat')
    const refusal: Reply = { body: `data: ${JSON.stringify({ error: { message: 'cannot read picture' } })}\n\n` }
    const lines = [refusal, answers('chat', 'Without it.')]
    expect(await turn('See', lines, attached(good))).toMatchObject({ status: 'success', text: 'Without it.' })
  })
})
