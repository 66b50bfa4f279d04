/** The words that paths of the API are made of: everything else in one is a name or an id. */
const WORDS = new Set(
  `api sessions events prompt interrupt queue approve reject answer rewind retry fork compact context plan buffers transcript
   resume changes undo redo transcripts search models agents tools mcp rules skills commands resources complete restart usage
   providers key health metrics openapi.json editor acp`.split(/\s+/),
)

/** One request in a line: method, path with `:id` for every id and without the query, status, milliseconds. */
export function requestLine(method: string, path: string, status: number, ms: number): string {
  const parts = path.split('/').map(part => (part === '' || WORDS.has(part) ? part : ':id'))
  return `${method} ${parts.join('/')} ${status} ${ms.toFixed(1)} ms`
}
