;;; emacs-agent-live.el --- All live sessions, as they are now  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The stream of all sessions reports which one has changed; its description is then requested again, and the functions of
;; `emacs-agent-live-functions' are called.

;;; Code:

(require 'emacs-agent-attention)
(require 'emacs-agent-request)

(defvar emacs-agent-live-functions nil
  "Functions called when `emacs-agent-live-sessions' has changed.")

(defvar emacs-agent-live--sessions (make-hash-table :test #'equal)
  "The sessions, as the backend describes them, by id.")

(defvar emacs-agent-live--asked nil
  "Ids of sessions whose descriptions will be requested.")

(defun emacs-agent-live-sessions ()
  "Return the sessions, as the backend describes them, newest first."
  (sort (hash-table-values emacs-agent-live--sessions)
        (lambda (one other) (string> (alist-get 'started_at one) (alist-get 'started_at other)))))

(defun emacs-agent-live-session (id)
  "Return the session with ID, as the backend describes it, or nil."
  (gethash id emacs-agent-live--sessions))

(defun emacs-agent-live-follow ()
  "Request the descriptions of all sessions, and follow them from now on."
  (add-hook 'emacs-agent-attention-functions #'emacs-agent-live--summary)
  (emacs-agent-request
   "GET" "/api/sessions"
   :then (lambda (data)
           (clrhash emacs-agent-live--sessions)
           (mapc #'emacs-agent-live--put (alist-get 'sessions data))
           (run-hooks 'emacs-agent-live-functions))))

(defun emacs-agent-live-leave ()
  "Stop following the sessions."
  (remove-hook 'emacs-agent-attention-functions #'emacs-agent-live--summary)
  (clrhash emacs-agent-live--sessions))

(defun emacs-agent-live--put (data)
  "Keep DATA, a description of a session."
  (puthash (alist-get 'session_id data) data emacs-agent-live--sessions))

(defun emacs-agent-live--summary (summary)
  "Handle SUMMARY, of a session that changed; nil means that the backend ended."
  (let-alist summary
    (cond ((null summary)
           (emacs-agent-live--end (hash-table-keys emacs-agent-live--sessions)))
          ((eq .closed t) (emacs-agent-live--end (list .session_id)))
          (t (emacs-agent-live-ask .session_id)))))

(defun emacs-agent-live--end (ids)
  "Note that the sessions with IDS have ended; they can be resumed."
  (dolist (id ids)
    (let ((data (gethash id emacs-agent-live--sessions)))
      (when data
        (emacs-agent-live--put `((agent_state . "ended") (pending_approvals . []) (pending_questions . [])
                                 ,@(cl-remove-if (lambda (entry)
                                                   (memq (car entry) '(agent_state pending_approvals pending_questions
                                                                                   turn_started_at children)))
                                                 data))))))
  (run-hooks 'emacs-agent-live-functions))

(defun emacs-agent-live-ask (id)
  "Schedule a request for the description of the session with ID."
  (unless emacs-agent-live--asked (run-at-time 0.05 nil #'emacs-agent-live--ask-all))
  (cl-pushnew id emacs-agent-live--asked :test #'equal))

(defun emacs-agent-live--ask-all ()
  "Request the descriptions of the sessions that have changed."
  (dolist (id (prog1 emacs-agent-live--asked (setq emacs-agent-live--asked nil)))
    (emacs-agent-request
     "GET" (format "/api/sessions/%s" id)
     :then (lambda (data)
             (emacs-agent-live--put data)
             (run-hooks 'emacs-agent-live-functions))
     :else #'ignore)))

(provide 'emacs-agent-live)
;;; emacs-agent-live.el ends here
