;;; emacs-agent-connection.el --- Following sessions, whatever happens  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The events of a session come over a stream, which comes back when it is cut.  When the backend dies its sessions are
;; lost, and resumed as soon as it is there again.

;;; Code:

(require 'emacs-agent-outbox)
(require 'emacs-agent-intake)
(require 'emacs-agent-sse)

;;;; The stream

(defun emacs-agent-session-follow (session)
  "Follow the events of SESSION, from the one after the last that is known."
  (emacs-agent-sse-close (emacs-agent-session-stream session))
  (emacs-agent-session-connected session 'connecting)
  (setf (emacs-agent-session-stream session)
        (emacs-agent-sse-open
         #'emacs-agent-backend-current-endpoint
         (emacs-agent-session-path session "/events?render=org")
         :last-id (number-to-string (emacs-agent-session-last-id session))
         :on-frame (lambda (type id data) (emacs-agent-connection--receive session type id data))
         :on-state (lambda (_stream state) (emacs-agent-connection--stream-state session state)))))

(defun emacs-agent-session-leave (session)
  "Stop following SESSION, which stays alive in the backend."
  (emacs-agent-sse-close (emacs-agent-session-stream session))
  (let ((timer (emacs-agent-session-timer session)))
    (when timer (cancel-timer timer)))
  (setf (emacs-agent-session-timer session) nil
        (emacs-agent-session-stream session) nil
        (emacs-agent-session-inbox session) nil
        (emacs-agent-session-backlog session) nil)
  (setq emacs-agent-session-list (delq session emacs-agent-session-list)))

(defun emacs-agent-connection--receive (session type id data)
  "Put a frame of SESSION, its TYPE, ID and DATA, into the queue."
  (when id
    (setf (emacs-agent-stream-last-id (emacs-agent-session-stream session)) id))
  (if (equal type "editor.request")
      ;; The agent waits for the answer, so that it does not queue behind what is shown.
      (emacs-agent-run-hook 'emacs-agent-session-request-functions session (emacs-agent-json-parse data))
    (emacs-agent-intake-add session type data)))

(defun emacs-agent-connection--stream-state (session state)
  "React to STATE of the stream of SESSION."
  (pcase state
    ((pred integerp)
     (emacs-agent-intake-drain session t)
     (unless (eq (emacs-agent-session-connection session) 'ended)
       (emacs-agent-session-ended session)
       (emacs-agent-say "Emacs-Agent: session %s is not live any more; C-c C-r resumes it"
                        (emacs-agent-session-name session))))
    ('waiting (if (eq (emacs-agent-session-connection session) 'ended)
                  (emacs-agent-sse-close (emacs-agent-session-stream session))
                (emacs-agent-session-connected session 'waiting)))
    (_ (emacs-agent-session-connected session state))))

;;;; The backend

(defun emacs-agent-connection--backend-changed (state _text)
  "React to STATE of the backend: sessions are lost with it and resumed."
  (pcase state
    ((or 'died 'stopped 'failed)
     (dolist (session emacs-agent-session-list)
       (unless (eq (emacs-agent-session-connection session) 'ended)
         (emacs-agent-sse-close (emacs-agent-session-stream session))
         (setf (emacs-agent-session-state session) "idle")
         (emacs-agent-session-connected session 'lost))))
    ((or 'ready 'restarted)
     (dolist (session emacs-agent-session-list)
       (when (eq (emacs-agent-session-connection session) 'lost)
         (emacs-agent-session-revive session))))))

(add-hook 'emacs-agent-backend-functions #'emacs-agent-connection--backend-changed)

(defun emacs-agent-session-revive (session &optional then else)
  "Resume SESSION, follow it again, and call THEN, or ELSE with what went wrong."
  (if (emacs-agent-session-id session)
      (emacs-agent-connection--resume session then else)
    (funcall (emacs-agent-session-open session))
    (emacs-agent-session-when-open
     session (lambda (failure)
               (cond ((not failure) (when then (funcall then)))
                     (else (funcall else failure)))))))

(defun emacs-agent-connection--resume (session then else)
  "Resume SESSION, which has an id, follow it again, and call THEN, or ELSE."
  (emacs-agent-request
   "POST" (emacs-agent-session-path session "/resume") :body t
   :then (lambda (answer)
           (emacs-agent-session-give-back session answer)
           (setf (emacs-agent-session-unsaved session) 'never
                 (emacs-agent-session-editor session) nil)
           (when (buffer-live-p (emacs-agent-session-buffer session))
             (emacs-agent-session-follow session))
           (emacs-agent-session-ask session)
           (when then (funcall then)))
   :else (lambda (failure)
           (emacs-agent-session-ended session)
           (emacs-agent-say "Emacs-Agent: session %s cannot be resumed: %s"
                            (emacs-agent-session-name session) (alist-get 'message failure))
           (when else (funcall else failure)))))

(defun emacs-agent-session-give-back (session answer)
  "Give back what SESSION dropped, according to ANSWER of the backend.
Return whether there were any."
  (let ((dropped (mapcar (lambda (prompt) (alist-get 'text prompt)) (alist-get 'dropped answer))))
    (when dropped
      (emacs-agent-run-hook 'emacs-agent-session-dropped-functions session dropped))
    (and dropped t)))

(provide 'emacs-agent-connection)
;;; emacs-agent-connection.el ends here
