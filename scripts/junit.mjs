// What `npm test` wants to know of Bun's report, which is JUnit's XML, one element a line.

const attribute = (text, name) => new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? ''

/** `tests`, `failures` and `skipped` of the whole run; zeros where there is no report. */
export function countsIn(report) {
  const [, attributes = ''] = /<testsuites([^>]*)>/.exec(report) ?? []
  const number = name => Number(attribute(attributes, name))
  return { tests: number('tests'), failures: number('failures'), skipped: number('skipped') }
}

const ENTITIES = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }
const plain = text => text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => ENTITIES[name])

/** The `count` tests that took longest, longest first: `{ seconds, name }`, where the name begins with the file. */
export const slowestIn = (report, count) =>
  Array.from(report.matchAll(/<testcase([^>]*)>/g), ([, attributes]) => ({
    seconds: Number(attribute(attributes, 'time')),
    name: plain([attribute(attributes, 'file'), attribute(attributes, 'name')].join(': ')),
  }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, count)
