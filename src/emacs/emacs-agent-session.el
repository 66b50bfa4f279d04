;;; emacs-agent-session.el --- A session and its events  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A session is what its events say.  They arrive as text in a process filter, wait in a queue, and are taken in
;; by a timer, some milliseconds at a time, so that Emacs answers however fast they come.  Whoever shows something
;; is told through hooks.

;;; Code:

(require 'emacs-agent-http)

(defvar emacs-agent-session-event-functions nil
  "Functions called with a session and each event, in the session's buffer.")

(defvar emacs-agent-session-batch-functions nil
  "Functions called with a session after some events, in its buffer.")

(defvar emacs-agent-session-changed-functions nil
  "Functions called with a session whose state is another one now.")

(defvar emacs-agent-session-dropped-functions nil
  "Functions called with a session and the prompts that it will not see, texts.")

(defvar emacs-agent-session-interval 0.03
  "Seconds in which events are gathered for a batch.")

(defvar emacs-agent-session-slice 0.01
  "Seconds that a batch of events may take, and three times that in a replay.
Showing them, redisplay and a garbage collection come on top of that, so that
smaller batches would take much longer altogether.")

(defvar emacs-agent-session-frames 250
  "Events in a batch, at most: what they show is only written after them.")

(cl-defstruct (emacs-agent-session (:copier nil))
  "A session as its events have it."
  id project title model agent
  notice                                ; about the model, for who chose it
  (state "idle") details
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
  (config nil)
  (unsaved 'never))                     ; what was last reported of unsaved buffers

(defvar emacs-agent-session-list nil
  "The sessions that this Emacs shows, newest first.")

(defvar-local emacs-agent-session nil
  "The session of this buffer.")

(defun emacs-agent-session-with-id (id)
  "Return the session with ID that this Emacs shows, or nil."
  (cl-find id emacs-agent-session-list :key #'emacs-agent-session-id :test #'equal))

(defun emacs-agent-session-path (session &optional rest)
  "Return the path of SESSION in the API, with REST after it."
  (format "/api/sessions/%s%s" (emacs-agent-session-id session) (or rest "")))

(defun emacs-agent-session-busy-p (session)
  "Whether SESSION is at work."
  (not (member (emacs-agent-session-state session) '("idle" "error"))))

(defun emacs-agent-session-live-p (session)
  "Whether SESSION takes prompts."
  (not (memq (emacs-agent-session-connection session) '(lost ended))))

(defun emacs-agent-session-waiting (session)
  "Return how many approvals and questions of SESSION wait."
  (+ (length (emacs-agent-session-pending session))
     (length (emacs-agent-session-questions session))))

(defun emacs-agent-session-file (session path)
  "Return PATH, as an event of SESSION has it, as an absolute file name."
  (expand-file-name path (emacs-agent-session-project session)))

(defun emacs-agent-session-short-name (session path)
  "Return PATH relative to the project of SESSION if it is inside."
  (let ((file (emacs-agent-session-file session path))
        (root (file-name-as-directory (emacs-agent-session-project session))))
    (if (string-prefix-p root file) (substring file (length root)) (abbreviate-file-name file))))

;;;; Taking in

(defun emacs-agent-session-make (data)
  "Return a new session from DATA, the backend's own description of it."
  (let-alist data
    (let ((session (make-emacs-agent-session :id .session_id :project .project_path)))
      (push session emacs-agent-session-list)
      (emacs-agent-session-refresh session data)
      session)))

(defun emacs-agent-session-refresh (session data)
  "Take from DATA, the backend's description of SESSION, what no event says."
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
    (emacs-agent-session--changed session)))

(defun emacs-agent-session--schedule (session)
  "See to it that the queue of SESSION is worked off."
  (unless (emacs-agent-session-timer session)
    (emacs-agent-session--wait session (if (emacs-agent-session-backlog session) 0.005
                                         emacs-agent-session-interval)
                               5)))

(defun emacs-agent-session--wait (session seconds patience)
  "Have the turn of SESSION come in SECONDS; PATIENCE is as for that."
  (setf (emacs-agent-session-timer session)
        (run-at-time seconds nil #'emacs-agent-session--turn session (+ (float-time) seconds) patience)))

(defun emacs-agent-session--turn (session due patience)
  "Take in events of SESSION, or wait up to PATIENCE times more.
A timer that is late, after DUE, may run before Emacs has looked at processes
since the batch before.  And garbage is better collected in a turn of its own
than on top of a batch."
  (if (and (> patience 0)
           (or (> (float-time) (+ due 0.004)) (garbage-collect-maybe 2)))
      (emacs-agent-session--wait session 0.005 (1- patience))
    (emacs-agent-session-drain session)))

(defun emacs-agent-session-drain (session &optional all)
  "Take in events of SESSION for a moment; ALL of them if that is non-nil."
  (setf (emacs-agent-session-timer session) nil)
  (let ((buffer (emacs-agent-session-buffer session))
        (deadline (+ (float-time)
                     (* (if (emacs-agent-session-caught-up session) 1 3) emacs-agent-session-slice)))
        (count 0) frame)
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        (emacs-agent-collecting-later
          (while (and (setq frame (emacs-agent-session--next session))
                      (progn (emacs-agent-session--take session frame)
                             (or all (and (< (float-time) deadline)
                                          (< (cl-incf count) emacs-agent-session-frames))))))
          (emacs-agent-session--run 'emacs-agent-session-batch-functions session))
        (when (or (emacs-agent-session-inbox session) (emacs-agent-session-backlog session))
          (emacs-agent-session--schedule session))))))

(defun emacs-agent-session--next (session)
  "Return the next frame of SESSION."
  (unless (emacs-agent-session-backlog session)
    (setf (emacs-agent-session-backlog session) (nreverse (emacs-agent-session-inbox session))
          (emacs-agent-session-inbox session) nil))
  (pop (emacs-agent-session-backlog session)))

(defun emacs-agent-session--take (session frame)
  "Take in FRAME of SESSION.  What is malformed is logged and left out."
  (condition-case-unless-debug err
      (let ((event (emacs-agent-json-parse (cdr frame))))
        (unless (and (consp event) (consp (car event)))
          (error "No event: %s" (emacs-agent-one-line (cdr frame) 60)))
        (emacs-agent-session-event session event))
    (error (emacs-agent-log "Left out an event (%s): %s" (car frame) (error-message-string err)))))

(defun emacs-agent-session-event (session event)
  "Take in EVENT of SESSION, in its buffer, unless it is known already."
  (let ((id (alist-get 'id event)))
    (unless (and id (<= id (emacs-agent-session-last-id session)))
      (when id (setf (emacs-agent-session-last-id session) id))
      (emacs-agent-session--note session event)
      (emacs-agent-session--run 'emacs-agent-session-event-functions session event))))

(defun emacs-agent-session--run (hook &rest args)
  "Run HOOK with ARGS; a function that fails keeps nothing from the others."
  (run-hook-wrapped hook (lambda (function) (apply #'emacs-agent-http--call function args) nil)))

;;;; What events say

(defun emacs-agent-session--note (session event)
  "Keep in SESSION what EVENT says about its state."
  (let-alist event
    (pcase .type
      ("agent.state" (emacs-agent-session--state session event))
      ("session.created" (setf (emacs-agent-session-project session) .project_path)
       (emacs-agent-session--settings session event))
      ("session.updated" (emacs-agent-session--settings session event))
      ("session.closed" (emacs-agent-session--ended session))
      ("session.resumed" (setf (emacs-agent-session-pending session) nil
                               (emacs-agent-session-questions session) nil)
       ;; A replay has the end of the session before this.
       (emacs-agent-session--connection session 'open))
      ("prompt.queued" (setf (emacs-agent-session-queued session)
                             (append (emacs-agent-session-queued session)
                                     (list `((turn_id . ,.turn_id) (text . ,.text)
                                             (when_busy . ,.when_busy))))))
      ((or "prompt" "prompt.dropped") (emacs-agent-session--unqueue session .turn_id))
      ("tool.call"
       (puthash .tool_call_id event (emacs-agent-session-calls session))
       (when (eq .requires_approval t)
         (setf (emacs-agent-session-pending session)
               (append (emacs-agent-session-pending session) (list event)))))
      ((or "approval" "tool.result") (emacs-agent-session--decided session .tool_call_id))
      ("question" (setf (emacs-agent-session-questions session)
                        (append (emacs-agent-session-questions session) (list event))))
      ("answer" (setf (emacs-agent-session-questions session)
                      (cl-remove .question_id (emacs-agent-session-questions session) :test #'equal
                                 :key (lambda (question) (alist-get 'question_id question)))))
      ("file.changed" (push event (emacs-agent-session-changes session)))
      ("turn.end" (emacs-agent-session--add-usage session .usage))
      ("reset" (emacs-agent-session--forget session)))
    (when (member .type '("agent.state" "session.created" "session.updated" "session.closed"
                          "prompt" "prompt.queued" "prompt.dropped" "tool.call" "approval" "tool.result"
                          "question" "answer" "turn.end" "reset"))
      (emacs-agent-session--changed session))))

(defun emacs-agent-session--state (session event)
  "Take the state of SESSION from EVENT."
  (let-alist event
    ;; A delegated agent's own state is not the session's.
    (unless .parent_tool_call_id
      (setf (emacs-agent-session-state session) .state
            (emacs-agent-session-details session) (emacs-agent-value .details)))
    (when .last_event_id
      (setf (emacs-agent-session-caught-up session) t))))

(defun emacs-agent-session--settings (session event)
  "Take model, agent, title and config of SESSION from EVENT."
  (let-alist event
    (when .model (setf (emacs-agent-session-model session) .model))
    (when .agent (setf (emacs-agent-session-agent session) .agent))
    (when .title (setf (emacs-agent-session-title session) .title))
    (when .config (setf (emacs-agent-session-config session) .config))))

(defun emacs-agent-session--unqueue (session turn-id)
  "Take the prompt TURN-ID out of the queue of SESSION."
  (setf (emacs-agent-session-queued session)
        (cl-remove turn-id (emacs-agent-session-queued session) :test #'equal
                   :key (lambda (prompt) (alist-get 'turn_id prompt)))))

(defun emacs-agent-session--decided (session tool-call-id)
  "Call TOOL-CALL-ID of SESSION waits no more."
  (setf (emacs-agent-session-pending session)
        (cl-remove tool-call-id (emacs-agent-session-pending session) :test #'equal
                   :key (lambda (call) (alist-get 'tool_call_id call)))))

(defun emacs-agent-session--add-usage (session usage)
  "Add USAGE, of a turn, to what SESSION has used."
  (setf (emacs-agent-session-usage session)
        (cl-loop for key in '(input_tokens output_tokens cache_read_tokens cache_write_tokens cost_usd)
                 for old = (emacs-agent-value (alist-get key (emacs-agent-session-usage session)))
                 for new = (emacs-agent-value (alist-get key usage))
                 when (or old new) collect (cons key (+ (or old 0) (or new 0))))))

(defun emacs-agent-session--forget (session)
  "Forget what the events of SESSION said: they come again."
  (clrhash (emacs-agent-session-calls session))
  (setf (emacs-agent-session-last-id session) 0
        (emacs-agent-session-usage session) nil
        (emacs-agent-session-queued session) nil
        (emacs-agent-session-pending session) nil
        (emacs-agent-session-questions session) nil
        (emacs-agent-session-changes session) nil))

(defun emacs-agent-session-cost (session)
  "Return what SESSION has cost, in dollars, or nil."
  (emacs-agent-value (alist-get 'cost_usd (emacs-agent-session-usage session))))

;;;; Telling of it

(defun emacs-agent-session--changed (session)
  "Tell who shows something that SESSION has changed."
  (emacs-agent-session--run 'emacs-agent-session-changed-functions session))

(defun emacs-agent-session--connection (session connection)
  "Set the CONNECTION of SESSION."
  (unless (eq (emacs-agent-session-connection session) connection)
    (setf (emacs-agent-session-connection session) connection)
    (emacs-agent-session--changed session)))

(defun emacs-agent-session--ended (session)
  "SESSION has ended: nothing runs or waits in it any more."
  (setf (emacs-agent-session-state session) "idle"
        (emacs-agent-session-pending session) nil
        (emacs-agent-session-questions session) nil
        (emacs-agent-session-queued session) nil)
  (emacs-agent-session--connection session 'ended))

(defun emacs-agent-session-name (session)
  "Return how people call SESSION."
  (let ((title (emacs-agent-session-title session)))
    (if (or (not title) (string-empty-p title))
        (truncate-string-to-width (or (emacs-agent-session-id session) "new") 8)
      (emacs-agent-one-line title 40))))

(provide 'emacs-agent-session)
;;; emacs-agent-session.el ends here
