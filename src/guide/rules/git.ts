import type { Groups } from '../forms.ts'
import type { Intent } from '../plan.ts'
import { isFree, meant } from '../quotes.ts'
import { literally, mean, pathOf, type Rule, type RuleContext, rules } from '../rule.ts'

export const GIT: Rule[] = [
  ...mean(
    [
      '(show) (me) (the) git status',
      '(show) (me) (the) status',
      "(show) (me) what/what's (has/is) changed/new/modified (here/now)",
      'show/list (me) (the/my/all) changed files',
    ],
    { do: 'status' },
  ),
  ...rules(
    [
      '(show) (me) (the) (git) diff (of/for/in FILE)',
      'git diff FILE',
      'show (me) (the/my/all) changes (of/to/in FILE)',
    ],
    ({ FILE }, context) =>
      FILE?.startsWith('--') ? null : { do: 'diff', staged: false, ...(FILE && { path: pathOf(FILE, context) }) },
  ),
  ...mean(['git diff --staged/--cached', '(show) (me) (the) staged diff/changes'], { do: 'diff', staged: true }),
  ...rules(
    [
      '(show) (me) (the) git log/history (COUNT)',
      '(show/list) (me) (the/my) (last/recent/latest) (COUNT) (recent/latest) commits/history/log',
    ],
    ({ COUNT }) => ({ do: 'log', limit: Math.max(1, Number(COUNT ?? 10)) }),
  ),
  ...rules(
    [
      'create/make/add/start (me) (a/the) (new) (git) branch (called/named) NAME',
      'git checkout -b NAME',
      'git switch -c NAME',
    ],
    ({ NAME }, { hidden }) => ({ do: 'branch', name: meant(NAME!, hidden) }),
  ),
  ...mean(
    ['git branch', '(show/list) (me) (the/all) (git) branches', 'which/what branch (am/is/are) (i/we/this/it) (on)'],
    { do: 'branches' },
  ),
  ...literally(
    [
      'git commit -m TEXT',
      '(git) commit (it/them/the/my/these) (changes/files/work) (with/using/as) (the/a) (commit) message TEXT',
      '(git) commit (it/them/the/my/these) (changes/files/work) with/as TEXT',
    ],
    commit(false),
  ),
  ...literally(
    [
      'git commit -am/-a TEXT',
      '(git) commit everything/all (the/my) (changes/files/work) (with/using/as) (the/a) (commit) message TEXT',
      '(git) commit everything/all (the/my) (changes/files/work) with/as TEXT',
    ],
    commit(true),
  ),
  ...mean(['(git) commit (it/them/everything/all/the/my/these) (my/the) (changes/files/work)'], {
    do: 'ask',
    question: 'With which message? Say for example `commit with message "Add notes"`.',
  }),
  ...mean(['git push', 'push (it/them/everything/the/my) (changes/commits)'], { do: 'push' }),
]

function commit(all: boolean) {
  return ({ TEXT }: Groups, { hidden }: RuleContext): Intent | null =>
    isFree(TEXT!) && !/^(?:the |a )?(?:commit )?message\b/i.test(TEXT!)
      ? { do: 'commit', message: meant(TEXT!, hidden), all }
      : null
}
