/**
 * A language server that is controlled by the texts it receives. Each line `wrong: NAME` is an error, `odd: NAME` a warning;
 * `def NAME` defines a symbol. argv: `pull` (answers `textDocument/diagnostic`) or `push` (publishes), then one fault:
 *   `lateN`    reports a change after N ms, with its version, and repeats the report of the text before at once
 *   `unversioned`, `silent`, `crash` (at a change), `flood` (of messages), `huge` (one message), `hang` (at initialize), `garbage`
 * It appends what it receives to the file LSP_LOG.
 */
import { appendFileSync } from 'node:fs'

const [kind, fault = ''] = process.argv.slice(2)
const texts = new Map<string, { version: number; text: string }>()
const log = (line: string) => process.env.LSP_LOG && appendFileSync(process.env.LSP_LOG, `${line}\n`)
let asked = 0

function send(message: object) {
  const body = JSON.stringify({ jsonrpc: '2.0', ...message })
  process.stdout.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

function itemsOf(text: string) {
  return text.split('\n').flatMap((line, at) => {
    const found = /(wrong|odd): (\w+)/.exec(line)
    if (!found) return []
    const start = { line: at, character: found.index }
    const severity = found[1] === 'wrong' ? 1 : 2
    return [{ range: { start, end: start }, severity, message: `${found[2]} is ${found[1]}`, source: 'fake' }]
  })
}

const publish = (uri: string, version: number, text: string) =>
  send({
    method: 'textDocument/publishDiagnostics',
    params: { uri, diagnostics: itemsOf(text), ...(fault !== 'unversioned' && { version }) },
  })

function changed(uri: string, version: number, text: string) {
  const before = texts.get(uri)
  texts.set(uri, { version, text })
  log(`${version} ${JSON.stringify(text)}`)
  if (fault === 'crash' && before) process.exit(3)
  if (fault === 'flood' && before)
    for (let i = 0; i < 100_000; i++) send({ method: 'window/logMessage', params: { type: 4, message: 'x' } })
  if (fault === 'huge' && before) {
    process.stdout.write(`Content-Length: ${2 ** 31}\r\n\r\n`)
    const more = () => {
      while (process.stdout.write('x'.repeat(2 ** 20)));
      process.stdout.once('drain', more)
    }
    return more()
  }
  if (kind !== 'push' || fault === 'silent') return
  if (fault.startsWith('late')) {
    if (before) publish(uri, before.version, before.text)
    setTimeout(() => publish(uri, version, text), before ? Number(fault.slice(4)) : 0)
  } else publish(uri, version, text)
}

const at = (text: string, word: string) => {
  const lines = text.split('\n')
  const line = lines.findIndex(each => each.includes(`def ${word}`))
  return line < 0 ? null : { line, character: lines[line]!.indexOf(word) }
}

function answer(method: string, params: any): unknown {
  const uri = params?.textDocument?.uri
  const { text = '' } = texts.get(uri) ?? {}
  const word = () => {
    const line = text.split('\n')[params.position.line] ?? ''
    return /^\w*/.exec(line.slice(params.position.character))?.[0] ?? ''
  }
  const range = (start: object | null) => start && { uri, range: { start, end: start } }
  switch (method) {
    case 'initialize':
      return {
        capabilities: {
          textDocumentSync: 1,
          definitionProvider: true,
          ...(kind === 'pull' && { diagnosticProvider: { interFileDependencies: false, workspaceDiagnostics: false } }),
        },
      }
    case 'textDocument/diagnostic':
      return { kind: 'full', items: itemsOf(text) }
    case 'textDocument/definition':
      return range(at(text, word()))
    case 'textDocument/references':
      return text
        .split('\n')
        .flatMap((line, n) => (line.includes(word()) ? [range({ line: n, character: line.indexOf(word()) })] : []))
    case 'textDocument/hover':
      return { contents: { kind: 'markdown', value: `**${word()}**` } }
    case 'textDocument/documentSymbol':
    case 'workspace/symbol':
      return [...texts].flatMap(([uri, { text }]) =>
        [...text.matchAll(/def (\w+)/g)].map(([, name]) => {
          const start = at(text, name!)!
          return { name, kind: 12, location: { uri, range: { start, end: start } } }
        }),
      )
    default:
      return null
  }
}

function receive({ id, method, params, result }: any) {
  if (method === undefined) return log(`answer ${JSON.stringify(result)}`)
  if (method === 'exit') process.exit(0)
  if (method === 'initialized') {
    send({
      id: ++asked,
      method: 'workspace/configuration',
      params: { items: [{ section: 'fake.deep' }, { section: 'none' }] },
    })
    send({ id: ++asked, method: 'client/registerCapability', params: { registrations: [] } })
  }
  if (method === 'textDocument/didOpen') {
    const { uri, version, text, languageId } = params.textDocument
    log(`open ${languageId}`)
    changed(uri, version, text)
  }
  if (method === 'textDocument/didChange')
    changed(params.textDocument.uri, params.textDocument.version, params.contentChanges[0].text)
  if (id === undefined || fault === 'hang') return
  if (fault === 'garbage') process.stdout.write('this is no protocol\r\n\r\n')
  send({ id, result: answer(method, params) })
}

log(`start ${process.pid}`)
let buffer: Buffer = Buffer.alloc(0)
process.stdin.on('data', (chunk: Buffer) => {
  buffer = Buffer.concat([buffer, chunk])
  for (;;) {
    const end = buffer.indexOf('\r\n\r\n')
    const length = Number(/Content-Length: (\d+)/i.exec(buffer.subarray(0, Math.max(end, 0)).toString())?.[1])
    if (end < 0 || buffer.length < end + 4 + length) return
    const body = buffer.subarray(end + 4, end + 4 + length).toString()
    buffer = buffer.subarray(end + 4 + length)
    receive(JSON.parse(body))
  }
})
process.stdin.on('end', () => process.exit(0))
