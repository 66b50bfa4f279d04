/** Language servers: what starting one takes, and an edit until its errors are known. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createChildren } from '../../src/base/children.ts'
import { createProjectServers } from '../../src/lsp/project.ts'
import { compileGlob } from '../../src/tools/search/glob.ts'
import { programFor } from '../../src/tools/shell/executable.ts'
import { atMost, median, ms, type Row, table } from './measure.ts'

const EDITS = 10
/** What a call waits for checkers. */
const BOUND_MS = 2000

/** A file without errors, and with one. */
const FILES: Record<string, [string, string]> = {
  'a.ts': ['const a: number = 1\n', 'const a: number = "x"\n'],
  'a.py': ['a: int = 1\n', 'a: int = "x"\n'],
  'a.c': ['int a = 1;\n', 'int a = missing;\n'],
}

export async function benchLanguages(): Promise<boolean> {
  const root = mkdtempSync(join(tmpdir(), 'bench-languages-'))
  const project = join(root, 'project')
  const env = { HOME: root, PATH: `${join(import.meta.dir, '../../node_modules/.bin')}:${process.env.PATH}` }
  const children = createChildren(join(root, 'children'))
  try {
    for (let i = 0; i < 400; i++) {
      mkdirSync(join(project, `dir${i}`), { recursive: true })
      for (let n = 0; n < 25; n++) writeFileSync(join(project, `dir${i}/file${n}.txt`), '')
    }
    for (const [name, [text]] of Object.entries(FILES)) writeFileSync(join(project, name), text)
    const servers = createProjectServers(
      {
        project,
        configured: {},
        trusted: false,
        programFor: (name, project, trusted) => programFor(name, env, project, trusted),
        compile: compileGlob,
      },
      { children, env: () => env, idle_ms: 60_000, log: console.error },
    )
    const rows: Row[] = []
    const timed = async <T>(work: () => Promise<T>): Promise<[number, T]> => {
      const began = performance.now()
      const result = await work()
      return [performance.now() - began, result]
    }
    const [looked] = await timed(() => servers.names())
    rows.push(atMost('look for servers, 10,000 files', looked, 150, ms))
    for (const [name, [right, wrong]] of Object.entries(FILES)) {
      const path = join(project, name)
      const [found] = (await servers.found()).filter(({ files }) => files.some(each => compileGlob(each)(name)))
      if (!found) continue
      const [started] = await timed(() => servers.begin(path, right))
      rows.push({ what: `${found.name}: start, and a first report`, value: ms(started) })
      const edits: number[] = []
      for (let i = 0; i < EDITS; i++) {
        const [took, errors] = await timed(() => servers.newErrors(path, right, wrong, AbortSignal.timeout(BOUND_MS)))
        if (errors?.length) edits.push(took)
        await servers.newErrors(path, wrong, right, AbortSignal.timeout(BOUND_MS))
      }
      const what = `${found.name}: an edit until its errors are known (${edits.length} of ${EDITS} in time)`
      rows.push(atMost(what, median(edits), BOUND_MS, ms))
    }
    await servers.close()
    return table('Language servers', rows)
  } finally {
    await children.close()
    rmSync(root, { recursive: true, force: true })
  }
}
