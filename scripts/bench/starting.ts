import type { Figure } from './figure.ts'
import { type Bench, cpuOf, memory, ON_NODE, PRODUCT, type Program, start } from './running.ts'

const ROUNDS = 40
const WARM = 5

/** Start to the first answer, and the processor time and private memory (MiB) by then, of the programs in turn. */
async function starts(programs: readonly Program[], home: string, rounds: number) {
  const samples = programs.map(program => ({
    program,
    time: [] as number[],
    cpu: [] as number[],
    held: [] as number[],
  }))
  for (let round = 0; round < rounds; round++)
    for (const { program, time, cpu, held } of samples) {
      const begun = performance.now()
      const running = await start(program, home)
      await (await fetch(`${running.url}/health`)).text()
      const took = performance.now() - begun
      if (round >= WARM) {
        time.push(took)
        cpu.push(cpuOf(running))
        held.push(memory(running, 'RssAnon'))
      }
      await running.stop()
    }
  return samples
}

export async function starting({ home, bare }: Bench): Promise<Figure[]> {
  const [ours, theirs] = (await starts([PRODUCT, bare], home, ROUNDS)) as [Samples, Samples]
  const beside = (of: 'time' | 'cpu' | 'held') => ({ what: 'bare server', samples: theirs[of] })
  return [
    { what: 'start to the first answer', unit: 'ms', samples: ours.time, beside: beside('time'), most_ratio: 1.5 },
    { what: '  processor time', unit: 'ms', samples: ours.cpu, beside: beside('cpu'), most_ratio: 1.5 },
    { what: 'private memory at rest', unit: 'MiB', samples: ours.held, beside: beside('held'), most: 7 },
  ]
}
type Samples = Awaited<ReturnType<typeof starts>>[number]

export async function startingOnNode({ home }: Bench): Promise<Figure[]> {
  const [node] = await starts([ON_NODE], home, WARM + 10)
  return [
    { what: 'under Node: start to the first answer', unit: 'ms', samples: node!.time },
    { what: 'under Node: private memory at rest', unit: 'MiB', samples: node!.held },
  ]
}
