/** What delegation costs and saves, with a model whose every answer takes as long. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chat, type Said } from '../../tests/support/model-replies.ts'
import { type Asked, type ModelServer, startModelServer } from '../../tests/support/model-server.ts'
import { atMost, median, type Row, table, times } from './measure.ts'
import { PRODUCT, type Running, start } from './running.ts'

const DELAY_MS = 200
const ROUNDS = 5
const FILES = 30

const isTask = ({ body }: Asked) => JSON.stringify(body.messages[1]).includes('You now work as the agent')
const task = (n: number) => ({ id: `c${n}`, name: 'delegate', args: { agent: 'build', task: `look at ${n}` } })

async function sideBySide(project: string, model: ModelServer, product: Running): Promise<Row[]> {
  const turn = async (count: number) => {
    const { session_id } = await product.call('POST /api/sessions', { project_path: project })
    const answer = (asked: Asked): Said =>
      isTask(asked) || asked.body.messages.length > 2
        ? { text: 'done' }
        : { calls: Array.from({ length: count }, (_, n) => task(n)) }
    for (let i = 0; i < count + 2; i++)
      model.add(async asked => {
        await Bun.sleep(DELAY_MS)
        return chat(answer(asked))
      })
    const began = performance.now()
    await product.call(`POST /api/sessions/${session_id}/prompt`, { text: 'go', wait: true })
    const took = performance.now() - began
    await product.call(`DELETE /api/sessions/${session_id}`)
    return took
  }
  const one: number[] = []
  const two: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    one.push(await turn(1))
    two.push(await turn(2))
  }
  return [atMost('two agents side by side to one', median(two) / median(one), 1.3, times)]
}

/** A search through files: by the agent itself, or by another one that reports. */
async function search(project: string, model: ModelServer, product: Running): Promise<Row[]> {
  const reads = Array.from({ length: FILES }, (_, n) => ({
    id: `r${n}`,
    name: 'read_file',
    args: { path: `src/${n}.txt` },
  }))
  const spent = async (delegates: boolean) => {
    const { session_id } = await product.call('POST /api/sessions', { project_path: project })
    const answer = ({ body }: Asked, first: boolean): Said =>
      body.messages.length > 2 ? { text: 'It is in 7.txt.' } : first ? { calls: [task(0)] } : { calls: reads }
    const from = model.requests.length
    for (let i = 0; i < (delegates ? 4 : 2); i++) model.add(asked => chat(answer(asked, delegates && !isTask(asked))))
    await product.call(`POST /api/sessions/${session_id}/prompt`, { text: 'go', wait: true })
    await product.call(`DELETE /api/sessions/${session_id}`)
    return model.requests.slice(from)
  }
  const itself = await spent(false)
  const delegated = await spent(true)
  const [parent, child] = delegated as [Asked, Asked]
  const prefix = (asked: Asked) => JSON.stringify([asked.body.messages[0], asked.body.tools])
  const reused =
    prefix(parent) === prefix(child)
      ? prefix(child).length / (prefix(child).length + String(child.body.messages[1].content).length)
      : 0
  return [
    atMost(
      'what a search leaves with the one that delegates it',
      delegated.at(-1)!.text.length / itself.at(-1)!.text.length,
      0.5,
      times,
    ),
    atMost('of the first request of a child: what is new', 1 - reused, 0.05, times),
  ]
}

export async function benchAgents(): Promise<boolean> {
  const home = mkdtempSync(join(tmpdir(), 'emacs-agent-bench-'))
  const model = await startModelServer()
  try {
    const project = join(home, 'project')
    mkdirSync(join(project, 'src'), { recursive: true })
    for (let n = 0; n < FILES; n++) writeFileSync(join(project, `src/${n}.txt`), `line ${n}\n`.repeat(150))
    mkdirSync(join(home, '.config/emacs-agent'), { recursive: true })
    writeFileSync(
      join(home, '.config/emacs-agent/emacs-agent.toml'),
      `model = "bench/m"\n[providers.bench]\nkind = "openai-compatible"\nbase_url = "${model.url}/v1"\n`,
    )
    const product = await start(PRODUCT, home)
    const rows = [...(await sideBySide(project, model, product)), ...(await search(project, model, product))]
    await product.stop()
    return table('Agents', rows)
  } finally {
    await model.close()
    rmSync(home, { recursive: true, force: true })
  }
}
