import { expect, test } from 'bun:test'
import { random } from '../../support/figures.ts'
import { many } from '../../support/model-session.ts'
import { reviewing } from '../../support/reviewing.ts'
import { type Scripted, startScripted } from '../../support/scripted.ts'
import { treeOf } from '../../support/undoing.ts'

/** So many sequences of calls; the variable asks for more. */
const SEQUENCES = Number(process.env.REVIEW_SEQUENCES ?? 12)
const FILES = { 'a.txt': 'alpha\nbeta\ngamma\n', 'b.txt': 'alpha\r\nbeta\r\n', 'c/d.txt': '' }
const NAMES = ['a.txt', 'b.txt', 'c/d.txt', 'e.txt', 'c/new/f.txt']
const DIRECTORIES = ['c', 'c/new', 'g/h', 'e.txt']
const WORDS = ['alpha', 'beta', 'gamma', 'delta']
const AUTO = ['write_file', 'edit_file', 'move_file', 'copy_file', 'delete_file', 'create_directory', 'shell_exec']

function sequence(seed: number): [name: string, args: object][][] {
  const number = random(seed)
  const one = number.of
  const text = () => Array.from({ length: number(4) }, () => `${one(WORDS)}\n`).join('')
  const calls: (() => [string, object])[] = [
    () => ['write_file', { path: one(NAMES), content: text() }],
    () => ['write_file', { path: one(NAMES), content: text() }],
    () => ['edit_file', { path: one(NAMES), old: one(WORDS), new: one(WORDS), replace_all: number(2) === 0 }],
    () => ['edit_file', { path: one(NAMES), old: `${one(WORDS)}\n`, new: text() }],
    () => ['edit_file', { path: one(NAMES), old: '', new: text() }],
    () => ['read_file', { path: one(NAMES) }],
    () => ['grep', { pattern: one(WORDS) }],
    () => ['list_directory', { depth: 3 }],
    () => ['search_files', { pattern: '**/*.txt' }],
    () => ['copy_file', { source: one(NAMES), dest: one(NAMES), overwrite: true }],
    () => ['move_file', { source: one(NAMES), dest: one(NAMES), overwrite: true }],
    () => ['delete_file', { path: one(NAMES) }],
    () => ['create_directory', { path: one(DIRECTORIES) }],
    () => ['shell_exec', { command: 'cat a.txt b.txt' }],
  ]
  return Array.from({ length: 6 }, () => Array.from({ length: 1 + number(4) }, () => one(calls)()))
}

/** The tree after a turn with these messages, and the result of each call as the model received it. */
async function played(scripted: Scripted, messages: [string, object][][], review_edits: boolean) {
  const { backend, says } = scripted
  const { id, project, stream, post } = await reviewing(scripted, FILES, { review_edits, auto_approve_tools: AUTO })
  const approved = new Set<string>()
  const approving = (async () => {
    for (;;) {
      const { data } = await stream.until(
        ({ event, data }) =>
          event === 'turn.end' || (event === 'tool.call' && data.requires_approval && !approved.has(data.tool_call_id)),
      )
      if (data.type === 'turn.end') return
      approved.add(data.tool_call_id)
      const { status } = await backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: data.tool_call_id })
      expect(status).toBe(200)
    }
  })()
  says(...messages.map(calls => many(...calls)), { text: 'Done.' })
  await post('prompt', { text: 'go', wait: true })
  await stream.idle()
  await approving
  const stored = stream.stored as any[]
  const results = new Map(
    stored.flatMap(event => (event.type === 'tool.result' ? [[event.tool_call_id, event] as const] : [])),
  )
  const calls = stored.flatMap(event => (event.type === 'message' ? event.tool_calls : []))
  const said = calls.map(({ tool, tool_call_id }: any) => {
    const { status, result, error } = results.get(tool_call_id)
    const isEdit = /^(write_file|edit_file|create_directory)$/.test(tool)
    // Files that are not on the disk yet come last in what is found.
    const content = result?.content.split(tool === 'grep' ? '\n\n' : '\n').toSorted()
    return [tool, status, isEdit ? (error?.code ?? null) : (content ?? error.code)]
  })
  const undone = await post('undo')
  return { tree: treeOf(project), said, undone: undone.status, isReviewed: approved.size > 0 }
}

test.each(Array.from({ length: SEQUENCES }, (_, i) => 20261128 + i))(
  'calls of seed %d: approved by review, they have the same effects and results as approved one by one',
  async seed => {
    const scripted = await startScripted({ config: 'small_model = "none"\n' })
    const messages = sequence(seed)
    const plain = await played(scripted, messages, false)
    const reviewed = await played(scripted, messages, true)
    expect(reviewed.said).toEqual(plain.said)
    expect(reviewed.tree).toEqual(plain.tree)
  },
)
