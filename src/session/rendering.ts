import { AppError, messageOf } from '../errors.ts'
import type { Archive } from './archive.ts'
import type { Session } from './session.ts'

export type Rendering = {
  /** Renders what is there now, and stops. Resolves with the path of the .org. */
  finish(): Promise<string>
}

/** Rendering may take this share of the time, so that its cost stays linear however long a session grows. */
const SHARE = 0.05
const SOONEST_MS = 200

/** Keeps the transcript files of a session up to date, off the reply path: after turns, and the less often the longer it takes. */
export function createRendering(
  session: Session,
  archive: Archive,
  report: (level: 'warn', message: string) => void,
): Rendering {
  const path = session.log.path!
  let cost = 0
  let timer: NodeJS.Timeout | undefined
  let running: Promise<string> = Promise.resolve('')

  const render = (): Promise<string> => {
    running = running
      .catch(() => '') // reported where it happened
      .then(async () => {
        const started = performance.now()
        const org = await archive.writeTranscripts(path, session.log.events).catch(error => {
          throw new AppError(
            'TRANSCRIPT_ERROR',
            `The transcripts beside the log could not be written (${error.code ?? messageOf(error)}). The log has everything: free some disk space, and GET …/transcript renders it.`,
          )
        })
        cost = performance.now() - started
        return org
      })
    return running
  }

  const unsubscribe = session.subscribe(event => {
    if (event.type !== 'turn.end' || timer) return
    timer = setTimeout(
      () => {
        timer = undefined
        render().catch(error => report('warn', `${path}: ${messageOf(error)}`))
      },
      Math.max(SOONEST_MS, cost / SHARE),
    )
  })

  return {
    finish() {
      unsubscribe()
      clearTimeout(timer)
      return render()
    },
  }
}
