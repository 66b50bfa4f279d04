import { readFileSync } from 'node:fs'
import { deflateRawSync } from 'node:zlib'
import type { BunPlugin } from 'bun'

/**
 * What packages bring along and this program never runs, each with what stands for it. The executable is smaller by it, and
 * nothing is missed: these parts are behind options that are not set, or are for other libraries.
 */
const STAND_INS: { path: RegExp; contents: string }[] = [
  // Messages of zod in fifty languages: ours are written here, and its own are never shown.
  { path: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/, contents: `export { default as en } from './en.js'` },
  // The MCP client has two validators of JSON Schema; the arguments of tools are checked by the other, smaller one.
  {
    path: /[\\/]@modelcontextprotocol[\\/]client[\\/]dist[\\/]shimsNode\.mjs$/,
    contents: `export const CORS_IS_POSSIBLE = false
export { CfWorkerJsonSchemaValidator as DefaultJsonSchemaValidator } from '@modelcontextprotocol/client/validators/cf-worker'`,
  },
  // JSON Schemas are made of valibot's schemas, and of no other library's.
  {
    path: /[\\/]@standard-community[\\/]standard-(?:json|openapi)[\\/]dist[\\/](?:arktype|default|effect|sury|typebox|zod)-[^\\/]+\.js$/,
    contents: `export default () => { throw new Error('only schemas of valibot are known here') }`,
  },
]

export const leaveOut: BunPlugin = {
  name: 'leave-out',
  setup(build) {
    for (const { path, contents } of STAND_INS) build.onLoad({ filter: path }, () => ({ contents, loader: 'js' }))
  },
}

/** Texts that are read seldom, and whole, are embedded compressed: the Emacs client as one, the pages of the manual each. */
export const compressTexts: BunPlugin = {
  name: 'compress-texts',
  setup(build) {
    build.onLoad({ filter: /[\\/]src[\\/]emacs[\\/]client\.ts$/ }, async ({ path }) => {
      const { CLIENT } = await import(path)
      return {
        contents: `import { inflateRawSync } from 'node:zlib'\nexport const CLIENT = JSON.parse(${inflating(JSON.stringify(CLIENT))})`,
        loader: 'js',
      }
    })
    build.onLoad({ filter: /\.org$/ }, ({ path }) => ({
      contents: `import { inflateRawSync } from 'node:zlib'\nexport default ${inflating(readFileSync(path, 'utf8'))}`,
      loader: 'js',
    }))
  },
}

/** An expression that is the text. */
const inflating = (text: string): string =>
  `inflateRawSync(Buffer.from('${deflateRawSync(text, { level: 9 }).toString('base64')}', 'base64')).toString()`
