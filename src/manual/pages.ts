import acp from './pages/acp.org' with { type: 'text' }
import agents from './pages/agents.org' with { type: 'text' }
import api from './pages/api.org' with { type: 'text' }
import config from './pages/config.org' with { type: 'text' }
import design from './pages/design.org' with { type: 'text' }
import emacs from './pages/emacs.org' with { type: 'text' }
import events from './pages/events.org' with { type: 'text' }
import hooks from './pages/hooks.org' with { type: 'text' }
import mcp from './pages/mcp.org' with { type: 'text' }
import models from './pages/models.org' with { type: 'text' }
import rules from './pages/rules.org' with { type: 'text' }
import security from './pages/security.org' with { type: 'text' }
import skills from './pages/skills.org' with { type: 'text' }
import terminal from './pages/terminal.org' with { type: 'text' }
import tools from './pages/tools.org' with { type: 'text' }
import troubleshooting from './pages/troubleshooting.org' with { type: 'text' }
import undo from './pages/undo.org' with { type: 'text' }
import type { Topic } from './topics.ts'

/** The written part of each page, in Org. */
export const PAGES: Record<Topic, string> = {
  emacs,
  terminal,
  config,
  models,
  agents,
  tools,
  rules,
  skills,
  hooks,
  mcp,
  acp,
  undo,
  api,
  events,
  security,
  troubleshooting,
  design,
}
