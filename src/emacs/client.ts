import main from './emacs-agent.el' with { type: 'text' }
import answer from './emacs-agent-answer.el' with { type: 'text' }
import approval from './emacs-agent-approval.el' with { type: 'text' }
import ask from './emacs-agent-ask.el' with { type: 'text' }
import attach from './emacs-agent-attach.el' with { type: 'text' }
import attention from './emacs-agent-attention.el' with { type: 'text' }
import backend from './emacs-agent-backend.el' with { type: 'text' }
import base from './emacs-agent-base.el' with { type: 'text' }
import budget from './emacs-agent-budget.el' with { type: 'text' }
import buffers from './emacs-agent-buffers.el' with { type: 'text' }
import button from './emacs-agent-button.el' with { type: 'text' }
import call from './emacs-agent-call.el' with { type: 'text' }
import code from './emacs-agent-code.el' with { type: 'text' }
import colour from './emacs-agent-colour.el' with { type: 'text' }
import commands from './emacs-agent-commands.el' with { type: 'text' }
import commit from './emacs-agent-commit.el' with { type: 'text' }
import compare from './emacs-agent-compare.el' with { type: 'text' }
import compile from './emacs-agent-compile.el' with { type: 'text' }
import conflict from './emacs-agent-conflict.el' with { type: 'text' }
import connection from './emacs-agent-connection.el' with { type: 'text' }
import context from './emacs-agent-context.el' with { type: 'text' }
import copy from './emacs-agent-copy.el' with { type: 'text' }
import cost from './emacs-agent-cost.el' with { type: 'text' }
import decide from './emacs-agent-decide.el' with { type: 'text' }
import delegate from './emacs-agent-delegate.el' with { type: 'text' }
import describe from './emacs-agent-describe.el' with { type: 'text' }
import diagnostics from './emacs-agent-diagnostics.el' with { type: 'text' }
import diff from './emacs-agent-diff.el' with { type: 'text' }
import diffColour from './emacs-agent-diff-colour.el' with { type: 'text' }
import doctor from './emacs-agent-doctor.el' with { type: 'text' }
import draftText from './emacs-agent-draft-text.el' with { type: 'text' }
import dress from './emacs-agent-dress.el' with { type: 'text' }
import edit from './emacs-agent-edit.el' with { type: 'text' }
import editor from './emacs-agent-editor.el' with { type: 'text' }
import evaluate from './emacs-agent-eval.el' with { type: 'text' }
import exporting from './emacs-agent-export.el' with { type: 'text' }
import faces from './emacs-agent-faces.el' with { type: 'text' }
import files from './emacs-agent-files.el' with { type: 'text' }
import fleet from './emacs-agent-fleet.el' with { type: 'text' }
import fold from './emacs-agent-fold.el' with { type: 'text' }
import folding from './emacs-agent-folding.el' with { type: 'text' }
import fontify from './emacs-agent-fontify.el' with { type: 'text' }
import form from './emacs-agent-form.el' with { type: 'text' }
import garbage from './emacs-agent-garbage.el' with { type: 'text' }
import header from './emacs-agent-header.el' with { type: 'text' }
import history from './emacs-agent-history.el' with { type: 'text' }
import http from './emacs-agent-http.el' with { type: 'text' }
import idle from './emacs-agent-idle.el' with { type: 'text' }
import image from './emacs-agent-image.el' with { type: 'text' }
import inert from './emacs-agent-inert.el' with { type: 'text' }
import input from './emacs-agent-input.el' with { type: 'text' }
import install from './emacs-agent-install.el' with { type: 'text' }
import intake from './emacs-agent-intake.el' with { type: 'text' }
import json from './emacs-agent-json.el' with { type: 'text' }
import keys from './emacs-agent-keys.el' with { type: 'text' }
import list from './emacs-agent-list.el' with { type: 'text' }
import live from './emacs-agent-live.el' with { type: 'text' }
import lookup from './emacs-agent-lookup.el' with { type: 'text' }
import mention from './emacs-agent-mention.el' with { type: 'text' }
import menu from './emacs-agent-menu.el' with { type: 'text' }
import message from './emacs-agent-message.el' with { type: 'text' }
import mode from './emacs-agent-mode.el' with { type: 'text' }
import navigate from './emacs-agent-navigate.el' with { type: 'text' }
import once from './emacs-agent-once.el' with { type: 'text' }
import open from './emacs-agent-open.el' with { type: 'text' }
import outbox from './emacs-agent-outbox.el' with { type: 'text' }
import output from './emacs-agent-output.el' with { type: 'text' }
import overview from './emacs-agent-overview.el' with { type: 'text' }
import patch from './emacs-agent-patch.el' with { type: 'text' }
import permission from './emacs-agent-permission.el' with { type: 'text' }
import places from './emacs-agent-places.el' with { type: 'text' }
import popup from './emacs-agent-popup.el' with { type: 'text' }
import privateFiles from './emacs-agent-private.el' with { type: 'text' }
import problems from './emacs-agent-problems.el' with { type: 'text' }
import program from './emacs-agent-program.el' with { type: 'text' }
import proposal from './emacs-agent-proposal.el' with { type: 'text' }
import question from './emacs-agent-question.el' with { type: 'text' }
import refine from './emacs-agent-refine.el' with { type: 'text' }
import remote from './emacs-agent-remote.el' with { type: 'text' }
import remoteCode from './emacs-agent-remote-code.el' with { type: 'text' }
import remoteFiles from './emacs-agent-remote-files.el' with { type: 'text' }
import remoteProcess from './emacs-agent-remote-process.el' with { type: 'text' }
import request from './emacs-agent-request.el' with { type: 'text' }
import resume from './emacs-agent-resume.el' with { type: 'text' }
import review from './emacs-agent-review.el' with { type: 'text' }
import rewind from './emacs-agent-rewind.el' with { type: 'text' }
import rewrite from './emacs-agent-rewrite.el' with { type: 'text' }
import screenshot from './emacs-agent-screenshot.el' with { type: 'text' }
import search from './emacs-agent-search.el' with { type: 'text' }
import section from './emacs-agent-section.el' with { type: 'text' }
import send from './emacs-agent-send.el' with { type: 'text' }
import served from './emacs-agent-served.el' with { type: 'text' }
import servers from './emacs-agent-servers.el' with { type: 'text' }
import session from './emacs-agent-session.el' with { type: 'text' }
import settings from './emacs-agent-settings.el' with { type: 'text' }
import slash from './emacs-agent-slash.el' with { type: 'text' }
import sse from './emacs-agent-sse.el' with { type: 'text' }
import table from './emacs-agent-table.el' with { type: 'text' }
import text from './emacs-agent-text.el' with { type: 'text' }
import transcripts from './emacs-agent-transcripts.el' with { type: 'text' }
import tray from './emacs-agent-tray.el' with { type: 'text' }
import turns from './emacs-agent-turns.el' with { type: 'text' }
import undo from './emacs-agent-undo.el' with { type: 'text' }
import unsaved from './emacs-agent-unsaved.el' with { type: 'text' }
import unsent from './emacs-agent-unsent.el' with { type: 'text' }
import update from './emacs-agent-update.el' with { type: 'text' }
import verdict from './emacs-agent-verdict.el' with { type: 'text' }
import view from './emacs-agent-view.el' with { type: 'text' }
import waiting from './emacs-agent-waiting.el' with { type: 'text' }
import welcome from './emacs-agent-welcome.el' with { type: 'text' }

