import { existsSync, readFileSync } from 'node:fs'
import { call } from './scripted.ts'

export const eventsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

export const write = (path = 'new.txt') => call('write_file', { path, content: 'hello\n' })

export const isRunning = (pid: number) =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
