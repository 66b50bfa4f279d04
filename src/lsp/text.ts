import { fileURLToPath, pathToFileURL } from 'node:url'
import { readRegular } from '../base/files.ts'

/** Larger files are not source code, and are sent to no server. */
const LARGEST_FILE = 8 * 1024 * 1024

/** The text of a file, by `read` of another machine; null when it does not exist, is too large or is not a regular file. */
export async function textAt(
  path: string,
  read: (path: string, most: number) => Promise<Uint8Array> = readRegular,
): Promise<string | null> {
  try {
    return new TextDecoder().decode(await read(path, LARGEST_FILE))
  } catch {
    return null
  }
}

export const uriOf = (path: string): string => pathToFileURL(path).href

/** Null when the address is not of a file. */
export function pathOf(uri: string): string | null {
  try {
    return uri.startsWith('file:') ? fileURLToPath(uri) : null
  } catch {
    return null
  }
}

/** LSP counts UTF-16 units, we count characters (code points). */
export const unitsOf = (line: string, column: number): number => [...line].slice(0, column).join('').length
export const columnOf = (line: string, units: number): number => [...line.slice(0, units)].length

/** Looks up lines of a text by their 0-based number, without their ends; a line that is not there is empty. */
export function linesOf(text: string | null): (line: number) => string {
  let lines: string[] | undefined
  return line => (lines ??= text?.split('\n') ?? [])[line]?.replace(/\r$/, '') ?? ''
}
