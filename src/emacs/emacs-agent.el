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
(require 'emacs-agent-waiting)
(require 'emacs-agent-decide)
(require 'emacs-agent-answer)
(require 'emacs-agent-tray)
(require 'emacs-agent-navigate)
(require 'emacs-agent-files)
(require 'emacs-agent-turns)
(require 'emacs-agent-undo)
(require 'emacs-agent-unsaved)
(require 'emacs-agent-editor)
(require 'emacs-agent-settings)
(require 'emacs-agent-attention)
(require 'emacs-agent-problems)
(require 'emacs-agent-update)

(defcustom emacs-agent-model nil
  "Model of new sessions, as provider/model; nil lets the backend choose."
  :type '(choice (const :tag "Let the backend choose" nil) string)
  :group 'emacs-agent)

(defcustom emacs-agent-agent nil
  "Agent of new sessions, such as \"build\" or \"plan\"; nil for the default."
  :type '(choice (const :tag "The default" nil) string)
  :group 'emacs-agent)

(defun emacs-agent-project-session (project)
  "Return the newest session on PROJECT, shown in this Emacs, or nil."
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
           (session (and (not new) (emacs-agent-project-session project))))
      (emacs-agent-mode-show (or session (emacs-agent-start project))))))

(defun emacs-agent-start (project)
  "Start a conversation about PROJECT and return its session."
  (let ((session (emacs-agent-session-create
                  project :model emacs-agent-model :agent emacs-agent-agent
                  :env (emacs-agent-session-environment)
                  :then #'emacs-agent-session-follow
                  :before #'emacs-agent-keys-give-stored)))
    (emacs-agent-mode-buffer session)
    session))

(defun emacs-agent-new ()
  "Start another conversation about the project of this buffer."
  (interactive)
  (emacs-agent t))

(provide 'emacs-agent)
;;; emacs-agent.el ends here
