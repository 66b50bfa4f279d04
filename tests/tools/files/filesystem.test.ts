import { expect, test } from 'bun:test'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { filesystemTools } from '../../../src/tools/files/filesystem.ts'
import { searchTools } from '../../../src/tools/search/search.ts'

const tools = [...filesystemTools, ...searchTools]

test('the tools of the protocol', () => {
  expect(tools.map(({ name, level }) => [name, level])).toEqual([
    ['read_file', 'read'],
    ['write_file', 'write'],
    ['edit_file', 'write'],
    ['list_directory', 'read'],
    ['create_directory', 'write'],
    ['copy_file', 'write'],
    ['move_file', 'write'],
    ['delete_file', 'dangerous'],
    ['search_files', 'read'],
    ['grep', 'read'],
  ])
})

test('cost few tokens', () => {
  const definitions = tools.map(({ name, description, parameters }) =>
    JSON.stringify({ name, description, parameters }),
  )
  expect(definitions.reduce((sum, definition) => sum + countTokens(definition), 0)).toBeLessThan(600)
})
