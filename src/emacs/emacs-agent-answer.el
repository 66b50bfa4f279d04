;;; emacs-agent-answer.el --- Filling in and sending a form  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The fields are asked for one after the other, in the minibuffer; each can be changed before all are sent.

;;; Code:

(require 'emacs-agent-question)
(require 'emacs-agent-draft-text)

(defun emacs-agent-answer-value (question field)
  "Return the value of FIELD of QUESTION so far, or nil."
  (alist-get (emacs-agent-field-name field) (emacs-agent-question-values question)))

(defun emacs-agent-answer--set (question field value)
  "Set FIELD of QUESTION to VALUE, nil for none."
  (let ((name (emacs-agent-field-name field)))
    (cl-pushnew name (emacs-agent-question-given question))
    (setf (emacs-agent-question-values question)
          (append (assq-delete-all name (emacs-agent-question-values question))
                  (and value (list (cons name value)))))))

(defun emacs-agent-answer ()
  "Answer the question at point: ask for its remaining fields, and send it."
  (interactive)
  (let* ((section (emacs-agent-question-section))
         (question (emacs-agent-section-data section))
         (url (alist-get 'url (emacs-agent-question-event question))))
    (cond ((stringp url)
           (when (y-or-n-p (format "Open %s? " (emacs-agent-show-all url)))
             (browse-url url)
             (emacs-agent-answer--send section "accept" nil)))
          ((emacs-agent-question-plan-p question) (emacs-agent-answer--send section "accept" '((answer . "accept"))))
          (t (emacs-agent-answer--fill section)
             (emacs-agent-answer--send-form section)))))

(defun emacs-agent-answer--fill (section)
  "Ask for the fields of the question of SECTION that were not asked for yet."
  (let ((question (emacs-agent-section-data section)))
    (dolist (field (emacs-agent-question-fields question))
      (unless (memq (emacs-agent-field-name field) (emacs-agent-question-given question))
        (emacs-agent-answer--read section field)))))

(defun emacs-agent-answer--read (section field)
  "Ask for FIELD of the question of SECTION and show what it is now."
  (let ((question (emacs-agent-section-data section)))
    (emacs-agent-answer--set question field
                             (emacs-agent-form-read field (emacs-agent-answer-value question field)))
    (emacs-agent-section-update section)))

(defun emacs-agent-answer--send-form (section)
  "Check the form of SECTION and send it; several fields are shown once more."
  (let* ((question (emacs-agent-section-data section))
         (fields (emacs-agent-question-fields question))
         (filled (cl-remove-if-not (lambda (field) (emacs-agent-answer-value question field)) fields))
         (wrong (cl-find-if (lambda (field) (emacs-agent-form-problem field (emacs-agent-answer-value question field)))
                            fields)))
    (when wrong
      (user-error "%s: %s" (emacs-agent-field-label wrong)
                  (emacs-agent-form-problem wrong (emacs-agent-answer-value question wrong))))
    (when (or (not (cdr fields))
              (y-or-n-p (format "Send %s? "
                                (if filled
                                    (mapconcat (lambda (field)
                                                 (emacs-agent-show-all
                                                  (emacs-agent-one-line
                                                   (concat (emacs-agent-field-label field) " = "
                                                           (emacs-agent-form-show field (emacs-agent-answer-value question field)))
                                                   80)))
                                               filled ", ")
                                  "an empty form"))))
      (emacs-agent-answer--send section "accept" (emacs-agent-answer--content question)))))

(defun emacs-agent-answer--content (question)
  "Return the content of the answer to QUESTION, an alist for JSON."
  (cl-loop for field in (emacs-agent-question-fields question)
           for value = (emacs-agent-answer-value question field)
           when value
           collect (cons (emacs-agent-field-name field)
                         (if (eq (emacs-agent-field-kind field) 'choices) (vconcat value) value))))

(defun emacs-agent-question-choose (&optional number)
  "Answer the question at point with the choice whose key was pressed, or NUMBER.
Where several can be chosen it is taken in, or out again."
  (interactive)
  (let* ((section (emacs-agent-question-section))
         (question (emacs-agent-section-data section))
         (field (or (emacs-agent-question-options question) (user-error "This is not answered by a number")))
         (number (or number (- last-command-event ?0)))
         (value (cdr (or (nth (1- number) (emacs-agent-field-choices field))
                         (user-error "There is no choice %d" number)))))
    (if (eq (emacs-agent-field-kind field) 'choices)
        (let ((chosen (emacs-agent-answer-value question field)))
          (emacs-agent-answer--set question field
                                   (if (member value chosen) (remove value chosen) (append chosen (list value))))
          (emacs-agent-section-update section))
      (emacs-agent-answer--set question field value)
      (emacs-agent-answer--send section "accept" (emacs-agent-answer--content question)))))

(defun emacs-agent-question-edit ()
  "Change the field at point, or the plan that is asked about."
  (interactive)
  (let* ((section (emacs-agent-question-section)) (question (emacs-agent-section-data section))
         (field (get-text-property (point) 'emacs-agent-field)))
    (cond ((emacs-agent-question-plan-p question) (emacs-agent-answer--edit-plan section))
          (field (emacs-agent-answer--read section field))
          (t (user-error "Point is on no field; a asks for all of them")))))

(defun emacs-agent-question-clear ()
  "Leave the field at point empty."
  (interactive)
  (let ((section (emacs-agent-question-section))
        (field (or (get-text-property (point) 'emacs-agent-field) (user-error "Point is on no field"))))
    (when (emacs-agent-field-required field) (user-error "This field is needed"))
    (emacs-agent-answer--set (emacs-agent-section-data section) field nil)
    (emacs-agent-section-update section)))

(defun emacs-agent-answer--edit-plan (section)
  "Edit the plan that the question of SECTION is about; what is left is accepted."
  (let* ((question (emacs-agent-section-data section))
         (field (cl-find 'plan (emacs-agent-question-fields question) :key #'emacs-agent-field-name)))
    (emacs-agent-draft-text-edit
     "plan" (or (and field (emacs-agent-field-default field)) "")
     (lambda (text)
       (emacs-agent-answer--send section "accept" `((answer . "edit") (plan . ,(emacs-agent-clean-text text))))))))

(defun emacs-agent-decline ()
  "Decline the question at point; a plan is refused."
  (interactive)
  (let ((section (emacs-agent-question-section)))
    (if (emacs-agent-question-plan-p (emacs-agent-section-data section))
        (emacs-agent-answer--send section "accept" '((answer . "refuse")))
      (emacs-agent-answer--send section "decline" nil))))

(defun emacs-agent-answer--send (section action content)
  "Answer the question of SECTION with ACTION and CONTENT."
  (let* ((question (emacs-agent-section-data section))
         (buffer (marker-buffer (emacs-agent-section-start section)))
         (session (buffer-local-value 'emacs-agent-session buffer)))
    (emacs-agent-session-act
     session "answer"
     `((question_id . ,(alist-get 'question_id (emacs-agent-question-event question)))
       (action . ,action)
       ,@(and (equal action "accept") `((content . ,content))))
     nil
     (lambda (failure)
       (when (buffer-live-p buffer)
         (with-current-buffer buffer
           (setf (emacs-agent-question-note question) (alist-get 'message failure))
           (emacs-agent-section-update section)))))))

(provide 'emacs-agent-answer)
;;; emacs-agent-answer.el ends here
