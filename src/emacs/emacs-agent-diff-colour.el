;;; emacs-agent-diff-colour.el --- The colours of code in diffs  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The code in a diff, after the marks of its lines, is coloured by the mode of its file, on top of the backgrounds of added
;; and removed lines.  Each hunk is coloured on its own, as it was and as it will be; no file is read.  The text property
;; `emacs-agent-diff-file' of a diff is the name of its file.

;;; Code:

(require 'emacs-agent-colour)
(require 'emacs-agent-idle)
(require 'diff-mode)

(defcustom emacs-agent-diff-colours t
  "Whether code in diffs has the colours of its language.
It stays plain on terminals that show added and removed lines by their
foreground, without a background."
  :type 'boolean
  :group 'emacs-agent)

(defconst emacs-agent-diff-colour--header
  "^@@ -[0-9]+\\(?:,\\([0-9]+\\)\\)? \\+[0-9]+\\(?:,\\([0-9]+\\)\\)? @@"
  "The first line of a hunk.")

(defvar emacs-agent-diff-colour--coloured (make-hash-table :test #'equal)
  "Cache of coloured text, by (MODE . TEXT).")

(defun emacs-agent-diff-colour-mark (diff file)
  "Return DIFF with FILE as its file, by whose mode it is coloured."
  (propertize diff 'emacs-agent-diff-file file))

(defun emacs-agent-diff-colour-setup ()
  "Colour code in this buffer, which is in `diff-mode'.
The colours of that mode itself are off: it reads the files that a diff names."
  (setq-local diff-font-lock-syntax nil)
  (emacs-agent-diff-colour-remap)
  (font-lock-add-keywords
   nil '(((lambda (limit) (emacs-agent-diff-colour-region (point) limit) nil))) 'append))

