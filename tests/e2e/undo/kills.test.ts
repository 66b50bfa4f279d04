import { expect, test } from 'bun:test'
import { Backend } from '../../support/backend.ts'
import { startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'
import { openUndo, placeOf, put, treeOf } from '../../support/undoing.ts'

/** `npm run test:undo` kills three hundred times. */
const KILLS = Number(process.env.UNDO_KILLS ?? 30)
const FILES = 40

/**
 * A turn that changes, deletes, moves and makes many files is undone and redone again and again, and the backend is killed
 * somewhere on the way. After a resume the undo is complete, or has not happened, and the log says which.
 */
test('a kill during an undo or a redo leaves nothing half done', async () => {
  const scripted = await startScripted()
  const root = tempDir()
  for (let n = 0; n < FILES; n++) put(root, `d${n % 4}/f${n}.txt`, `file ${n}\n`.repeat(500), n % 3 ? 0o644 : 0o755)
  const first = await openUndo(scripted, root)
  const before = treeOf(root)
  await first.turn([
    'shell_exec',
    {
      command:
        'sed -i s/file/FILE/ d0/*; rm -r d1; mv d2 e2; mkdir -p n/m; for i in 1 2 3 4 5 6 7 8; do echo $i > n/m/$i; done; chmod 600 d3/*; ln -s d0 l',
    },
  ])
  const after = treeOf(root)
  const { id, home } = first
  let { backend } = scripted
  const place = () => placeOf({ ...scripted, backend }, root, id)
  let isUndone = false
  const timed = performance.now()
  await place().post('undo')
  await place().post('redo')
  let longest = (performance.now() - timed) / 2
  const outcomes = { complete: 0, not_at_all: 0, too_late: 0 }

  for (let kill = 0; kill < KILLS; kill++) {
    const route = isUndone ? 'redo' : 'undo'
    const started = performance.now()
    const reply = place()
      .post(route)
      .then(
        () => performance.now() - started,
        () => null,
      )
    const patience = (longest * 1.3 * ((kill * 7) % 23)) / 23
    const ended = await Promise.race([reply, new Promise<undefined>(resolve => setTimeout(resolve, patience))])
    backend.process.kill('SIGKILL')
    await backend.exited
    if (typeof ended === 'number') longest = ended
    backend = await Backend.start(home)
    const resumed = await place().post('resume')
    expect(resumed.status).toBe(200)
    const now = treeOf(root)
    const undone = (await place().events()).filter(event => event.type === 'undo')
    const happened: boolean = undone.at(-1)?.kind === 'undo'
    expect(now).toEqual(happened ? before : after)
    for (const event of undone) expect(event.refused).toEqual([])
    if (typeof ended === 'number') {
      outcomes.too_late++
      expect(happened).toBe(!isUndone)
    } else outcomes[happened === isUndone ? 'not_at_all' : 'complete']++
    isUndone = happened
  }
  console.log(`undo, kills: ${JSON.stringify(outcomes)}`)
  await backend.stop()
}, 3_600_000)

test('a kill in the middle of a command: what it had changed until then is undone', async () => {
  const scripted = await startScripted()
  const root = tempDir({ 'a.txt': 'one\n', 'b.txt': 'b\n' })
  const place = await openUndo(scripted, root)
  const before = treeOf(root)
  const stream = await scripted.backend.events(`/api/sessions/${place.id}/events`)
  const turn = place
    .turn(['shell_exec', { command: 'rm a.txt; echo new > n.txt; echo ready; sleep 60' }])
    .catch(() => {})
  await stream.until(({ event, data }) => event === 'tool.progress' && data.output?.includes('ready'))
  scripted.backend.process.kill('SIGKILL')
  await scripted.backend.exited
  await turn
  stream.close()
  const backend = await Backend.start(place.home)
  const again = placeOf({ ...scripted, backend }, root, place.id)
  await again.post('resume')
  expect(treeOf(root)).not.toEqual(before)
  expect((await again.changes()).map(({ path, change }) => `${change} ${path}`)).toEqual([
    'deleted a.txt',
    'created n.txt',
  ])
  expect(await again.post('undo')).toMatchObject({ status: 200, body: { refused: [] } })
  expect(treeOf(root)).toEqual(before)
  await backend.stop()
})
