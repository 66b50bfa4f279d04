import { createArchive } from '../session/archive.ts'
import { FORMATS } from '../transcript/formats.ts'
import type { Options } from './commands.ts'
import { configure } from './configure.ts'
import type { Process } from './process.ts'
import { inert, styleFor } from './terminal.ts'

/** Without `--limit`. */
const LIMIT = 200

/** `transcripts list | search Q | show ID`, read from the logs like everything else. */
export async function transcripts(command: Options<'transcripts'>, outside: Process): Promise<number> {
  const { config } = await configure({ env: outside.env, dirs: outside.dirs, flags: command })
  const archive = createArchive(config.transcript_path, (_, message) => outside.stderr(`${message}\n`))
  const style = styleFor(outside)
  const print = (text: string) => outside.stdout(`${text}\n`)

  if (command.action === 'show') {
    const pieces = await FORMATS.markdown.render(await archive.read(await archive.idOf(command.id)))
    for await (const piece of pieces) outside.stdout(inert(piece))
    return 0
  }
  if (command.action === 'search') {
    const { matches } = await archive.search({ q: command.query, limit: command.limit ?? LIMIT })
    for (const match of matches)
      print(
        `${match.at.slice(0, 16).replace('T', ' ')}  ${style.bold(match.session_id)}  ${match.role}: ${inert(match.snippet)}`,
      )
    if (matches.length === 0) print('Nothing found.')
    return matches.length > 0 ? 0 : 1
  }
  const { transcripts, next_cursor } = await archive.list({ limit: command.limit ?? LIMIT })
  for (const entry of transcripts)
    print(
      `${entry.started_at.slice(0, 16).replace('T', ' ')}  ${style.bold(entry.session_id)}  ${inert(entry.title)}  ${style.dim(`${counted(entry.message_count)}, ${inert(entry.project_path ?? '?')}`)}`,
    )
  if (next_cursor)
    print(style.dim(`These are the newest ${transcripts.length}; --limit shows more, search finds the others.`))
  if (transcripts.length === 0) print('No transcripts yet.')
  return 0
}

const counted = (messages: number) => `${messages} ${messages === 1 ? 'message' : 'messages'}`
