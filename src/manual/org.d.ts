declare module '*.org' {
  const text: string
  // biome-ignore lint/style/noDefaultExport: what a file imported as text has
  export default text
}
