import { expect, test } from 'bun:test'
import type { Intent } from '../../src/guide/plan.ts'
import { understand } from '../../src/guide/sentences.ts'

const grep = (text: string, path?: string): Intent => ({ do: 'grep', text, ...(path && { path }) })
const find = (glob: string, path?: string): Intent => ({ do: 'find', glob, ...(path && { path }) })
const create = (path: string, content: string): Intent => ({ do: 'create', path, content })
const edit = (path: string, old: string, text: string, all = false): Intent => ({
  do: 'edit',
  path,
  old,
  new: text,
  all,
})
const run = (command: string): Intent => ({ do: 'run', command })
const commit = (message: string, all = false): Intent => ({ do: 'commit', message, all })
const read = (...paths: string[]): Intent => ({ do: 'read', paths })
const list = (path = '.'): Intent => ({ do: 'list', path })
const status: Intent = { do: 'status' }
const diff: Intent = { do: 'diff', staged: false }
const tour: Intent = { do: 'tour' }
const help: Intent = { do: 'help' }
const hello: Intent = { do: 'help', greeting: true }
const question: Intent = { do: 'ask', question: expect.any(String) as unknown as string }

const SENTENCES: [string, ...Intent[]][] = [
  [''],
  ['list files', list()],
  ['List all the files in src.', list('src')],
  ['what files are there?', list()],
  ["what's in the src folder?", list('src')],
  ['What’s in src', list('src')],
  ['show me the files in this project', list()],
  ['ls', list()],
  ['ls -la src/', list('src/')],
  ['list files in "my folder"', list('my folder')],
  ['list files in ..', list('..')],

  ['read README.md', read('README.md')],
  ['Please read README.md.', read('README.md')],
  ['could you show me src/main.ts?', read('src/main.ts')],
  ['cat Makefile', read('Makefile')],
  ['open the file src/a.ts please', read('src/a.ts')],
  ['read this file', read('now/open.el')],
  ['show me the current file', read('now/open.el')],
  ['read a.ts and b.ts', read('a.ts', 'b.ts')],
  ['show a.ts, b.ts and c.ts', read('a.ts', 'b.ts', 'c.ts')],
  ['read `a file.txt`', read('a file.txt')],
  ['show me the readme', read('README.md')],

  ['search for TODO', grep('TODO')],
  ['search for TODO in src', grep('TODO', 'src')],
  ['grep "foo bar"', grep('foo bar')],
  ['grep -rn "foo" src', grep('foo', 'src')],
  ['find all uses of parseArgs in the src directory', grep('parseArgs', 'src')],
  ['look for the word hello in the project', grep('hello')],
  ['search src for hello', grep('hello', 'src')],
  ['where is createServer defined?', grep('createServer')],
  ['find TODO', grep('TODO')],
  ['search for "a.b(c)" in src/x.ts', grep('a.b(c)', 'src/x.ts')],
  ["search for don't", grep("don't")],

  ['find files matching *.ts in src', find('*.ts', 'src')],
  ['find *.md', find('*.md')],
  ['find config.ts', find('config.ts')],
  ['show me all markdown files', find('*.md')],
  ['list all ts files in src', find('*.ts', 'src')],
  ['where is the file main.ts', find('main.ts')],

  ['create notes.md', create('notes.md', '')],
  ['create notes.md with "Hello"', create('notes.md', 'Hello\n')],
  ['create a file called notes.md with the text Hello there.', create('notes.md', 'Hello there.\n')],
  ['Create a new file notes with content: Hello', create('notes', 'Hello\n')],
  ['create notes.md with:\n```\none\n  two\n```', create('notes.md', 'one\n  two\n')],
  ['create a.ts containing ```ts\nconst a = 1 // then\n```', create('a.ts', 'const a = 1 // then\n')],
  ['write "x then y" to a.txt', create('a.txt', 'x then y\n')],
  ['put “x” into a.txt', create('a.txt', 'x\n')],
  ['create Makefile with "all:"', create('Makefile', 'all:\n')],
  ['create a folder called docs', { do: 'mkdir', path: 'docs' }],
  ['mkdir -p a/b', { do: 'mkdir', path: 'a/b' }],

  ['append "more" to notes.md', { do: 'append', path: 'notes.md', content: 'more' }],
  ['add the line "x = 1" to the end of a.ini', { do: 'append', path: 'a.ini', content: 'x = 1' }],
  ['replace "Hello" with "Good day" in notes.md', edit('notes.md', 'Hello', 'Good day')],
  ['replace foo with bar in src/a.ts', edit('src/a.ts', 'foo', 'bar')],
  ['in src/a.ts, replace foo with bar', edit('src/a.ts', 'foo', 'bar')],
  ['edit a.ts and replace "x" by "y"', edit('a.ts', 'x', 'y')],
  ['change all "a" to "b" in x.txt', edit('x.txt', 'a', 'b', true)],
  ['replace "a" with "b" in x.txt everywhere', edit('x.txt', 'a', 'b', true)],
  ['replace "a" with "" in this file', edit('now/open.el', 'a', '')],
  ['remove "debug" from a.ts', edit('a.ts', 'debug', '')],
  ['edit a.ts', question],
  ['delete old.txt', { do: 'delete', path: 'old.txt' }],
  ['rm the file old', { do: 'unknown', text: 'rm the file old' }],
  ['rename a.txt to b.txt', { do: 'move', from: 'a.txt', to: 'b.txt' }],
  ['mv a b', { do: 'move', from: 'a', to: 'b' }],
  ['copy a.txt to "b c.txt"', { do: 'copy', from: 'a.txt', to: 'b c.txt' }],

  ['run npm test', run('npm test')],
  ['run `npm test`', run('npm test')],
  ['`npm test`', run('npm test')],
  ['$ make -j4 all.', run('make -j4 all.')],
  ['run echo "a then b" > \'x y\'', run('echo "a then b" > \'x y\'')],
  ['can you run ls -la?', run('ls -la')],
  ['run the command ls', run('ls')],
  ['run this:\n```sh\nnpm ci\nnpm test\n```', run('npm ci\nnpm test')],
  ['git stash pop', run('git stash pop')],
  ['run it', question],
  ['run the tests', { do: 'test' }],
  ['please execute all unit tests', { do: 'test' }],

  ['git status', status],
  ['what changed?', status],
  ['show me what has changed', status],
  ['git diff', diff],
  ['show the changes in src/a.ts', { do: 'diff', staged: false, path: 'src/a.ts' }],
  ['git diff --staged', { do: 'diff', staged: true }],
  ['show me the staged changes', { do: 'diff', staged: true }],
  ['git diff main..fix --stat', run('git diff main..fix --stat')],
  ['git log', { do: 'log', limit: 10 }],
  ['show me the last 5 commits', { do: 'log', limit: 5 }],
  ['recent commits', { do: 'log', limit: 10 }],
  ['which branch am I on?', { do: 'branches' }],
  ['create a new branch called fix/it', { do: 'branch', name: 'fix/it' }],
  ['commit with message "Add notes"', commit('Add notes')],
  ['commit with message Add notes', commit('Add notes')],
  ['git commit -m "Fix: then some"', commit('Fix: then some')],
  ['commit everything as "All"', commit('All', true)],
  ['commit', question],
  ['push', { do: 'push' }],

  ['make a plan for a dark mode', { do: 'plan', goal: 'a dark mode' }],
  ['Could you make a plan to fix the login?', { do: 'plan', goal: 'fix the login' }],
  ['plan how to fix the bug.', { do: 'plan', goal: 'fix the bug' }],
  ['plan', question],
  ['give me a tour', tour],
  ['take me on a tour', { do: 'unknown', text: 'take me on a tour' }],
  ['What is this project?', tour],
  ['what does this project do', tour],
  ['explain this codebase', tour],
  ['tell me about this project', tour],
  ['help', help],
  ['Who are you?', help],
  ['what can you do', help],
  ['Hello!', hello],
  ['hi', hello],
  ['?', hello],
  ['please', hello],

  ['read a.ts then git diff', read('a.ts'), diff],
  ['Read a.ts. Then run ls, and then git status', read('a.ts'), run('ls'), status],
  ['read a.ts and run ls', read('a.ts'), run('ls')],
  ['run ls and git status', run('ls'), status],
  ['commit with message "x" and push', commit('x'), { do: 'push' }],
  ['- list files\n- read a.ts', list(), read('a.ts')],
  ['1. list files\n2) git status', list(), status],
  ['create a.txt with:\n```\nthen\n```\nthen read a.txt', create('a.txt', 'then\n'), read('a.txt')],
  ['list files\nand be nice', list(), { do: 'unknown', text: 'and be nice' }],

  ['write a poem', { do: 'unknown', text: 'write a poem' }],
  ['fix the bug in `a.ts`', { do: 'unknown', text: 'fix the bug in `a.ts`' }],
  ['constructor', { do: 'unknown', text: 'constructor' }],
]

test.each(SENTENCES.map(([sentence, ...intents]) => [sentence, intents] as const))('%j', (sentence, intents) => {
  expect(understand(sentence, 'now/open.el')).toEqual([...intents])
})

test('"this file" without one is a path that is not there', () => {
  expect(understand('read this file')).toEqual([read('')])
})

test('pasted walls of text are no sentences', () => {
  for (const wall of [
    'x '.repeat(200_000),
    'replace to to '.repeat(60),
    '"'.repeat(99_999),
    '“'.repeat(50_000),
    ' '.repeat(100_000),
    '`'.repeat(9_999),
  ])
    expect(understand(wall).filter(intent => intent.do !== 'unknown' && intent.do !== 'run')).toEqual([])
})
