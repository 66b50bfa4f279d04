import { describe, expect, test } from 'bun:test'
import { realCatalogs } from '../../../scripts/bench/catalogs.ts'
import { QUERIES } from '../../../scripts/bench/queries.ts'
import { readListing } from '../../../src/mcp/catalog/catalog.ts'
import { createIndex } from '../../../src/mcp/catalog/find.ts'
import { wordsOf } from '../../../src/mcp/catalog/words.ts'
import { ASKED, CATALOG } from '../../support/catalog.ts'

const catalogs = await realCatalogs()
const lack = catalogs.length > 0 ? '' : ' (needs ../shared/catalogs)'
const entries = catalogs.flatMap(({ server, tools }) => tools.map(tool => ({ name: `${server}/${tool.name}`, tool })))

describe('search', () => {
  test('words are the same however they are written', () => {
    for (const text of ['listPullRequests', 'list_pull_requests', 'list-pull-request', 'Listing the pull requests'])
      expect(wordsOf(text)).toEqual(wordsOf('list pull request'))
  })

  test.each(ASKED)('“%s” finds %s among the first three', async (query, wanted) => {
    const index = createIndex(
      (await readListing([...CATALOG], () => {})).map(tool => ({ name: `made/${tool.name}`, tool })),
    )
    expect(index.search(query, 3).map(hit => hit.name)).toContain(`made/${wanted}`)
  })

  test.skipIf(lack !== '')(`finds the right one of ${entries.length} real tools among the first five${lack}`, () => {
    const names = new Set(entries.map(entry => entry.name))
    const index = createIndex(entries)
    const missed = QUERIES.filter(([query, ...wanted]) => {
      for (const name of wanted) expect(names).toContain(name)
      return !index.search(query, 5).some(hit => wanted.includes(hit.name))
    })
    expect(QUERIES.length).toBeGreaterThanOrEqual(200)
    expect(missed.map(([query]) => query).slice(0, missed.length / QUERIES.length > 0.05 ? 100 : 0)).toEqual([])
  })

  test('finds nothing in nothing', () => {
    expect(createIndex([]).search('anything', 5)).toEqual([])
  })
})
