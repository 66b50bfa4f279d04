;;; emacs-agent-table.el --- Tables that fit the window  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The columns of a table are aligned on display, also if a part of a cell is hidden.  If the table is wider than the window, its
;; widest columns are cut.  The whole text of a cell that is cut is its tooltip, and is shown when point is on it.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'emacs-agent-inert)

(defvar-local emacs-agent-table--width nil
  "The width for which tables were fitted.")

(defun emacs-agent-table-fit (start end put)
  "Fit the tables between START and END, whole lines.
PUT is called with two positions and what is to be displayed between them."
  (goto-char start)
  (while (re-search-forward "^|.*|[ \t]*$" end t)
    (let ((lines nil) (more t))
      (forward-line 0)
      (while (and (not (bobp)) (save-excursion (forward-line -1) (looking-at-p "|.*|[ \t]*$")))
        (forward-line -1))
      (while (and more (looking-at-p "|.*|[ \t]*$"))
        (push (emacs-agent-table--cells) lines)
        (setq more (and (= 0 (forward-line 1)) (not (eobp)))))
      (emacs-agent-table--fit-rows (nreverse lines) put))))

(defun emacs-agent-table--cells ()
  "Return the cells of the row at point: (START END TEXT-END WIDTH), or `rule'.
START is after a bar and END before the next one."
  (if (looking-at-p "|-")
      (list 'rule (point) (line-end-position))
    (let ((end (line-end-position)) (cells nil))
      (save-excursion
        (forward-char 1)
        (while (< (point) end)
          (let ((from (point)))
            (skip-chars-forward "^|\n" end)
            (let ((to (point)))
              (when (eq (char-after) ?|)
                (let ((text-end (save-excursion (skip-chars-backward " \t" from) (point))))
                  (push (list from to text-end (emacs-agent-table--width-of from text-end)) cells)))
              (unless (eobp) (forward-char 1))))))
      (nreverse cells))))

(defun emacs-agent-table--width-of (start end)
  "Return how many columns the text from START to END takes on display."
  (let ((width 0) (at start))
    (while (< at end)
      (let ((next (min end (next-char-property-change at end))))
        (unless (invisible-p at)
          (setq width (+ width (string-width (emacs-agent-inert-plain (buffer-substring-no-properties at next))))))
        (setq at next)))
    width))

(defun emacs-agent-table--fit-rows (rows put)
  "Fit ROWS, those of a table, by PUT."
  (let* ((texts (cl-remove 'rule rows :key #'car))
         (count (apply #'max 0 (mapcar #'length texts)))
         (natural (cl-loop for column below count
                           collect (apply #'max 1 (mapcar (lambda (row) (or (nth 3 (nth column row)) 0)) texts))))
         (widths (emacs-agent-table--shrink natural (- (emacs-agent-text-room) 1 (* 2 count)))))
    (dolist (row rows)
      (if (eq (car row) 'rule)
          (funcall put (nth 1 row) (nth 2 row)
                   (concat "|" (mapconcat (lambda (width) (make-string (+ width 1) ?-)) widths "+") "|"))
        (let ((column 1))
          (cl-loop for cell in row
                   for width in widths
                   do (setq column (+ column width 1))
                   (emacs-agent-table--fit-cell cell width column put)
                   (setq column (1+ column))))))))

(defun emacs-agent-table--shrink (widths room)
  "Return WIDTHS made smaller, the largest first, so that they fit into ROOM."
  (let ((widths (copy-sequence widths)) (excess (- (apply #'+ widths) room)))
    (while (> excess 0)
      (let* ((widest (apply #'max widths)) (place (cl-position widest widths)))
        (if (<= widest 4) (setq excess 0)
          (setf (nth place widths) (1- widest))
          (cl-decf excess))))
    widths))

(defun emacs-agent-table--fit-cell (cell width column put)
  "Align the end of CELL to COLUMN, and cut it after WIDTH columns, by PUT."
  (pcase-let ((`(,start ,end ,text-end ,size) cell))
    (let ((align `(space :align-to ,column)))
      (if (<= size width)
          (funcall put text-end end align)
        (let ((cut (emacs-agent-table--cut start text-end (1- width))))
          (put-text-property start text-end 'help-echo (string-trim (buffer-substring-no-properties start text-end)))
          (funcall put cut text-end "…")
          (funcall put text-end end align))))))

(defun emacs-agent-table--cut (start end width)
  "Return the position where the text from START to END fills WIDTH columns."
  (let ((at start) (left width))
    (while (and (< at end) (> left 0))
      (unless (or (invisible-p at) (memq (char-after at) '(#x200b #x2060)))
        (setq left (- left (char-width (char-after at)))))
      (setq at (1+ at)))
    at))

(defun emacs-agent-table-refit (frame-or-window)
  "Fit tables again if the width of FRAME-OR-WINDOW has changed.
For `window-size-change-functions'."
  (let ((buffer (and (windowp frame-or-window) (window-buffer frame-or-window))))
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        (let ((width (emacs-agent-text-room)))
          (unless (eql width emacs-agent-table--width)
            (setq emacs-agent-table--width width)
            (when font-lock-mode (font-lock-flush))))))))

(provide 'emacs-agent-table)
;;; emacs-agent-table.el ends here
