;;; emacs-agent-question.el --- What servers and agents ask  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A question is a form in the conversation: its fields with their values, each of which can be changed.  Values are checked
;; before they are sent.  Afterwards the form shows the answer.

;;; Code:

(require 'emacs-agent-approval)
(require 'emacs-agent-form)
(require 'emacs-agent-outbox)

(defvar emacs-agent-question-map
  (let ((map (make-sparse-keymap)))
    (define-key map "a" 'emacs-agent-answer)
    (define-key map "e" 'emacs-agent-question-edit)
    (define-key map "r" 'emacs-agent-decline)
    (define-key map "x" 'emacs-agent-question-clear)
    (define-key map "n" 'emacs-agent-next-approval)
    (define-key map "q" 'emacs-agent-leave-approval)
    (dotimes (number 9)
      (define-key map (number-to-string (1+ number)) 'emacs-agent-question-choose))
    map)
  "Keys of a question, with point on it.")

(cl-defstruct (emacs-agent-question (:copier nil))
  "A question, when it appeared, and its answer."
  event shown-at note
  fields
  values                                ; (NAME . VALUE) … so far
  given                                 ; names of fields that were asked for
  answer)                               ; the event

(defun emacs-agent-question-view (_session event)
  "Write EVENT if it is a question, or the answer to one."
  (let-alist event
    (pcase .type
      ("question" (emacs-agent-section-insert-as
                   .question_id (make-emacs-agent-section :data (emacs-agent-question--of event)
                                                          :render #'emacs-agent-question--render)))
      ("answer" (let ((section (emacs-agent-section-with-id .question_id)))
                  (when (and section (emacs-agent-question-p (emacs-agent-section-data section)))
                    (setf (emacs-agent-question-answer (emacs-agent-section-data section)) event)
                    (emacs-agent-section-mark section)
                    (emacs-agent-section-finish section)))))))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-question-view)

(defun emacs-agent-question--of (event)
  "Return the question of EVENT, filled in with its defaults."
  (let ((fields (emacs-agent-form-fields (alist-get 'schema event))))
    (make-emacs-agent-question
     :event event :shown-at (float-time) :fields fields
     :values (cl-loop for field in fields for value = (emacs-agent-field-default field)
                      when value
                      collect (cons (emacs-agent-field-name field) (if (vectorp value) (append value nil) value))))))

(defun emacs-agent-question--open-p (question)
  "Whether QUESTION waits for an answer."
  (memq (emacs-agent-question-event question)
        (emacs-agent-session-questions emacs-agent-session)))

(defun emacs-agent-question-plan-p (question)
  "Whether QUESTION is about a plan."
  (equal "plan" (alist-get 'kind (emacs-agent-question-event question))))

(defun emacs-agent-question-options (question)
  "Return the field of QUESTION that one key can answer, or nil.
All others are optional."
  (let ((field (car (emacs-agent-question-fields question))))
    (and field (not (emacs-agent-question-plan-p question))
         (emacs-agent-field-choices field)
         (cl-notany #'emacs-agent-field-required (cdr (emacs-agent-question-fields question)))
         field)))

;;;; Showing

(defun emacs-agent-question--render (section)
  "Return the text of SECTION, about a question."
  (let* ((question (emacs-agent-section-data section))
         (open (emacs-agent-question--open-p question)))
    (let-alist (emacs-agent-question-event question)
      (let ((text (concat "*** " (propertize (concat "Question of " .org_title) 'emacs-agent-face 'emacs-agent-tool)
                          (emacs-agent-call-agent (emacs-agent-question-event question))
                          (propertize (concat "  " (emacs-agent-question--state question))
                                      'emacs-agent-face (if open 'emacs-agent-attention 'emacs-agent-dim))
                          "\n" .org "\n"
                          (and open (stringp .url) .org_details (concat .org_details "\n")))))
        (if (not open)
            (concat text (emacs-agent-question--answered question))
          (concat (emacs-agent-output-active text 'keymap emacs-agent-question-map)
                  (emacs-agent-question--form question)
                  (emacs-agent-output-active
                   (concat (and (emacs-agent-question-note question)
                                (propertize (concat (emacs-agent-inert-line (emacs-agent-question-note question) 300) "\n")
                                            'emacs-agent-face 'emacs-agent-failure)))
                   'keymap emacs-agent-question-map)
                  (emacs-agent-question--keys question)))))))

(defun emacs-agent-question--state (question)
  "Return the state of QUESTION in words."
  (if (emacs-agent-question--open-p question) "waits for you"
    (pcase (alist-get 'action (emacs-agent-question-answer question))
      ("decline" "declined") ("cancel" "cancelled") ("accept" "answered") (_ "closed"))))

(defun emacs-agent-question--form (question)
  "Return the lines of the form of QUESTION, or of its plan."
  (if (emacs-agent-question-plan-p question)
      (emacs-agent-output-active (emacs-agent-question--plan question) 'keymap emacs-agent-question-map)
    (emacs-agent-question--fields question)))

(defun emacs-agent-question--plan (question)
  "Return the plan that QUESTION is about, line by line."
  (let ((text (alist-get 'plan (emacs-agent-question-values question))))
    (mapconcat (lambda (line)
                 (concat (make-string (- (length line) (length (string-trim-left line))) ?\s)
                         (emacs-agent-inert-line (string-trim line) 300) "\n"))
               (and (stringp text) (split-string text "\n" t)) "")))

(defun emacs-agent-question--fields (question)
  "Return the lines about the fields of QUESTION."
  (cl-loop for field in (emacs-agent-question-fields question)
           for value = (alist-get (emacs-agent-field-name field) (emacs-agent-question-values question))
           concat (emacs-agent-output-active (emacs-agent-question--line field value t)
                                             'keymap emacs-agent-question-map 'emacs-agent-field field)
           concat (if (eq field (emacs-agent-question-options question))
                      (emacs-agent-question--option-lines field value) "")))

(defun emacs-agent-question--line (field value hint)
  "Return the line about FIELD with VALUE; with HINT, also describe valid values."
  (let* ((shown (emacs-agent-form-show field value))
         (takes (if hint (emacs-agent-form-hint field) ""))
         (about (and hint (emacs-agent-field-description field))))
    (concat "- " (emacs-agent-inert-line (emacs-agent-field-label field) 80)
            (and about (concat ": " (emacs-agent-inert-line about 200)))
            (unless (string-empty-p takes)
              (propertize (format " (%s)" (emacs-agent-inert-line takes 200)) 'emacs-agent-face 'emacs-agent-dim))
            (unless (string-empty-p shown)
              (concat " = " (propertize (emacs-agent-inert-line shown 400) 'emacs-agent-face 'emacs-agent-success)))
            "\n")))

(defun emacs-agent-question--option-lines (field value)
  "Return lines with the choices of FIELD, those in VALUE marked."
  (cl-loop for (label . choice) in (seq-take (emacs-agent-field-choices field) 9) for number from 1
           concat (emacs-agent-output-active "  " 'keymap emacs-agent-question-map)
           concat (emacs-agent-button
                   (number-to-string number)
                   (concat (emacs-agent-inert-line label 200)
                           (and (listp value) (member choice value)
                                (propertize "  chosen" 'emacs-agent-face 'emacs-agent-success)))
                   (let ((number number)) (lambda () (interactive) (emacs-agent-question-choose number)))
                   emacs-agent-question-map)
           concat (emacs-agent-output-active "\n" 'keymap emacs-agent-question-map)))

(defun emacs-agent-question--keys (question)
  "Return the line about the keys of QUESTION."
  (let ((space (emacs-agent-output-active "  " 'keymap emacs-agent-question-map))
        (plan (emacs-agent-question-plan-p question)))
    (concat
     (emacs-agent-button-rows
      (mapcar (pcase-lambda (`(,key ,text ,command)) (emacs-agent-button key text command emacs-agent-question-map))
              (delq nil
                      (list (list "a" (cond (plan "accept")
                                            ((stringp (alist-get 'url (emacs-agent-question-event question))) "open the page")
                                            (t "answer"))
                                  'emacs-agent-answer)
                            (cond (plan '("e" "edit" emacs-agent-question-edit))
                                  ((cdr (emacs-agent-question-fields question))
                                   '("e" "change the field at point" emacs-agent-question-edit)))
                            (list "r" (if plan "refuse" "decline") 'emacs-agent-decline))))
      space)
     (emacs-agent-output-active "\n" 'keymap emacs-agent-question-map))))

(defun emacs-agent-question--answered (question)
  "Return the lines with the answer to QUESTION."
  (let ((content (alist-get 'content (emacs-agent-question-answer question))))
    (if (not (consp content)) ""
      (cl-loop for field in (emacs-agent-question-fields question)
               for entry = (assq (emacs-agent-field-name field) content)
               for value = (if (vectorp (cdr entry)) (append (cdr entry) nil) (cdr entry))
               when entry concat (emacs-agent-question--line field value nil)))))

;;;; Which one

(defun emacs-agent-question-section ()
  "Return the section of the question at point, or that of the prompt.
Signal an error if there is none that waits, or it has only just appeared."
  (let* ((section (or (emacs-agent-section-at) (funcall emacs-agent-approval-elsewhere-function)))
         (question (and section (emacs-agent-section-data section))))
    (unless (and (emacs-agent-question-p question) (emacs-agent-question--open-p question))
      (user-error "Point is on no question that waits"))
    (emacs-agent-approval-check-age (emacs-agent-question-shown-at question))
    section))

(provide 'emacs-agent-question)
;;; emacs-agent-question.el ends here
