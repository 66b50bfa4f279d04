;;; emacs-agent-section.el --- Parts of the output that change  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A section is a part of the output that is written again when what it shows has changed.  Its text always ends with a
;; newline, which stays in place: so the markers of neighbours never meet in the text that is replaced.

;;; Code:

(require 'emacs-agent-output)

(cl-defstruct (emacs-agent-section (:copier nil))
  "A part of the output."
  render                                ; a function that returns its text
  data                                  ; what that shows
  expanded                              ; whether all of it is to be seen
  from to                               ; markers around it, or nil while it is settled
  last                                  ; where it began when it was settled
  buffer)

(defun emacs-agent-section-start (section)
  "Return the marker at the start of SECTION, detached if its buffer is killed."
  (emacs-agent-section--attach section)
  (emacs-agent-section-from section))

(defun emacs-agent-section-end (section)
  "Return the marker at the end of SECTION, detached if its buffer is killed."
  (emacs-agent-section--attach section)
  (emacs-agent-section-to section))

(defun emacs-agent-section-settle (section)
  "Remove the markers of SECTION, which is complete; search for it when needed.
Each marker makes each change of the buffer slower."
  (when (emacs-agent-section-from section)
    (setf (emacs-agent-section-last section) (marker-position (emacs-agent-section-from section)))
    (set-marker (emacs-agent-section-from section) nil)
    (set-marker (emacs-agent-section-to section) nil)
    (setf (emacs-agent-section-from section) nil
          (emacs-agent-section-to section) nil)))

(defun emacs-agent-section--attach (section)
  "Put markers around SECTION again if it was settled."
  (unless (emacs-agent-section-from section)
    (if (buffer-live-p (emacs-agent-section-buffer section))
        (with-current-buffer (emacs-agent-section-buffer section)
          (emacs-agent-section--find section))
      (setf (emacs-agent-section-from section) (make-marker)
            (emacs-agent-section-to section) (make-marker)))))

(defun emacs-agent-section--find (section)
  "Put markers around SECTION, which is in this buffer."
  (let* ((last (or (emacs-agent-section-last section) (point-min)))
         (find (lambda (from) (text-property-any (max (point-min) (min from (point-max))) (point-max)
                                                 'emacs-agent-section section)))
         (inside (or (funcall find (- last 2000)) (funcall find (point-min)) (point-max)))
         (start (if (and (> inside (point-min)) (eq section (emacs-agent-section-at (1- inside))))
                    (previous-single-property-change inside 'emacs-agent-section nil (point-min))
                  inside)))
    (setf (emacs-agent-section-from section) (copy-marker start)
          (emacs-agent-section-to section)
          (copy-marker (next-single-property-change start 'emacs-agent-section nil (point-max))))))

(defun emacs-agent-section--text (section)
  "Return the text of SECTION as it should be now."
  (let ((text (funcall (emacs-agent-section-render section) section)))
    (propertize text 'emacs-agent-section section)))

(defun emacs-agent-section-insert (section)
  "Write SECTION at the end of the output and return it."
  (emacs-agent-section--append section (emacs-agent-section--text section)))

(defun emacs-agent-section--append (section text)
  "Write TEXT, of SECTION, at the end of the output and return SECTION."
  (emacs-agent-output-edit
    (let ((start (emacs-agent-output-append text)))
      (setf (emacs-agent-section-buffer section) (current-buffer)
            (emacs-agent-section-from section) (copy-marker start)
            (emacs-agent-section-to section) (copy-marker (point)))))
  section)

(defun emacs-agent-section-update (section)
  "Write SECTION again, leaving point and windows where they are in it."
  (let* ((start (emacs-agent-section-start section))
         (end (emacs-agent-section-end section))
         (text (emacs-agent-section--text section))
         (places (emacs-agent-section--places start end)))
    (emacs-agent-output-edit
      (goto-char start)
      (emacs-agent-output-insert (substring text 0 -1))
      (delete-region (point) (1- end))
      (set-text-properties (1- end) end `(read-only t front-sticky (read-only)
                                          ,@(text-properties-at (1- (length text)) text))))
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

;;;; By id

(defvar-local emacs-agent-section--by-id nil
  "The sections of this buffer that have an id: a hash table.")

(defvar-local emacs-agent-section--dirty nil
  "Sections to be written again by `emacs-agent-section-update-marked'.")

(defvar-local emacs-agent-section--done nil
  "Sections to be settled by `emacs-agent-section-update-marked'.")

(defun emacs-agent-section-setup ()
  "Forget all sections of this buffer."
  (setq emacs-agent-section--by-id (make-hash-table :test #'equal)
        emacs-agent-section--dirty nil
        emacs-agent-section--done nil))

(defun emacs-agent-section-with-id (id)
  "Return the section of this buffer that has ID, or nil."
  (gethash id emacs-agent-section--by-id))

(defun emacs-agent-section-insert-as (id section)
  "Make room for SECTION, with ID, at the end of the output and return it.
It is written at the end of the batch, with what the rest of that adds to it."
  (puthash id section emacs-agent-section--by-id)
  (emacs-agent-section-mark section)
  (emacs-agent-section--append section (propertize "\n" 'emacs-agent-section section)))

(defun emacs-agent-section-map (function)
  "Call FUNCTION with each section of this buffer that has an id, in order."
  (maphash (lambda (_id section) (funcall function section)) emacs-agent-section--by-id))

(defun emacs-agent-section-cut (position)
  "Delete the output from POSITION on, and forget the sections in it."
  (let ((gone (emacs-agent-section--between position emacs-agent-output-end)))
    (cl-flet ((gone-p (section) (memq section gone)))
      (maphash (lambda (id section) (when (gone-p section) (remhash id emacs-agent-section--by-id)))
               emacs-agent-section--by-id)
      (setq emacs-agent-section--dirty (cl-remove-if #'gone-p emacs-agent-section--dirty)
            emacs-agent-section--done (cl-remove-if #'gone-p emacs-agent-section--done)))
    (emacs-agent-output-edit
      (delete-region position emacs-agent-output-end))))

(defun emacs-agent-section--between (start end)
  "Return the sections from START to END."
  (let ((sections nil) (at (+ start 0)))
    (while (< at end)
      (let ((section (emacs-agent-section-at at)))
        (when section (push section sections)))
      (setq at (next-single-property-change at 'emacs-agent-section nil end)))
    sections))

(defun emacs-agent-section-mark (section)
  "Have SECTION, if it is one, written again at the end of the batch."
  (when section
    (cl-pushnew section emacs-agent-section--dirty :test #'eq)))

(defun emacs-agent-section-finish (section)
  "Settle SECTION, which is complete, after the batch."
  (push section emacs-agent-section--done))

(defun emacs-agent-section-update-marked ()
  "Write again the sections that were marked, and settle those that are finished."
  (let ((dirty emacs-agent-section--dirty) (done emacs-agent-section--done))
    (setq emacs-agent-section--dirty nil
          emacs-agent-section--done nil)
    (mapc #'emacs-agent-section-update dirty)
    (mapc #'emacs-agent-section-settle done)))

(provide 'emacs-agent-section)
;;; emacs-agent-section.el ends here
