;;; emacs-agent-fold.el --- What events say about a session  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Each event is folded into the session once, in order; then it goes to `emacs-agent-session-event-functions'.

;;; Code:

(require 'emacs-agent-session)

(defun emacs-agent-fold-event (session event)
  "Take in EVENT of SESSION, in its buffer, unless it is known already."
  (let ((id (alist-get 'id event)))
    (unless (and id (<= id (emacs-agent-session-last-id session)))
      (when id (setf (emacs-agent-session-last-id session) id))
      (emacs-agent-fold--note session event)
      (emacs-agent-run-hook 'emacs-agent-session-event-functions session event))))

(defun emacs-agent-fold--note (session event)
  "Keep in SESSION its state according to EVENT."
  (let-alist event
    (when (and .turn_id (equal .turn_id (emacs-agent-session-accepted session)))
      (setf (emacs-agent-session-accepted session) nil))
    (pcase .type
      ("agent.state" (emacs-agent-fold--state session event))
      ("session.created" (setf (emacs-agent-session-project session) .project_path)
       (emacs-agent-fold--settings session event))
      ("session.updated" (emacs-agent-fold--settings session event))
      ("session.mode" (setf (alist-get 'mode (emacs-agent-session-config session)) .mode))
      ("session.closed" (emacs-agent-session-ended session))
      ("session.resumed" (setf (emacs-agent-session-pending session) nil
                               (emacs-agent-session-questions session) nil)
       ;; A replay has the end of the session before this.
       (emacs-agent-session-connected session 'open))
      ("prompt.queued" (setf (emacs-agent-session-queued session)
                             (append (emacs-agent-session-queued session)
                                     (list `((turn_id . ,.turn_id) (text . ,.text)
                                             (when_busy . ,.when_busy))))))
      ((or "prompt" "prompt.dropped")
       (emacs-agent-fold--unqueue session .turn_id)
       (unless (or .parent_tool_call_id (equal .source "steer"))
         (setf (emacs-agent-session-since session) (emacs-agent-time .at))))
      ("tool.call"
       (puthash .tool_call_id event (emacs-agent-session-calls session))
       (when (eq .requires_approval t)
         ;; It may be announced again.
         (emacs-agent-fold--decided session .tool_call_id)
         (setf (emacs-agent-session-pending session)
               (append (emacs-agent-session-pending session) (list event)))))
      ((or "approval" "tool.result") (emacs-agent-fold--decided session .tool_call_id))
      ("question" (setf (emacs-agent-session-questions session)
                        (append (emacs-agent-session-questions session) (list event))))
      ("answer" (setf (emacs-agent-session-questions session)
                      (cl-remove .question_id (emacs-agent-session-questions session) :test #'equal
                                 :key (lambda (question) (alist-get 'question_id question)))))
      ("file.changed" (push event (emacs-agent-session-changes session)))
      ("turn.end" (emacs-agent-fold--add-usage session .usage)
       (unless .parent_tool_call_id (setf (emacs-agent-session-ended-turn session) .turn_id)))
      ("tool.draft" (setf (emacs-agent-session-draft session) event))
      ("reset" (emacs-agent-fold--forget session)))
    (unless (member .type '("tool.draft" "thinking.delta" "agent.state"))
      (setf (emacs-agent-session-draft session) nil))
    (when (member .type '("agent.state" "session.created" "session.updated" "session.mode" "session.closed"
                          "prompt" "prompt.queued" "prompt.dropped" "tool.call" "approval" "tool.result"
                          "question" "answer" "turn.end" "reset"))
      (emacs-agent-session-announce session))))

(defun emacs-agent-fold--state (session event)
  "Take the state of SESSION from EVENT."
  (let-alist event
    ;; A delegated agent's own state is not the session's.
    (unless .parent_tool_call_id
      (setf (emacs-agent-session-state session) .state
            (emacs-agent-session-details session) (emacs-agent-value .details)))
    (when .last_event_id
      (setf (emacs-agent-session-caught-up session) t))))

(defun emacs-agent-fold--settings (session event)
  "Take model, agent, title and config of SESSION from EVENT.
With a usage, the model is the one that wrote the title."
  (let-alist event
    (when (and .model (not .usage)) (setf (emacs-agent-session-model session) .model))
    (when .agent (setf (emacs-agent-session-agent session) .agent))
    (when .title (setf (emacs-agent-session-title session) .title))
    (when .config (setf (emacs-agent-session-config session) .config))))

(defun emacs-agent-fold--unqueue (session turn-id)
  "Take the prompt TURN-ID out of the queue of SESSION."
  (setf (emacs-agent-session-queued session)
        (cl-remove turn-id (emacs-agent-session-queued session) :test #'equal
                   :key (lambda (prompt) (alist-get 'turn_id prompt)))))

(defun emacs-agent-fold--decided (session tool-call-id)
  "Call TOOL-CALL-ID of SESSION waits no more."
  (setf (emacs-agent-session-pending session)
        (cl-remove tool-call-id (emacs-agent-session-pending session) :test #'equal
                   :key (lambda (call) (alist-get 'tool_call_id call)))))

(defun emacs-agent-fold--add-usage (session usage)
  "Add USAGE, of a turn, to what SESSION has used."
  (setf (emacs-agent-session-usage session)
        (cl-loop for key in '(input_tokens output_tokens cache_read_tokens cache_write_tokens cost_usd)
                 for old = (emacs-agent-value (alist-get key (emacs-agent-session-usage session)))
                 for new = (emacs-agent-value (alist-get key usage))
                 when (or old new) collect (cons key (+ (or old 0) (or new 0))))))

(defun emacs-agent-fold--forget (session)
  "Forget what the events of SESSION said: they come again."
  (clrhash (emacs-agent-session-calls session))
  (setf (emacs-agent-session-last-id session) 0
        (emacs-agent-session-accepted session) nil
        (emacs-agent-session-usage session) nil
        (emacs-agent-session-queued session) nil
        (emacs-agent-session-pending session) nil
        (emacs-agent-session-questions session) nil
        (emacs-agent-session-changes session) nil))

(provide 'emacs-agent-fold)
;;; emacs-agent-fold.el ends here
