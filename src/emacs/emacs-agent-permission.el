;;; emacs-agent-permission.el --- Edits that need no approval  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; "Review edits" has the edits of a turn wait for one review of them all.  "Accept edits" is a mode of a session: the
;; backend approves the edits that wait, and later ones without asking.

;;; Code:

(require 'emacs-agent-decide)
(require 'emacs-agent-context)

(defun emacs-agent-permission-edit-p (event)
  "Whether the call of EVENT is one that \"accept edits\" approves."
  (let-alist event
    (and (member .tool '("edit_file" "write_file" "create_directory" "review_edits"))
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

(defun emacs-agent-toggle-review-edits ()
  "Have the edits of a turn wait for one review of them all, or not.
The review shows one diff, in which files and hunks can be refused or edited;
nothing is written before it."
  (interactive)
  (let* ((session (emacs-agent-context-session))
         (reviews (eq t (alist-get 'review_edits (emacs-agent-session-config session)))))
    (emacs-agent-session-update
     session `((config . ((review_edits . ,(if reviews :false t)))))
     (lambda () (emacs-agent-say (if reviews "Edits are decided one by one" "Edits wait for one review of all of them"))))))

(provide 'emacs-agent-permission)
;;; emacs-agent-permission.el ends here
