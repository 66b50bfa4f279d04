/** A language server: how it is started and what it is for. */
export type ServerRow = {
  name: string
  command: readonly string[]
  /** Patterns of files, as `[format]` has them. */
  files: readonly string[]
  /** LSP's name of the language of all its files, or by pattern; files that none names go by their extension. */
  languages?: string | Readonly<Record<string, string>>
  /** Answers to `workspace/configuration`, by section. */
  settings?: Readonly<Record<string, unknown>>
  /** The server runs code that the project brings (build scripts, its own compiler): used in a trusted project only. */
  runs_project?: true
  /** The program speaks LSP from this major version of its npm package on. */
  since?: number
}

const SCRIPTS = ['*.ts', '*.tsx', '*.mts', '*.cts', '*.js', '*.jsx', '*.mjs', '*.cjs']
const C = ['*.c', '*.h', '*.cc', '*.cpp', '*.cxx', '*.hpp', '*.hh', '*.m', '*.mm']

/** The servers that are searched for. Of several for one file the first that is found is used. */
export const KNOWN: readonly ServerRow[] = [
  { name: 'tsc', command: ['tsc', '--lsp', '--stdio'], files: SCRIPTS, since: 7 },
  { name: 'tsgo', command: ['tsgo', '--lsp', '--stdio'], files: SCRIPTS },
  {
    name: 'typescript-language-server',
    command: ['typescript-language-server', '--stdio'],
    files: SCRIPTS,
    runs_project: true,
  },
  { name: 'pyright', command: ['pyright-langserver', '--stdio'], files: ['*.py', '*.pyi'] },
  { name: 'basedpyright', command: ['basedpyright-langserver', '--stdio'], files: ['*.py', '*.pyi'] },
  { name: 'pylsp', command: ['pylsp'], files: ['*.py'] },
  { name: 'bash-language-server', command: ['bash-language-server', 'start'], files: ['*.sh', '*.bash'] },
  { name: 'yaml-language-server', command: ['yaml-language-server', '--stdio'], files: ['*.yaml', '*.yml'] },
  { name: 'clangd', command: ['clangd'], files: C, languages: { '*.h': 'c' } },
  { name: 'gopls', command: ['gopls'], files: ['*.go'] },
  { name: 'rust-analyzer', command: ['rust-analyzer'], files: ['*.rs'], runs_project: true },
  { name: 'zls', command: ['zls'], files: ['*.zig'], runs_project: true },
  { name: 'lua-language-server', command: ['lua-language-server'], files: ['*.lua'] },
  { name: 'ruby-lsp', command: ['ruby-lsp'], files: ['*.rb'], runs_project: true },
  { name: 'terraform-ls', command: ['terraform-ls', 'serve'], files: ['*.tf'] },
  { name: 'texlab', command: ['texlab'], files: ['*.tex', '*.bib'] },
  { name: 'nil', command: ['nil'], files: ['*.nix'] },
]

const BY_EXTENSION: Readonly<Record<string, string>> = {
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  tsx: 'typescriptreact',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  jsx: 'javascriptreact',
  py: 'python',
  pyi: 'python',
  sh: 'shellscript',
  bash: 'shellscript',
  yml: 'yaml',
  h: 'c',
  cc: 'cpp',
  cxx: 'cpp',
  hpp: 'cpp',
  hh: 'cpp',
  m: 'objective-c',
  mm: 'objective-cpp',
  rs: 'rust',
  rb: 'ruby',
  tf: 'terraform',
  tex: 'latex',
  bib: 'bibtex',
}

/** LSP's name of a file's language. `fits` matches a pattern against the file; a key may also be a bare extension. */
export function languageOf(path: string, { languages }: ServerRow, fits: (pattern: string) => boolean): string {
  if (typeof languages === 'string') return languages
  const extension = path.slice(path.lastIndexOf('.') + 1).toLowerCase()
  const names = (pattern: string) => pattern.replace(/^\./, '') === extension || fits(pattern)
  const pattern = Object.keys(languages ?? {}).find(names)
  if (pattern !== undefined) return languages![pattern]!
  return BY_EXTENSION[extension] ?? extension
}
