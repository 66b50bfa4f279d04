;;; emacs-agent.el --- An agent that works on your projects  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; Author: The Emacs-Agent authors
;; Maintainer: The Emacs-Agent authors
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: tools, convenience
;; URL: https://github.com/emacs-agent/emacs-agent-backend

;; This file is not part of GNU Emacs.

;; Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
;; documentation files (the "Software"), to deal in the Software without restriction, including without limitation
;; the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and
;; to permit persons to whom the Software is furnished to do so, subject to the following conditions:
;;
;; The above copyright notice and this permission notice shall be included in all copies or substantial portions of
;; the Software.
;;
;; THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO
;; THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT.  IN NO EVENT SHALL THE
;; AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT,
;; TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
;; SOFTWARE.

;;; Commentary:

;; The Emacs client of emacs-agent-backend, one executable that is the agent.  Install with
;;
;;   emacs-agent-backend elisp --install ~/.emacs.d/emacs-agent
;;
;; and put into your init file
;;
;;   (add-to-list 'load-path "~/.emacs.d/emacs-agent")
;;   (require 'emacs-agent-commands)
;;   (setq emacs-agent-program "~/bin/emacs-agent-backend") ; unless it is found in PATH
;;
;; Then \\[emacs-agent] opens a conversation about the project of the current buffer.  It is an Org document:
;; what the agent says and does above, the input below.  M-x emacs-agent-menu has the commands.

;;; Code:

(require 'emacs-agent-commands)
(require 'emacs-agent-mode)
(require 'emacs-agent-approval)
(require 'emacs-agent-question)
(require 'emacs-agent-files)
(require 'emacs-agent-settings)
(require 'emacs-agent-attention)

(defcustom emacs-agent-model nil
  "Model of new sessions, as provider/model; nil lets the backend choose."
  :type '(choice (const :tag "Let the backend choose" nil) string)
  :group 'emacs-agent)

(defcustom emacs-agent-agent nil
  "Agent of new sessions, such as \"build\" or \"plan\"; nil for the default."
  :type '(choice (const :tag "The default" nil) string)
  :group 'emacs-agent)

(defun emacs-agent--project-session (project)
  "Return the newest session on PROJECT that this Emacs shows, or nil."
  (cl-find-if (lambda (session)
                (and (equal (emacs-agent-session-project session) (directory-file-name project))
                     (buffer-live-p (emacs-agent-session-buffer session))))
              emacs-agent-session-list))

;;;###autoload
(defun emacs-agent (&optional new)
  "Talk to an agent about the project of this buffer.
With a prefix argument, NEW, start another conversation even if there is one."
  (interactive "P")
  (emacs-agent-collecting-later
    (let* ((project (emacs-agent-context-project))
           (session (and (not new) (emacs-agent--project-session project))))
      (emacs-agent-mode-show (or session (emacs-agent-start project))))))

(defun emacs-agent-start (project)
  "Start a conversation about PROJECT and return its session."
  (let ((session (emacs-agent-session-create
                  project :model emacs-agent-model :agent emacs-agent-agent
                  :env (emacs-agent-session-environment)
                  :then #'emacs-agent-session-follow
                  :before #'emacs-agent-settings-give-stored-keys)))
    (emacs-agent-mode-buffer session)
    session))

(defun emacs-agent-new ()
  "Start another conversation about the project of this buffer."
  (interactive)
  (emacs-agent t))

;;;; Commands with a slash

(defun emacs-agent--slash (command)
  "Return a function that calls COMMAND and leaves out the rest of the line."
  (lambda (_rest) (call-interactively command)))

(setq emacs-agent-input-commands
      `(("model" emacs-agent-set-model . "change the model")
        ("agent" emacs-agent-set-agent . "change the agent")
        ("title" ,(lambda (rest) (emacs-agent-set-title rest)) . "give it a title")
        ("new" ,(emacs-agent--slash 'emacs-agent-new) . "another conversation")
        ("resume" ,(emacs-agent--slash 'emacs-agent-resume) . "resume an earlier one")
        ("close" ,(emacs-agent--slash 'emacs-agent-close) . "close this session")
        ("review" ,(emacs-agent--slash 'emacs-agent-review) . "all changes as a diff")
        ("sessions" ,(emacs-agent--slash 'emacs-agent-sessions) . "list what runs")
        ("transcripts" ,(emacs-agent--slash 'emacs-agent-transcripts) . "list what there was")
        ("doctor" ,(emacs-agent--slash 'emacs-agent-doctor) . "what is well and what is not")
        ("help" ,(lambda (_rest) (describe-mode)) . "keys and commands")))

;;;; When the executable is another one

(defun emacs-agent--compare-versions (state version)
  "Offer the client that the executable carries if it is newer: STATE, VERSION."
  (when (and (memq state '(ready restarted))
             (ignore-errors (version< emacs-agent-version version)))
    (emacs-agent-say "The executable is version %s, this client %s: M-x emacs-agent-update installs the newer one"
                     version emacs-agent-version)))

(add-hook 'emacs-agent-backend-functions #'emacs-agent--compare-versions)

(provide 'emacs-agent)
;;; emacs-agent.el ends here