(defun emacs-agent-diff-colour-remap ()
  "Show added and removed lines of this buffer in green and red with 256 colours."
  (pcase-dolist (`(,face . ,ours) '((diff-added . emacs-agent-added) (diff-removed . emacs-agent-removed)
                                    (diff-indicator-added . emacs-agent-added)
                                    (diff-indicator-removed . emacs-agent-removed)))
    (unless (cl-some (lambda (property) (get face property)) '(theme-face saved-face customized-face))
      (setq-local face-remapping-alist (cons (list face ours face) face-remapping-alist)))))

(defun emacs-agent-diff-colour--wanted-p ()
  "Whether code is to be coloured, on the frame that is selected."
  (and emacs-agent-diff-colours (face-background 'diff-added nil t)))

(defun emacs-agent-diff-colour-region (start end)
  "Colour the code of the hunks between START and END, now or later.
The other faces of that text have just been set."
  (when (emacs-agent-diff-colour--wanted-p)
    (save-excursion
      (save-match-data
        (goto-char start)
        (emacs-agent-diff-colour--to-header)
        (while (re-search-forward emacs-agent-diff-colour--header end t)
          (forward-line 0)
          (emacs-agent-diff-colour--hunk start end))))))

(defun emacs-agent-diff-colour--to-header ()
  "Go to the first line of the hunk that point is in, if it is in one."
  (when (get-text-property (point) 'emacs-agent-diff-file)
    (let ((from (point)))
      (forward-line 0)
      (unless (or (looking-at-p "@@ ")
                  (re-search-backward "^@@ " (max (point-min) (- (point) emacs-agent-colour-large)) t))
        (goto-char from)))))

(defun emacs-agent-diff-colour--hunk (start end)
  "Colour those lines of the hunk at point that are between START and END.
Go to its end."
  (let* ((header (point))
         (file (get-text-property header 'emacs-agent-diff-file))
         (plain (eq (get-text-property header 'emacs-agent-face) 'emacs-agent-refused))
         (mode (and file (not plain) (emacs-agent-colour-file-mode file)))
         (lines (emacs-agent-diff-colour--lines)))
    (when (and mode lines (<= (- (point) header) emacs-agent-colour-large))
      (if (and (emacs-agent-colour-ready-p mode)
               (or (<= (- (point) header) emacs-agent-colour-small)
                   (emacs-agent-diff-colour--known-p mode lines)))
          (emacs-agent-diff-colour--paint mode lines start end)
        (emacs-agent-idle-add header #'emacs-agent-diff-colour--step)))))

;;;; A hunk

(defun emacs-agent-diff-colour--lines ()
  "Return the lines of the hunk at point, and go to its end.
Each is (MARK START END), without its mark.  The numbers in its first line say
where it ends, or the end of the text that has its file."
  (when (looking-at emacs-agent-diff-colour--header)
    (let ((old (string-to-number (or (match-string 1) "1")))
          (new (string-to-number (or (match-string 2) "1")))
          (limit (next-single-property-change (point) 'emacs-agent-diff-file nil (point-max)))
          (lines nil))
      (forward-line 1)
      (while (and (or (> old 0) (> new 0)) (< (point) limit))
        (let ((mark (char-after)))
          (unless (eq mark ?\\)
            (unless (eq mark ?+) (cl-decf old))
            (unless (eq mark ?-) (cl-decf new))
            (push (list mark (min (1+ (point)) (line-end-position)) (line-end-position)) lines))
          (forward-line 1)))
      (nreverse lines))))

(defun emacs-agent-diff-colour--side (lines mark)
  "Return the text of LINES without those that begin with MARK."
  (mapconcat (lambda (line) (buffer-substring-no-properties (nth 1 line) (nth 2 line)))
             (cl-remove mark lines :key #'car) "\n"))

(defun emacs-agent-diff-colour--known-p (mode lines)
  "Whether LINES were coloured by MODE already."
  (cl-every (lambda (mark)
              (gethash (cons mode (emacs-agent-diff-colour--side lines mark)) emacs-agent-diff-colour--coloured))
            '(?+ ?-)))

(defun emacs-agent-diff-colour--coloured (mode text)
  "Return TEXT as MODE colours it."
  (let ((key (cons mode text)))
    (or (gethash key emacs-agent-diff-colour--coloured)
        (progn (when (> (hash-table-count emacs-agent-diff-colour--coloured) 200)
                 (clrhash emacs-agent-diff-colour--coloured))
               (puthash key (emacs-agent-colour-text mode text) emacs-agent-diff-colour--coloured)))))

(defun emacs-agent-diff-colour--paint (mode lines start end)
  "Give those of LINES that are between START and END the colours of MODE."
  (with-silent-modifications
    (dolist (other '(?+ ?-))
      (let ((text (emacs-agent-diff-colour--coloured mode (emacs-agent-diff-colour--side lines other))) (at 0))
        (pcase-dolist (`(,mark ,from ,to) lines)
          (unless (eq mark other)
            ;; An unchanged line has its colours in the new text.
            (when (and (<= start from) (<= to end) (or (eq mark ?-) (eq other ?-)))
              (emacs-agent-output-each
               'face at (+ at (- to from))
               (lambda (face-from face-to face)
                 (add-face-text-property (+ from (- face-from at)) (+ from (- face-to at)) face))
               text))
            (setq at (+ at (- to from) 1))))))))

;;;; Later

(defun emacs-agent-diff-colour--step ()
  "Load the mode for the hunk at point, or colour it; return whether it is done."
  (let* ((header (point))
         (file (get-text-property header 'emacs-agent-diff-file))
         (mode (and file (emacs-agent-colour-file-mode file)))
         (lines (and mode (emacs-agent-diff-colour--lines))))
    (cond ((null lines) t)
          ((not (emacs-agent-colour-ready-p mode)) (emacs-agent-colour-prepare mode) nil)
          ((eq 'done (while-no-input
                       (dolist (mark '(?+ ?-))
                         (emacs-agent-diff-colour--coloured mode (emacs-agent-diff-colour--side lines mark)))
                       'done))
           (font-lock-flush header (point))
           t))))

(provide 'emacs-agent-diff-colour)
;;; emacs-agent-diff-colour.el ends here
