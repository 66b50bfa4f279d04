import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { decodeRows, decodeTools, schemaOf } from '../../../src/mcp/catalog/toon-legacy.ts'

const read = {
  name: 'read_file',
  description: 'Read a file',
  inputSchema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
}
const write = {
  name: 'write_file',
  description: 'Write content, all of it',
  inputSchema: {
    type: 'object',
    properties: { path: { type: 'string' }, content: { type: 'string' }, mode: { type: 'integer' } },
    required: ['path', 'content'],
  },
}

describe('the older dialect', () => {
  const table: [string, string][] = [
    [
      'a padded table under a count',
      `tools: 2
  name         description                parameters
  read_file    Read a file                path:string!
  write_file   Write content, all of it   path:string! content:string! mode:int
`,
    ],
    [
      'no header',
      `read_file    Read a file                path:string!
write_file   Write content, all of it   path:string! content:string! mode:int = 5`,
    ],
    [
      'comments and rules',
      `# the tools
name  description  parameters
----  -----------  ----------
read_file  Read a file  path:string!  # safe
# more
write_file  Write content, all of it  path:string!  content:string!  mode:int?  # asks`,
    ],
    [
      'bars',
      `| name | description | parameters |
|------|-------------|------------|
| read_file | Read a file | {path: string!} |
| write_file | Write content, all of it | {path: string!, content: string!, mode: int} |`,
    ],
    [
      'tabs',
      'name\tdescription\tparameters\nread_file\tRead a file\tpath!\nwrite_file\tWrite content, all of it\tpath! content! mode?int',
    ],
    [
      'the real TOON',
      `tools[2]{name,description,params}:
  read_file,Read a file,"path:string!"
  write_file,"Write content, all of it","path:string! content:string! mode:int"`,
    ],
    [
      'real TOON without a table',
      `tools[2]:
  - name: read_file
    description: Read a file
    parameters[1]{name,type,required}:
      path,string,true
  - name: write_file
    description: "Write content, all of it"
    parameters[3]{name,type,required}:
      path,string,true
      content,string,true
      mode,int,false`,
    ],
    ['JSON', JSON.stringify({ tools: [read, write] })],
  ]
  for (const [name, text] of table) test(name, async () => expect(await decodeTools(text)).toEqual([read, write]))

  test.each([
    ['path limit?', { path: 'string', limit: 'string' }, ['path']],
    ['path! limit', { path: 'string', limit: 'string' }, ['path']],
    ['tags:string[]! deep:bool', { tags: 'array', deep: 'boolean' }, ['tags']],
    ['x:list y:map z:num', { x: 'array', y: 'object', z: 'number' }, ['x', 'y', 'z']],
    ['', {}, undefined],
    [undefined, {}, undefined],
  ])('%s', (parameters, types, required) => {
    const schema = schemaOf(parameters) as { properties: Record<string, { type: string }>; required?: string[] }
    expect(Object.fromEntries(Object.entries(schema.properties).map(([name, { type }]) => [name, type]))).toEqual(
      types as never,
    )
    expect(schema.required).toEqual(required as never)
  })

  test('any text is rows or a SyntaxError', async () => {
    const line = fc.stringMatching(/^[ \ta-c:|#{}[\],"\d=!?-]{0,20}$/)
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.array(line).map(lines => lines.join('\n')),
        ),
        async text => {
          try {
            expect(Array.isArray(await decodeRows(text))).toBe(true)
            await decodeTools(text)
          } catch (error) {
            expect(error).toBeInstanceOf(SyntaxError)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})
