import { afterAll } from 'bun:test'

const work: (() => unknown)[] = []

/**
 * After the test file (`bun test --isolate`), or at the exit of a program that a test or a benchmark starts. Last in, first
 * out: what uses a directory ends before the directory goes, or it would make it anew.
 */
export const atEnd = (each: () => unknown): void => void work.push(each)

try {
  afterAll(async () => {
    for (const each of work.splice(0).reverse()) await each()
  })
} catch {
  // There is no test runner. Nothing can be waited for then.
  process.on('exit', () => {
    for (const each of work.splice(0).reverse()) void each()
  })
}
