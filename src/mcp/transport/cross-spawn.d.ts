declare module 'cross-spawn' {
  // biome-ignore lint/style/noDefaultExport: what it exports
  export { spawn as default } from 'node:child_process'
}
