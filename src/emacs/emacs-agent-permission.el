;;; emacs-agent-permission.el --- Edits that need no approval  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; "Accept edits" is a mode of a session: the backend approves the edits that wait, and later ones without asking.

;;; Code:

(require 'emacs-agent-decide)
(require 'emacs-agent-context)

(defun emacs-agent-permission-edit-p (event)
  "Whether the call of EVENT is one that \"accept edits\" approves."
  (let-alist event
    (and (member .tool '("edit_file" "write_file" "create_directory"))
         (null (emacs-agent-approval-danger event)))))

(defun emacs-agent-accept-edits ()
  "Let this conversation edit files in the project without asking.
That approves the edits that wait.  Called again, edits need approval as before."
  (interactive)
  (let* ((session (emacs-agent-context-session))
         (accepts (equal (emacs-agent-session-mode session) "accept-edits")))
    (emacs-agent-session-update
     session `((config . ((mode . ,(if accepts "ask" "accept-edits")))))
     (lambda ()
       (emacs-agent-say
        (if accepts "Edits ask again"
          (substitute-command-keys
           "Edits in this project do not ask; \\<emacs-agent-mode-map>\\[emacs-agent-accept-edits] has them ask again")))))))

(provide 'emacs-agent-permission)
;;; emacs-agent-permission.el ends here
