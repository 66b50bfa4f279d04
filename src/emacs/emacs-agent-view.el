;;; emacs-agent-view.el --- The events of a session as an Org document  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Writes each event where it belongs.  What comes in many small pieces is written at the end of a batch.

;;; Code:

(require 'emacs-agent-flow)
(require 'emacs-agent-call)

(defcustom emacs-agent-show-thinking nil
  "Whether the thoughts of models are shown unfolded."
  :type 'boolean
  :group 'emacs-agent)

(defvar-local emacs-agent-view-calls nil
  "Sections of tool calls, by id.")

(defvar-local emacs-agent-view--messages nil
  "Messages that are being written, by id.")

(defvar-local emacs-agent-view--dirty nil
  "Sections to be written again at the end of the batch.")

(defvar-local emacs-agent-view-draft nil
  "What the model is writing that is no message: a tool and a size.")

(defvar emacs-agent-view-call-function #'emacs-agent-call-render
  "Function that returns the text of a section that shows a call.")

(defvar emacs-agent-view-reset-functions nil
  "Functions called when everything is to be written anew, in the buffer.")

(cl-defstruct (emacs-agent-view-message (:copier nil))
  "A message that is being written."
  id event level flow thinking (thoughts nil))

(defun emacs-agent-view-setup ()
  "Prepare this buffer for output."
  (setq emacs-agent-view-calls (make-hash-table :test #'equal)
        emacs-agent-view--messages (make-hash-table :test #'equal)
        emacs-agent-view--dirty nil
        emacs-agent-view-draft nil))

;;;; Events

(defun emacs-agent-view-event (session event)
  "Write EVENT of SESSION into its buffer, which is current."
  (let-alist event
    (pcase .type
      ("reset" (emacs-agent-view--clear))
      ("session.created" (emacs-agent-view--title session))
      ("prompt" (emacs-agent-view--prompt event))
      ("prompt.dropped" nil)
      ("message.delta" (emacs-agent-view--delta event))
      ("thinking.delta" (emacs-agent-view--thought event))
      ("tool.draft" (setq emacs-agent-view-draft event))
      ("message" (emacs-agent-view--message event))
      ("tool.call" (emacs-agent-view--call event))
      ("approval" (emacs-agent-view--note-call
                   .tool_call_id (lambda (call) (setf (emacs-agent-call-approval call) event))))
      ("tool.progress" (emacs-agent-view--progress event))
      ("tool.result" (emacs-agent-view--result event))
      ("file.changed" (emacs-agent-view--note-call
                       .tool_call_id (lambda (call) (push event (emacs-agent-call-changes call)))))
      ("answer" (emacs-agent-view--touch .question_id))
      ("error" (emacs-agent-view--error event))
      ("notice" (emacs-agent-view-line (emacs-agent-inert-line .message)))
      ("context.compacted" (emacs-agent-view--compacted event))
      ("session.updated" (emacs-agent-view--updated event))
      ("session.resumed" (emacs-agent-view--abandon)
       (emacs-agent-view-line (format "Resumed [%s]" (emacs-agent-clock .at))))
      ("session.closed" (emacs-agent-view--abandon)
       (emacs-agent-view-line (format "Closed [%s]" (emacs-agent-clock .at))))
      ("turn.end" (emacs-agent-view--turn-end event)))))

(defun emacs-agent-view-batch (_session)
  "Write what came in pieces since the last time."
  (maphash (lambda (_id message)
             (let ((flow (emacs-agent-view-message-flow message)))
               (when flow (emacs-agent-flow-show flow))))
           emacs-agent-view--messages)
  (let ((dirty emacs-agent-view--dirty))
    (setq emacs-agent-view--dirty nil)
    (mapc #'emacs-agent-section-update dirty)))

(defun emacs-agent-view-mark (section)
  "Have SECTION written again at the end of the batch."
  (when section
    (cl-pushnew section emacs-agent-view--dirty :test #'eq)))

(defun emacs-agent-view--touch (id)
  "Have the section with ID written again."
  (emacs-agent-view-mark (gethash id emacs-agent-view-calls)))

(defun emacs-agent-view--clear ()
  "Forget everything: it comes again."
  (emacs-agent-section-output
    (delete-region (point-min) emacs-agent-section-end-of-output))
  (emacs-agent-view-setup)
  (run-hooks 'emacs-agent-view-reset-functions))

(defun emacs-agent-view-write (text)
  "Write TEXT at the end of the output."
  (emacs-agent-section-output (emacs-agent-section-append text)))

(defun emacs-agent-view-line (text &optional face)
  "Write TEXT, which is inert, as a line of its own in FACE."
  (emacs-agent-view-write (concat (propertize text 'emacs-agent-face (or face 'emacs-agent-dim)) "\n")))

(defun emacs-agent-view--title (session)
  "Write what the document of SESSION starts with."
  (emacs-agent-view-write
   (format "#+TITLE: Agent Session - %s\n* Conversation\n"
           (emacs-agent-inert-line
            (file-name-nondirectory (directory-file-name (emacs-agent-session-project session)))))))

(defun emacs-agent-view--level (event)
  "Return the level of the heading of EVENT.
What a delegated agent does is below the call that started it."
  (let* ((parent (alist-get 'parent_tool_call_id event))
         (section (and parent (gethash parent emacs-agent-view-calls))))
    (if section
        (min 8 (1+ (emacs-agent-call-level (emacs-agent-section-data section))))
      2)))

(defun emacs-agent-view--heading (level who event)
  "Return a heading at LEVEL that says WHO is speaking in EVENT."
  (let-alist event
    (format "\n%s %s%s %s\n" (make-string level ?*) who
            (if (and (stringp .agent) .parent_tool_call_id)
                (format " (%s)" (emacs-agent-inert-line .agent 20)) "")
            (propertize (format "[%s]" (emacs-agent-clock .at)) 'emacs-agent-face 'emacs-agent-time))))

;;;; Prompts

(defun emacs-agent-view--prompt (event)
  "Write EVENT, a prompt."
  (let-alist event
    (emacs-agent-view-write
     (concat (emacs-agent-view--heading
              (emacs-agent-view--level event)
              (pcase .source ("agent" "Task") ("steer" "User (while it worked)") (_ "User"))
              event)
             (emacs-agent-markdown-prompt (string-trim .text "\n+" "[ \t\n]+")) "\n"
             (emacs-agent-view--context (emacs-agent-value .context))
             (mapconcat (lambda (attachment)
                          (format "- Attached %s\n"
                                  (let-alist attachment
                                    (if .path (emacs-agent-call-link .path)
                                      (emacs-agent-inert-line (or .media_type ""))))))
                        .attachments "")))))

(defun emacs-agent-view--context (context)
  "Return a line about CONTEXT, where that is more than a position."
  (let-alist context
    (let ((parts (delq nil
                       (list (and (emacs-agent-value .region)
                                  (format "region of %s"
                                          (if (stringp .region.path) (emacs-agent-call-link .region.path .region.start)
                                            "a buffer")))
                             (and (vectorp .buffers) (> (length .buffers) 0)
                                  (emacs-agent-plural (length .buffers) "buffer"))
                             (and (vectorp .files) (> (length .files) 0)
                                  (emacs-agent-plural (length .files) "file"))
                             (and (vectorp .diagnostics) (> (length .diagnostics) 0)
                                  (emacs-agent-plural (length .diagnostics) "diagnostic"))))))
      (if parts
          (concat (propertize (concat "With " (string-join parts ", ")) 'emacs-agent-face 'emacs-agent-dim) "\n")
        ""))))

;;;; Messages

(defun emacs-agent-view--open-message (event)
  "Return the message of EVENT, whose heading is written if it is new."
  (let-alist event
    (or (gethash .message_id emacs-agent-view--messages)
        (let* ((level (emacs-agent-view--level event)))
          (setq emacs-agent-view-draft nil)
          (emacs-agent-view-write (emacs-agent-view--heading level "Assistant" event))
          (puthash .message_id (make-emacs-agent-view-message :id .message_id :event event :level level)
                   emacs-agent-view--messages)))))

(defun emacs-agent-view--flow (message)
  "Return the flow of MESSAGE, begun if need be."
  (or (emacs-agent-view-message-flow message)
      (setf (emacs-agent-view-message-flow message)
            (let (flow)
              (emacs-agent-section-output
                (let ((start (emacs-agent-section-append "\n")))
                  (goto-char start)
                  (setq flow (emacs-agent-flow-begin (emacs-agent-session-project emacs-agent-session)))))
              flow))))

(defun emacs-agent-view--delta (event)
  "Take in EVENT, a piece of a message."
  (let-alist event
    (let ((flow (emacs-agent-view--flow (emacs-agent-view--open-message event))))
      (if (eq .replace t)
          (emacs-agent-flow-reset flow .content)
        (emacs-agent-flow-add flow .content)))))

(defun emacs-agent-view--message (event)
  "Write EVENT, a whole message, or finish the one that was being written."
  (setq emacs-agent-view-draft nil)
  (let-alist event
    (let ((message (gethash .message_id emacs-agent-view--messages))
          (thinking (emacs-agent-value .thinking)))
      (when (or message (not (string-blank-p .content)) thinking)
        (setq message (or message (emacs-agent-view--open-message event)))
        (when (and thinking (not (string-empty-p thinking)))
          (emacs-agent-view--think message thinking t))
        (cond ((emacs-agent-view-message-flow message)
               (emacs-agent-flow-finish (emacs-agent-view-message-flow message) .content))
              ((not (string-blank-p .content))
               (emacs-agent-view-write
                (concat (let ((emacs-agent-markdown-base (emacs-agent-session-project emacs-agent-session)))
                          (emacs-agent-markdown-to-org .content))
                        "\n"))))
        (remhash .message_id emacs-agent-view--messages))
      (pcase .stop_reason
        ("max_tokens" (emacs-agent-view-line "The answer was cut at the model's limit." 'emacs-agent-failure))
        ("cut" (emacs-agent-view-line "The connection to the model was cut; it goes on." 'emacs-agent-failure))
        ("refusal" (emacs-agent-view-line "The model declined." 'emacs-agent-failure))))))

;;;; Thoughts

(defun emacs-agent-view--thought (event)
  "Take in EVENT, a piece of a thought."
  (let ((message (emacs-agent-view--open-message event)))
    (push (alist-get 'content event) (emacs-agent-view-message-thoughts message))
    (emacs-agent-view--think message nil nil)))

(defun emacs-agent-view--think (message text done)
  "Show the thoughts of MESSAGE: TEXT, all of them if DONE, or what came so far."
  (let ((section (emacs-agent-view-message-thinking message)))
    (when text (setf (emacs-agent-view-message-thoughts message) (list text)))
    (if section
        (progn (setf (nth 1 (emacs-agent-section-data section)) done)
               (emacs-agent-view-mark section))
      ;; Thoughts that come after the text stay unseen: there is no place for them any more.
      (unless (emacs-agent-view-message-flow message)
        (setf (emacs-agent-view-message-thinking message)
              (emacs-agent-section-insert
               (make-emacs-agent-section :data (list message done) :expanded emacs-agent-show-thinking
                                         :render #'emacs-agent-view--render-thinking)))))))

(defun emacs-agent-view--render-thinking (section)
  "Return the text of SECTION, which shows thoughts."
  (pcase-let* ((`(,message ,done) (emacs-agent-section-data section))
               (thoughts (emacs-agent-view-message-thoughts message)))
    (concat (propertize (emacs-agent-section-active
                         (format "%s (%s characters)"
                                 (if done "Thought" "Thinking…")
                                 (emacs-agent-count (cl-loop for text in thoughts sum (length text))))
                         'mouse-face 'highlight 'help-echo "TAB: show or hide the thoughts")
                        'emacs-agent-face 'emacs-agent-dim)
            "\n"
            (and (emacs-agent-section-expanded section)
                 (concat "#+BEGIN_QUOTE\n"
                         (emacs-agent-markdown-to-org (apply #'concat (reverse thoughts)))
                         "\n#+END_QUOTE\n")))))

;;;; Calls

(defun emacs-agent-view--call (event)
  "Write EVENT, a call."
  (setq emacs-agent-view-draft nil)
  (let* ((call (make-emacs-agent-call :event event :level (1+ (emacs-agent-view--level event))
                                      :shown-at (float-time)))
         (section (make-emacs-agent-section :data call :render emacs-agent-view-call-function)))
    (puthash (emacs-agent-call-id call) section emacs-agent-view-calls)
    (emacs-agent-section-insert section)))

(defun emacs-agent-view--note-call (id function)
  "Call FUNCTION with the call that has ID, and have it written again."
  (let ((section (gethash id emacs-agent-view-calls)))
    (when (and section (emacs-agent-call-p (emacs-agent-section-data section)))
      (funcall function (emacs-agent-section-data section))
      (emacs-agent-view-mark section))))

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
     (setf (emacs-agent-call-result call) event
           (emacs-agent-call-output call) nil))))

;;;; The rest

(defun emacs-agent-view--error (event)
  "Write EVENT, an error."
  (let-alist event
    (emacs-agent-view-line
     (format "Error %s: %s%s" (emacs-agent-inert-line .code) (emacs-agent-inert-line .message 1000)
             (if (numberp .retry_in_ms) (format " (again in %d s)" (round .retry_in_ms 1000)) ""))
     'emacs-agent-failure)))

(defun emacs-agent-view--compacted (event)
  "Write EVENT, a summary that stands for what was before it."
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
                             (concat "#+BEGIN_QUOTE\n" (emacs-agent-markdown-to-org .summary)
                                     "\n#+END_QUOTE\n"))))))))

(defun emacs-agent-view--updated (event)
  "Write EVENT, a change of settings."
  (let-alist event
    (let ((parts (delq nil (list (and .model (concat "model " .model))
                                 (and .agent (concat "agent " .agent))
                                 (and (stringp .rule) (concat "rule " .rule))))))
      (when parts
        (emacs-agent-view-line (emacs-agent-inert-line (concat "Now " (string-join parts ", "))))))))

(defun emacs-agent-view--abandon ()
  "Let go of messages that will not be finished."
  (maphash (lambda (_id message)
             (let ((flow (emacs-agent-view-message-flow message)))
               (when flow (emacs-agent-flow-finish flow (emacs-agent-flow-text flow)))))
           emacs-agent-view--messages)
  (clrhash emacs-agent-view--messages)
  (maphash (lambda (_id section)
             (let ((call (emacs-agent-section-data section)))
               (when (and (emacs-agent-call-p call) (not (emacs-agent-call-result call)))
                 (emacs-agent-view-mark section))))
           emacs-agent-view-calls))

(defun emacs-agent-view--turn-end (event)
  "Write EVENT, the end of a turn."
  (setq emacs-agent-view-draft nil)
  (let-alist event
    (unless .parent_tool_call_id
      (emacs-agent-view-line
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
