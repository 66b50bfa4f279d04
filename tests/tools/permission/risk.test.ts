import { expect, test } from 'bun:test'
import { decide } from '../../../src/tools/permission/policy.ts'
import { EVERYDAY } from './acting-lines.ts'
import { policyOf, shell } from './judging.ts'

const dangerOf = (line: string) => decide(shell(line), policyOf()).danger

// biome-ignore format: a table
test.each<[string, string | undefined]>([
  ['npm test', undefined], ['make', undefined], ['git status', undefined], ['git commit -m x', undefined], ['git checkout main', undefined], ['cat a | sort > b', undefined],
  ['echo x > src/a', undefined], ['cp a b', undefined], ['mkdir -p x', undefined], ['cargo build', undefined], ['echo rm', undefined], ['ls > /dev/null 2>&1', undefined], ['touch /tmp/x', undefined],
  ['rm -rf build', 'irreversible'], ['true && rm a', 'irreversible'], ['sh -c "rm a"', 'irreversible'], ['git reset --hard', 'irreversible'], ['git clean -fdx', 'irreversible'], ['git checkout -- .', 'irreversible'],
  ['git -C sub reset --hard HEAD', 'irreversible'], ['git branch -D x', 'irreversible'], ['git stash drop', 'irreversible'], ['find . -name a -delete', 'irreversible'], ['docker system prune', 'irreversible'], ['kill 1', 'irreversible'],
  ['curl https://a', 'sends_data'], ['cat a | nc h 1', 'sends_data'], ['git push', 'sends_data'], ['npm publish', 'sends_data'], ['scp a h:b', 'sends_data'], ['gh pr create', 'sends_data'],
  ['sudo ls', 'leaves_project'], ['npm install -g x', 'leaves_project'], ['cp a /etc/x', 'leaves_project'], ['echo x > ~/.bashrc', 'leaves_project'], ['ln -s a ../b', 'leaves_project'], ['systemctl stop x', 'leaves_project'],
  ['$cmd a', 'shell_command'], ["echo 'a", 'shell_command'],
])('%s: %p', (line, danger) => expect(dangerOf(line)).toBe(danger))

test('the warning names what the command touches', () => {
  expect(decide(shell('rm -rf build'), policyOf()).warning).toBe('It cannot be undone: `rm -rf build`.')
  expect(decide(shell('cp a /etc/x'), policyOf()).warning).toBe('It works outside of the project: /etc/x.')
})

test('few everyday commands are dangers', () => {
  expect(EVERYDAY.filter(line => dangerOf(line) !== undefined).length).toBeLessThan(EVERYDAY.length * 0.06)
})
