import main from './emacs-agent.el' with { type: 'text' }
import approval from './emacs-agent-approval.el' with { type: 'text' }
import ask from './emacs-agent-ask.el' with { type: 'text' }
import asking from './emacs-agent-asking.el' with { type: 'text' }
import attention from './emacs-agent-attention.el' with { type: 'text' }
import backend from './emacs-agent-backend.el' with { type: 'text' }
import base from './emacs-agent-base.el' with { type: 'text' }
import blocks from './emacs-agent-blocks.el' with { type: 'text' }
import call from './emacs-agent-call.el' with { type: 'text' }
import code from './emacs-agent-code.el' with { type: 'text' }
import commands from './emacs-agent-commands.el' with { type: 'text' }
import connection from './emacs-agent-connection.el' with { type: 'text' }
import context from './emacs-agent-context.el' with { type: 'text' }
import diff from './emacs-agent-diff.el' with { type: 'text' }
import doctor from './emacs-agent-doctor.el' with { type: 'text' }
import edit from './emacs-agent-edit.el' with { type: 'text' }
import files from './emacs-agent-files.el' with { type: 'text' }
import flow from './emacs-agent-flow.el' with { type: 'text' }
import http from './emacs-agent-http.el' with { type: 'text' }
import inert from './emacs-agent-inert.el' with { type: 'text' }
import inline from './emacs-agent-inline.el' with { type: 'text' }
import input from './emacs-agent-input.el' with { type: 'text' }
import markdown from './emacs-agent-markdown.el' with { type: 'text' }
import menu from './emacs-agent-menu.el' with { type: 'text' }
import mode from './emacs-agent-mode.el' with { type: 'text' }
import question from './emacs-agent-question.el' with { type: 'text' }
import review from './emacs-agent-review.el' with { type: 'text' }
import section from './emacs-agent-section.el' with { type: 'text' }
import session from './emacs-agent-session.el' with { type: 'text' }
import sessions from './emacs-agent-sessions.el' with { type: 'text' }
import settings from './emacs-agent-settings.el' with { type: 'text' }
import sse from './emacs-agent-sse.el' with { type: 'text' }
import view from './emacs-agent-view.el' with { type: 'text' }

/** The Emacs client, embedded in the executable: its files by name. A test keeps the list complete. */
export const CLIENT: Readonly<Record<string, string>> = {
  'emacs-agent-approval.el': approval,
  'emacs-agent-ask.el': ask,
  'emacs-agent-asking.el': asking,
  'emacs-agent-attention.el': attention,
  'emacs-agent-backend.el': backend,
  'emacs-agent-base.el': base,
  'emacs-agent-blocks.el': blocks,
  'emacs-agent-call.el': call,
  'emacs-agent-code.el': code,
  'emacs-agent-commands.el': commands,
  'emacs-agent-connection.el': connection,
  'emacs-agent-context.el': context,
  'emacs-agent-diff.el': diff,
  'emacs-agent-doctor.el': doctor,
  'emacs-agent-edit.el': edit,
  'emacs-agent-files.el': files,
  'emacs-agent-flow.el': flow,
  'emacs-agent-http.el': http,
  'emacs-agent-inert.el': inert,
  'emacs-agent-inline.el': inline,
  'emacs-agent-input.el': input,
  'emacs-agent-markdown.el': markdown,
  'emacs-agent-menu.el': menu,
  'emacs-agent-mode.el': mode,
  'emacs-agent-question.el': question,
  'emacs-agent-review.el': review,
  'emacs-agent-section.el': section,
  'emacs-agent-session.el': session,
  'emacs-agent-sessions.el': sessions,
  'emacs-agent-settings.el': settings,
  'emacs-agent-sse.el': sse,
  'emacs-agent-view.el': view,
  'emacs-agent.el': main,
}
