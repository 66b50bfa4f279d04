import { createInterface } from 'node:readline'
import { chat, type Said } from '../../support/model-replies.ts'
import { gate, type Reply, startModelServer } from '../../support/model-server.ts'

/**
 * The model of the Emacs tests, as a process. A line on stdin is what it answers next: described (`Said`, in the chat format),
 * or raw (`{"status", "headers", "body"}`). With `hold`, the end of the answer waits for the line `{"open": true}`. A line on
 * stdout is its address, then each request that it answers: `{"body", "key"}`.
 */
type Line = { open: true } | ((Said | Reply) & { hold?: boolean })

const tell = (value: unknown) => console.log(JSON.stringify(value))
const isRaw = (line: object): line is Reply => 'status' in line || 'body' in line
/** What follows the text and the calls in the chat format: the reason of the end, the usage, and that it is done. */
const TAIL = 3

const server = await startModelServer()
const held: (() => void)[] = []
tell({ url: server.url })

function take(line: Line) {
  if ('open' in line) return held.shift()?.()
  server.add(({ body, headers }) => {
    tell({ body, key: headers.authorization })
    if (isRaw(line)) return line
    const frames = chat(line)
    if (!line.hold) return frames
    const end = gate()
    held.push(end.open)
    return [...frames.slice(0, -TAIL), end.wait, ...frames.slice(-TAIL)]
  })
}

for await (const line of createInterface(process.stdin)) take(JSON.parse(line))
process.exit(0)
