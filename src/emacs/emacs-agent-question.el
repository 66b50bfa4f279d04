;;; emacs-agent-question.el --- What MCP servers ask  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A question of a server is shown in the conversation, like a call that waits.  It is answered field by field in the
;; minibuffer when its keys are pressed, or declined.

;;; Code:

(require 'emacs-agent-approval)
(require 'emacs-agent-outbox)

(defvar emacs-agent-question-map
  (let ((map (make-sparse-keymap)))
    (define-key map "a" 'emacs-agent-answer)
    (define-key map "r" 'emacs-agent-decline)
    (define-key map "n" 'emacs-agent-next-approval)
    (define-key map "q" 'emacs-agent-leave-approval)
    map)
  "Keys of a question, with point on it.")

(cl-defstruct (emacs-agent-question (:copier nil))
  "A question of a server, and when it appeared."
  event shown-at note)

(defun emacs-agent-question-view (_session event)
  "Write EVENT if it is a question."
  (when (equal (alist-get 'type event) "question")
    (emacs-agent-section-insert-as
     (alist-get 'question_id event)
     (make-emacs-agent-section :data (make-emacs-agent-question :event event :shown-at (float-time))
                               :render #'emacs-agent-question--render))))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-question-view)

(defun emacs-agent-question--open-p (question)
  "Whether QUESTION waits for an answer."
  (memq (emacs-agent-question-event question)
        (emacs-agent-session-questions emacs-agent-session)))

(defun emacs-agent-question--render (section)
  "Return the text of SECTION, which shows a question."
  (let ((question (emacs-agent-section-data section)))
    (let-alist (emacs-agent-question-event question)
      (let ((head (concat "*** Question of " .org_title
                          (if (emacs-agent-question--open-p question)
                              (propertize "  waits for you" 'emacs-agent-face 'emacs-agent-attention)
                            (propertize "  answered" 'emacs-agent-face 'emacs-agent-dim))
                          "\n" .org "\n")))
        (if (not (emacs-agent-question--open-p question))
            head
          (emacs-agent-output-active
           (concat head
                   (and .org_details (concat .org_details "\n"))
                   (and (emacs-agent-question-note question)
                        (propertize (concat (emacs-agent-inert-line (emacs-agent-question-note question) 300)
                                            "\n")
                                    'emacs-agent-face 'emacs-agent-failure))
                   (emacs-agent-output-key "a" (if (stringp .url) "open the page" "answer")) "  "
                   (emacs-agent-output-key "r" "decline") "\n")
           'keymap emacs-agent-question-map))))))

(defun emacs-agent-question--fields (schema)
  "Return the fields that SCHEMA asks for, as alists."
  (let ((required (append (alist-get 'required (and (listp schema) schema)) nil)))
    (cl-loop for (name . field) in (alist-get 'properties (and (listp schema) schema))
             collect `((name . ,name) (required . ,(and (member (symbol-name name) required) t)) ,@field))))

(defun emacs-agent-question--label (field)
  "Return how FIELD is called."
  (let-alist field
    (concat (or .title (symbol-name .name))
            (and (stringp .description) (concat ": " .description))
            (and (not .required) " (optional)"))))

(defun emacs-agent-question--section ()
  "Return the section at point if it is a question that waits; else an error."
  (let* ((section (emacs-agent-section-at))
         (question (and section (emacs-agent-section-data section))))
    (unless (and (emacs-agent-question-p question) (emacs-agent-question--open-p question))
      (user-error "Point is on no question that waits"))
    (emacs-agent-approval-check-age (emacs-agent-question-shown-at question))
    section))

(defun emacs-agent-question--read (field)
  "Ask for the value of FIELD; return it, or nil for none."
  (let-alist field
    (let* ((prompt (concat (emacs-agent-show-all (emacs-agent-question--label field)) ": "))
           (choices (append .enum nil))
           (text (cond (choices (completing-read prompt choices nil .required nil nil
                                                 (and (stringp .default) .default)))
                       ((equal .type "boolean") (if (y-or-n-p prompt) t :false))
                       ((equal .format "password") (read-passwd prompt))
                       (t (read-string prompt (and .default (format "%s" .default)))))))
      (cond ((memq text '(t :false)) text)
            ((string-empty-p text) nil)
            ((member .type '("number" "integer")) (string-to-number text))
            (t text)))))

(defun emacs-agent-answer ()
  "Answer the question at point."
  (interactive)
  (let* ((section (emacs-agent-question--section))
         (event (emacs-agent-question-event (emacs-agent-section-data section))))
    (let-alist event
      (if (stringp .url)
          (when (y-or-n-p (format "Open %s? " (emacs-agent-show-all .url)))
            (browse-url .url)
            (emacs-agent-question--send section "accept" nil))
        (emacs-agent-question--send
         section "accept"
         (cl-loop for field in (emacs-agent-question--fields .schema)
                  for value = (emacs-agent-question--read field)
                  when value collect (cons (alist-get 'name field) value)))))))

(defun emacs-agent-decline ()
  "Decline the question at point."
  (interactive)
  (emacs-agent-question--send (emacs-agent-question--section) "decline" nil))

(defun emacs-agent-question--send (section action content)
  "Answer the question of SECTION with ACTION and CONTENT."
  (let ((question (emacs-agent-section-data section)) (buffer (current-buffer)))
    (emacs-agent-session-act
     emacs-agent-session "answer"
     `((question_id . ,(alist-get 'question_id (emacs-agent-question-event question)))
       (action . ,action)
       ,@(and (equal action "accept") `((content . ,content))))
     nil
     (lambda (failure)
       (when (buffer-live-p buffer)
         (with-current-buffer buffer
           (setf (emacs-agent-question-note question) (alist-get 'message failure))
           (emacs-agent-section-update section)))))))

(provide 'emacs-agent-question)
;;; emacs-agent-question.el ends here
