import type { Stored } from '../../src/event.ts'
import { jsonPieces } from '../../src/transcript/json.ts'
import { markdownPieces } from '../../src/transcript/markdown.ts'
import { orgPieces } from '../../src/transcript/org.ts'

const whole = async (pieces: AsyncIterable<string>): Promise<string> => (await Array.fromAsync(pieces)).join('')

/** The transcripts of a log as whole texts. */
export const renderJson = (events: readonly Stored[]) => whole(jsonPieces(events))
export const renderMarkdown = (events: readonly Stored[]) => whole(markdownPieces(events))
export const renderOrg = (events: readonly Stored[]) => whole(orgPieces(events))
