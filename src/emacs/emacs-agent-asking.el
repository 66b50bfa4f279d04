;;; emacs-agent-asking.el --- What is asked of the backend about a session  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Opening a session, prompting it, deciding and changing things in it.  All of it returns at once; the answers come to
;; the functions that are given along, and as events.

;;; Code:

(require 'emacs-agent-backend)
(require 'emacs-agent-session)

;;;; Opening

(defun emacs-agent-session-environment ()
  "Return what the environment of this buffer adds to Emacs' own, as an alist.
That is what direnv, envrc and the like have set for a project."
  (let ((global (default-value 'process-environment)) (seen nil))
    (unless (eq process-environment global)
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
            (emacs-agent-session--connection session 'connecting)
            (let ((go-on (lambda () (emacs-agent-session--open session env save then else))))
              (emacs-agent-backend-ensure
               (lambda (reason)
                 (if (or reason (not before)) (funcall go-on) (funcall before go-on)))))))
    (push session emacs-agent-session-list)
    (funcall (emacs-agent-session-open session))
    session))

(defun emacs-agent-session--open (session env save then else)
  "Ask the backend for SESSION, with ENV and SAVE, and call THEN or ELSE."
  (emacs-agent-request
   "POST" "/api/sessions"
   :body `((project_path . ,(emacs-agent-session-project session))
           ,@(emacs-agent-present 'model (emacs-agent-session-model session)
                                  'agent (emacs-agent-session-agent session)
                                  'title (emacs-agent-session-title session) 'env env)
           ,@(and (eq save :false) '((config . ((save_transcript . :false))))))
   :then (lambda (data)
           (setf (emacs-agent-session-id session) (alist-get 'session_id data))
           (emacs-agent-session-refresh session data)
           (emacs-agent-session--release session nil)
           (when then (funcall then session)))
   :else (lambda (failure)
           (setf (emacs-agent-session-failure session) failure)
           (emacs-agent-session--ended session)
           (emacs-agent-session--release session failure)
           (if else (funcall else failure)
             (emacs-agent-say "Emacs-Agent: %s" (alist-get 'message failure))))))

(defun emacs-agent-session-when-open (session function)
  "Call FUNCTION with nil as soon as SESSION has an id, or with what went wrong."
  (cond ((emacs-agent-session-id session) (funcall function nil))
        ((emacs-agent-session-failure session) (funcall function (emacs-agent-session-failure session)))
        (t (setf (emacs-agent-session-waiters session)
                 (append (emacs-agent-session-waiters session) (list function))))))

(defun emacs-agent-session--release (session failure)
  "Call those who wait for SESSION with FAILURE, or nil."
  (let ((waiters (emacs-agent-session-waiters session)))
    (setf (emacs-agent-session-waiters session) nil)
    (dolist (function waiters)
      (emacs-agent-http--call function failure))))

;;;; Prompting

(defun emacs-agent-session-in-turn (session function)
  "Call FUNCTION as soon as what was sent to SESSION before it has arrived.
It is called with a function to call when it is done itself.  So prompts
arrive in the order in which they were sent, though each has a connection of
its own."
  (setf (emacs-agent-session-outbox session)
        (append (emacs-agent-session-outbox session) (list function)))
  (unless (cdr (emacs-agent-session-outbox session))
    (emacs-agent-session--next-turn session)))

(defun emacs-agent-session--next-turn (session)
  "Send what is first in the outbox of SESSION, and then the rest."
  (let ((function (car (emacs-agent-session-outbox session))))
    (when function
      (funcall function (lambda ()
                          (pop (emacs-agent-session-outbox session))
                          (emacs-agent-session--next-turn session))))))

(cl-defun emacs-agent-session-prompt (session text &key context attachments agent effort when-busy then else)
  "Send TEXT to SESSION and call THEN with the answer, or ELSE.
CONTEXT is an alist, ATTACHMENTS a list of alists, AGENT and EFFORT are for
this turn.  WHEN-BUSY is a string: queue, steer or reject."
  (emacs-agent-session-when-open
   session
   (let ((body (emacs-agent-session--prompt-body text context attachments agent effort when-busy)))
     (lambda (failure)
       (if failure
           (when else (funcall else failure))
         (emacs-agent-request "POST" (emacs-agent-session-path session "/prompt")
                              :body body :then then :else else))))))

(defun emacs-agent-session--prompt-body (text context attachments agent effort when-busy)
  "Return the body of a prompt with TEXT.
CONTEXT, ATTACHMENTS, AGENT, EFFORT and WHEN-BUSY are as for
`emacs-agent-session-prompt'."
  `((text . ,(emacs-agent-clean-text text))
    (prompt_id . ,(emacs-agent-session--new-id))
    ,@(emacs-agent-present 'context context 'agent agent 'effort effort 'when_busy when-busy
                           'attachments (and attachments (vconcat attachments)))))

(defun emacs-agent-session--new-id ()
  "Return an id that nobody else has."
  (format "em_%s" (substring (secure-hash 'sha1 (format "%s%s%s" (float-time) (random) (emacs-pid))) 0 20)))

;;;; The rest

(defun emacs-agent-session-ask (session)
  "Ask the backend how SESSION is, for what no event says."
  (emacs-agent-request "GET" (emacs-agent-session-path session)
                       :then (lambda (data) (emacs-agent-session-refresh session data))
                       :else #'ignore))

(defun emacs-agent-session-act (session action body &optional then else)
  "Send ACTION, the end of a path, with BODY to SESSION; call THEN or ELSE."
  (emacs-agent-request "POST" (emacs-agent-session-path session (concat "/" action))
                       :body (or body t) :then then :else else))

(defun emacs-agent-session-update (session settings &optional then)
  "Change SETTINGS, an alist, of SESSION and call THEN."
  (emacs-agent-request "PATCH" (emacs-agent-session-path session) :body settings
                       :then (lambda (data)
                               (emacs-agent-session-refresh session data)
                               (when then (funcall then)))))

(defun emacs-agent-session--turn-ended (session event)
  "Ask how SESSION is if EVENT ends a turn."
  (when (and (equal (alist-get 'type event) "turn.end")
             (emacs-agent-session-caught-up session))
    (emacs-agent-session-ask session)))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-session--turn-ended)

(provide 'emacs-agent-asking)
;;; emacs-agent-asking.el ends here
