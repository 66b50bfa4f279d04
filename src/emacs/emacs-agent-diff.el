;;; emacs-agent-diff.el --- Unified diffs, hunk by hunk  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Reads the diffs of previews and file changes, applies any choice of their hunks to a text, and shows them.

;;; Code:

(require 'emacs-agent-base)
(require 'emacs-agent-faces)
(require 'diff-mode)

(cl-defstruct (emacs-agent-diff-hunk (:copier nil))
  "A hunk: its first line in the old text, and its lines with their marks."
  start lines header)

(define-error 'emacs-agent-diff-mismatch "The diff does not fit the file" 'emacs-agent-error)

(defconst emacs-agent-diff--header
  "\\`@@ -\\([0-9]+\\)\\(?:,\\([0-9]+\\)\\)? \\+\\([0-9]+\\)\\(?:,\\([0-9]+\\)\\)? @@"
  "The first line of a hunk.")

(defun emacs-agent-diff-hunks (diff)
  "Return the hunks of DIFF, or nil where it was cut and cannot be applied."
  (let ((hunks nil) (lines nil) (hunk nil) (whole t))
    (cl-flet ((finish () (when hunk
                           (setf (emacs-agent-diff-hunk-lines hunk) (nreverse lines))
                           (unless (emacs-agent-diff--complete-p hunk) (setq whole nil))
                           (push hunk hunks))))
      (dolist (line (split-string (string-remove-suffix "\n" diff) "\n"))
        (cond ((string-match-p emacs-agent-diff--header line)
               (finish)
               (setq lines nil
                     hunk (make-emacs-agent-diff-hunk
                           :header line :start (emacs-agent-diff--start line))))
              (hunk (push line lines))))
      (finish))
    (and whole (nreverse hunks))))

(defun emacs-agent-diff--start (header)
  "Return the first line of the hunk with HEADER in the old text."
  (string-match emacs-agent-diff--header header)
  ;; The start of an empty range is the line before it.
  (+ (string-to-number (match-string 1 header))
     (if (equal (match-string 2 header) "0") 1 0)))

(defun emacs-agent-diff--complete-p (hunk)
  "Whether HUNK has as many lines as are in its header."
  (let ((header (emacs-agent-diff-hunk-header hunk)) (old 0) (new 0))
    (dolist (line (emacs-agent-diff-hunk-lines hunk))
      (pcase (and (> (length line) 0) (aref line 0))
        (?- (cl-incf old))
        (?+ (cl-incf new))
        (?\\ nil)
        (_ (cl-incf old) (cl-incf new))))
    (string-match emacs-agent-diff--header header)
    (and (= old (string-to-number (or (match-string 2 header) "1")))
         (= new (string-to-number (or (match-string 4 header) "1"))))))

(defun emacs-agent-diff-stat (diff)
  "Return (ADDED . REMOVED), the numbers of lines in DIFF."
  (let ((added 0) (removed 0) (start 0) (in-hunk nil) (size (length diff)))
    (while (< start size)
      (let ((end (or (string-search "\n" diff start) size)))
        (pcase (aref diff start)
          (?@ (setq in-hunk t))
          (?+ (when in-hunk (cl-incf added)))
          (?- (when in-hunk (cl-incf removed))))
        (setq start (1+ end))))
    (cons added removed)))

(defun emacs-agent-diff-stat-files (files)
  "Return the size of the diffs of FILES, those of a preview, after two spaces.
Return nil if there are none."
  (and files (concat "  " (apply #'emacs-agent-diff-stat-text
                                 (mapcar (lambda (file) (alist-get 'diff file)) files)))))

(defun emacs-agent-diff-stat-text (&rest diffs)
  "Return the size of DIFFS together in words: +3 -1."
  (let* ((stats (mapcar #'emacs-agent-diff-stat diffs))
         (added (apply #'+ (mapcar #'car stats))) (removed (apply #'+ (mapcar #'cdr stats))))
    (concat (propertize (format "+%d" added) 'emacs-agent-face 'emacs-agent-success) " "
            (propertize (format "-%d" removed) 'emacs-agent-face 'emacs-agent-failure))))

;;;; Applying

(defun emacs-agent-diff-apply (text hunks)
  "Return TEXT with HUNKS applied.
Signals `emacs-agent-diff-mismatch' where TEXT is not what they were made for.
Line ends of DOS are kept: the diff does not show them."
  (let* ((dos (and (string-search "\r\n" text)
                   (not (string-match-p "\\(?:\\`\\|[^\r]\\)\n" text))
                   (not (cl-some #'emacs-agent-diff--dos-p hunks))))
         (result (emacs-agent-diff--apply (if dos (string-replace "\r\n" "\n" text) text) hunks)))
    (if dos (string-replace "\n" "\r\n" result) result)))

(defun emacs-agent-diff--dos-p (hunk)
  "Whether HUNK has line ends of DOS."
  (cl-some (lambda (line) (string-suffix-p "\r" line)) (emacs-agent-diff-hunk-lines hunk)))

(defun emacs-agent-diff--apply (text hunks)
  "Return TEXT with HUNKS applied."
  (with-temp-buffer
    (insert text)
    (dolist (hunk (reverse hunks))
      (goto-char (point-min))
      (when (> (forward-line (1- (emacs-agent-diff-hunk-start hunk))) 0)
        (signal 'emacs-agent-diff-mismatch nil))
      (emacs-agent-diff--apply-hunk hunk))
    (buffer-string)))

(defun emacs-agent-diff--apply-hunk (hunk)
  "Apply HUNK at point."
  (pcase-let ((`(,old . ,new) (emacs-agent-diff--sides hunk)))
    ;; A text that does not end in a newline is like one that lacks its last line's.
    (let ((end (+ (point) (length old))))
      (unless (and (<= end (point-max))
                   (equal old (buffer-substring-no-properties (point) end)))
        (signal 'emacs-agent-diff-mismatch nil))
      (when (and (> (point) (point-min)) (not (bolp)) (not (string-empty-p new)))
        (signal 'emacs-agent-diff-mismatch nil))
      (delete-region (point) end)
      (insert new))))

(defun emacs-agent-diff--sides (hunk)
  "Return (OLD . NEW), the texts before and after HUNK."
  (let ((old nil) (new nil) (last nil))
    (dolist (line (emacs-agent-diff-hunk-lines hunk))
      (let ((mark (if (string-empty-p line) ?\s (aref line 0)))
            (text (concat (if (string-empty-p line) "" (substring line 1)) "\n")))
        (pcase mark
          (?- (push text old))
          (?+ (push text new))
          (?\\ (when (memq last '(?- ?\s)) (push (string-remove-suffix "\n" (pop old)) old))
               (when (memq last '(?+ ?\s)) (push (string-remove-suffix "\n" (pop new)) new)))
          (_ (push text old) (push text new)))
        (setq last mark)))
    (cons (apply #'concat (nreverse old)) (apply #'concat (nreverse new)))))

(defun emacs-agent-diff-reverse (hunk)
  "Return the hunk with which HUNK is undone."
  (let ((header (emacs-agent-diff-hunk-header hunk)))
    (string-match emacs-agent-diff--header header)
    (let ((ranges (mapcar (lambda (group) (match-string group header)) '(1 2 3 4))))
      (pcase-let ((`(,old ,old-count ,new ,new-count) ranges))
        (setq header (format "@@ -%s,%s +%s,%s @@" new (or new-count 1) old (or old-count 1)))))
    (make-emacs-agent-diff-hunk
     :header header :start (emacs-agent-diff--start header)
     :lines (mapcar (lambda (line)
                      (pcase (and (> (length line) 0) (aref line 0))
                        (?- (concat "+" (substring line 1)))
                        (?+ (concat "-" (substring line 1)))
                        (_ line)))
                    (emacs-agent-diff-hunk-lines hunk)))))

;;;; Showing

(defun emacs-agent-diff-lines (diff org limit &optional refused first)
  "Return (TEXT . MORE): at most LIMIT lines of DIFF, to stand in a block.
ORG is DIFF as the backend makes it inert, line for line.  MORE is how many
lines are left out, 0 for none.  The hunks whose numbers are in REFUSED are
marked as such; the first one has the number FIRST, 0 by default.  Each line has
its hunk as `emacs-agent-hunk'."
  (let* ((lines (split-string (string-remove-suffix "\n" diff) "\n"))
         (shown (split-string (string-remove-suffix "\n" org) "\n"))
         (more (max 0 (- (length lines) limit))) (number nil))
    (cons (mapconcat
           (lambda (line)
             (let ((header (string-match-p emacs-agent-diff--header line)))
               (when header (setq number (if number (1+ number) (or first 0))))
               (emacs-agent-diff--line line (or (pop shown) "") number header (memq number refused))))
           (seq-take lines limit) "")
          more)))

(defun emacs-agent-diff--line (line org number header refused)
  "Return ORG, which is LINE of hunk NUMBER or of none, as it is shown.
HEADER says whether it starts the hunk, REFUSED whether that is refused."
  (propertize (concat (if (> (length org) 500) (concat (substring org 0 500) "…") org)
                      (and header refused "  refused") "\n")
              'emacs-agent-hunk number
              'emacs-agent-face (if refused 'emacs-agent-refused (emacs-agent-diff--face line number))))

(defun emacs-agent-diff--face (line number)
  "Return the face of LINE of hunk NUMBER, or before the first one if that is nil."
  (cond ((null number) 'emacs-agent-dim)
        ((string-prefix-p "@@" line) 'diff-hunk-header)
        ((string-prefix-p "+" line) 'diff-added)
        ((string-prefix-p "-" line) 'diff-removed)
        (t 'diff-context)))

(provide 'emacs-agent-diff)
;;; emacs-agent-diff.el ends here
