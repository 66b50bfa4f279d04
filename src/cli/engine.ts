import { lazily } from '../base/once.ts'
import { createRest } from '../base/rest.ts'
import { worktreesDir } from '../config/dirs.ts'
import { type About, createApp } from '../server/app.ts'
import type { Api } from '../server/door.ts'
import { createMetrics } from '../server/metrics.ts'
import type { Runtime } from '../session/runtime.ts'
import { Store } from '../session/store.ts'
import { createRuntime } from './runtime.ts'

export type Engine = Api & {
  store: Store
  runtime: Runtime
  sessions(): number
  problems: Runtime['problems']
  sweep(): Promise<void>
  close(): Promise<void>
}

/** Everything behind the door: sessions, models, tools and the routes to them. */
export function createEngine(
  options: Omit<Parameters<typeof createRuntime>[0], 'secrets'> & { token: string | null; about: About },
): Engine {
  const { token, about, version } = options
  const runtime = createRuntime({ ...options, secrets: () => (token === null ? [] : [token]) })
  const metrics = createMetrics()
  const { telemetry: { otlp } = {} } = options.loaded.config
  const telemetry = otlp && import('../server/telemetry.ts').then(it => it.createTelemetry(otlp, version))
  const rest = createRest(() => store.sessions.some(session => session.agent_state.state !== 'idle'))
  const store = new Store(runtime, event => {
    rest.stir()
    metrics.observe(event)
    if (telemetry) void telemetry.then(it => it.observe(event))
  })
  const acp = lazily(async () => {
    const { createConnections } = await import('../acp/connections.ts')
    return createConnections({ store, runtime, version, log: runtime.log })
  })
  const app = createApp({ store, runtime, metrics, version, about, acp })
  return {
    store,
    runtime,
    fetch(request, admitted) {
      rest.stir()
      return app.fetch(request, admitted)
    },
    sessions: () => store.sessions.length,
    problems: runtime.problems,
    async sweep() {
      const count = await runtime.children.sweep()
      const { sweepWorktrees } = await import('../tools/git/worktrees.ts')
      await sweepWorktrees(worktreesDir(options.dirs.state))
      if (count > 0)
        options.log('info', `ended ${count} processes that an earlier backend had left, with all they started`)
    },
    async close() {
      try {
        await store.shutdown()
        if (telemetry) await (await telemetry).close()
      } finally {
        await runtime.close()
      }
    },
  }
}
