/** What a request to an editor costs: the call of a tool that a client answers at once, against the same call of a tool of ours. */
import { encode } from 'gpt-tokenizer'
import { editorTools } from '../../src/tools/editor/editor-tools.ts'
import { chat } from '../../tests/support/model-replies.ts'
import { call, startScripted } from '../../tests/support/scripted.ts'
import { withEditor } from '../../tests/support/stub-editor.ts'
import { atMost, median, ms, quantile, table } from './measure.ts'

const CALLS = Number(process.env.EDITOR_CALLS ?? 200)

export async function benchEditor(): Promise<boolean> {
  const scripted = await startScripted()
  const editor = await withEditor(scripted, undefined, { 'a.txt': 'text\n' })
  /** From the announcement of a call to its result, as the client sees it. */
  async function timed(tool: string, params: object): Promise<number> {
    const from = editor.stream.frames.length
    scripted.model.add(chat(call(tool, params)), chat({ text: 'ok' }))
    const turn = scripted.backend.call(`POST ${editor.path}/prompt`, { text: 'go', wait: true })
    await editor.stream.next('tool.call', from)
    const start = performance.now()
    if (tool === 'describe') {
      const { request_id } = await editor.request(from)
      await editor.reply(request_id, { result: 'text' })
    }
    await editor.stream.next('tool.result', from)
    const took = performance.now() - start
    await turn
    await editor.stream.idle(from)
    return took
  }
  const several = async (tool: string, params: object) => {
    for (let i = 0; i < 20; i++) await timed(tool, params)
    const samples: number[] = []
    for (let i = 0; i < CALLS; i++) samples.push(await timed(tool, params))
    return samples
  }
  const bare = await several('read_file', { path: 'a.txt' })
  const asked = await several('describe', { name: 'car' })
  await scripted.backend.stop()
  await scripted.model.close()
  const sent = editorTools.map(({ name, description, parameters }) => ({ name, description, input_schema: parameters }))
  return table('Editor', [
    { what: 'read_file, call to result, p50', value: ms(median(bare)) },
    atMost('a tool that the client answers, p50', median(asked), 15, ms),
    { what: 'p99', value: ms(quantile(asked, 0.99)) },
    atMost('tokens of the definitions (o200k)', encode(JSON.stringify(sent)).length, 350, String),
  ])
}
