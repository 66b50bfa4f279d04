;;; emacs-agent-outbox.el --- What is sent to a session  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Prompts, in the order in which they were written; decisions; settings.  All of it returns at once.  The answers come to
;; the functions that are passed along, and as events.

;;; Code:

(require 'emacs-agent-open)

;;;; Prompts

(defun emacs-agent-session-in-turn (session function)
  "Call FUNCTION as soon as what was sent to SESSION before it has arrived.
It is called with a function to call when it is done itself.  So prompts
arrive in the order in which they were sent, though each has a connection of
its own."
  (setf (emacs-agent-session-outbox session)
        (append (emacs-agent-session-outbox session) (list function)))
  (emacs-agent-session-announce session)
  (unless (cdr (emacs-agent-session-outbox session))
    (emacs-agent-outbox--next session)))

(defun emacs-agent-outbox--next (session)
  "Send what is first in the outbox of SESSION, and then the rest."
  (let ((function (car (emacs-agent-session-outbox session))))
    (when function
      (funcall function (lambda ()
                          (pop (emacs-agent-session-outbox session))
                          (emacs-agent-session-announce session)
                          (emacs-agent-outbox--next session))))))

(cl-defun emacs-agent-session-prompt (session prompt &key then else)
  "Send PROMPT to SESSION and call THEN with the answer, or ELSE.
PROMPT is an alist of what the API calls text, context, attachments, agent,
effort and when_busy, fit for JSON."
  (emacs-agent-session-when-open
   session
   (let ((body `((prompt_id . ,(emacs-agent-outbox--new-id)) ,@prompt)))
     (lambda (failure)
       (if failure
           (when else (funcall else failure))
         (emacs-agent-request "POST" (emacs-agent-session-path session "/prompt")
                              :body body :else else
                              :then (lambda (answer)
                                      (emacs-agent-outbox--accepted session answer)
                                      (when then (funcall then answer)))))))))

(defun emacs-agent-outbox--accepted (session answer)
  "Note in SESSION the turn that ANSWER reports as accepted."
  (let-alist answer
    (when (and (equal .status "accepted") (not (emacs-agent-session-busy-p session))
               (not (equal .turn_id (emacs-agent-session-ended-turn session))))
      (setf (emacs-agent-session-accepted session) .turn_id))))

(defun emacs-agent-outbox--new-id ()
  "Return a unique id."
  (format "em_%s" (substring (secure-hash 'sha1 (format "%s%s%s" (float-time) (random) (emacs-pid))) 0 20)))

;;;; The rest

(defun emacs-agent-session-ask (session)
  "Request the description of SESSION, for the properties that are in no event."
  (emacs-agent-request "GET" (emacs-agent-session-path session)
                       :then (lambda (data) (emacs-agent-session-refresh session data))
                       :else #'ignore))

(defun emacs-agent-session-act (session action body &optional then else)
  "Send ACTION, the end of a path, with BODY to SESSION; call THEN or ELSE."
  (emacs-agent-request "POST" (emacs-agent-session-path session (concat "/" action))
                       :body (or body t) :then then :else else))

(defun emacs-agent-session-update (session settings &optional then else)
  "Change SETTINGS, an alist, of SESSION and call THEN.
ELSE is as in `emacs-agent-request'."
  (emacs-agent-request "PATCH" (emacs-agent-session-path session) :body settings :else else
                       :then (lambda (data)
                               (emacs-agent-session-refresh session data)
                               (when then (funcall then)))))

(defun emacs-agent-outbox--turn-ended (session event)
  "Ask how SESSION is if EVENT ends a turn."
  (when (and (equal (alist-get 'type event) "turn.end")
             (emacs-agent-session-caught-up session))
    (emacs-agent-session-ask session)))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-outbox--turn-ended)

(provide 'emacs-agent-outbox)
;;; emacs-agent-outbox.el ends here
