/** `npm run bench [NAME …]`: figures with their targets, as ratios within one run where the machine would decide. */

const SUITES: Record<string, () => Promise<() => Promise<boolean>>> = {
  server: async () => (await import('./bench/server.ts')).benchServer,
}

const wanted = process.argv.slice(2)
let met = true
for (const [name, load] of Object.entries(SUITES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  met = (await (await load())()) && met
}
process.exit(met ? 0 : 1)

export {}
