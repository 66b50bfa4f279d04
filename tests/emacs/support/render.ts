import { createInterface } from 'node:readline'
import { type Event, render } from './org-events.ts'

/**
 * Makes of events what a stream of Org has, for tests of the Emacs client that need no session: a line on stdin is
 * `{"project", "events"}`, the answer is a line with the events.
 */
for await (const line of createInterface(process.stdin)) {
  const { project, events } = JSON.parse(line) as { project: string; events: Event[] }
  console.log(JSON.stringify(events.flatMap(event => render(event, project))))
}
