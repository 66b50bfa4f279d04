;;; emacs-agent-commands.el --- The commands, loaded when they are used  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; What an init file requires: it takes no time, and with it there are all commands, and bookmarks and saved
;; desktops bring conversations back.

;;; Code:

(dolist (entry '(("emacs-agent" emacs-agent emacs-agent-new emacs-agent-next-approval emacs-agent-approvals
                  emacs-agent-give-key emacs-agent-update)
                 ("emacs-agent-attach" emacs-agent-backend-attach)
                 ("emacs-agent-install" emacs-agent-install-program)
                 ("emacs-agent-ask" emacs-agent-ask-region emacs-agent-send-buffer
                  emacs-agent-fix-diagnostic-at-point)
                 ("emacs-agent-rewrite" emacs-agent-rewrite-region)
                 ("emacs-agent-commit" emacs-agent-commit-message)
                 ("emacs-agent-fleet" emacs-agent-sessions emacs-agent-close)
                 ("emacs-agent-servers" emacs-agent-servers)
                 ("emacs-agent-transcripts" emacs-agent-transcripts)
                 ("emacs-agent-search" emacs-agent-search)
                 ("emacs-agent-resume" emacs-agent-resume)
                 ("emacs-agent-review" emacs-agent-review)
                 ("emacs-agent-undo" emacs-agent-undo emacs-agent-redo)
                 ("emacs-agent-rewind" emacs-agent-rewind emacs-agent-fork emacs-agent-retry emacs-agent-compact)
                 ("emacs-agent-budget" emacs-agent-context)
                 ("emacs-agent-menu" emacs-agent-menu)
                 ("emacs-agent-cost" emacs-agent-cost)
                 ("emacs-agent-doctor" emacs-agent-doctor)
                 ("emacs-agent-edit" emacs-agent-edit-params emacs-agent-edit-content
                  emacs-agent-edit-diff emacs-agent-edit-ediff)))
  (dolist (command (cdr entry))
    (autoload command (car entry) nil t)))

(autoload 'emacs-agent-mode "emacs-agent" nil t)
(autoload 'emacs-agent-next-error "emacs-agent-places")
(autoload 'emacs-agent-bookmark-record "emacs-agent-resume")
(autoload 'emacs-agent-bookmark-jump "emacs-agent-resume")
(autoload 'emacs-agent-desktop-save "emacs-agent-resume")
(autoload 'emacs-agent-desktop-restore "emacs-agent-resume")
(autoload 'emacs-agent-transcript-files "emacs-agent-transcripts")

;; Emacs has this variable without desktop.el.
(add-to-list 'desktop-buffer-mode-handlers '(emacs-agent-mode . emacs-agent-desktop-restore))

(provide 'emacs-agent-commands)
;;; emacs-agent-commands.el ends here
