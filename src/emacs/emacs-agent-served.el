;;; emacs-agent-served.el --- Commands and resources that the backend has  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; What a project and its user bring along goes by /name: Markdown commands, skills, prompts of MCP servers, and the built-in
;; ones.  Resources of MCP servers go by @server:uri.  Both are completed from what the backend said last; asking it again
;; never keeps anybody waiting for longer than a moment.

;;; Code:

(require 'emacs-agent-connection)
(require 'emacs-agent-input)
(require 'emacs-agent-popup)

(defvar emacs-agent-served--answers (make-hash-table :test #'equal)
  "What the backend said: (PATH . PROJECT) → (TIME . ANSWER).
ANSWER is `waiting' until there is one.")

(defconst emacs-agent-served--patience 0.5
  "Seconds that a completion waits for an answer.")

(cl-defun emacs-agent-served--get (path session &key (fresh 30) (wait t))
  "Return the last answer of the backend to PATH for SESSION's project, or nil.
An answer older than FRESH seconds is requested again; without WAIT, the new
answer is used from the next call on."
  (let* ((project (emacs-agent-session-project session))
         (key (cons path project))
         (known (gethash key emacs-agent-served--answers)))
    (unless (and known (< (- (float-time) (car known)) fresh))
      (puthash key (cons (float-time) (or (cdr known) 'waiting)) emacs-agent-served--answers)
      (emacs-agent-request "GET" (emacs-agent-http-query path :project project)
                           :then (lambda (answer)
                                   (puthash key (cons (float-time) answer) emacs-agent-served--answers))
                           :else (lambda (_) (remhash key emacs-agent-served--answers)))
      (let ((until (+ (float-time) emacs-agent-served--patience)))
        (while (and wait (eq 'waiting (cdr (gethash key emacs-agent-served--answers))) (< (float-time) until))
          (accept-process-output nil 0.02))))
    (let ((answer (cdr (gethash key emacs-agent-served--answers))))
      (and (consp answer) answer))))

;;;; Commands

(defun emacs-agent-served-commands (session)
  "Return the commands that hold for SESSION: (NAME . WHAT IT DOES)."
  (cl-loop for command across (or (alist-get 'commands (emacs-agent-served--get "/api/commands" session)) [])
           unless (alist-get 'problem command)
           collect (cons (alist-get 'name command)
                         (string-join (delq nil (list (alist-get 'argument_hint command)
                                                      (alist-get 'description command)))
                                      "  "))))

(defun emacs-agent-served-names (session name)
  "Return the names of all commands that SESSION has; nil if they are not known.
They are requested again if NAME is not among them, since it may be new."
  (cl-flet ((names (fresh)
              (mapcar (lambda (command) (alist-get 'name command))
                      (alist-get 'commands (emacs-agent-served--get "/api/commands" session :fresh fresh)))))
    (let ((known (names 30)))
      (if (member name known) known (names 1)))))

(defun emacs-agent-served-command (text)
  "Return what TEXT asks of the backend if it is a command, as the API has it.
A path such as /etc/hosts is none."
  (when (string-match "\\`/\\([[:alnum:]_.:-]+\\)\\(?:[ \t\n]+\\(\\(?:.\\|\n\\)*\\)\\)?\\'" text)
    (let ((name (match-string 1 text))
          (arguments (string-trim (or (match-string 2 text) ""))))
      (emacs-agent-present 'name name
                           'arguments (unless (string-empty-p arguments) (emacs-agent-clean-text arguments))))))

(defun emacs-agent-served-show (session answer)
  "Show the ANSWER to a command of SESSION, if it was one that is no prompt."
  (when (equal (alist-get 'status answer) "done")
    (let ((text (or (alist-get 'text answer) ""))
          (prompt (alist-get 'text (alist-get 'result answer)))
          (buffer (emacs-agent-session-buffer session)))
      (if (string-search "\n" text)
          (emacs-agent-popup-text "*emacs-agent answer*" text)
        (emacs-agent-say "%s" text))
      ;; A rewind gives the prompt back, for editing.
      (when (and (stringp prompt) (buffer-live-p buffer))
        (with-current-buffer buffer (emacs-agent-input-add prompt))))))

;;;; Resources

(defun emacs-agent-served-resources (session wait)
  "Return the resources that MCP servers offer to SESSION, as server:uri.
Without WAIT, those of the last answer."
  (cl-loop for resource across (or (alist-get 'resources
                                              (emacs-agent-served--get "/api/resources" session :wait wait))
                                   [])
           collect (format "%s:%s" (alist-get 'server resource) (alist-get 'uri resource))))

(provide 'emacs-agent-served)
;;; emacs-agent-served.el ends here
