import { onAbort } from '../../base/abort.ts'
import { newId } from '../../base/ids.ts'
import type { Job, Jobs } from '../tool.ts'
import { continuations, createTail } from './capture.ts'
import { exitCodeOf, type StartOptions, start } from './process.ts'
import { createStripper } from './terminal.ts'

/** Output of a job that waits to be read; of more, the last part. */
const UNREAD_BYTES = 256 * 1024

/** Starts a background job. Its output is read in pieces; it has ended once all that it started has. */
export async function startJob(
  command: string[],
  line: string,
  options: Omit<StartOptions, 'onOutput' | 'leftovers'>,
): Promise<Job> {
  const unread = createTail(UNREAD_BYTES)
  let decoder = new TextDecoder()
  let strip = createStripper()
  const bell = new EventTarget()
  const ring = () => bell.dispatchEvent(new Event('news'))

  const child = await start(command, {
    ...options,
    leftovers: 'wait',
    onOutput(chunk) {
      unread.write(chunk)
      ring()
    },
  })

  const job: Job = {
    job_id: newId('job'),
    command: line,
    pid: child.pid,
    started_at: Date.now(),
    exit_code: null,
    read() {
      const { bytes, dropped } = unread.take()
      if (dropped > 0) {
        decoder = new TextDecoder()
        strip = createStripper()
      }
      const whole = dropped > 0 ? bytes.subarray(continuations(bytes)) : bytes
      return { output: strip(decoder.decode(whole, { stream: true })), dropped: dropped + bytes.length - whole.length }
    },
    async news(patience_ms, signal) {
      if (!unread.isEmpty() || job.exit_code !== null || signal.aborted) return
      await new Promise<void>(resolve => {
        const done = () => {
          clearTimeout(timer)
          off()
          resolve()
        }
        const timer = setTimeout(done, patience_ms)
        bell.addEventListener('news', done, { once: true })
        const off = onAbort(signal, done)
      })
    },
    async kill() {
      await child.kill()
      await child.ended
    },
  }
  void child.ended.then(ended => {
    job.exit_code = exitCodeOf(ended)
    ring()
  })
  return job
}

/** Ends all jobs of a session, and forgets them. */
export async function killJobs(jobs: Jobs): Promise<void> {
  const all = [...jobs.values()]
  jobs.clear()
  await Promise.all(all.map(job => job.kill()))
}
