;;; emacs-agent-message.el --- Messages of models, and their thoughts  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A message is written while it comes; its thoughts are a section before it.

;;; Code:

(require 'emacs-agent-flow)
(require 'emacs-agent-call)

(defcustom emacs-agent-show-thinking nil
  "Whether the thoughts of models are shown unfolded."
  :type 'boolean
  :group 'emacs-agent)

(defvar-local emacs-agent-message--all nil
  "Messages that are being written, by id.")

(cl-defstruct (emacs-agent-message (:copier nil))
  "A message that is being written."
  id event level flow
  thinking                              ; the section that shows its thoughts
  (thoughts nil)                        ; pieces of them, newest first
  complete)                             ; whether those are all

(defun emacs-agent-message-setup ()
  "Prepare this buffer for messages."
  (setq emacs-agent-message--all (make-hash-table :test #'equal)))

;;;; Headings

(defun emacs-agent-message-level-of (event)
  "Return the level of the heading of EVENT.
What a delegated agent does is below the call that started it."
  (let* ((parent (alist-get 'parent_tool_call_id event))
         (section (and parent (emacs-agent-section-with-id parent))))
    (if section
        (min 8 (1+ (emacs-agent-call-level (emacs-agent-section-data section))))
      2)))

(defun emacs-agent-message-heading (level who event)
  "Return a heading at LEVEL that says WHO is speaking in EVENT."
  (let-alist event
    (format "\n%s %s%s %s\n" (make-string level ?*) who
            (if (and (stringp .agent) .parent_tool_call_id)
                (format " (%s)" (emacs-agent-inert-line .agent 20)) "")
            (propertize (format "[%s]" (emacs-agent-clock .at)) 'emacs-agent-face 'emacs-agent-time))))

;;;; Messages

(defun emacs-agent-message--open (event)
  "Return the message of EVENT, whose heading is written if it is new."
  (let-alist event
    (or (gethash .message_id emacs-agent-message--all)
        (let* ((level (emacs-agent-message-level-of event)))
          (emacs-agent-output-write (emacs-agent-message-heading level "Assistant" event))
          (puthash .message_id (make-emacs-agent-message :id .message_id :event event :level level)
                   emacs-agent-message--all)))))

(defun emacs-agent-message--flow-of (message)
  "Return the flow of MESSAGE, begun if need be."
  (or (emacs-agent-message-flow message)
      (setf (emacs-agent-message-flow message)
            (let (flow)
              (emacs-agent-output-edit
                (let ((start (emacs-agent-output-append "\n")))
                  (goto-char start)
                  (setq flow (emacs-agent-flow-begin (emacs-agent-session-project emacs-agent-session)))))
              flow))))

(defun emacs-agent-message-delta (event)
  "Take in EVENT, a piece of a message."
  (let-alist event
    (let ((flow (emacs-agent-message--flow-of (emacs-agent-message--open event))))
      (if (eq .replace t)
          (emacs-agent-flow-reset flow .content)
        (emacs-agent-flow-add flow .content)))))

(defun emacs-agent-message-whole (event)
  "Write EVENT, a whole message, or finish the one that was being written."
  (let-alist event
    (let ((message (gethash .message_id emacs-agent-message--all))
          (thinking (emacs-agent-value .thinking)))
      (when (or message (not (string-blank-p .content)) thinking)
        (setq message (or message (emacs-agent-message--open event)))
        (when (and thinking (not (string-empty-p thinking)))
          (emacs-agent-message--think message thinking t))
        (cond ((emacs-agent-message-flow message)
               (emacs-agent-flow-finish (emacs-agent-message-flow message) .content))
              ((not (string-blank-p .content))
               (emacs-agent-output-write
                (concat (let ((emacs-agent-markdown-base (emacs-agent-session-project emacs-agent-session)))
                          (emacs-agent-markdown-to-org .content))
                        "\n"))))
        (remhash .message_id emacs-agent-message--all))
      (pcase .stop_reason
        ("max_tokens" (emacs-agent-output-line "The answer was cut at the model's limit." 'emacs-agent-failure))
        ("cut" (emacs-agent-output-line "The connection to the model was cut; it goes on." 'emacs-agent-failure))
        ("refusal" (emacs-agent-output-line "The model declined." 'emacs-agent-failure))))))

(defun emacs-agent-message-show-all ()
  "Show what came of messages since the last time."
  (maphash (lambda (_id message)
             (let ((flow (emacs-agent-message-flow message)))
               (when flow (emacs-agent-flow-show flow))))
           emacs-agent-message--all))

(defun emacs-agent-message-abandon ()
  "Let go of messages that will not be finished."
  (maphash (lambda (_id message)
             (let ((flow (emacs-agent-message-flow message)))
               (when flow (emacs-agent-flow-finish flow (emacs-agent-flow-text flow)))))
           emacs-agent-message--all)
  (clrhash emacs-agent-message--all))

;;;; Thoughts

(defun emacs-agent-message-thought (event)
  "Take in EVENT, a piece of a thought."
  (let ((message (emacs-agent-message--open event)))
    (push (alist-get 'content event) (emacs-agent-message-thoughts message))
    (emacs-agent-message--think message nil nil)))

(defun emacs-agent-message--think (message text done)
  "Show the thoughts of MESSAGE: TEXT, all of them if DONE, or what came so far."
  (let ((section (emacs-agent-message-thinking message)))
    (setf (emacs-agent-message-complete message) done)
    (when text (setf (emacs-agent-message-thoughts message) (list text)))
    (if section
        (emacs-agent-section-mark section)
      ;; Thoughts that come after the text stay unseen: there is no place for them any more.
      (unless (emacs-agent-message-flow message)
        (setf (emacs-agent-message-thinking message)
              (emacs-agent-section-insert
               (make-emacs-agent-section :data message :expanded emacs-agent-show-thinking
                                         :render #'emacs-agent-message--render-thoughts)))))))

(defun emacs-agent-message--render-thoughts (section)
  "Return the text of SECTION, which shows thoughts."
  (let* ((message (emacs-agent-section-data section))
         (thoughts (emacs-agent-message-thoughts message)))
    (concat (propertize (emacs-agent-output-active
                         (format "%s (%s characters)"
                                 (if (emacs-agent-message-complete message) "Thought" "Thinking…")
                                 (emacs-agent-count (cl-loop for text in thoughts sum (length text))))
                         'mouse-face 'highlight 'help-echo "TAB: show or hide the thoughts")
                        'emacs-agent-face 'emacs-agent-dim)
            "\n"
            (and (emacs-agent-section-expanded section)
                 (concat "#+BEGIN_QUOTE\n"
                         (emacs-agent-markdown-to-org (apply #'concat (reverse thoughts)))
                         "\n#+END_QUOTE\n")))))

(provide 'emacs-agent-message)
;;; emacs-agent-message.el ends here
