import { describe, expect, test } from 'bun:test'
import { plainWords } from '../../../src/tools/permission/command/plain.ts'
import { parseLine } from '../../../src/tools/permission/command.ts'
import { decide } from '../../../src/tools/permission/policy.ts'
import { rememberable } from '../../../src/tools/permission/rememberable.ts'
import { ACTING, EVERYDAY } from './acting-lines.ts'
import { judge, policyOf, shell } from './judging.ts'

describe('options that write or run something else', () => {
  for (const [rule, lines] of ACTING) {
    test.each(lines)(`shell_exec(${rule}) does not allow %j`, line => {
      const rules = [`allow shell_exec(${rule})`, 'allow shell_exec', 'allow shell_exec(*)']
      const policy = policyOf(rules, { auto_approve_tools: ['shell_exec'] })
      expect(decide(shell(line), policy).decision).not.toBe('allow')
    })
  }

  test.each([
    ['sort -o F *', 'sort -o F a', 'allow rule'],
    ['sort -o *', 'sort -o F a', 'allow rule'],
    ['sort -o *', 'sort -o F a -o G', 'ask default'],
    ['sort -oF *', 'sort -oF a', 'allow rule'],
    ['git log --output=F *', 'git log --output=F -p', 'allow rule'],
    ['git log --output=F *', 'git log --output=F --output=G', 'ask default'],
    ['find . -delete', 'find . -delete', 'allow rule'],
    ['find . -name x -delete', 'find . -name x -delete', 'allow rule'],
    ['uniq a b', 'uniq a b', 'allow rule'],
    ['sed -i s/a/b/ *', 'sed -i s/a/b/ f', 'allow rule'],
    ['sed -i *', "sed -i 'w F' f", 'ask default'],
    ['=sort -o F a', 'sort -o F a', 'allow rule'],
  ] as const)('shell_exec(%s) and %j: %s', (rule, line, expected) => {
    expect(judge(shell(line), policyOf([`allow shell_exec(${rule})`]))).toBe(expected)
  })

  test('an approved one is remembered by its very line', () => {
    expect(rememberable(shell('sort -o F a'), policyOf())?.project).toBe('shell_exec(=sort -o F a)')
  })

  test('of everyday commands at most 3 in 100 ask', () => {
    const policy = policyOf(['allow shell_exec(*)'])
    const asked = EVERYDAY.filter(line => decide(shell(line), policy).decision !== 'allow')
    expect({ asked, of: EVERYDAY.length > 200 }).toEqual({ asked: asked.slice(0, EVERYDAY.length * 0.03), of: true })
  })

  test.each([
    ["git commit -m 'Cost is $5'", ['git', 'commit', '-m', 'Cost is $5']],
    ["git commit -m 'a `b`'", ['git', 'commit', '-m', 'a `b`']],
    ['git commit -m "One\n\nTwo"', ['git', 'commit', '-m', 'One\n\nTwo']],
    ['git show stash@{0}', ['git', 'show', 'stash@{0}']],
    ['git diff HEAD@{1}..HEAD@{0}', ['git', 'diff', 'HEAD@{1}..HEAD@{0}']],
    ['git log @{u}..HEAD', ['git', 'log', '@{u}..HEAD']],
    ['cat\ta', ['cat', 'a']],
    ['echo {} } {', ['echo', '{}', '}', '{']],
  ])('%j is one plain command', (line, words) => expect(plainWords(line)).toEqual(words))

  test('one line is judged in linear time', () => {
    const judged = (length: number) => {
      const line = `sed -n '${'s/a/b/;'.repeat(length)}' ${'-e p '.repeat(length)}`
      return parseLine(line).acting
    }
    expect([judged(10), judged(20_000)]).toEqual([0, 0])
  })
})
