;;; emacs-agent-session.el --- A session as its events have it  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; What is known of a session, and the hooks through which those who show it are informed.

;;; Code:

(require 'emacs-agent-base)
(require 'emacs-agent-json)

(defvar emacs-agent-session-event-functions nil
  "Functions called with a session and each event, in the session's buffer.")

(defvar emacs-agent-session-request-functions nil
  "Functions called with a session and a request of the backend, without delay.")

(defvar emacs-agent-session-batch-functions nil
  "Functions called with a session after some events, in its buffer.")

(defvar emacs-agent-session-changed-functions nil
  "Functions called with a session whose state is another one now.")

(defvar emacs-agent-session-dropped-functions nil
  "Functions called with a session and the prompts that it will not see, texts.")

(cl-defstruct (emacs-agent-session (:copier nil))
  "A session as its events have it."
  id project title model agent
  notice                                ; about the model, for who chose it
  (state "idle") details
  since                                 ; when the turn that runs, or the last one, began
  ended-turn                            ; the last turn that ended
  accepted                              ; the turn that the backend has accepted, until its first event
  (connection 'connecting)              ; connecting, open, waiting, lost, ended
  buffer stream
  (last-id 0)
  (backlog nil) (inbox nil)             ; frames: in order, and newest first
  timer caught-up
  (usage nil) context-tokens context-window
  open waiters failure                  ; how to ask for it, who waits for that, and why there is none
  (outbox nil)                          ; what is being sent, and what waits for that
  (queued nil)                          ; alists of turn_id and text
  (pending nil)                         ; tool.call events that wait for a decision
  (questions nil)                       ; question events that wait for an answer
  (calls (make-hash-table :test #'equal)) ; tool_call_id → its tool.call event
  (changes nil)                         ; file.changed events, newest first
  (config nil)                          ; with the mode, among others
  draft                                 ; the last tool.draft, while nothing else came
  editor                                ; the connection for which its tools are registered, and whether that is done
  (unsaved 'never))                     ; what was last reported of unsaved buffers

(defvar-local emacs-agent-session nil
  "The session of this buffer.")

(defvar emacs-agent-session-list nil
  "The sessions that this Emacs shows, newest first.")

(defun emacs-agent-session-with-id (id)
  "Return the session with ID, shown in this Emacs, or nil."
  (cl-find id emacs-agent-session-list :key #'emacs-agent-session-id :test #'equal))

(defun emacs-agent-session-path (session &optional rest)
  "Return the path of SESSION in the API, with REST after it."
  (format "/api/sessions/%s%s" (emacs-agent-session-id session) (or rest "")))

(defun emacs-agent-session-busy-p (session)
  "Whether SESSION is at work."
  (not (member (emacs-agent-session-state session) '("idle" "error"))))

(defun emacs-agent-session-live-p (session)
  "Whether SESSION takes a prompt."
  (not (memq (emacs-agent-session-connection session) '(lost ended))))

(defun emacs-agent-session-waiting (session)
  "Return how many approvals and questions of SESSION wait."
  (+ (length (emacs-agent-session-pending session))
     (length (emacs-agent-session-questions session))))

(defun emacs-agent-session-waiting-events (session)
  "Return the events of the approvals and the questions of SESSION that wait."
  (append (emacs-agent-session-pending session) (emacs-agent-session-questions session)))

(defun emacs-agent-session-waiting-id (event)
  "Return the id of the call or of the question of EVENT."
  (or (alist-get 'tool_call_id event) (alist-get 'question_id event)))

(defun emacs-agent-session-remote (session)
  "Return the prefix of the files of SESSION if it is about another machine.
That is what their names begin with, such as \"/ssh:user@host:\"; else nil."
  (let* ((project (emacs-agent-session-project session))
         (local (file-remote-p project 'localname)))
    (and local (substring-no-properties (string-remove-suffix local project)))))

(defun emacs-agent-session-file (session path)
  "Return PATH, as an event of SESSION has it, as an absolute file name.
It is on the machine of SESSION, whatever PATH looks like."
  (let ((remote (emacs-agent-session-remote session)))
    (cond ((not (file-name-absolute-p path)) (expand-file-name path (emacs-agent-session-project session)))
          ((not remote) (if (file-remote-p path) (file-name-quote path t) (expand-file-name path)))
          ((string-prefix-p (concat remote "/") path) path)
          (t (concat remote path)))))

(defun emacs-agent-session-short-name (session path)
  "Return PATH relative to the project of SESSION if it is inside."
  (let ((file (emacs-agent-session-file session path))
        (root (file-name-as-directory (emacs-agent-session-project session)))
        (remote (emacs-agent-session-remote session)))
    (cond ((string-prefix-p root file) (substring file (length root)))
          (remote (string-remove-prefix remote file))
          (t (abbreviate-file-name file)))))

(defun emacs-agent-session-cost (session)
  "Return what SESSION has cost, in dollars, or nil."
  (emacs-agent-value (alist-get 'cost_usd (emacs-agent-session-usage session))))

(defun emacs-agent-session-mode (session)
  "Return the name of the mode of SESSION."
  (or (emacs-agent-value (alist-get 'mode (emacs-agent-session-config session))) "ask"))

(defun emacs-agent-session-name (session)
  "Return how people call SESSION."
  (let ((title (emacs-agent-session-title session)))
    (if (or (not title) (string-empty-p title))
        (truncate-string-to-width (or (emacs-agent-session-id session) "new") 8)
      (emacs-agent-one-line title 40))))

;;;; Properties that are in no event

(defun emacs-agent-session-make (data)
  "Return a new session from DATA, the backend's own description of it."
  (let-alist data
    (let ((session (make-emacs-agent-session :id .session_id :project .project_path)))
      (push session emacs-agent-session-list)
      (emacs-agent-session-refresh session data)
      session)))

(defun emacs-agent-session-refresh (session data)
  "Update the properties of SESSION that are in no event from DATA."
  (let-alist data
    (setf (emacs-agent-session-title session) (emacs-agent-value .title)
          (emacs-agent-session-model session) .model
          (emacs-agent-session-agent session) .agent
          (emacs-agent-session-notice session) (emacs-agent-value .notice)
          (emacs-agent-session-config session) .config
          (emacs-agent-session-context-tokens session) (emacs-agent-value .context_tokens)
          (emacs-agent-session-context-window session) (emacs-agent-value .context_window))
    ;; Until then the events that are still to come would be counted twice.
    (when (emacs-agent-session-caught-up session)
      (setf (emacs-agent-session-usage session) .usage))
    (emacs-agent-session-announce session)))

;;;; Changes

(defun emacs-agent-session-announce (session)
  "Report to its observers that SESSION has changed."
  (emacs-agent-run-hook 'emacs-agent-session-changed-functions session))

(defun emacs-agent-session-connected (session connection)
  "Set the CONNECTION of SESSION."
  (unless (eq (emacs-agent-session-connection session) connection)
    (setf (emacs-agent-session-connection session) connection)
    (emacs-agent-session-announce session)))

(defun emacs-agent-session-ended (session)
  "Note that SESSION has ended: clear its state and all that waited."
  (setf (emacs-agent-session-state session) "idle"
        (emacs-agent-session-accepted session) nil
        (emacs-agent-session-pending session) nil
        (emacs-agent-session-questions session) nil
        (emacs-agent-session-queued session) nil)
  (emacs-agent-session-connected session 'ended))

(provide 'emacs-agent-session)
;;; emacs-agent-session.el ends here
