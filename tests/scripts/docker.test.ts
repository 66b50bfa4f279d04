import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, makeHome } from '../support/backend.ts'
import { run } from '../support/program.ts'

const ROOT = join(import.meta.dirname, '../..')
const dockerfile = readFileSync(join(ROOT, 'scripts/Dockerfile'), 'utf8').replaceAll('\\\n', ' ')
const steps = dockerfile.split('\n').flatMap(line => {
  const [, instruction, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? []
  return instruction ? [{ instruction, rest: rest! }] : []
})
const last = (instruction: string) => steps.findLast(step => step.instruction === instruction)?.rest

test('two stages, the second slim, run by an unprivileged user, with a volume, a port and a health check', () => {
  const images = steps.filter(({ instruction }) => instruction === 'FROM').map(({ rest }) => rest)
  expect(images).toEqual(['node:22-bookworm-slim AS build', 'debian:bookworm-slim'])
  expect(last('USER')).toBe('agent')
  expect(last('VOLUME')).toBe('["/home/agent/.emacs-agent"]')
  expect(last('EXPOSE')).toBe('9420')
  const known = /^(?:FROM|WORKDIR|COPY|RUN|USER|ENV|EXPOSE|VOLUME|HEALTHCHECK|ENTRYPOINT|CMD)$/
  for (const { instruction } of steps) expect(instruction).toMatch(known)
})

test('what it copies is there, and is in its context', () => {
  const context = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter(line => line.startsWith('!'))
  const copied = steps
    .filter(({ instruction, rest }) => instruction === 'COPY' && !rest.startsWith('--from'))
    .flatMap(({ rest }) => rest.split(' ').slice(0, -1))
  expect(copied.length).toBeGreaterThan(5)
  for (const path of copied) {
    expect(existsSync(join(ROOT, path))).toBe(true)
    expect(context).toContain(`!${path}`)
  }
})

test('its commands are shell, and npm runs what the project has', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  for (const { rest } of steps.filter(({ instruction }) => instruction === 'RUN')) {
    expect(spawnSync('sh', ['-n', '-c', rest]).status).toBe(0)
    for (const [, name] of rest.matchAll(/npm run (\w+)/g)) expect(Object.keys(scripts)).toContain(name!)
  }
})

test('it listens everywhere only with a token, and is then healthy; a stopped one is not', async () => {
  const home = makeHome()
  const environment = Object.fromEntries([last('ENV')!.split('=')]) as Record<string, string>
  const refused = await run(['serve', '--port', '0'], { home, env: environment })
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain('EMACS_AGENT_TOKEN')

  const env = { ...environment, EMACS_AGENT_TOKEN: 'a-token-of-some-length-0123' }
  const backend = await Backend.start(home, { argv: ['serve', '--port', '0'], env })
  const [shell, ...args]: string[] = JSON.parse(/ CMD (\[.*\])$/.exec(last('HEALTHCHECK')!)![1]!)
  const check = () =>
    spawnSync(
      shell!,
      args.map(arg => arg.replace('9420', String(backend.handshake.port))),
    ).status
  expect(check()).toBe(0)
  await backend.stop()
  expect(check()).not.toBe(0)
})
