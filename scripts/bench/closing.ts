/** The memory and the processor time that it takes to open and to close a large session, which renders its transcripts. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atMost, mib, ms, type Row, table, times } from './measure.ts'
import { cpuOf, memory, PRODUCT, start } from './running.ts'
import { saveSession, type Texts } from './saved.ts'

const LINES = 'const total = items.reduce((sum, item) => sum + item.price, 0) // as before\n'
const ANSWER =
  '## Part\n\nSome *words* and `code` with **strong** ones:\n\n- one [link](src/a.el#L3)\n- two\n  - three\n\n'
const LARGE: Record<string, Texts> = {
  'long results': { result: LINES.repeat(400), answer: ANSWER },
  'Markdown alone': { result: 'ok', answer: ANSWER.repeat(250) },
}

/** Resumes a session of so many MiB, and closes it: the most memory that the process had, and the processor time. */
async function closing(home: string, megabytes: number, texts: Texts) {
  const turn = texts.result.length + texts.answer.length + 1_400
  const id = saveSession(home, 'offline/guide', Math.round((megabytes * 1024 * 1024) / turn) * 6 + 1, texts)
  const product = await start(PRODUCT, home)
  await product.call(`POST /api/sessions/${id}/resume`)
  const opened = memory(product, 'VmHWM')
  const before = cpuOf(product)
  await product.call(`DELETE /api/sessions/${id}`)
  const closed = { opened, most: memory(product, 'VmHWM'), cpu: cpuOf(product) - before }
  await product.stop()
  return closed
}

async function closings(home: string): Promise<Row[]> {
  const rows: Row[] = []
  for (const [what, texts] of Object.entries(LARGE)) {
    const [small, large] = [await closing(home, 24, texts), await closing(home, 192, texts)]
    rows.push(
      { what: `resuming 192 MiB of ${what}: most memory`, value: mib(large.opened) },
      atMost('  and closing it', large.most, 300, mib),
      atMost('  processor time of 192 MiB to 24 MiB, 8 times as much', large.cpu / small.cpu, 10, times, {
        bare: ms(small.cpu),
      }),
    )
  }
  return rows
}

/** Resolves with whether every target was met. */
export async function benchClosing(): Promise<boolean> {
  const home = mkdtempSync(join(tmpdir(), 'emacs-agent-bench-'))
  try {
    return table('Large sessions', await closings(home))
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
