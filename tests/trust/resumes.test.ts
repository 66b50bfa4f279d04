import { expect, test } from 'bun:test'
import { Backend } from '../support/backend.ts'
import { figure, scaled } from '../support/figures.ts'
import { startScripted } from '../support/scripted.ts'
import { tempDir } from '../support/temp.ts'

test('of three processes that resume a session at the same time, one has it', async () => {
  const { backend, home } = await startScripted()
  const count = scaled(12, 100)
  const project = tempDir()
  const ids: string[] = []
  for (let i = 0; i < count; i++) ids.push(await backend.session(project))
  backend.process.kill('SIGKILL') // every lock is one that its owner left
  await backend.exited
  const three = await Promise.all([Backend.start(home), Backend.start(home), Backend.start(home)])
  const seen = { resumes: 0, owners: 0, sessions_without_one_owner: 0 }
  const replies = await Promise.all(
    ids.map(id => Promise.all(three.map(each => each.call(`POST /api/sessions/${id}/resume`)))),
  )
  for (const of of replies) {
    const owners = of.filter(({ status }) => status === 200).length
    seen.resumes += of.length
    seen.owners += owners
    if (owners !== 1) seen.sessions_without_one_owner++
    for (const { status, body } of of) if (status !== 200) expect(body.error.code).toBe('SESSION_LOCKED')
  }
  const live = await Promise.all(three.map(async each => (await each.call('GET /api/sessions')).body.sessions.length))
  figure('simultaneous resumes by three processes', seen)
  expect(seen.sessions_without_one_owner).toBe(0)
  expect(live.reduce((sum, each) => sum + each)).toBe(count)
  await Promise.all(three.map(each => each.stop()))
}, 600_000)
