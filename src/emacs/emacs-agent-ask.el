;;; emacs-agent-ask.el --- Questions from where you work  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Questions about a region, a buffer or a diagnostic go to the conversation of the project.

;;; Code:

(require 'emacs-agent)
(declare-function flymake-diagnostic-text "flymake")
(declare-function flymake-diagnostics "flymake")

(defun emacs-agent-ask--send (text context)
  "Send TEXT with CONTEXT to the conversation of this project and show it."
  (let* ((project (emacs-agent-context-project))
         (session (or (emacs-agent-project-session project) (emacs-agent-start project))))
    (emacs-agent-send-prompt session text :context context)
    (save-selected-window (emacs-agent-mode-show session))))

;;;###autoload
(defun emacs-agent-ask-region (start end question)
  "Ask QUESTION about the region between START and END."
  (interactive (list (region-beginning) (region-end) (read-string "About the region: ")))
  (when (string-blank-p question) (user-error "Ask what?"))
  (emacs-agent-ask--send question
                         (append `((region . ,(emacs-agent-context-region start end)))
                                 (emacs-agent-context-of (current-buffer) '(file)))))

;;;###autoload
(defun emacs-agent-send-buffer (question)
  "Ask QUESTION and send the whole text of this buffer along."
  (interactive "sAbout this buffer: ")
  (emacs-agent-ask--send question (emacs-agent-context-of (current-buffer) '(file buffer diagnostics))))

;;;###autoload
(defun emacs-agent-fix-diagnostic-at-point ()
  "Have the agent fix what Flymake reports on this line."
  (interactive)
  (let ((diagnostics (emacs-agent-context-diagnostics (line-beginning-position) (line-end-position))))
    (when (= 0 (length diagnostics)) (user-error "Flymake says nothing about this line"))
    (emacs-agent-ask--send
     (format "Fix this problem: %s" (alist-get 'message (aref diagnostics 0)))
     (append `((diagnostics . ,diagnostics))
             (emacs-agent-context-of (current-buffer) '(file))))))

(provide 'emacs-agent-ask)
;;; emacs-agent-ask.el ends here
