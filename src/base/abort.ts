/** A signal that is never aborted. */
export const NEVER: AbortSignal = new AbortController().signal

/** Calls `act` when `signal` is aborted, at once if it is already. Returns how to take that back. */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) act()
  else signal.addEventListener('abort', act, { once: true })
  return () => signal.removeEventListener('abort', act)
}

/** An interrupt stops the waiting, not the start: others may wait for it too. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const off = onAbort(signal, () => reject(signal.reason))
    work.then(resolve, reject).finally(off)
  })
}

/** Rejects when `signal` is aborted, and never resolves. */
export function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {}) // callers receive it; there may be none
  onAbort(signal, () => reject(signal.reason))
  return promise
}

/** What comes within `ms`; null for what fails or takes longer. */
export function within<T>(work: Promise<T>, ms: number): Promise<T | null> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(null), ms)
    work.then(resolve, () => resolve(null)).finally(() => clearTimeout(timer))
  })
}