/** The Emacs client, embedded in the executable: its files by name. A test keeps the list complete. */
export const CLIENT: Readonly<Record<string, string>> = {
  'emacs-agent.el': main,
  'emacs-agent-answer.el': answer,
  'emacs-agent-approval.el': approval,
  'emacs-agent-ask.el': ask,
  'emacs-agent-attach.el': attach,
  'emacs-agent-attention.el': attention,
  'emacs-agent-backend.el': backend,
  'emacs-agent-base.el': base,
  'emacs-agent-budget.el': budget,
  'emacs-agent-buffers.el': buffers,
  'emacs-agent-button.el': button,
  'emacs-agent-call.el': call,
  'emacs-agent-code.el': code,
  'emacs-agent-colour.el': colour,
  'emacs-agent-commands.el': commands,
  'emacs-agent-commit.el': commit,
  'emacs-agent-compile.el': compile,
  'emacs-agent-compare.el': compare,
  'emacs-agent-conflict.el': conflict,
  'emacs-agent-connection.el': connection,
  'emacs-agent-context.el': context,
  'emacs-agent-cost.el': cost,
  'emacs-agent-copy.el': copy,
  'emacs-agent-decide.el': decide,
  'emacs-agent-describe.el': describe,
  'emacs-agent-diagnostics.el': diagnostics,
  'emacs-agent-delegate.el': delegate,
  'emacs-agent-diff.el': diff,
  'emacs-agent-diff-colour.el': diffColour,
  'emacs-agent-doctor.el': doctor,
  'emacs-agent-draft-text.el': draftText,
  'emacs-agent-dress.el': dress,
  'emacs-agent-edit.el': edit,
  'emacs-agent-editor.el': editor,
  'emacs-agent-eval.el': evaluate,
  'emacs-agent-export.el': exporting,
  'emacs-agent-faces.el': faces,
  'emacs-agent-files.el': files,
  'emacs-agent-fleet.el': fleet,
  'emacs-agent-fold.el': fold,
  'emacs-agent-fontify.el': fontify,
  'emacs-agent-garbage.el': garbage,
  'emacs-agent-folding.el': folding,
  'emacs-agent-form.el': form,
  'emacs-agent-header.el': header,
  'emacs-agent-history.el': history,
  'emacs-agent-http.el': http,
  'emacs-agent-idle.el': idle,
  'emacs-agent-image.el': image,
  'emacs-agent-inert.el': inert,
  'emacs-agent-input.el': input,
  'emacs-agent-install.el': install,
  'emacs-agent-intake.el': intake,
  'emacs-agent-json.el': json,
  'emacs-agent-keys.el': keys,
  'emacs-agent-list.el': list,
  'emacs-agent-lookup.el': lookup,
  'emacs-agent-live.el': live,
  'emacs-agent-menu.el': menu,
  'emacs-agent-mention.el': mention,
  'emacs-agent-message.el': message,
  'emacs-agent-mode.el': mode,
  'emacs-agent-navigate.el': navigate,
  'emacs-agent-once.el': once,
  'emacs-agent-open.el': open,
  'emacs-agent-outbox.el': outbox,
  'emacs-agent-output.el': output,
  'emacs-agent-overview.el': overview,
  'emacs-agent-patch.el': patch,
  'emacs-agent-permission.el': permission,
  'emacs-agent-places.el': places,
  'emacs-agent-popup.el': popup,
  'emacs-agent-private.el': privateFiles,
  'emacs-agent-problems.el': problems,
  'emacs-agent-program.el': program,
  'emacs-agent-proposal.el': proposal,
  'emacs-agent-question.el': question,
  'emacs-agent-refine.el': refine,
  'emacs-agent-remote-code.el': remoteCode,
  'emacs-agent-remote-files.el': remoteFiles,
  'emacs-agent-remote-process.el': remoteProcess,
  'emacs-agent-remote.el': remote,
  'emacs-agent-request.el': request,
  'emacs-agent-resume.el': resume,
  'emacs-agent-review.el': review,
  'emacs-agent-rewind.el': rewind,
  'emacs-agent-rewrite.el': rewrite,
  'emacs-agent-screenshot.el': screenshot,
  'emacs-agent-search.el': search,
  'emacs-agent-section.el': section,
  'emacs-agent-send.el': send,
  'emacs-agent-served.el': served,
  'emacs-agent-servers.el': servers,
  'emacs-agent-session.el': session,
  'emacs-agent-settings.el': settings,
  'emacs-agent-slash.el': slash,
  'emacs-agent-sse.el': sse,
  'emacs-agent-table.el': table,
  'emacs-agent-text.el': text,
  'emacs-agent-transcripts.el': transcripts,
  'emacs-agent-tray.el': tray,
  'emacs-agent-turns.el': turns,
  'emacs-agent-undo.el': undo,
  'emacs-agent-unsaved.el': unsaved,
  'emacs-agent-unsent.el': unsent,
  'emacs-agent-update.el': update,
  'emacs-agent-verdict.el': verdict,
  'emacs-agent-view.el': view,
  'emacs-agent-waiting.el': waiting,
  'emacs-agent-welcome.el': welcome,
}
