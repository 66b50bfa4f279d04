import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { searchTools } from '../../../src/tools/search/search.ts'
import { call, createProject, type Project } from '../project.ts'

const [searchFiles, grep] = searchTools as [(typeof searchTools)[0], (typeof searchTools)[0]]
const rg = spawnSync('which', ['rg']).stdout.toString().trim()

let project: Project
beforeEach(() => {
  project = createProject()
})
afterEach(() => project.remove())

const find = async (pattern: string, params: object = {}) =>
  (await call(searchFiles, { pattern, ...params }, project.context)).content
const search = async (pattern: string, params: object = {}) =>
  (await call(grep, { pattern, ...params }, project.context)).content

describe('search_files', () => {
  test('globs from the project or a path, in a fixed order, with project paths', async () => {
    for (const name of ['b.ts', 'a.ts', 'src/z.ts', 'src/deep/y.ts', 'src/x.js', 'lib/a.ts']) project.write(name, '')
    expect(await find('*.ts')).toBe('a.ts\nb.ts\nlib/a.ts\nsrc/z.ts\nsrc/deep/y.ts')
    expect(await find('src/*.ts')).toBe('src/z.ts')
    expect(await find('./src/**/*.{ts,js}')).toBe('src/x.js\nsrc/z.ts\nsrc/deep/y.ts')
    expect(await find(`${project.path}/lib/*`)).toBe('lib/a.ts')
    expect(await find('*.ts', { path: 'src' })).toBe('src/z.ts\nsrc/deep/y.ts')
    expect(await find('src/**/@(x|z).?s')).toBe('src/x.js\nsrc/z.ts')
    expect(await find('src/{x..z}.?s')).toBe('src/x.js\nsrc/z.ts')
    expect(await find('deep/')).toBe('src/deep/')
    expect(await find('*.ts', { limit: 2 })).toBe(
      'a.ts\nb.ts\n[There are more than 2: narrow the pattern or the path.]',
    )
    expect(await find('nowhere')).toContain('*part*')
  })

  test('leaves out what git ignores, nested rules and all, unless it is named', async () => {
    project.write('.gitignore', '*.log\n/dist/\nvendor\n')
    project.write('sub/.gitignore', '!keep.log\n/only\n')
    project.write('.git/info/exclude', 'excluded\n')
    for (const name of [
      'a.log',
      'dist/x',
      'sub/keep.log',
      'sub/b.log',
      'sub/only',
      'sub/dist/x',
      'excluded',
      'sub/vendor/v',
    ])
      project.write(name, '')
    expect(await find('**')).toBe('.gitignore\nsub/.gitignore\nsub/keep.log\nsub/dist/x')
    expect(await find('**', { path: 'sub' })).toBe('sub/.gitignore\nsub/keep.log\nsub/dist/x')
    expect(await find('**', { path: 'dist' })).toBe('dist/x')
    expect(await find('**', { path: 'sub/vendor' })).toBe('sub/vendor/v')
  })

  test('rules above the project count when its repository is there', async () => {
    mkdirSync(join(project.root, '.git'))
    writeFileSync(join(project.root, '.gitignore'), '*.tmp\n/project/gen\n')
    for (const name of ['a.tmp', 'gen/x', 'b']) project.write(name, '')
    expect(await find('**')).toBe('b')
  })

  test('names links, follows none, and stays out of .git', async () => {
    project.write('real/file', '')
    project.write('.git/HEAD', '')
    symlinkSync('real', join(project.path, 'link'))
    symlinkSync(project.home, join(project.path, 'out'))
    writeFileSync(join(project.home, 'file'), '')
    expect(await find('*')).toBe('link\nout\nreal/file')
    expect(await find('link')).toBe('link')
  })

  test('finds what is there, however the pattern names it', async () => {
    for (const name of [
      'app/[slug]/page.tsx',
      'app/s/page.tsx',
      'src/a.ts',
      'src/b.tsx',
      'c.js',
      'x,v',
      'lib/src/a.ts',
    ])
      project.write(name, '')
    symlinkSync(project.path, join(project.home, 'linked'))
    expect(await find('app/[slug]/page.tsx')).toBe('app/[slug]/page.tsx\napp/s/page.tsx')
    expect(await find('app/[slug]/*')).toBe('app/s/page.tsx')
    expect(await find('/src/**/*.ts')).toBe('src/a.ts')
    expect(await find('/*.js')).toBe('c.js')
    expect(await find(`${project.home}/linked/src/*.ts`)).toBe('src/a.ts')
    expect(await find('src/*.ts', { path: 'src' })).toBe('src/a.ts')
    expect(await find('*.js, *.tsx,!app/')).toBe('c.js\nsrc/b.tsx')
    expect(await find('!*.{ts,tsx}')).toBe('c.js\nx,v')
    expect(await find('!src/**')).toBe('c.js\nx,v\napp/[slug]/page.tsx\napp/s/page.tsx\nlib/src/a.ts')
    expect(await find('*,v')).toBe('x,v')
  })

  test('what git ignores is named as such; what it tracks is found', async () => {
    project.git('init', '-q')
    for (const name of ['dist/bundle.js', 'dist/kept.js', 'a.log', 'kept.log', 'b']) project.write(name, 'needle\n')
    project.git('add', 'dist/kept.js', 'kept.log')
    project.write('.gitignore', 'dist/\n*.log\n')
    expect(await find('dist/bundle.js')).toMatch(/^\[No file but what git ignores: dist\/bundle\.js\./)
    expect(await find('*.log')).toBe('kept.log\n[In git, though its ignore rules name it: kept.log.]')
    expect(await find('dist/*')).toStartWith('dist/kept.js\n[')
    expect(await search('needle')).toBe('b\n1:needle\n\nkept.log\n1:needle\n\ndist/kept.js\n1:needle')
  })

  test("the person's own excludes count, and those of a linked work tree", async () => {
    project.git('init', '-q')
    project.git('commit', '-q', '--allow-empty', '-m', 'one')
    project.write('.git/info/exclude', 'shared\n')
    mkdirSync(join(project.home, '.config/git'), { recursive: true })
    writeFileSync(join(project.home, '.config/git/ignore'), '*~\n!shared\n')
    project.git('worktree', 'add', '-q', join(project.root, 'linked'))
    project.context.roots.project = join(project.root, 'linked')
    for (const name of ['a', 'a~', 'shared']) writeFileSync(join(project.root, 'linked', name), '')
    expect(await find('*')).toBe('a')
    writeFileSync(join(project.home, '.gitconfig'), '[core]\n\texcludesFile = ~/mine\n')
    writeFileSync(join(project.home, 'mine'), '[[:lower:]]\n')
    expect(await find('*')).toBe('a~')
  })

  test.each([
    ['../home', 'PERMISSION_DENIED'],
    ['nowhere', 'TOOL_FAILED'],
  ])('refuses %s', async (path, code) => {
    await expect(find('*', { path })).rejects.toMatchObject({ code })
  })
})

describe('grep', () => {
  test('shows lines by file, with numbers, context and gaps', async () => {
    project.write('a.ts', 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight two\n')
    project.write('b/c.ts', 'two\r\n')
    expect(await search('two')).toBe('a.ts\n2:two\n8:eight two\n\nb/c.ts\n1:two')
    expect(await search('two', { context: 1, path: 'a.ts' })).toBe(
      'a.ts\n1-one\n2:two\n3-three\n--\n7-seven\n8:eight two',
    )
    expect(await search('^t', { context: 2, path: 'a.ts' })).toBe('a.ts\n1-one\n2:two\n3:three\n4-four\n5-five')
    expect(await search('two', { glob: '!*.ts,b/**' })).toContain('No line matches')
    expect(await search('two', { glob: '!b/' })).toBe('a.ts\n2:two\n8:eight two')
    expect(await search('two', { glob: 'b/*' })).toBe('b/c.ts\n1:two')
    expect(await search('TWO', { case_sensitive: false, glob: '*.ts' })).toContain('8:eight two')
    expect(await search('TWO')).toContain('No line matches')
    expect(await search('o', { limit: 2 })).toContain('1:one\n2:two\n[There are more than 2 lines:')
    expect(await search('three|six', { limit: 2 })).toBe('a.ts\n3:three\n6:six')
  })

  test('long lines are cut around the match, between characters', async () => {
    project.write('min.js', `${'😀'.repeat(500)}needle${'x'.repeat(5_000)}\n`)
    const content = await search('needle')
    expect(content).toContain('needle')
    expect(content.length).toBeLessThan(450)
    expect(content.isWellFormed()).toBe(true)
  })

  test('reads UTF-16 with a mark, skips binary files, and takes broken UTF-8 as it is', async () => {
    writeFileSync(join(project.path, 'utf16'), Buffer.from('\uFEFFneedle\nx', 'utf16le'))
    writeFileSync(join(project.path, 'binary'), 'needle\0')
    writeFileSync(join(project.path, 'latin1'), Buffer.from('caf\xe9 needle', 'latin1'))
    writeFileSync(join(project.path, 'marked'), '\uFEFFneedle')
    expect(await search('needle')).toBe('latin1\n1:caf\uFFFD needle\n\nmarked\n1:needle\n\nutf16\n1:needle')
    expect(await search('^needle', { path: 'marked' })).toBe('marked\n1:needle')
  })

  test('finds what is in files and directories whose names are not UTF-8, by the names as they are shown', async () => {
    const bytes = (name: string) => Buffer.from(`${project.path}/${name}`, 'latin1')
    mkdirSync(bytes('d\xe9'))
    writeFileSync(bytes('d\xe9/f\xe8.txt'), 'needle one\n')
    writeFileSync(bytes('d\xe9/.gitignore'), 'gone\n')
    writeFileSync(bytes('d\xe9/gone'), 'needle\n')
    writeFileSync(bytes('big\xff'), `needle two\n${'x\n'.repeat(600_000)}`)
    expect(await search('needle')).toBe('big\uFFFD\n1:needle two\n\nd\uFFFD/f\uFFFD.txt\n1:needle one')
    expect(await search('needle', { path: 'd\uFFFD' })).toBe('d\uFFFD/f\uFFFD.txt\n1:needle one')
    expect(await search('needle', { path: 'd\uFFFD/f\uFFFD.txt' })).toBe('d\uFFFD/f\uFFFD.txt\n1:needle one')
    expect(await find('*.txt', { path: 'd\uFFFD' })).toBe('d\uFFFD/f\uFFFD.txt')
    for (let i = 0; i < 300; i++) project.write(`many/${i}`, '')
    expect(await search('needle')).toBe('big\uFFFD\n1:needle two\n\nd\uFFFD/f\uFFFD.txt\n1:needle one')
  })

  test('sees what the editor has not saved', async () => {
    project.write('a.ts', 'on disk\n')
    project.context.unsaved = new Map([
      [join(project.path, 'a.ts'), 'in the buffer\n'],
      [join(project.path, 'new.ts'), 'in the buffer too\n'],
      [join(project.path, '.env'), 'in the buffer: SECRET\n'],
      [join(project.home, 'far.ts'), 'in the buffer\n'],
    ])
    expect(await search('in the buffer')).toContain('a.ts\n1:in the buffer\n\nnew.ts\n1:in the buffer too')
    expect(await search('in the buffer')).not.toMatch(/SECRET|far/)
    expect(await search('on disk')).toContain('No line matches')
  })

  test('never shows what is hidden, forbidden, behind a link, or in .git', async () => {
    for (const name of ['.env', 'key.pem', 'sub/.ssh/config', '.git/config', 'own/token', 'denied/x'])
      project.write(name, 'SECRET\n')
    writeFileSync(join(project.home, 'file'), 'SECRET\n')
    symlinkSync(project.home, join(project.path, 'link'))
    symlinkSync(join(project.path, '.env'), join(project.path, 'innocent'))
    project.context.roots.forbidden = [join(project.path, 'own')]
    project.write('ok', 'SECRET\n')
    expect(await search('SECRET')).toStartWith('ok\n1:SECRET\n\ndenied/x\n1:SECRET\n[')
    project.context.hidden = path => path.includes('denied') || path.endsWith('ok')
    expect(await search('SECRET')).not.toMatch(/denied|ok|own/)
  })

  test.each(['(?=x)', '(', ''])('refuses %p before anything is read', async pattern => {
    await expect(search(pattern)).rejects.toMatchObject({ code: 'INVALID_PARAMS' })
  })

  test('a named pipe is refused, not waited for', async () => {
    expect(spawnSync('mkfifo', [join(project.path, 'pipe')]).status).toBe(0)
    project.write('a', 'x\n')
    await expect(search('x', { path: 'pipe' })).rejects.toMatchObject({ code: 'TOOL_FAILED' })
    symlinkSync('pipe', join(project.path, '.gitignore'))
    expect(await search('x')).toBe('a\n1:x')
  })

  test('ends when it is aborted', async () => {
    for (let i = 0; i < 100; i++) project.write(`d${i}/f`, 'x')
    const abort = new AbortController()
    project.context.signal = abort.signal
    const effect = await grep.effect({ pattern: 'y' }, project.context)
    const running = grep.run({ pattern: 'y' }, project.context, effect)
    abort.abort(new Error('stopped'))
    await expect(running).rejects.toThrow('stopped')
  })
})

describe('with and without ripgrep', () => {
  const ODD = ['-e', 'a b', 'new\nline', 'ü', "q'uote", '--pre=touch']

  beforeEach(() => {
    let seed = 7
    const random = (n: number) => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) % n
    const words = ['alpha', 'Beta', 'gamma_1', '{', 'x()', 'straße', 'été', '', '42', 'a.b', '-e', '\ttab']
    const line = () => Array.from({ length: random(5) }, () => words[random(words.length)]).join(' ')
    const text = () => Array.from({ length: random(12) }, line).join(random(4) === 0 ? '\r\n' : '\n')
    for (let i = 0; i < 700; i++) project.write(`d${i % 9}/${i % 7}/f${i}.${i % 2 ? 'ts' : 'js'}`, text())
    for (const name of ODD) project.write(`odd/${name}`, text())
    project.write('.gitignore', 'f1*.js\n')
    project.write('d1/.env', 'alpha')
  })

  const grepBoth = async (params: object) => {
    const found = []
    for (const PATH of [project.context.env['PATH']!, '/nonexistent']) {
      project.context.env = { ...project.context.env, PATH }
      const { content, metadata } = await call(grep, { limit: 1_000, ...params }, project.context)
      found.push({ content, metadata })
    }
    return found
  }

  test.skipIf(rg === '')('the same lines (needs rg)', async () => {
    const patterns = [
      'alpha',
      'B\\w+a',
      '^$',
      '\\bx\\(\\)',
      'STRASSE',
      'straße|été$',
      '{',
      '\\d+\\s*$',
      'a\\.b',
      '-e',
      '[^\\x00-\\x7f]',
      '\\t',
    ]
    for (const pattern of patterns) {
      for (const more of [{}, { case_sensitive: false }, { glob: '*.ts' }, { limit: 10, context: 1 }, { path: 'd3' }]) {
        const [own, theirs] = await grepBoth({ pattern, ...more })
        expect(theirs).toEqual(own)
      }
    }
  })

  test.skipIf(rg === '')('nothing of the project takes part (needs rg)', async () => {
    const marker = join(project.root, 'marker')
    const trap = project.write('bin/trap', `#!/bin/sh\ntouch '${marker}'\n`, 0o755)
    project.write('bin/rg', `#!/bin/sh\ntouch '${marker}'\n`, 0o755)
    project.write('rg', `#!/bin/sh\ntouch '${marker}'\n`, 0o755)
    project.write('rgrc', `--pre=${trap}\n`)
    chmodSync(join(project.path, 'bin/rg'), 0o755)
    project.context.env = {
      PATH: `.::${project.path}/bin:${project.path}:${project.context.env['PATH']}`,
      RIPGREP_CONFIG_PATH: join(project.path, 'rgrc'),
    }
    expect(await search('nothing_has_this')).toContain('No line matches')
    expect(existsSync(marker)).toBe(false)
  })

  test('a ripgrep that fails costs nothing but time', async () => {
    const bin = join(project.home, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'rg'), '#!/bin/sh\nexit 2\n', { mode: 0o755 })
    const [broken, own] = await (async () => {
      project.context.env = { ...project.context.env, PATH: `${bin}:/usr/bin:/bin` }
      return await grepBoth({ pattern: 'alpha' })
    })()
    expect(broken).toEqual(own)
  })
})
