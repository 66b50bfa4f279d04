import { expect, test } from 'bun:test'
import { Backend } from '../../support/backend.ts'
import { committed, gitState, worktreesOf } from '../../support/committed.ts'
import { isTask } from '../../support/delegating.ts'
import { until } from '../../support/mcp.ts'
import { chat, type Said } from '../../support/model-replies.ts'
import { expectValid, many } from '../../support/model-session.ts'
import { call, startScripted } from '../../support/scripted.ts'

/** `npm run test:agents` kills a hundred times. */
const KILLS = Number(process.env.AGENT_KILLS ?? 8)
/** No other process has this argument. */
const SECONDS = '7654.25'

const isAsleep = () => String(Bun.spawnSync(['ps', '-eo', 'args=']).stdout).includes(`sleep ${SECONDS}`)

/** Two agents work side by side, one of them in a worktree, and both come to a command that does not end. */
test('a kill leaves no worktree and no child, and the log is closed soundly', async () => {
  const scripted = await startScripted({
    config: `[agents.alone]\nisolation = "worktree"\n[permissions]\nallow = ["shell_exec(sleep *)", "write_file"]\n`,
  })
  const { model, home } = scripted
  let { backend } = scripted
  const project = committed({ 'a.txt': 'one\n' })
  const before = gitState(project)
  const answer = ({ body }: { body: any }, text: string): Said => {
    if (!isTask({ body } as never))
      return text === 'go'
        ? many(['delegate', { agent: 'alone', task: 'x' }], ['delegate', { agent: 'build', task: 'y' }])
        : { text: 'ok' }
    return text.includes('You now')
      ? call('write_file', { path: 'made.txt', content: 'made\n' })
      : call('shell_exec', { command: `sleep ${SECONDS}` })
  }
  for (let kill = 0; kill < KILLS; kill++) {
    const id = await backend.session(project)
    const stream = await backend.events(`/api/sessions/${id}/events`)
    for (let i = 0; i < 5; i++) model.add(asked => chat(answer(asked, String(asked.body.messages.at(-1).content))))
    await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go' })
    // Somewhere on the way, at the latest when both sleep.
    const most = (kill * 7) % 26
    await stream.until(({ data }) => stream.stored.length >= most || data.params?.command !== undefined)
    backend.process.kill('SIGKILL')
    await backend.exited
    backend = await Backend.start(home)
    await until(() => worktreesOf(home).length === 0, 'no worktree is left')
    await until(() => !isAsleep(), 'no child is left')
    expect(gitState(project)).toBe(before)
    expect((await backend.call(`POST /api/sessions/${id}/resume`)).status).toBe(200)
    model.clear()
    model.add(chat({ text: 'again' }))
    await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'and now', wait: true })
    expectValid(model.requests.at(-1)!.body.messages)
    await backend.call(`DELETE /api/sessions/${id}`)
  }
})
