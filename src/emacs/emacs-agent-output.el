;;; emacs-agent-output.el --- The part of a conversation that cannot be edited  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A conversation is output, which cannot be edited, and below it the input.  `emacs-agent-output-edit' changes output
;; without disturbing point, windows, or the undo of the input.

;;; Code:

(require 'emacs-agent-base)
(require 'emacs-agent-faces)

(defvar-local emacs-agent-output-end nil
  "Marker at the end of the output.")

(defmacro emacs-agent-output-edit (&rest body)
  "Run BODY to change output, and keep everything else as it was."
  (declare (indent 0) (debug t))
  `(emacs-agent-output-call (lambda () ,@body)))

(defun emacs-agent-output-call (function)
  "Call FUNCTION to change output.
Undo is off meanwhile, and what it has of the input moves along."
  (let ((size (buffer-size)) (undo buffer-undo-list) (modified (buffer-modified-p)))
    (setq buffer-undo-list t)
    (unwind-protect
        (let ((inhibit-read-only t) (deactivate-mark nil))
          (save-excursion (save-match-data (funcall function))))
      (setq buffer-undo-list
            (if (listp undo) (emacs-agent-output--shift undo (- (buffer-size) size)) undo))
      (restore-buffer-modified-p modified))))

(defun emacs-agent-output--shift (undo delta)
  "Return UNDO, what was done to the input, with its positions DELTA further on."
  (if (= delta 0)
      undo
    (mapcar (lambda (entry)
              (pcase entry
                ((pred integerp) (+ entry delta))
                (`(,(and (pred integerp) from) . ,(and (pred integerp) to)) (cons (+ from delta) (+ to delta)))
                (`(,(and (pred stringp) text) . ,(and (pred integerp) at))
                 (cons text (if (< at 0) (- at delta) (+ at delta))))
                (`(nil ,property ,value ,from . ,to)
                 `(nil ,property ,value ,(+ from delta) . ,(+ to delta)))
                (_ entry)))
            undo)))

(defun emacs-agent-output-insert (text)
  "Insert TEXT at point as output."
  (let ((start (point)))
    (insert text)
    (add-text-properties start (point) '(read-only t front-sticky (read-only)))))

(defun emacs-agent-output-append (text)
  "Write TEXT at the end of the output; return its start."
  (goto-char emacs-agent-output-end)
  (prog1 (point)
    (emacs-agent-output-insert text)))

(defun emacs-agent-output-write (text)
  "Write TEXT at the end of the output."
  (emacs-agent-output-edit (emacs-agent-output-append text)))

(defun emacs-agent-output-line (text &optional face)
  "Write TEXT, which is inert, as a line of its own in FACE."
  (emacs-agent-output-write (concat (propertize text 'emacs-agent-face (or face 'emacs-agent-dim)) "\n")))

(defun emacs-agent-output-active (text &rest properties)
  "Return TEXT with PROPERTIES that stay when Org colours it.
Org takes away keymaps and the like then; see `emacs-agent-fontify-region'."
  (apply #'propertize text 'emacs-agent-properties properties properties))

(defun emacs-agent-output-each (property start end function &optional text)
  "Call FUNCTION for each part between START and END where PROPERTY has a value.
It gets the start and the end of the part, and the value.  The part is of TEXT,
or of this buffer."
  (while (< start end)
    (let ((next (next-single-property-change start property text end))
          (value (get-text-property start property text)))
      (when value (funcall function start next value))
      (setq start next))))

(defun emacs-agent-output-key (key text)
  "Return KEY and TEXT, what it does."
  (concat (propertize key 'emacs-agent-face 'emacs-agent-key) " " text))

(provide 'emacs-agent-output)
;;; emacs-agent-output.el ends here
