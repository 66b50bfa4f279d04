import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Decision, readDecision } from '../../src/cli/words.ts'

const CASES: [string, Decision][] = [
  ...['y', 'Y', 'yes', 'YES', ' Yes '].map((word): [string, Decision] => [word, { kind: 'approve' }]),
  ...['a', 'A', 'approve'].map((word): [string, Decision] => [word, { kind: 'approve' }]),
  ...['r', 'R', 'reject', 'Reject.'].map((word): [string, Decision] => [word, { kind: 'reject' }]),
  ['r rather three', { kind: 'reject', reason: 'rather three' }],
  ...['n', 'N', 'no', 'No', 'no.'].map((word): [string, Decision] => [word, { kind: 'reject' }]),
  ['n rather three', { kind: 'reject', reason: 'rather three' }],
  ['No, rather three', { kind: 'reject', reason: 'rather three' }],
  ['n two\nlines', { kind: 'reject', reason: 'two\nlines' }],
  ['s', { kind: 'approve', remember: 'session' }],
  ['Project', { kind: 'approve', remember: 'project' }],
  ['e', { kind: 'edit' }],
  ['H', { kind: 'hunks' }],
  ['?', { kind: 'explain' }],
  ...[
    '',
    '  ',
    'x',
    'yy',
    'y n',
    'yes but',
    'nope',
    'none',
    'sure',
    'approved',
    'a b',
    'rejected',
    'session now',
    'put it into docs',
  ].map((word): [string, Decision] => [word, { kind: 'unclear' }]),
]

test.each(CASES)('%j', (typed, decision) => expect(readDecision(typed)).toEqual(decision))

test('no words but the listed ones approve anything', () => {
  fc.assert(
    fc.property(fc.string(), typed => {
      if (readDecision(typed).kind === 'approve')
        expect(['y', 'yes', 'a', 'approve', 's', 'session', 'p', 'project']).toContain(typed.trim().toLowerCase())
    }),
  )
})
