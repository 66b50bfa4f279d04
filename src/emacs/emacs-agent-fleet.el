;;; emacs-agent-fleet.el --- Commands on the sessions in the list  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Deciding what waits, visiting, stopping, closing, resuming, forking and rewinding.

;;; Code:

(require 'emacs-agent-overview)
(require 'emacs-agent-verdict)
(require 'emacs-agent-resume)
(require 'emacs-agent-rewind)

;;;###autoload
(defun emacs-agent-sessions ()
  "Show all sessions, and what waits in them."
  (interactive)
  (emacs-agent-list-show "*emacs-agent sessions*" #'emacs-agent-sessions-mode))

;;;; The session at point

(defun emacs-agent-fleet-data ()
  "Return the session at point, as the backend describes it."
  (let ((id (emacs-agent-list-item)))
    (or (emacs-agent-live-session (if (consp id) (car id) id)) (user-error "This session is gone"))))

(defun emacs-agent-fleet--event ()
  "Return what waits at point, or first in the session at point."
  (let* ((id (emacs-agent-list-item)) (data (emacs-agent-fleet-data))
         (waiting (append (alist-get 'pending_approvals data) (alist-get 'pending_questions data) nil)))
    (or (if (consp id)
            (cl-find (cdr id) waiting :test #'equal :key #'emacs-agent-session-waiting-id)
          (car waiting))
        (user-error "Nothing waits here"))))

(defun emacs-agent-sessions-approve ()
  "Approve the call at point, after it was shown; visit a question."
  (interactive)
  (emacs-agent-fleet--decide #'emacs-agent-verdict-approve))

(defun emacs-agent-sessions-reject ()
  "Reject the call at point, after it was shown; visit a question."
  (interactive)
  (emacs-agent-fleet--decide #'emacs-agent-verdict-reject))

(defun emacs-agent-fleet--decide (verdict)
  "Call VERDICT with the session and the call at point, or visit the question."
  (let ((event (emacs-agent-fleet--event)))
    (if (alist-get 'tool_call_id event)
        (funcall verdict (emacs-agent-fleet-data) event)
      (emacs-agent-sessions-visit))))

(defun emacs-agent-sessions-show ()
  "Show what the call at point would do."
  (interactive)
  (emacs-agent-verdict-show (emacs-agent-fleet--event)))

;;;; Commands

(defun emacs-agent-sessions-visit ()
  "Show the conversation at point, and what waits at point in it."
  (interactive)
  (let ((id (emacs-agent-list-item)) (data (emacs-agent-fleet-data)))
    (if (equal (alist-get 'agent_state data) "ended")
        (emacs-agent-sessions-resume)
      (let ((session (emacs-agent-sessions-open data)))
        (when (consp id)
          (let ((section (emacs-agent-section-with-id (cdr id))))
            (when section (goto-char (emacs-agent-section-start section)))))
        session))))

(defun emacs-agent-sessions-visit-clicked (event)
  "Show the conversation of the line that was clicked by EVENT."
  (interactive "e")
  (select-window (posn-window (event-start event)))
  (goto-char (posn-point (event-start event)))
  (emacs-agent-sessions-visit))

(defun emacs-agent-sessions-open (data)
  "Show the conversation that DATA, the backend's description, is about.
Return its session."
  (let-alist data
    (let ((session (or (emacs-agent-session-with-id .session_id) (emacs-agent-session-make data))))
      (unless (buffer-live-p (emacs-agent-session-buffer session))
        (emacs-agent-mode-buffer session)
        (emacs-agent-session-follow session))
      (emacs-agent-mode-show session)
      session)))

(defun emacs-agent-fleet--path (rest)
  "Return the path of the session at point in the API, with REST after it."
  (format "/api/sessions/%s%s" (alist-get 'session_id (emacs-agent-fleet-data)) rest))

(defun emacs-agent-sessions-interrupt ()
  "Stop what the session at point does."
  (interactive)
  (emacs-agent-request "POST" (emacs-agent-fleet--path "/interrupt") :body t))

(defun emacs-agent-sessions-close ()
  "Close the session at point; it can be resumed."
  (interactive)
  (let ((path (emacs-agent-fleet--path "")))
    (when (y-or-n-p "Close this session? ")
      (emacs-agent-request "DELETE" path))))

(defun emacs-agent-sessions-fork ()
  "Open another conversation that begins with all of the one at point."
  (interactive)
  (emacs-agent-request
   "POST" (emacs-agent-fleet--path "/fork") :body t
   :then (lambda (data) (run-at-time 0 nil #'emacs-agent-sessions-open data))))

(defun emacs-agent-sessions-rewind ()
  "Visit the conversation at point and go back to before a prompt of it."
  (interactive)
  (let ((session (emacs-agent-sessions-open (emacs-agent-fleet-data))) (tries 100))
    (with-current-buffer (emacs-agent-session-buffer session)
      (while (and (not (emacs-agent-session-caught-up session)) (>= (cl-decf tries) 0))
        (accept-process-output nil 0.05))
      (goto-char (point-max))
      (call-interactively #'emacs-agent-rewind))))

(defun emacs-agent-sessions-resume ()
  "Resume the session at point if it has ended, or one of its project."
  (interactive)
  (let-alist (emacs-agent-fleet-data)
    (if (equal .agent_state "ended")
        (emacs-agent-resume-id .session_id .project_path)
      (let ((default-directory (file-name-as-directory .project_path)))
        (emacs-agent-resume)))))

(defun emacs-agent-close ()
  "Close this conversation's session; it can be resumed."
  (interactive)
  (let ((session (emacs-agent-context-session)))
    (emacs-agent-request
     "DELETE" (emacs-agent-session-path session)
     :then (lambda (data)
             (emacs-agent-say "Closed; the transcript is %s"
                              (or (emacs-agent-value (alist-get 'transcript_path data)) "not kept"))))))

(provide 'emacs-agent-fleet)
;;; emacs-agent-fleet.el ends here
