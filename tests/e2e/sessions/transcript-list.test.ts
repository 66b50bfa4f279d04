import { beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { Backend, makeHome } from '../../support/backend.ts'
import { idOf, list, search, timeOf, writeLog } from '../../support/written-logs.ts'

const numbers = (entries: { session_id: string }[]) => entries.map(entry => Number(entry.session_id.slice(-12)))

const down = (from: number, to: number, step = 1) =>
  Array.from({ length: (from - to) / step + 1 }, (_, i) => from - i * step)

describe('250 sessions', () => {
  const home = makeHome()
  let backend: Backend
  beforeAll(async () => {
    for (let n = 1; n <= 250; n++)
      writeLog(home, n, `Question ${n}${n % 50 === 0 ? ' about Ümlaute and "quotes"' : ''}`, {
        project_path: n % 2 === 0 ? '/home/me/even' : '/home/me/odd',
        title: n === 7 ? 'Lucky' : '',
      })
    backend = await Backend.start(home)
  })

  test('50 without a limit, newest first, and all of them by cursors', async () => {
    const first = await list(backend)
    expect(numbers(first.transcripts)).toEqual(down(250, 201))
    const seen: number[] = []
    for (let query = '?limit=40'; ; ) {
      const page = await list(backend, query)
      seen.push(...numbers(page.transcripts))
      if (page.next_cursor === null) break
      expect(page.transcripts).toHaveLength(40)
      query = `?limit=40&cursor=${page.next_cursor}`
    }
    expect(seen).toEqual(down(250, 1))
  })

  test('the last page is told even when it is full', async () => {
    const page = await list(backend, '?limit=250')
    expect(page.transcripts).toHaveLength(250)
    expect(page.next_cursor).toBeNull()
    expect((await list(backend, '?limit=249')).next_cursor).toBeString()
  })

  test('of one project, however its path is written', async () => {
    for (const path of ['/home/me/odd', '/home/me/odd/', '/home/me/even/../odd']) {
      const page = await list(backend, `?limit=30&project=${encodeURIComponent(path)}`)
      expect(numbers(page.transcripts)).toEqual(down(249, 191, 2))
      const next = await list(backend, `?limit=30&project=${encodeURIComponent(path)}&cursor=${page.next_cursor}`)
      expect(numbers(next.transcripts)).toEqual(down(189, 131, 2))
    }
    expect((await list(backend, '?project=/home/me/other')).transcripts).toEqual([])
  })

  test('an entry tells all of the contract', async () => {
    const { transcripts } = await list(backend, '?limit=250')
    const log = join(home.transcripts, 'odd/2026-03-01', `session-${idOf(7)}.jsonl`)
    expect(transcripts.find((each: any) => each.session_id === idOf(7))).toEqual({
      session_id: idOf(7),
      project_path: '/home/me/odd',
      title: 'Lucky',
      first_prompt: 'Question 7',
      started_at: timeOf(7),
      ended_at: timeOf(7),
      status: 'closed',
      model: 'test/m',
      message_count: 2,
      usage: { input_tokens: 1, output_tokens: 2, cache_read_tokens: 0, cache_write_tokens: 0 },
      files_changed: [],
      paths: {
        org: log.replace('.jsonl', '.org'),
        markdown: log.replace('.jsonl', '.md'),
        json: log.replace('.jsonl', '.json'),
        log,
      },
    })
    expect(transcripts.find((each: any) => each.session_id === idOf(8)).title).toBe('Question 8')
  })

  test('a cursor holds when sessions come and go', async () => {
    const page = await list(backend, '?limit=10&project=/home/me/odd')
    const gone = page.transcripts.at(-1)
    expect((await backend.call(`DELETE /api/transcripts/${gone.session_id}`)).status).toBe(200)
    writeLog(home, 999, 'a newer one', { project_path: '/home/me/odd' })
    const next = await list(backend, `?limit=10&project=/home/me/odd&cursor=${page.next_cursor}`)
    expect(numbers(next.transcripts)).toEqual(down(229, 211, 2))
    expect(numbers((await list(backend, '?limit=1')).transcripts)).toEqual([999])
    await backend.call(`DELETE /api/transcripts/${idOf(999)}`)
  })

  describe('search', () => {
    test.each([
      ['ümlaute', [250, 200, 150, 100, 50]],
      ['umlaute', []],
      ['ÜMLAUTE', [250, 200, 150, 100, 50]],
      ['about ümlaute and "quotes"', [250, 200, 150, 100, 50]],
      ['"QUOTES"', [250, 200, 150, 100, 50]],
      ['question 24', [249, 248, 247, 246, 245, 244, 243, 242, 241, 240, 24]],
      ['answer 77.', [77]],
      ['nothing like it', []],
      ['turn_id', []],
      ['\\', []],
    ] as [string, number[]][])('%s', async (q, found) => {
      const { matches, next_cursor } = await search(backend, { q })
      expect(numbers(matches)).toEqual(found)
      expect(next_cursor).toBeNull()
    })

    test('a match tells who said it, where, and what is around', async () => {
      const { matches } = await search(backend, { q: 'ümlaut', limit: '1' })
      expect(matches).toEqual([
        {
          session_id: idOf(250),
          project_path: '/home/me/even',
          event_id: 2,
          at: timeOf(250),
          role: 'user',
          snippet: 'Question 250 about Ümlaute and "quotes"',
        },
      ])
      expect((await search(backend, { q: 'answer 33.' })).matches[0].role).toBe('assistant')
    })

    test('by cursors: every match once, in order, also when its session is gone', async () => {
      const first = await search(backend, { q: 'question', limit: '100' })
      expect(numbers(first.matches)[0]).toBe(250)
      expect(first.matches).toHaveLength(100)
      const last = first.matches.at(-1).session_id
      await backend.call(`DELETE /api/transcripts/${last}`)
      const second = await search(backend, { q: 'question', limit: '1000', cursor: first.next_cursor })
      expect(second.next_cursor).toBeNull()
      const all = numbers([...first.matches, ...second.matches])
      expect(new Set(all).size).toBe(all.length)
      expect(all).toEqual([...all].sort((a, b) => b - a))
      expect(all.at(-1)).toBe(1)
      expect(all).toHaveLength(249)
    })

    test('two matches in one session, one a page', async () => {
      const usage = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 }
      writeLog(home, 500, 'needle one', {
        project_path: '/home/me/even',
        events: [
          {
            type: 'tool.call',
            turn_id: 't',
            tool_call_id: 'tc_1',
            tool: 'grep',
            category: 'filesystem',
            params: { pattern: 'Needle two' },
            requires_approval: false,
            reason: 'r',
          },
          {
            type: 'tool.result',
            turn_id: 't',
            tool_call_id: 'tc_1',
            tool: 'grep',
            status: 'success',
            result: { content: `${'x '.repeat(300)}NEEDLE three${' y'.repeat(300)}`, metadata: {} },
            message: 'm',
            execution_time_ms: 1,
          },
          { type: 'turn.end', turn_id: 't', outcome: 'completed', usage, duration_ms: 1 },
        ],
      })
      const seen: [string, string][] = []
      for (let cursor = ''; ; ) {
        const page = await search(backend, { q: 'needle', limit: '1', ...(cursor && { cursor }) })
        seen.push(...page.matches.map((match: any) => [match.role, match.snippet]))
        if (!page.next_cursor) break
        cursor = page.next_cursor
      }
      expect(seen.map(([role]) => role)).toEqual(['user', 'tool', 'tool'])
      expect(seen[1]![1]).toContain('grep Needle two')
      expect(seen[2]![1]).toMatch(/^….*NEEDLE three.*…$/)
      expect(seen[2]![1].length).toBeLessThan(200)
    })

    test.each([
      [{ since: timeOf(240) }, down(250, 240)],
      [{ until: timeOf(5) }, down(5, 1)],
      [{ since: timeOf(10), until: timeOf(12) }, [12, 11, 10]],
      [{ since: '2026-03-01T13:40:00+01:00', until: timeOf(41) }, [41, 40]],
      [{ since: '2026-03-02' }, []],
      [{ until: '2026-02-28' }, []],
      [{ since: '2026-03-01', until: '2026-03-01', project: '/home/me/odd' }, null],
      [{ project: '/nowhere' }, []],
    ] as [Record<string, string>, number[] | null][])('%p', async (query, found) => {
      const { matches } = await search(backend, { q: 'question', limit: '1000', ...query })
      const gone = new Set([249 - 18, 151])
      if (found) expect(numbers(matches).filter(n => !gone.has(n))).toEqual(found.filter(n => !gone.has(n)))
      else expect(numbers(matches).every(n => n % 2 === 1) && matches.length).toBeGreaterThan(100)
    })
  })
})
