;;; emacs-agent-once.el --- One answer of the ask agent  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; That agent has no tools and keeps no transcript; what it answers goes to a function.

;;; Code:

(require 'emacs-agent)

(defun emacs-agent-once (prompt then &optional else)
  "Ask PROMPT of the `ask' agent and call THEN with its answer.
Where there is none, say why and call ELSE."
  (let* ((project (emacs-agent-context-project))
         (session nil)
         (fail (lambda (why)
                 (emacs-agent-say "Emacs-Agent: %s" why)
                 (when else (funcall else)))))
    (setq session (emacs-agent-session-create
                   project :model emacs-agent-model :agent "ask" :save :false
                   :before #'emacs-agent-keys-give-stored
                   :else (lambda (failure)
                           (emacs-agent-session-leave session)
                           (funcall fail (alist-get 'message failure)))))
    (emacs-agent-session-when-open
     session
     (lambda (failure)
       (unless failure
         (emacs-agent-request
          "POST" (emacs-agent-session-path session "/prompt") :timeout nil
          :body `((text . ,(emacs-agent-clean-text prompt)) (wait . t))
          :then (lambda (answer)
                  (emacs-agent-once--end session)
                  (let-alist answer
                    (if (equal .status "success")
                        (funcall then .text)
                      (funcall fail (or .error.message "no answer")))))
          :else (lambda (failure)
                  (emacs-agent-once--end session)
                  (funcall fail (alist-get 'message failure)))))))))

(defun emacs-agent-once--end (session)
  "Close SESSION, which was for one answer."
  (emacs-agent-session-leave session)
  (emacs-agent-request "DELETE" (emacs-agent-session-path session) :else #'ignore))

(defun emacs-agent-once-fenced (text language)
  "Return TEXT, of LANGUAGE, in a fence that is longer than any in it."
  (let ((fence "```"))
    (while (string-search fence text) (setq fence (concat fence "`")))
    (concat fence language "\n" text "\n" fence)))

(defun emacs-agent-once-code (answer)
  "Return the code in ANSWER: what is in its fence, if it is one."
  (if (string-match "\\`[ \t\n]*\\(```+\\|~~~+\\)[^\n]*\n\\(\\(?:.\\|\n\\)*?\\)\n?[ \t]*\\1[ \t\n]*\\'" answer)
      (match-string 2 answer)
    answer))

(provide 'emacs-agent-once)
;;; emacs-agent-once.el ends here
