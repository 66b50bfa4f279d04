;;; emacs-agent-menu.el --- All commands in one place  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A transient menu, of two rows so that it fits 80 columns.

;;; Code:

(require 'emacs-agent)
(require 'transient)

;;;###autoload (autoload 'emacs-agent-menu "emacs-agent-menu" nil t)
(transient-define-prefix emacs-agent-menu ()
  "Commands of Emacs-Agent."
  [["Conversation"
    ("a" "open" emacs-agent)
    ("k" "stop the agent" emacs-agent-interrupt)
    ("w" "take back what waits" emacs-agent-edit-queue)
    ("r" "resume" emacs-agent-resume)
    ("<" "go back to a prompt" emacs-agent-rewind)
    ("y" "try again" emacs-agent-retry)
    ("f" "fork" emacs-agent-fork)
    ("c" "summarise" emacs-agent-compact)
    ("x" "close" emacs-agent-close)]
   ["Decide"
    ("n" "next that waits" emacs-agent-next-approval)
    ("l" "all that wait" emacs-agent-approvals)
    ("A" "approve all shown" emacs-agent-approve-these)
    ("E" "accept edits" emacs-agent-accept-edits)
    ("d" "review changes" emacs-agent-review)
    ("u" "undo the last turn" emacs-agent-undo)
    ("U" "redo" emacs-agent-redo)
    ("v" "what fills the window" emacs-agent-context)]
   ["Settings"
    ("m" "model" emacs-agent-set-model)
    ("b" "agent" emacs-agent-set-agent)
    ("M" "mode" emacs-agent-set-mode)
    ("e" "one review of edits" emacs-agent-toggle-review-edits)
    ("t" "title" emacs-agent-set-title)
    ("K" "API key" emacs-agent-give-key)]]
  [["From here"
    ("R" "ask about the region" emacs-agent-ask-region)
    ("B" "ask about the buffer" emacs-agent-send-buffer)
    ("F" "fix the diagnostic" emacs-agent-fix-diagnostic-at-point)
    ("W" "rewrite the region" emacs-agent-rewrite-region)
    ("C" "commit message" emacs-agent-commit-message)
    ("i" "paste an image" emacs-agent-image-paste)
    ("I" "screenshot" emacs-agent-screenshot)]
   ["Lists"
    ("s" "sessions" emacs-agent-sessions)
    ("S" "MCP servers" emacs-agent-servers)
    ("T" "transcripts" emacs-agent-transcripts)
    ("/" "search transcripts" emacs-agent-search)
    ("$" "costs" emacs-agent-cost)
    ("D" "doctor" emacs-agent-doctor)]])

(provide 'emacs-agent-menu)
;;; emacs-agent-menu.el ends here
