import { stat } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { findAgent } from '../agent/agents.ts'
import { AppError } from '../base/errors.ts'
import { newSessionId } from '../base/ids.ts'
import { looksRemote, type RemoteName, readRemoteName } from '../base/remote-name.ts'
import type { Config } from '../config/config.ts'
import type { SessionConfig, SessionCreated } from '../event.ts'
import { checkMode } from './mode.ts'
import type { Runtime } from './runtime.ts'
import { availableFor } from './sandbox.ts'

export type CreateRequest = {
  project_path: string
  model?: string
  agent?: string
  title?: string
  env?: Record<string, string>
  config?: Partial<SessionConfig>
}

/**
 * The first event of a new session, with the configuration in force for its project and what is to be said of its model.
 * Throws INVALID_REQUEST for a project that is no directory, an unknown agent or provider.
 */
export async function creation(
  request: CreateRequest,
  { models, projectConfig, sandbox }: Pick<Runtime, 'models' | 'projectConfig' | 'sandbox'>,
): Promise<{ created: SessionCreated; config: Config; notice: string | undefined }> {
  const project_path = await checkProject(request.project_path)
  const config = await projectConfig(project_path)
  await checkMode(request.config?.mode, () => availableFor(config.sandbox, project_path, { sandbox }))
  const name = request.agent ?? config.agent
  const agent = findAgent(config, name)
  const wanted = request.model ?? agent.model ?? config.model
  const { id: model, notice } = await models.resolve(wanted ?? (await models.best()))
  const created: SessionCreated = {
    type: 'session.created',
    format: 1,
    session_id: newSessionId(),
    project_path,
    title: request.title ?? '',
    model,
    agent: name,
    config: {
      auto_approve_readonly: true,
      auto_approve_tools: [],
      save_transcript: agent.name !== 'ask',
      mode: 'ask',
      ...(config.review_edits && { review_edits: true }),
      ...request.config,
    },
  }
  return { created, config, notice }
}

async function checkProject(path: string): Promise<string> {
  if (!isAbsolute(path)) throw new AppError('INVALID_REQUEST', 'project_path: must be an absolute path.')
  const remote = readRemoteName(path)
  if (remote) return checkRemote(remote)
  const info = await stat(path).catch(() => null)
  if (!info)
    throw new AppError(
      'INVALID_REQUEST',
      looksRemote(path)
        ? 'project_path: a directory on another machine is written with its method, its host and an absolute path: /ssh:user@host:/dir.'
        : 'project_path: there is no such directory.',
    )
  if (!info.isDirectory()) throw new AppError('INVALID_REQUEST', 'project_path: this is a file; a directory is needed.')
  return resolve(path)
}

/** Whether it is there is found out through the editor, which attaches to the session. */
function checkRemote({ prefix, path }: RemoteName): string {
  if (process.platform !== 'win32') return prefix + path
  throw new AppError(
    'INVALID_REQUEST',
    'project_path: a backend on Windows cannot work on other machines. Run it in WSL.',
  )
}
