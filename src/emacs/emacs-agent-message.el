;;; emacs-agent-message.el --- Messages of models  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A message is written while it comes, in Org as the backend has it; its thoughts are a section before it.

;;; Code:

(require 'emacs-agent-patch)
(require 'emacs-agent-call)
(require 'emacs-agent-code)

(defcustom emacs-agent-show-thinking nil
  "Whether the thoughts of models are shown unfolded."
  :type 'boolean
  :group 'emacs-agent)

(defvar-local emacs-agent-message--all nil
  "Messages that are being written, by id.")

(defvar-local emacs-agent-message--author nil
  "The author of the last output: (TURN-ID PARENT-CALL-ID) for an agent, or nil.
It is `user' after a prompt or a question: a heading must follow.")

(cl-defstruct (emacs-agent-message (:copier nil))
  "A message that is being written."
  start end                             ; markers around its Org; nil while there is none
  tail                                  ; what `emacs-agent-code-grow' knows of it
  (patch (make-emacs-agent-patch))      ; what is still to be shown of it
  thoughts)                             ; what was thought before it

(cl-defstruct (emacs-agent-message-thoughts (:copier nil) (:constructor emacs-agent-message--make-thoughts))
  "The thoughts before a message."
  section
  (org "")                              ; what is shown
  (patch (make-emacs-agent-patch))      ; what is still to be
  (size 0)                              ; characters of them
  complete)                             ; whether these are all

(defun emacs-agent-message-setup ()
  "Prepare this buffer for messages."
  (setq emacs-agent-message--all (make-hash-table :test #'equal)
        emacs-agent-message--author nil))

;;;; Headings

(defun emacs-agent-message-level (event)
  "Return the level of the heading of EVENT.
What a delegated agent does is below the call that started it."
  (let* ((parent (alist-get 'parent_tool_call_id event))
         (section (and parent (emacs-agent-section-with-id parent))))
    (if section
        (min 8 (1+ (emacs-agent-call-level (emacs-agent-section-data section))))
      2)))

(defun emacs-agent-message-heading (who event)
  "Return a heading for EVENT, whose author is WHO."
  (let-alist event
    (format "\n%s %s%s %s\n" (make-string (emacs-agent-message-level event) ?*)
            (propertize who 'emacs-agent-face (if (equal who "Assistant") 'emacs-agent-assistant 'emacs-agent-user))
            (emacs-agent-call-agent event)
            (propertize (format "[%s]" (emacs-agent-clock .at)) 'emacs-agent-face 'emacs-agent-time))))

(defun emacs-agent-message-ensure-heading (event &optional call)
  "Write the heading of the assistant unless EVENT is already below it.
All output of an agent in a turn is below one heading.  With CALL, EVENT is a
call, for which a heading is written only directly after a prompt."
  (let ((author (let-alist event (list .turn_id .parent_tool_call_id))))
    (cond ((equal author emacs-agent-message--author) (unless call (emacs-agent-output-write "\n")))
          ((and call (not (eq emacs-agent-message--author 'user))))
          (t (emacs-agent-output-write (emacs-agent-message-heading "Assistant" event))
             (setq emacs-agent-message--author author)))))

(defun emacs-agent-message-expect-heading ()
  "Make the next message or call start with a heading."
  (setq emacs-agent-message--author 'user))

;;;; Messages

(defun emacs-agent-message--open (event)
  "Return the message of EVENT, whose heading is written if it is new."
  (let-alist event
    (or (gethash .message_id emacs-agent-message--all)
        (progn
          (emacs-agent-message-ensure-heading event)
          (puthash .message_id (make-emacs-agent-message) emacs-agent-message--all)))))

(defun emacs-agent-message-delta (event)
  "Take in EVENT, a piece of a message."
  (let ((message (emacs-agent-message--open event)))
    (unless (emacs-agent-message-start message) (emacs-agent-message--begin message))
    (emacs-agent-patch-add (emacs-agent-message-patch message) event)))

(defun emacs-agent-message--begin (message)
  "Make room for the Org of MESSAGE at the end of the output."
  (emacs-agent-output-edit
    (let ((start (emacs-agent-output-append "\n")))
      (setf (emacs-agent-message-start message) (copy-marker start)
            (emacs-agent-message-end message) (copy-marker start t)))))

(defun emacs-agent-message-show-all ()
  "Show what came of messages since the last time."
  (maphash (lambda (_id message) (emacs-agent-message--show message)) emacs-agent-message--all))

(defun emacs-agent-message--show (message)
  "Show what came of MESSAGE and its thoughts since the last time."
  (emacs-agent-message--show-thoughts (emacs-agent-message-thoughts message))
  (let ((start (emacs-agent-message-start message)) (patch (emacs-agent-message-patch message)))
    (when start
      (let ((length (- (emacs-agent-message-end message) start)))
        (when (emacs-agent-patch-pending-p patch length)
          (emacs-agent-message--replace message (emacs-agent-patch-from patch) (emacs-agent-patch-text patch))
          (emacs-agent-patch-clear patch (- (emacs-agent-message-end message) start)))))))

(defun emacs-agent-message--replace (message from text)
  "Replace what is shown of MESSAGE after its first FROM characters by TEXT.
What begins alike stays."
  (let* ((start (emacs-agent-message-start message)) (end (emacs-agent-message-end message))
         (at (min (+ start from) end))
         (same (compare-strings (buffer-substring-no-properties at end) nil nil text nil nil))
         (kept (if (eq same t) (length text) (1- (abs same)))))
    (emacs-agent-output-edit
      (delete-region (+ at kept) end)
      (goto-char end)
      (emacs-agent-output-insert (substring text kept)))
    (setf (emacs-agent-message-tail message)
          (emacs-agent-code-grow (emacs-agent-message-tail message) start end))))

(defun emacs-agent-message-whole (event)
  "Write EVENT, a whole message, or finish the one that was being written."
  (let-alist event
    (let ((message (gethash .message_id emacs-agent-message--all))
          (org (or .org ""))
          (thinking (emacs-agent-value .org_thinking)))
      (when (or message (not (string-empty-p org)) thinking)
        (setq message (or message (emacs-agent-message--open event)))
        (when thinking
          (emacs-agent-message--think message event (length .thinking) t)
          (emacs-agent-patch-add (emacs-agent-message-thoughts-patch (emacs-agent-message-thoughts message))
                                 `((org . ,thinking) (org_from . 0))))
        (unless (or (emacs-agent-message-start message) (string-empty-p org))
          (emacs-agent-message--begin message))
        (emacs-agent-patch-add (emacs-agent-message-patch message) `((org . ,org) (org_from . 0)))
        (emacs-agent-message--finish message .content)
        (remhash .message_id emacs-agent-message--all))
      (pcase .stop_reason
        ("max_tokens" (emacs-agent-output-line "The answer was cut at the model's limit." 'emacs-agent-failure))
        ("cut" (emacs-agent-output-line "The connection to the model was cut; it goes on." 'emacs-agent-failure))
        ("refusal" (emacs-agent-output-line "The model declined." 'emacs-agent-failure))))))

(defun emacs-agent-message--finish (message &optional said)
  "Show all of MESSAGE, to which nothing will be added.
SAID is the answer as the model gave it, to be copied."
  (emacs-agent-message--show message)
  (let* ((start (emacs-agent-message-start message)) (end (emacs-agent-message-end message))
         (thoughts (emacs-agent-message-thoughts message))
         (section (and thoughts (emacs-agent-message-thoughts-section thoughts))))
    (when section (emacs-agent-section-finish section))
    (when start
      (emacs-agent-code-grown (emacs-agent-message-tail message) start end)
      (with-silent-modifications (put-text-property start end 'emacs-agent-said said))
      (set-marker start nil)
      (set-marker end nil))))

(defun emacs-agent-message-abandon ()
  "Forget the messages that will not be finished."
  (maphash (lambda (_id message) (emacs-agent-message--finish message)) emacs-agent-message--all)
  (clrhash emacs-agent-message--all))

;;;; Thoughts

(defun emacs-agent-message-thought (event)
  "Take in EVENT, a piece of a thought."
  (let* ((message (emacs-agent-message--open event))
         (thoughts (emacs-agent-message-thoughts message))
         (size (length (alist-get 'content event))))
    (emacs-agent-message--think message event (+ size (if thoughts (emacs-agent-message-thoughts-size thoughts) 0)) nil)))

(defun emacs-agent-message--think (message delta size complete)
  "Add to the thoughts of MESSAGE what DELTA has, unless COMPLETE.
SIZE is how many characters they are now."
  (let ((thoughts (emacs-agent-message-thoughts message)))
    (unless thoughts
      (setq thoughts (emacs-agent-message--make-thoughts))
      (setf (emacs-agent-message-thoughts message) thoughts)
      ;; Thoughts that come after the text stay unseen: there is no place for them any more.
      (unless (emacs-agent-message-start message)
        (let ((section (make-emacs-agent-section :data thoughts :expanded emacs-agent-show-thinking
                                                 :render #'emacs-agent-message--render-thoughts)))
          (setf (emacs-agent-message-thoughts-section thoughts) section)
          (emacs-agent-section-insert section))))
    (setf (emacs-agent-message-thoughts-size thoughts) size
          (emacs-agent-message-thoughts-complete thoughts) complete)
    (unless complete
      (emacs-agent-patch-add (emacs-agent-message-thoughts-patch thoughts) delta))
    (emacs-agent-section-mark (emacs-agent-message-thoughts-section thoughts))))

(defun emacs-agent-message--show-thoughts (thoughts)
  "Bring the Org of THOUGHTS, if there are any, up to date."
  (when thoughts
    (let* ((org (emacs-agent-message-thoughts-org thoughts)) (patch (emacs-agent-message-thoughts-patch thoughts)))
      (when (emacs-agent-patch-pending-p patch (length org))
        (setq org (concat (substring org 0 (min (length org) (emacs-agent-patch-from patch)))
                          (emacs-agent-patch-text patch)))
        (setf (emacs-agent-message-thoughts-org thoughts) org)
        (emacs-agent-patch-clear patch (length org))))))

(defun emacs-agent-message--render-thoughts (section)
  "Return the text of SECTION, about thoughts."
  (let ((thoughts (emacs-agent-section-data section)))
    (concat (propertize (emacs-agent-output-active
                         (format "%s (%s characters)"
                                 (if (emacs-agent-message-thoughts-complete thoughts) "Thought" "Thinking…")
                                 (emacs-agent-count (emacs-agent-message-thoughts-size thoughts)))
                         'mouse-face 'highlight 'help-echo "TAB: show or hide the thoughts")
                        'emacs-agent-face 'emacs-agent-dim)
            "\n"
            (and (emacs-agent-section-expanded section)
                 (concat "#+BEGIN_QUOTE\n" (emacs-agent-message-thoughts-org thoughts) "\n#+END_QUOTE\n")))))

(provide 'emacs-agent-message)
;;; emacs-agent-message.el ends here
