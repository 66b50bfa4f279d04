;;; emacs-agent-refine.el --- How two texts differ  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Differences by words, for display, and by lines, for merging.  Without a diff program, the texts differ as a whole.

;;; Code:

(require 'emacs-agent-base)
(require 'smerge-mode)

(defun emacs-agent-refine-words (before after)
  "Return (REMOVED . ADDED), the words by which BEFORE and AFTER differ.
Each is a list of (START . END), offsets into its text."
  (with-temp-buffer
    (insert before "\n" after)
    (let* ((middle (+ 2 (length before))) (removed nil) (added nil))
      (condition-case nil
          (smerge-refine-regions (point-min) (1- middle) middle (point-max)
                                 nil nil '((emacs-agent-side . removed)) '((emacs-agent-side . added)))
        (error nil))                    ; no diff program
      (dolist (overlay (overlays-in (point-min) (point-max)))
        (let ((start (overlay-start overlay)) (end (overlay-end overlay)))
          (pcase (overlay-get overlay 'emacs-agent-side)
            ('removed (push (cons (1- start) (min (length before) (1- end))) removed))
            ('added (push (cons (- start middle) (- end middle)) added)))))
      (cons removed added))))

(defun emacs-agent-refine-face (text ranges face)
  "Return TEXT with FACE on RANGES, in front of the faces that it has.
RANGES are as of `emacs-agent-refine-words'."
  (let ((text (copy-sequence text)))
    (pcase-dolist (`(,start . ,end) ranges)
      (add-face-text-property (max 0 start) (min end (length text)) face nil text))
    text))

(defun emacs-agent-refine--changes (before after)
  "Return the differences from BEFORE to AFTER: a list of (A B C D), in order.
Lines A to B of BEFORE, not counting B, become lines C to D of AFTER."
  (let ((old (make-temp-file "emacs-agent-before" nil nil before))
        (new (make-temp-file "emacs-agent-after" nil nil after))
        (changes nil))
    (unwind-protect
        (with-temp-buffer
          (call-process diff-command nil t nil "-a" old new)
          (goto-char (point-min))
          (while (re-search-forward "^\\([0-9]+\\)\\(?:,\\([0-9]+\\)\\)?\\([acd]\\)\\([0-9]+\\)\\(?:,\\([0-9]+\\)\\)?$" nil t)
            (let* ((number (lambda (group) (and (match-string group) (string-to-number (match-string group)))))
                   (kind (match-string 3))
                   (a (funcall number 1)) (b (or (funcall number 2) a))
                   (c (funcall number 4)) (d (or (funcall number 5) c)))
              (push (list (if (equal kind "a") a (1- a)) b (if (equal kind "d") c (1- c)) d) changes))))
      (delete-file old)
      (delete-file new))
    (nreverse changes)))

(defun emacs-agent-refine-conflicts (before after)
  "Return BEFORE and AFTER as one text, with a conflict wherever they differ.
Each is of the kind that `smerge-mode' resolves.  Both texts end in a newline."
  (let ((old (vconcat (emacs-agent-refine--lines before)))
        (new (vconcat (emacs-agent-refine--lines after)))
        (at 0) (pieces nil))
    (cl-flet ((lines (all from to) (apply #'concat (append (cl-subseq all from to) nil))))
      (pcase-dolist (`(,a ,b ,c ,d)
                     (or (ignore-errors (emacs-agent-refine--changes before after))
                         (and (not (equal before after)) (list (list 0 (length old) 0 (length new))))))
        (push (lines old at a) pieces)
        (push (concat "<<<<<<< yours\n" (lines old a b) "=======\n" (lines new c d) ">>>>>>> proposed\n") pieces)
        (setq at b))
      (push (lines old at (length old)) pieces))
    (apply #'concat (nreverse pieces))))

(defun emacs-agent-refine--lines (text)
  "Return the lines of TEXT, each with its end."
  (let ((lines nil) (start 0))
    (while (< start (length text))
      (let ((end (1+ (or (string-search "\n" text start) (1- (length text))))))
        (push (substring text start end) lines)
        (setq start end)))
    (nreverse lines)))

(provide 'emacs-agent-refine)
;;; emacs-agent-refine.el ends here
