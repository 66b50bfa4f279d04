import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { manual, schemaOf } from '../../src/manual/manual.ts'
import { bundledFiles, ROOT } from '../build/compile.ts'
import { NAME } from '../build/targets.ts'
import { bash, fish, zsh } from './completions.ts'
import { manPage } from './man.ts'
import { releaseNotes } from './notes.ts'
import { notices } from './notices.ts'
import { sbom } from './sbom.ts'

/** What is in every archive beside the executable, and what stands beside the archives: text by path. */
export async function sharedFiles(
  version: string,
  date: Date,
): Promise<{ inside: Record<string, string>; beside: Record<string, string> }> {
  const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
  const schema = `${JSON.stringify(await schemaOf('config', version), null, 2)}\n`
  const inside = {
    [`share/doc/${NAME}/LICENSE`]: read('LICENSE'),
    [`share/doc/${NAME}/NOTICES`]: notices(await bundledFiles()),
    [`share/doc/${NAME}/CHANGELOG.md`]: read('CHANGELOG.md'),
    [`share/doc/${NAME}/manual.org`]: await manual(version),
    [`share/man/man1/${NAME}.1`]: manPage(version, date.toISOString().slice(0, 10)),
    [`share/bash-completion/completions/${NAME}`]: bash(),
    [`share/zsh/site-functions/_${NAME}`]: zsh(),
    [`share/fish/vendor_completions.d/${NAME}.fish`]: fish(),
    [`share/${NAME}/emacs-agent.schema.json`]: schema,
    [`share/${NAME}/emacs-agent.service`]: read('scripts/packaging/emacs-agent.service'),
  }
  const beside = {
    'install.sh': read('scripts/install.sh'),
    'emacs-agent.schema.json': schema,
    'openapi.json': `${JSON.stringify(await schemaOf('api', version), null, 2)}\n`,
    'NOTICES.txt': inside[`share/doc/${NAME}/NOTICES`]!,
    'RELEASE-NOTES.md': releaseNotes(version, read('CHANGELOG.md'), ROOT),
    [`${NAME}-${version}.cdx.json`]: sbom(ROOT, date),
  }
  return { inside, beside }
}
