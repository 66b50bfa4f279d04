;;; emacs-agent-form.el --- Fields of a form, read and checked  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The fields that a JSON Schema of MCP elicitation (2025-11-25) asks for: texts with formats, numbers with ranges, choices,
;; several choices.  A value is checked when it is read, so that only what the schema allows is ever sent.

;;; Code:

(require 'emacs-agent-base)
(require 'emacs-agent-json)
(defvar crm-separator)

(cl-defstruct (emacs-agent-field (:copier nil))
  "A field of a form."
  name                                  ; a symbol
  label description required default
  kind                                  ; text, secret, number, integer, choice, choices
  choices                               ; (LABEL . VALUE) …
  schema)                               ; its own part of the schema

(defun emacs-agent-form-fields (schema)
  "Return the fields that SCHEMA, an alist, asks for.
A server or the model wrote it: parts that are malformed are left out."
  (let* ((schema (and (consp schema) schema))
         (required (append (emacs-agent-form--array (alist-get 'required schema)) nil))
         (properties (alist-get 'properties schema)))
    (cl-loop for (name . field) in (and (consp properties) properties)
             collect (emacs-agent-form--field name (and (member (symbol-name name) required) t)
                                              (and (listp field) field)))))

(defun emacs-agent-form--field (name required schema)
  "Return the field NAME of SCHEMA, which is REQUIRED or not."
  (let-alist schema
    (let ((choices (emacs-agent-form--choices (if (equal .type "array") .items schema))))
      (make-emacs-agent-field
       :name name :required required :schema schema :choices choices
       :label (if (and (stringp .title) (not (string-empty-p .title))) .title (symbol-name name))
       :description (and (stringp .description) .description)
       :default (if (eq .default :null) nil .default)
       :kind (cond ((and choices (equal .type "array")) 'choices)
                   (choices 'choice)
                   ((equal .type "number") 'number)
                   ((equal .type "integer") 'integer)
                   ((or (equal .format "password") (eq .writeOnly t)) 'secret)
                   (t 'text))))))

(defun emacs-agent-form--array (value)
  "Return VALUE if it is an array of JSON, else an empty one."
  (if (vectorp value) value []))

(defun emacs-agent-form--choices (schema)
  "Return the choices of SCHEMA, each as (LABEL . VALUE), or nil."
  (let-alist (and (consp schema) schema)
    (cond ((equal .type "boolean") '(("yes" . t) ("no" . :false)))
          ((vectorp .enum) (cl-loop for value across .enum for number from 0
                                    for name = (and (vectorp .enumNames) (< number (length .enumNames)) (aref .enumNames number))
                                    collect (cons (if (stringp name) name (format "%s" value)) value)))
          (t (cl-loop for option across (vconcat (emacs-agent-form--array .oneOf) (emacs-agent-form--array .anyOf))
                      when (and (consp option) (assq 'const option))
                      collect (let ((value (alist-get 'const option)))
                                (cons (format "%s" (or (alist-get 'title option) value)) value)))))))

;;;; Showing

(defun emacs-agent-form-show (field value)
  "Return VALUE of FIELD as text, empty if it is nil."
  (pcase (emacs-agent-field-kind field)
    ((guard (null value)) "")
    ('secret "hidden")
    ('choice (or (car (rassoc value (emacs-agent-field-choices field))) (format "%s" value)))
    ('choices (mapconcat (lambda (one) (or (car (rassoc one (emacs-agent-field-choices field))) (format "%s" one)))
                         value ", "))
    (_ (format "%s" value))))

(defun emacs-agent-form-hint (field)
  "Return the values that FIELD takes, in a few words; empty if it takes any."
  (let-alist (emacs-agent-field-schema field)
    (string-join
     (delq nil
           (list (unless (emacs-agent-field-required field) "optional")
                 (pcase (emacs-agent-field-kind field)
                   ('integer "a whole number") ('number "a number")
                   ('choices "several") ('text (and (stringp .format) .format)))
                 (emacs-agent-form--range .minimum .maximum "")
                 (emacs-agent-form--range .minLength .maxLength " characters")
                 (emacs-agent-form--range .minItems .maxItems " of them")
                 (and (stringp .pattern) (concat "as " .pattern))))
     ", ")))

(defun emacs-agent-form--range (least most unit)
  "Return the range from LEAST to MOST, of UNIT, in words, or nil if there is none."
  (cond ((and (numberp least) (numberp most)) (format "%s to %s%s" least most unit))
        ((numberp least) (format "at least %s%s" least unit))
        ((numberp most) (format "at most %s%s" most unit))))

;;;; Checking

(defun emacs-agent-form-problem (field value)
  "Return why FIELD cannot have VALUE, or nil if it can; VALUE may be nil."
  (let-alist (emacs-agent-field-schema field)
    (pcase (emacs-agent-field-kind field)
      ((guard (or (null value) (equal value "")))
       (and (emacs-agent-field-required field) "it is needed"))
      ((or 'number 'integer) (emacs-agent-form--number-problem field value))
      ('choice (unless (rassoc value (emacs-agent-field-choices field)) "it is none of the choices"))
      ('choices (cond ((cl-some (lambda (one) (not (rassoc one (emacs-agent-field-choices field)))) value)
                       "one of them is none of the choices")
                      (t (emacs-agent-form--outside (length value) .minItems .maxItems " choices"))))
      (_ (or (emacs-agent-form--outside (length value) .minLength .maxLength " characters")
             (emacs-agent-form--format-problem .format value))))))

(defun emacs-agent-form--number-problem (field value)
  "Return why the number FIELD cannot have VALUE, or nil."
  (let-alist (emacs-agent-field-schema field)
    (cond ((not (numberp value)) "it is no number")
          ((and (eq (emacs-agent-field-kind field) 'integer) (/= value (truncate value))) "it is no whole number")
          ((and (numberp .exclusiveMinimum) (<= value .exclusiveMinimum)) (format "it must be over %s" .exclusiveMinimum))
          ((and (numberp .exclusiveMaximum) (>= value .exclusiveMaximum)) (format "it must be under %s" .exclusiveMaximum))
          ((and (integerp .multipleOf) (> .multipleOf 0) (/= 0 (mod value .multipleOf)))
           (format "it must be a multiple of %s" .multipleOf))
          (t (emacs-agent-form--outside value .minimum .maximum "")))))

(defun emacs-agent-form--outside (count least most unit)
  "Return why COUNT of UNIT is not within LEAST and MOST, or nil."
  (cond ((and (numberp least) (< count least)) (format "it must be at least %s%s" least unit))
        ((and (numberp most) (> count most)) (format "it must be at most %s%s" most unit))))

(defun emacs-agent-form--format-problem (format text)
  "Return why TEXT is not of FORMAT, as JSON Schema names it, or nil."
  (pcase format
    ("email" (unless (string-match-p "\\`[^@[:space:]]+@[^@[:space:].]+\\(?:\\.[^@[:space:].]+\\)*\\'" text) "it is no e-mail address"))
    ((or "uri" "url") (unless (string-match-p "\\`[A-Za-z][A-Za-z0-9+.-]*:[^[:space:]]+\\'" text) "it is no address with a scheme, such as https:"))
    ("date" (unless (emacs-agent-form--date-p text) "it is no date such as 2026-01-31"))
    ("date-time"
     (unless (and (string-match "\\`\\([0-9-]+\\)[Tt ]\\([01][0-9]\\|2[0-3]\\):[0-5][0-9]:\\(?:[0-5][0-9]\\|60\\)\\(?:\\.[0-9]+\\)?\\(?:[Zz]\\|[-+][0-9][0-9]:[0-9][0-9]\\)\\'" text)
                  (emacs-agent-form--date-p (match-string 1 text)))
       "it is no time such as 2026-01-31T12:00:00Z"))))

(defun emacs-agent-form--date-p (text)
  "Whether TEXT is an existing day, such as 2026-01-31."
  (and (string-match "\\`\\([0-9]\\{4\\}\\)-\\([0-9]\\{2\\}\\)-\\([0-9]\\{2\\}\\)\\'" text)
       (let ((year (string-to-number (match-string 1 text)))
             (month (string-to-number (match-string 2 text)))
             (day (string-to-number (match-string 3 text))))
         (and (<= 1 month 12) (<= 1 day (date-days-in-month year month))))))

;;;; Reading

(defun emacs-agent-form-read (field value)
  "Ask for FIELD, which has VALUE so far, until the answer is valid; return it."
  (let ((problem nil) (done nil))
    (while (not done)
      (setq value (emacs-agent-form--read-once field value problem)
            problem (and (not (eq value 'unreadable)) (emacs-agent-form-problem field value)))
      (cond ((eq value 'unreadable) (setq value nil problem "it is no number"))
            ((null problem) (setq done t))))
    value))

(defun emacs-agent-form--read-once (field value problem)
  "Ask once for FIELD, which has VALUE so far; PROBLEM is about the last answer.
Return the value, nil for none, or `unreadable'."
  (let* ((hint (emacs-agent-form-hint field))
         (prompt (emacs-agent-form--prompt
                  (emacs-agent-one-line
                   (concat (and problem (format "[%s] " problem)) (emacs-agent-field-label field)
                           (and (emacs-agent-field-description field) (concat ", " (emacs-agent-field-description field)))
                           (and (not (string-empty-p hint)) (format " (%s)" hint)))
                   300)))
         (choices (emacs-agent-field-choices field))
         (shown (emacs-agent-form-show field value)))
    (pcase (emacs-agent-field-kind field)
      ('choice (cdr (assoc (let ((completion-ignore-case t))
                             (completing-read prompt choices nil t nil nil (unless (string-empty-p shown) shown)))
                           choices)))
      ('choices (emacs-agent-form--read-several prompt choices shown))
      ('secret (let ((text (read-passwd prompt))) (unless (string-empty-p text) text)))
      ((or 'number 'integer) (emacs-agent-form--parse-number (read-string prompt shown)))
      (_ (let ((text (read-string prompt shown))) (unless (string-empty-p text) (emacs-agent-clean-text text)))))))

(defun emacs-agent-form--prompt (text)
  "Return TEXT, which may be anything, as a prompt."
  (concat (emacs-agent-show-all text) ": "))

(defun emacs-agent-form--read-several (prompt choices shown)
  "Ask with PROMPT for some of CHOICES, SHOWN so far; return a list of values."
  (let* ((comma (cl-some (lambda (choice) (string-search "," (car choice))) choices))
         (crm-separator (if comma "[ \t]*;[ \t]*" "[ \t]*,[ \t]*"))
         (completion-ignore-case t))
    (delete-dups
     (cl-loop for label in (completing-read-multiple
                            (if comma (concat "(with ; between) " prompt) prompt) choices nil t (unless comma shown))
              for choice = (assoc (string-trim label) choices)
              when choice collect (cdr choice)))))

(defun emacs-agent-form--parse-number (text)
  "Return the number that TEXT is, nil if it is empty, else `unreadable'."
  (let ((text (string-trim text)))
    (cond ((string-empty-p text) nil)
          ((string-match-p "\\`[-+]?\\(?:[0-9]+\\(?:\\.[0-9]*\\)?\\|\\.[0-9]+\\)\\(?:[eE][-+]?[0-9]+\\)?\\'" text)
           (let ((number (string-to-number text)))
             (if (and (floatp number) (< (abs number) 1e15) (= number (truncate number))) (truncate number) number)))
          (t 'unreadable))))

(provide 'emacs-agent-form)
;;; emacs-agent-form.el ends here
