import { resolve } from 'node:path'
import { printable } from '../base/controls.ts'
import { messageOf, UsageError } from '../base/errors.ts'
import { readRegular } from '../base/files.ts'
import { cut } from '../base/text.ts'
import type { Prices } from '../config/config.ts'
import { refreshCatalogue, SOURCE } from '../llm/models/catalogue.ts'
import { createModels } from '../llm/models/models.ts'
import type { ModelInfo, Stream } from '../llm/provider.ts'
import type { Options } from './commands.ts'
import { configure } from './configure.ts'
import type { Process } from './process.ts'
import { type Style, styleFor } from './terminal.ts'

/** So many models that were left out are named. */
const MOST_NAMED = 20

/** `models list | refresh`. */
export async function models(command: Options<'models'>, outside: Process): Promise<number> {
  return command.action === 'list' ? list(command, outside) : refresh(command.from, outside)
}

async function list(
  { all, ...flags }: Extract<Options<'models'>, { action: 'list' }>,
  { env, dirs, stdout, terminal }: Process,
): Promise<number> {
  const { config } = await configure({ env, dirs, flags })
  const style = styleFor({ terminal, env })
  const { default: chosen, models } = await createModels({ config, env, guide: NO_GUIDE, state: dirs.state }).list()
  for (const model of models.filter(({ usable }) => usable || all)) stdout(`${lineOf(model, chosen, style)}\n`)
  return 0
}

/** No model is called here. */
const NO_GUIDE = (() => {
  throw new Error('The guide is not there.')
}) as Stream

function lineOf(model: ModelInfo, chosen: string, style: Style): string {
  const window = model.context_window ? `${Math.round(model.context_window / 1000)}k` : '?'
  const id = printable(model.id)
  const facts = `${window.padStart(6)}  ${costWords(model.prices)}${model.id === chosen ? '  (default)' : ''}`
  return `${model.usable ? style.bold(id) : style.dim(id)}  ${facts}${model.reason ? style.dim(`  ${printable(model.reason)}`) : ''}`
}

/** Dollars per million tokens, in and out; a dearer tier and a change to come are said. */
function costWords(prices: Prices | undefined): string {
  if (!prices) return 'cost: unknown'
  const words = ({ input, output }: { input?: number; output?: number }) => `$${input ?? '…'}/${output ?? '…'}`
  const tiers = (prices.tiers ?? []).map(tier => `, above ${Math.round(tier.above / 1000)}k ${words(tier)}`)
  const changes = (prices.changes ?? []).map(change => `, from ${change.from} ${words(change)}`)
  return [words(prices), ...tiers, ...changes].join('')
}

/** Throws UsageError for a file that cannot be read. */
async function refresh(from: string | undefined, { dirs, cwd, stdout, stderr }: Process): Promise<number> {
  try {
    const source = from && !/^https?:/.test(from) ? await readSource(resolve(cwd, from)) : { url: from ?? SOURCE }
    const { models, left_out } = await refreshCatalogue(dirs.state, source, new Date())
    const providers = new Set(models.map(({ id }) => id.slice(0, id.indexOf('/'))))
    stdout(`${models.length} models of ${providers.size} providers.\n`)
    for (const problem of left_out.slice(0, MOST_NAMED)) stderr(`left out: ${printable(cut(problem, 200))}\n`)
    if (left_out.length > MOST_NAMED) stderr(`left out: ${left_out.length - MOST_NAMED} more\n`)
    return 0
  } catch (error) {
    if (error instanceof UsageError) throw error
    stderr(
      `emacs-agent-backend: The catalogue stays as it was. ${printable(messageOf(error)).replace(/\.?$/, '.')} Try again later, or refresh from a file: models refresh --from FILE.\n`,
    )
    return 1
  }
}

async function readSource(path: string): Promise<{ text: string; name: string }> {
  try {
    return { text: (await readRegular(path, 32 * 2 ** 20)).toString(), name: path }
  } catch (error) {
    throw new UsageError(`models refresh: ${printable(path)} cannot be read (${messageOf(error)}).`)
  }
}
