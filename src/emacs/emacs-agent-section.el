;;; emacs-agent-section.el --- Parts of a conversation that change  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A conversation is output, which cannot be edited, and below it the input.  `emacs-agent-section-output' writes
;; output without disturbing point, windows, or the undo of the input.  A section is a part of the output that is written
;; again when what it shows has changed.  Its text always ends with a newline, which stays in place: so the markers
;; of neighbours never meet in the text that is replaced.

;;; Code:

(require 'emacs-agent-session)

(defvar-local emacs-agent-section-end-of-output nil
  "Marker at the end of the output.")

(cl-defstruct (emacs-agent-section (:copier nil))
  "A part of the output."
  render                                ; a function that returns its text
  data                                  ; what that shows
  expanded                              ; whether all of it is to be seen
  start end)

(defmacro emacs-agent-section-output (&rest body)
  "Run BODY, which changes output, and keep everything else as it was."
  (declare (indent 0) (debug t))
  `(emacs-agent-section--output (lambda () ,@body)))

(defun emacs-agent-section--output (function)
  "Call FUNCTION, which changes output.
Undo is off meanwhile, and what it has of the input moves along."
  (let ((size (buffer-size)) (undo buffer-undo-list) (modified (buffer-modified-p)))
    (setq buffer-undo-list t)
    (unwind-protect
        (let ((inhibit-read-only t) (deactivate-mark nil))
          (save-excursion (save-match-data (funcall function))))
      (setq buffer-undo-list
            (if (listp undo) (emacs-agent-section--shift undo (- (buffer-size) size)) undo))
      (restore-buffer-modified-p modified))))

(defun emacs-agent-section--shift (undo delta)
  "Return UNDO, changes to the input, with its positions DELTA further on."
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

(defun emacs-agent-section-write (text)
  "Insert TEXT at point as output."
  (let ((start (point)))
    (insert text)
    (add-text-properties start (point) '(read-only t front-sticky (read-only)))))

(defun emacs-agent-section-active (text &rest properties)
  "Return TEXT with PROPERTIES that stay when Org colours it.
Org takes away keymaps and the like then; see `emacs-agent-mode--fontify'."
  (apply #'propertize text 'emacs-agent-properties properties properties))

(defun emacs-agent-section-append (text)
  "Write TEXT at the end of the output; return where it starts."
  (goto-char emacs-agent-section-end-of-output)
  (prog1 (point)
    (emacs-agent-section-write text)))

(defun emacs-agent-section--text (section)
  "Return the text of SECTION as it should be now."
  (let ((text (funcall (emacs-agent-section-render section) section)))
    (propertize text 'emacs-agent-section section)))

(defun emacs-agent-section-insert (section)
  "Write SECTION at the end of the output and return it."
  (emacs-agent-section-output
    (let ((start (emacs-agent-section-append (emacs-agent-section--text section))))
      (setf (emacs-agent-section-start section) (copy-marker start)
            (emacs-agent-section-end section) (copy-marker (point)))))
  section)

(defun emacs-agent-section-update (section)
  "Write SECTION again, leaving point and windows where they are in it."
  (let* ((start (emacs-agent-section-start section))
         (end (emacs-agent-section-end section))
         (text (emacs-agent-section--text section))
         (places (emacs-agent-section--places start end)))
    (emacs-agent-section-output
      (goto-char start)
      (emacs-agent-section-write (substring text 0 -1))
      (delete-region (point) (1- end))
      (put-text-property (1- end) end 'emacs-agent-section section))
    (emacs-agent-section--restore places start end)))

(defun emacs-agent-section--places (start end)
  "Return where point and the windows' points are between START and END."
  (cl-flet ((offset (position) (and (<= start position) (< position end) (- position start))))
    (cons (offset (point))
          (cl-loop for window in (get-buffer-window-list nil nil t)
                   for offset = (offset (window-point window))
                   when offset collect (cons window offset)))))

(defun emacs-agent-section--restore (places start end)
  "Put point and the windows' points back to PLACES between START and END."
  (cl-flet ((place (offset) (min (+ start offset) (1- end))))
    (when (car places) (goto-char (place (car places))))
    (pcase-dolist (`(,window . ,offset) (cdr places))
      (set-window-point window (place offset)))))

(defun emacs-agent-section-at (&optional position)
  "Return the section at POSITION, or at point."
  (get-text-property (or position (point)) 'emacs-agent-section))

(defun emacs-agent-section-toggle (&optional section)
  "Show all of SECTION, or only its first line."
  (let ((section (or section (emacs-agent-section-at))))
    (setf (emacs-agent-section-expanded section) (not (emacs-agent-section-expanded section)))
    (emacs-agent-section-update section)))

(provide 'emacs-agent-section)
;;; emacs-agent-section.el ends here
