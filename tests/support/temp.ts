import { afterAll } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const made: string[] = []
const removeAll = () => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true })
}
try {
  afterAll(removeAll)
} catch {
  process.on('exit', removeAll) // a program that a test starts, or a benchmark: there is no test runner
}

/** A fresh directory with these files, by real path; removed after the test file (`bun test --isolate`), or at the exit. */
export function tempDir(files: Record<string, string> = {}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'emacs-agent-test-')))
  made.push(root)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}
