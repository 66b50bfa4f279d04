import { suggestion } from '../config/nearest.ts'
import type { Given } from './commands.ts'

/** What commands read of their operands and flags, where that is more than a row. Each throws UsageError. */

export type Allowance = 'write' | 'shell'

export function allowances({ flags, wrong }: Given): Allowance[] {
  const words = flags
    .texts('allow')
    .flatMap(list => list.split(','))
    .map(word => word.trim())
  const known = (word: string): word is Allowance => word === 'write' || word === 'shell'
  const strange = words.find(word => !known(word))
  if (strange !== undefined)
    throw wrong(`--allow takes write and shell, separated by a comma${suggestion(strange, ['write', 'shell'])}`)
  return [...new Set(words.filter(known))]
}

export function oneProvider({ operands: [provider, ...more], wrong }: Given): { provider: string } {
  if (!provider || more.length > 0) throw wrong('takes the name of one provider')
  return { provider }
}

type ModelsAction = { action: 'list'; all: boolean } | { action: 'refresh'; from?: string }

export function modelsAction({ flags, operands: [action = 'list', ...operands], wrong }: Given): ModelsAction {
  if (operands.length > 0) throw wrong('takes nothing more')
  switch (action) {
    case 'list':
      if (flags.has('from')) throw wrong('`list` takes no --from')
      return { action, all: flags.has('all') }
    case 'refresh':
      if (flags.has('all')) throw wrong('`refresh` takes no --all')
      return { action, from: flags.text('from') }
    default:
      throw wrong(`has no such action${suggestion(action, ['list', 'refresh'])}`)
  }
}

type TranscriptsAction =
  | { action: 'list'; limit?: number }
  | { action: 'search'; query: string; limit?: number }
  | { action: 'show'; id: string }

export function transcriptsAction({ flags, operands: [action, ...operands], wrong }: Given): TranscriptsAction {
  const written = flags.text('limit')
  const limit = written === undefined ? undefined : Number(written)
  if (limit !== undefined && !(/^\d+$/.test(written!) && limit > 0 && Number.isSafeInteger(limit)))
    throw wrong('--limit must be a whole number from 1 on')
  switch (action) {
    case 'list':
      if (operands.length > 0) throw wrong('`list` takes nothing more')
      return { action, limit }
    case 'search':
      if (operands.join('') === '') throw wrong('`search` needs a text to look for')
      return { action, query: operands.join(' '), limit }
    case 'show':
      if (limit !== undefined) throw wrong('`show` takes no --limit')
      if (operands.length !== 1 || operands[0] === '') throw wrong('`show` needs the id of one session')
      return { action, id: operands[0]! }
    case undefined:
      throw wrong('needs list, search or show')
    default:
      throw wrong(`has no such action${suggestion(action, ['list', 'search', 'show'])}`)
  }
}
