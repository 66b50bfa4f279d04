import { onAbort } from '../../base/abort.ts'
import { messageOf } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import type { Job, Jobs } from '../tool.ts'
import { continuations, createTail } from './capture.ts'
import { exitCodeOf, type Start, type StartOptions, start } from './process.ts'
import { createStripper } from './terminal.ts'

/** Output of a job that waits to be read; of more, the last part. */
const UNREAD_BYTES = 256 * 1024
/** The exit status of a job that is out of reach, as of ssh. */
const LOST = 255

/** Starts a background job. Its output is read in pieces; it has ended once all that it started has. */
export async function startJob(
  command: string[],
  line: string,
  options: Omit<StartOptions, 'onOutput' | 'onLive' | 'leftovers'>,
  begin: Start = start,
): Promise<Job> {
  const unread = createTail(UNREAD_BYTES)
  let decoder = new TextDecoder()
  let strip = createStripper()
  const bell = new EventTarget()
  const ring = () => bell.dispatchEvent(new Event('news'))

  const child = await begin(command, {
    ...options,
    leftovers: 'wait',
    onLive(chunk) {
      unread.write(chunk)
      ring()
    },
  })

  const job: Job = {
    job_id: newId('job'),
    command: line,
    ...(child.pid !== undefined && { pid: child.pid }),
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
      await child.ended.catch(() => {}) // said in its output
    },
  }
  void child.ended
    .then(exitCodeOf, error => {
      unread.write(Buffer.from(`\n[${messageOf(error)}]\n`))
      return LOST
    })
    .then(exit_code => {
      job.exit_code = exit_code
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
