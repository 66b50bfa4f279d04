import { head } from '../base/text.ts'
import { SIGNED } from './help.ts'
import { languageOf, listing, namesIn, readPage, tabulate, testCommand } from './results.ts'
import { block, code, type GuideCall, type Outcome, type Script } from './script.ts'

const README = /^readme(?:\.(?:md|org|rst|txt|markdown))?$/i
const MANIFESTS = [
  'package.json',
  'Cargo.toml',
  'pyproject.toml',
  'go.mod',
  'Eask',
  'mix.exs',
  'Gemfile',
  'composer.json',
]

/** A short look around that changes nothing: what is here, what it says of itself, what was done last. */
export function* tour(offered: ReadonlySet<string>): Script {
  const first = ask(offered, [
    { tool: 'list_directory', params: {} },
    { tool: 'git_log', params: { limit: 5 } },
  ])
  if (first.calls.length === 0)
    return { text: 'A tour takes `list_directory` or `git_log`, which this agent is not given.', failed: true }
  const [entries, log] = first.read(yield { text: 'Let me look around; I only read.', calls: first.calls })
  const names = namesIn(entries?.content ?? '')
  const readme = names.find(name => README.test(name))
  const manifest = names.find(name => MANIFESTS.includes(name))
  const paths = [readme, manifest].filter(path => path !== undefined)
  const second = ask(
    offered,
    paths.map(path => ({ tool: 'read_file', params: { path } })),
  )
  const texts = second.calls.length > 0 ? second.read(yield { text: '', calls: second.calls }) : []
  const readOf = (path: string | undefined) => (path ? texts[paths.indexOf(path)] : undefined)
  const about = [introduction(readOf(readme)), manifest && fromManifest(manifest, readOf(manifest))].filter(Boolean)
  const tests = testCommand(names)
  const parts = [
    '## A short tour',
    ...(about.length > 0 ? about : ['There is no README that says what this is.']),
    entries && `**What is here:**\n\n${block(listing(entries.content))}`,
    log && `**The last commits:**\n\n${block(tabulate(log.content))}`,
    `**Where to go from here:** ${next(readme, tests)}`,
    SIGNED,
  ]
  return { text: parts.filter(Boolean).join('\n\n') }
}

/** The calls that can be made, and their results in the order asked for: undefined for what failed or was not offered. */
function ask(offered: ReadonlySet<string>, wanted: GuideCall[]) {
  const calls = wanted.filter(call => offered.has(call.tool))
  const read = (outcomes: Outcome[]) =>
    wanted.map(call => {
      const outcome = outcomes[calls.indexOf(call)]
      return outcome && !outcome.is_error ? outcome : undefined
    })
  return { calls, read }
}

/** The title and the first paragraph of a README. */
function introduction(readme: Outcome | undefined): string {
  const { lines } = readPage(readme)
  const title = lines.map(line => /^(?:#+|\*|#\+title:)\s+(.+?)\s*#*$/i.exec(line)?.[1]).find(Boolean)
  const start = lines.findIndex(line => /^[\p{L}\p{N}"'`*_([]/u.test(line) && !/^(?:\[!\[|!\[|\* |#)/.test(line))
  const paragraph = start < 0 ? [] : lines.slice(start, start + 6)
  const end = paragraph.findIndex(line => line.trim() === '')
  const text = head(paragraph.slice(0, end < 0 ? undefined : end).join(' '), 500)
  if (!title && !text) return ''
  return `${title ? `**${title.replaceAll('*', '')}**` : ''}${title && text ? ': ' : ''}${text}`
}

function fromManifest(path: string, manifest: Outcome | undefined): string {
  const text = readPage(manifest).lines.join('\n')
  if (path !== 'package.json')
    return text ? `${code(path)} begins:\n\n${block(text.split('\n').slice(0, 8).join('\n'), languageOf(path))}` : ''
  try {
    const { description, scripts } = JSON.parse(text)
    const names = Object.keys(Object(scripts)).slice(0, 12).map(code)
    const says =
      typeof description === 'string' && description
        ? ` says: ${/[.!?]$/.test(description) ? description : `${description}.`}`
        : ''
    const runs = names.length > 0 ? `${says ? ' Its' : "'s"} scripts: ${names.join(', ')}.` : ''
    return says || runs ? `${code(path)}${says}${runs}` : ''
  } catch {
    return '' // cut, or not JSON: the rest of the tour does without
  }
}

const next = (readme: string | undefined, tests: string | undefined) =>
  [
    readme && code(`read ${readme}`),
    code('search for TODO'),
    tests && code('run the tests'),
    code('git status'),
    code('help'),
  ]
    .filter(Boolean)
    .join(' · ')
