import { spawnSync } from 'node:child_process'

/** What a release brings: the *Unreleased* or the version's part of the changelog, then every commit since the last tag by part. */
export function releaseNotes(version: string, changelog: string, root: string): string {
  const parts = changelog.split(/^(?=## \[)/m)
  const part =
    parts.find(text => text.startsWith(`## [${version}]`)) ?? parts.find(text => text.startsWith('## [Unreleased]'))
  const changes = part?.replace(/^.*\n/, '') ?? ''
  return `# ${version}\n\n${changes.trim()}\n\n## Every change\n\n${byPart(subjects(root))}\n`
}

function subjects(root: string): string[] {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.trim()
  const tag = git('describe', '--tags', '--abbrev=0', 'HEAD')
  return git('log', '--no-merges', '--format=%s', tag ? `${tag}..HEAD` : 'HEAD')
    .split('\n')
    .filter(Boolean)
}

/** A subject names its part: "Undo: before-images are kept by content". */
export function byPart(subjects: readonly string[]): string {
  const parts = Map.groupBy(subjects, subject => /^([\w ./-]{1,30}): /.exec(subject)?.[1] ?? 'Other')
  return [...parts]
    .sort(([a], [b]) => (a === 'Other' ? 1 : b === 'Other' ? -1 : a < b ? -1 : 1))
    .map(([part, of]) => `- ${part}\n${of.map(subject => `  - ${subject.replace(`${part}: `, '')}`).join('\n')}`)
    .join('\n')
}
