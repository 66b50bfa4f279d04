import { agentsOf, namesTaken } from '../agent/agents.ts'
import type { ConfigProblem } from '../config/problem.ts'
import { problemLine } from '../config/problem.ts'
import { agentProblems, findAgentFiles } from '../conventions/agent-files.ts'
import { findCommands } from '../conventions/commands.ts'
import type { Listing } from '../conventions/listing.ts'
import { placeOf } from '../conventions/places.ts'
import { findSkills } from '../conventions/skills.ts'
import type { Runtime } from '../session/runtime.ts'
import type { Finding } from './doctor.ts'

/** The skills, commands and agents that are files, and what is wrong with some of them. */
export async function conventionFindings(runtime: Runtime, project: string): Promise<Finding[]> {
  const config = await runtime.projectConfig(project)
  const place = await placeOf(project, runtime.dirs)
  const known = new Set(agentsOf(config).map(({ name }) => name))
  const [skills, commands, agents] = await Promise.all([
    findSkills(place),
    findCommands(place, name => known.has(name)),
    findAgentFiles(place, namesTaken(config)),
  ])
  const holding = ({ entries }: Listing<object>) => entries.filter(({ problem }) => problem === undefined).length
  const counts = `${holding(skills)} skills, ${holding(commands)} commands and ${holding(agents)} agents from files`
  return [
    { ok: null, what: counts },
    ...[...doubles(skills), ...doubles(commands)],
    ...[...skills.problems, ...commands.problems, ...agentProblems(agents)].map(finding),
  ]
}

/** What is only ignored is no failure. */
const finding = (problem: ConfigProblem): Finding => ({
  ok: problem.key === 'model' ? null : false,
  what: problemLine(problem),
  ...(problem.key !== 'model' && { remedy: 'It is left out until that is corrected.' }),
})

const doubles = ({ entries }: Listing<{ path: string }>): Finding[] =>
  entries.flatMap(({ path, problem }) => (problem === undefined ? [] : [{ ok: null, what: `${path}: ${problem}` }]))
