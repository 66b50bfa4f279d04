;;; emacs-agent-welcome.el --- Help in an empty conversation  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Until the first prompt, a conversation shows its most important keys.  They are an overlay, and no part of its text.

;;; Code:

(require 'emacs-agent-output)
(require 'emacs-agent-session)

(defvar-local emacs-agent-welcome--overlay nil
  "The overlay with the help.")

(defconst emacs-agent-welcome--lines
  '(("\\[emacs-agent-send]" "send what is written below")
    ("@" "a file to take along")
    ("/" "a command; \\[emacs-agent-tab] completes")
    ("\\[emacs-agent-interrupt]" "stop")
    ("\\[emacs-agent-next-approval]" "what waits for you")
    ("\\[emacs-agent-set-model]" "another model")
    ("\\[emacs-agent-resume]" "an earlier conversation")
    ("\\[emacs-agent-menu]" "everything else"))
  "Keys and their effects.")

(defun emacs-agent-welcome-show (session)
  "Show the help in this buffer, of SESSION, which is empty."
  (setq emacs-agent-welcome--overlay (make-overlay emacs-agent-output-end emacs-agent-output-end nil t nil))
  (overlay-put emacs-agent-welcome--overlay 'priority -1)
  (let ((text (emacs-agent-welcome--text session)))
    ;; Without this face it would have that of the prompt below.
    (add-face-text-property 0 (length text) 'default t text)
    (overlay-put emacs-agent-welcome--overlay 'before-string text)))

(defun emacs-agent-welcome--text (session)
  "Return the help for SESSION, in lines of less than 40 columns."
  (concat
   (propertize "Ask about " 'face 'emacs-agent-dim)
   (propertize (emacs-agent-show-all (emacs-agent-project-name (emacs-agent-session-project session))) 'face 'bold)
   (propertize ", or for a change to it.\n\n" 'face 'emacs-agent-dim)
   (mapconcat (pcase-lambda (`(,key ,does))
                (let ((key (substring-no-properties (substitute-command-keys key))))
                  (concat "  " (propertize key 'face 'emacs-agent-key)
                          (make-string (max 1 (- 9 (string-width key))) ?\s)
                          (propertize (substring-no-properties (substitute-command-keys does)) 'face 'emacs-agent-dim)
                          "\n")))
              emacs-agent-welcome--lines "")
   "\n"))

(defun emacs-agent-welcome--batch (_session)
  "Move the help below the title, which this batch may have written."
  (when emacs-agent-welcome--overlay
    (move-overlay emacs-agent-welcome--overlay emacs-agent-output-end emacs-agent-output-end)))

(add-hook 'emacs-agent-session-batch-functions #'emacs-agent-welcome--batch)

(defun emacs-agent-welcome--event (_session event)
  "Remove the help if EVENT writes to the conversation or ends it."
  (when (and emacs-agent-welcome--overlay
             (member (alist-get 'type event) '("prompt" "message" "session.closed" "tool.call" "question")))
    (delete-overlay emacs-agent-welcome--overlay)
    (setq emacs-agent-welcome--overlay nil)))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-welcome--event)

(provide 'emacs-agent-welcome)
;;; emacs-agent-welcome.el ends here
