;;; emacs-agent-welcome.el --- What an empty conversation says  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Until something was asked, a conversation says what can be done here.  That is no part of its text.

;;; Code:

(require 'emacs-agent-output)
(require 'emacs-agent-session)

(defvar-local emacs-agent-welcome--overlay nil
  "The overlay that says what can be done.")

(defconst emacs-agent-welcome--lines
  '(("\\[emacs-agent-send]" "send what is written below")
    ("@" "a file to take along")
    ("/" "a command; \\[emacs-agent-tab] completes")
    ("\\[emacs-agent-interrupt]" "stop")
    ("\\[emacs-agent-next-approval]" "what waits for you")
    ("\\[emacs-agent-set-model]" "another model")
    ("\\[emacs-agent-resume]" "an earlier conversation")
    ("\\[emacs-agent-menu]" "everything else"))
  "Keys, and what they do.")

(defun emacs-agent-welcome-show (session)
  "Say in this buffer, of SESSION, which is empty, what can be done."
  (setq emacs-agent-welcome--overlay (make-overlay emacs-agent-output-end emacs-agent-output-end nil t nil))
  (overlay-put emacs-agent-welcome--overlay 'priority -1)
  (let ((text (emacs-agent-welcome--text session)))
    ;; It would have the face of the prompt below.
    (add-face-text-property 0 (length text) 'default t text)
    (overlay-put emacs-agent-welcome--overlay 'before-string text)))

(defun emacs-agent-welcome--text (session)
  "Return what can be done in SESSION, in lines of less than 40 columns."
  (concat
   (propertize "Ask about " 'face 'emacs-agent-dim)
   (propertize (emacs-agent-show-all (file-name-nondirectory (emacs-agent-session-project session))) 'face 'bold)
   (propertize ", or for a change to it.\n\n" 'face 'emacs-agent-dim)
   (mapconcat (pcase-lambda (`(,key ,does))
                (let ((key (substring-no-properties (substitute-command-keys key))))
                  (concat "  " (propertize key 'face 'emacs-agent-key)
                          (make-string (max 1 (- 9 (string-width key))) ?\s)
                          (propertize (substring-no-properties (substitute-command-keys does)) 'face 'emacs-agent-dim)
                          "\n")))
              emacs-agent-welcome--lines "")
   "\n"))

(defun emacs-agent-welcome--event (_session event)
  "Say no more what can be done once EVENT is a prompt, or an end."
  (when (and emacs-agent-welcome--overlay
             (member (alist-get 'type event) '("prompt" "message" "session.closed" "tool.call" "question")))
    (delete-overlay emacs-agent-welcome--overlay)
    (setq emacs-agent-welcome--overlay nil)))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-welcome--event)

(provide 'emacs-agent-welcome)
;;; emacs-agent-welcome.el ends here
