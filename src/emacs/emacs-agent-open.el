;;; emacs-agent-open.el --- Opening a session  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A session exists here at once, and in the backend when that has answered.

;;; Code:

(require 'emacs-agent-request)
(require 'emacs-agent-session)

(defcustom emacs-agent-review-edits nil
  "Whether the edits of a turn wait for one review of them all in new sessions.
Nil leaves that to the configuration of the backend (`review_edits').  The
command `emacs-agent-toggle-review-edits' changes it in one conversation."
  :type '(choice (const :tag "As the backend is configured" nil) (const :tag "One review of all edits" t))
  :group 'emacs-agent)

(defun emacs-agent-session-environment ()
  "Return environment variables of this buffer, but not of Emacs, as an alist.
That is what direnv, envrc and the like have set for a project."
  (let ((global (default-value 'process-environment)) (seen nil))
    ;; The environment of a project on another machine is set there.
    (unless (or (eq process-environment global) (file-remote-p default-directory))
      (cl-loop for entry in process-environment
               for equals = (string-search "=" entry)
               for name = (substring entry 0 equals)
               unless (member name seen)
               do (push name seen)
               and when (and equals (not (member entry global))
                             (string-match-p "\\`[A-Za-z_][A-Za-z0-9_]*\\'" name))
               collect (cons (intern name) (emacs-agent-clean-text (substring entry (1+ equals))))))))

(cl-defun emacs-agent-session-create (project &key model agent title env save before then else)
  "Open a session on PROJECT, a directory, and return it at once.
It has no id until the backend has answered; then THEN is called with it, or
ELSE with what went wrong.  MODEL, AGENT and TITLE are as the backend has
them, ENV an alist of variables.  SAVE is nil or t for a transcript, `:false'
for none.  BEFORE is called first with a function that goes on."
  (let ((session (make-emacs-agent-session
                  :project (directory-file-name (expand-file-name project))
                  :model model :agent agent :title title)))
    (setf (emacs-agent-session-open session)
          (lambda ()
            (setf (emacs-agent-session-failure session) nil)
            (emacs-agent-session-connected session 'connecting)
            (let ((go-on (lambda () (emacs-agent-open--request session env save then else))))
              (emacs-agent-backend-ensure
               (lambda (reason)
                 (if (or reason (not before)) (funcall go-on) (funcall before go-on)))))))
    (push session emacs-agent-session-list)
    (funcall (emacs-agent-session-open session))
    session))

(defun emacs-agent-open--request (session env save then else)
  "Ask the backend for SESSION, with ENV and SAVE, and call THEN or ELSE."
  (emacs-agent-request
   "POST" "/api/sessions"
   :body `((project_path . ,(emacs-agent-session-project session))
           ,@(emacs-agent-present 'model (emacs-agent-session-model session)
                                  'agent (emacs-agent-session-agent session)
                                  'title (emacs-agent-session-title session) 'env env)
           ,@(emacs-agent-present 'config (append (and (eq save :false) '((save_transcript . :false)))
                                                  (and emacs-agent-review-edits '((review_edits . t))))))
   :then (lambda (data)
           (setf (emacs-agent-session-id session) (alist-get 'session_id data))
           (emacs-agent-session-refresh session data)
           (emacs-agent-open--release session nil)
           (when then (funcall then session)))
   :else (lambda (failure)
           (setf (emacs-agent-session-failure session) failure)
           (emacs-agent-session-ended session)
           (emacs-agent-open--release session failure)
           (if else (funcall else failure)
             (emacs-agent-say "Emacs-Agent: %s" (alist-get 'message failure))))))

(defun emacs-agent-session-when-open (session function)
  "Call FUNCTION with nil as soon as SESSION has an id, or with what went wrong."
  (cond ((emacs-agent-session-id session) (funcall function nil))
        ((emacs-agent-session-failure session) (funcall function (emacs-agent-session-failure session)))
        (t (setf (emacs-agent-session-waiters session)
                 (append (emacs-agent-session-waiters session) (list function))))))

(defun emacs-agent-open--release (session failure)
  "Call those who wait for SESSION with FAILURE, or nil."
  (let ((waiters (emacs-agent-session-waiters session)))
    (setf (emacs-agent-session-waiters session) nil)
    (dolist (function waiters)
      (emacs-agent-run-safely function failure))))

(provide 'emacs-agent-open)
;;; emacs-agent-open.el ends here
