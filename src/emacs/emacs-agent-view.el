;;; emacs-agent-view.el --- The events of a session as an Org document  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Writes each event where it belongs.  What comes in many small pieces is written at the end of a batch.

;;; Code:

(require 'emacs-agent-message)
(require 'emacs-agent-folding)
(require 'emacs-agent-inert)

(defun emacs-agent-view-setup ()
  "Prepare this buffer for output."
  (emacs-agent-section-setup)
  (emacs-agent-folding-setup)
  (emacs-agent-message-setup))

;;;; Events

(defun emacs-agent-view-event (_session event)
  "Write EVENT into the buffer of its session, which is current."
  (let-alist event
    (pcase .type
      ("reset" (emacs-agent-view--clear))
      ("session.created" (emacs-agent-view--title event))
      ("prompt" (emacs-agent-view--prompt event))
      ("prompt.dropped" nil)
      ("message.delta" (emacs-agent-message-delta event))
      ("thinking.delta" (emacs-agent-message-thought event))
      ("message" (emacs-agent-message-whole event))
      ("tool.call" (emacs-agent-view--call event))
      ("approval" (emacs-agent-view--note-call
                   .tool_call_id (lambda (call) (setf (emacs-agent-call-approval call) event))))
      ("tool.progress" (emacs-agent-view--progress event))
      ("tool.result" (emacs-agent-view--result event))
      ("file.changed" (emacs-agent-view--note-call
                       .tool_call_id (lambda (call) (push event (emacs-agent-call-changes call)))))
      ("question" (emacs-agent-message-expect-heading))
      ("answer" (emacs-agent-view--touch .question_id))
      ("error" (emacs-agent-view--error event))
      ("notice" (emacs-agent-output-line .org))
      ("undo" (emacs-agent-view--undo event))
      ("context.compacted" (emacs-agent-view--compacted event))
      ((or "session.updated" "session.mode") (emacs-agent-view--updated event))
      ("session.resumed" (emacs-agent-view--abandon)
       (emacs-agent-output-line (format "Resumed [%s]" (emacs-agent-clock .at))))
      ("session.closed" (emacs-agent-view--abandon)
       (emacs-agent-output-line (format "Closed [%s]" (emacs-agent-clock .at))))
      ("turn.end" (emacs-agent-view--turn-end event)))))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-view-event)

(defun emacs-agent-view-batch (_session)
  "Write what came in pieces since the last time."
  (emacs-agent-message-show-all)
  (emacs-agent-section-update-marked))

(defun emacs-agent-view--touch (id)
  "Have the section with ID written again."
  (emacs-agent-section-mark (emacs-agent-section-with-id id)))

(defun emacs-agent-view--clear ()
  "Forget everything: it comes again."
  (emacs-agent-output-edit
    (delete-region (point-min) emacs-agent-output-end))
  (emacs-agent-view-setup))

(defun emacs-agent-view--title (event)
  "Write the beginning of the document, by EVENT, the session's first."
  (emacs-agent-output-write
   (format "#+TITLE: Agent Session - %s\n* Conversation\n" (alist-get 'org_title event))))

;;;; Prompts

(defun emacs-agent-view--prompt (event)
  "Write EVENT, a prompt."
  (let-alist event
    (emacs-agent-message-expect-heading)
    (emacs-agent-output-write
     (concat (emacs-agent-message-heading
              (pcase .source ("agent" "Task") ("steer" "User (while it worked)") (_ "User"))
              event)
             .org "\n"
             (and .org_notes (concat .org_notes "\n"))))))

;;;; Calls

(defun emacs-agent-view--call (event)
  "Write EVENT, a call; one that is announced again takes the place of itself."
  (let* ((id (alist-get 'tool_call_id event)) (known (emacs-agent-section-with-id id)))
    (if known
        (emacs-agent-view--call-again known event)
      (emacs-agent-message-ensure-heading event t)
      (emacs-agent-folding-add
       (emacs-agent-section-insert-as
        id (make-emacs-agent-section
            :data (make-emacs-agent-call :event event :level (1+ (emacs-agent-message-level event))
                                         :shown-at (float-time))
            :render #'emacs-agent-call-render))))))

(defun emacs-agent-view--call-again (section event)
  "Show in SECTION, in place of the call there, the same one as EVENT has it."
  (let ((call (emacs-agent-section-data section)))
    (setf (emacs-agent-call-texts call) (emacs-agent-call-texts-for call event)
          (emacs-agent-call-event call) event
          (emacs-agent-call-refused call) nil
          (emacs-agent-call-shown-at call) (float-time))
    (emacs-agent-section-mark section)))

(defun emacs-agent-view--note-call (id function)
  "Call FUNCTION with the call that has ID, and have it written again."
  (let ((section (emacs-agent-section-with-id id)))
    (when (and section (emacs-agent-call-p (emacs-agent-section-data section)))
      (funcall function (emacs-agent-section-data section))
      (emacs-agent-section-mark section))))

(defun emacs-agent-view--progress (event)
  "Take in EVENT, how far a call is."
  (let-alist event
    (emacs-agent-view--note-call
     .tool_call_id
     (lambda (call)
       (setf (emacs-agent-call-progress call) event)
       (when (and (stringp .output) (< (emacs-agent-call-output-size call) 1000000))
         (push .output (emacs-agent-call-output call))
         (cl-incf (emacs-agent-call-output-size call) (length .output)))))))

(defun emacs-agent-view--result (event)
  "Take in EVENT, the result of a call."
  (emacs-agent-view--note-call
   (alist-get 'tool_call_id event)
   (lambda (call)
     (emacs-agent-section-finish (emacs-agent-section-with-id (emacs-agent-call-id call)))
     (setf (emacs-agent-call-result call) event
           (emacs-agent-call-output call) nil))))

;;;; The rest

(defun emacs-agent-view--error (event)
  "Write EVENT, an error."
  (let-alist event
    (emacs-agent-output-line
     (format "Error %s: %s%s" (emacs-agent-inert-line .code) .org
             (if (numberp .retry_in_ms) (format " (again in %d s)" (round .retry_in_ms 1000)) ""))
     ;; What is tried again has not failed yet.
     (if (numberp .retry_in_ms) 'emacs-agent-running 'emacs-agent-failure))))

(defun emacs-agent-view--undo (event)
  "Write EVENT, what was undone or redone."
  (let-alist event
    (emacs-agent-output-line
     (concat (pcase .kind ("redo" "Redone") ("rewind" "Rewound") (_ "Undone")) ":\n" .org))))

(defun emacs-agent-view--compacted (event)
  "Write EVENT, a summary that stands for what was before it."
  (emacs-agent-section-finish
   (emacs-agent-section-insert
    (make-emacs-agent-section
     :data event
     :render (lambda (section)
               (let-alist event
                 (concat (propertize (format "The conversation so far was summarised (%s to %s tokens)"
                                             (emacs-agent-count .tokens_before) (emacs-agent-count .tokens_after))
                                     'emacs-agent-face 'emacs-agent-dim 'mouse-face 'highlight)
                         "\n"
                         (and (emacs-agent-section-expanded section)
                              (concat "#+BEGIN_QUOTE\n" .org "\n#+END_QUOTE\n")))))))))

(defun emacs-agent-view--updated (event)
  "Write EVENT, a change of settings, if it is one to show."
  (let ((title (alist-get 'org_title event)))
    (when title (emacs-agent-output-line (concat "Now " title)))))

(defun emacs-agent-view--abandon ()
  "End each message and call that will not be finished."
  (emacs-agent-message-abandon)
  (mapc #'emacs-agent-section-finish (emacs-agent-folding-end 'drop))
  (emacs-agent-section-map
   (lambda (section)
     (let ((call (emacs-agent-section-data section)))
       (when (and (emacs-agent-call-p call) (not (emacs-agent-call-result call)))
         (emacs-agent-section-mark section))))))

(defun emacs-agent-view--turn-end (event)
  "Write EVENT, the end of a turn."
  (let-alist event
    (unless .parent_tool_call_id
      (mapc #'emacs-agent-section-finish (emacs-agent-folding-end))
      (emacs-agent-output-line
       (string-join
        (delq nil (list (pcase .outcome
                          ("interrupted" "Interrupted") ("error" "Ended with an error")
                          ("limit" "Stopped at the limit of rounds") (_ "Done"))
                        (format "%.1f s" (/ (or .duration_ms 0) 1000.0))
                        (let ((tokens (+ .usage.input_tokens .usage.output_tokens
                                         .usage.cache_read_tokens .usage.cache_write_tokens)))
                          (and (> tokens 0) (format "%s tokens" (emacs-agent-count tokens))))
                        (and (numberp .usage.cost_usd) (> .usage.cost_usd 0)
                             (format "$%.4f" .usage.cost_usd))))
        ", ")
       (if (equal .outcome "completed") 'emacs-agent-dim 'emacs-agent-failure)))))

(provide 'emacs-agent-view)
;;; emacs-agent-view.el ends here
