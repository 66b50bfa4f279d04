;;; emacs-agent-copy.el --- Copying and searching the text that was said  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; In a conversation zero-width characters and commas keep text from being syntax of Org.  They are left out of what is
;; copied, and searches pass over them.

;;; Code:

(require 'emacs-agent-inert)
(require 'emacs-agent-output)

(defun emacs-agent-copy-setup ()
  "Have this buffer copied and searched as what was said."
  (setq-local filter-buffer-substring-function #'emacs-agent-copy--filter
              search-default-mode #'emacs-agent-copy--regexp))

(defun emacs-agent-copy--regexp (string &optional _lax)
  "Return a regexp for STRING that passes over `emacs-agent-inert-marks'."
  (mapconcat (lambda (char) (regexp-quote (string char))) string (concat emacs-agent-inert-marks "*")))

(defun emacs-agent-copy--tolerant (regexp)
  "Return REGEXP so that it passes over `emacs-agent-inert-marks'."
  (replace-regexp-in-string
   (rx (or (seq "\\" (any "(|{") (opt "?:"))
           (seq (or (seq "\\" anychar) (seq "[" (opt "^") (opt "]") (* (not (any "]"))) "]") (not (any "\\$")))
                (opt (or (seq (any "*+?") (opt "?")) (seq "\\{" (* (any "0-9,")) "\\}"))))))
   (lambda (atom)
     (if (string-match-p "\\`\\\\[(|{]" atom) atom (concat atom emacs-agent-inert-marks "*")))
   regexp t t))

(defun emacs-agent-occur (regexp &optional nlines)
  "List the lines of this conversation that match REGEXP, as they were said.
NLINES is as for `occur'."
  (interactive (occur-read-primary-args))
  (occur (emacs-agent-copy--tolerant regexp) nlines))

;;;; Copying

(defun emacs-agent-copy--filter (start end delete)
  "Return what was said between START and END; DELETE it if that is non-nil.
For `filter-buffer-substring-function'."
  (if (or delete (>= start emacs-agent-output-end))
      (buffer-substring--filter start end delete)
    (let ((in-block (emacs-agent-copy--in-block-p start))
          (text (substring-no-properties (buffer-substring--filter start end nil))))
      (mapconcat (lambda (line)
                   (cond ((string-match-p "\\`[ \t]*#\\+BEGIN_\\(?:SRC\\|EXAMPLE\\)" line) (setq in-block t) line)
                         ((string-match-p "\\`[ \t]*#\\+END_" line) (setq in-block nil) line)
                         (t (emacs-agent-copy--line line in-block))))
                 (split-string text "\n") "\n"))))

(defun emacs-agent-copy--line (line in-block)
  "Return LINE as it was said; IN-BLOCK means that it is code."
  (emacs-agent-inert-plain
   (if in-block (replace-regexp-in-string "\\`\\([ \t]*,*\\),\\(\\*\\|#\\+\\)" "\\1\\2" line t) line)))

(defun emacs-agent-copy--in-block-p (position)
  "Whether the line of POSITION is in a block of code."
  (and (emacs-agent-copy--block position) t))

(defun emacs-agent-copy--block (position)
  "Return (START . END) of the code around POSITION, or nil where there is none."
  (save-excursion
    (goto-char position)
    (end-of-line)
    (let ((case-fold-search nil))
      (when (and (re-search-backward "^[ \t]*#\\+\\(BEGIN_\\(?:SRC\\|EXAMPLE\\)\\|END_\\)" nil t)
                 (eq (char-after (match-beginning 1)) ?B))
        (forward-line 1)
        (let ((start (point)))
          (when (re-search-forward "^[ \t]*#\\+END_" nil t)
            (cons start (max start (1- (line-beginning-position))))))))))

(defun emacs-agent-copy-code-at-point ()
  "Return the code at point as it was said, or nil where there is none."
  (let ((block (emacs-agent-copy--block (point))))
    (and block (filter-buffer-substring (car block) (cdr block)))))

(defun emacs-agent-copy-code ()
  "Copy the code at point."
  (interactive)
  (kill-new (or (emacs-agent-copy-code-at-point) (user-error "Point is on no code")))
  (emacs-agent-say "Copied the code"))

(defun emacs-agent-copy-answer ()
  "Copy the answer at point, or else the last one, as Markdown."
  (interactive)
  (kill-new (or (get-text-property (point) 'emacs-agent-said)
                (emacs-agent-copy--last-answer)
                (user-error "There is no answer yet")))
  (emacs-agent-say "Copied the answer"))

(defun emacs-agent-copy--last-answer ()
  "Return the last answer of this conversation as Markdown, or nil."
  (let ((at emacs-agent-output-end))
    (while (and at (> at (point-min)) (not (get-text-property (1- at) 'emacs-agent-said)))
      (setq at (previous-single-property-change at 'emacs-agent-said)))
    (and at (> at (point-min)) (get-text-property (1- at) 'emacs-agent-said))))

(defun emacs-agent-copy-at-point ()
  "Copy the code at point, or else the answer at point as Markdown."
  (interactive)
  (cond ((emacs-agent-copy--block (point)) (emacs-agent-copy-code))
        ((get-text-property (point) 'emacs-agent-said) (emacs-agent-copy-answer))
        (t (user-error "Point is on no code and no answer"))))

(defun emacs-agent-insert-code (buffer)
  "Insert the code at point into BUFFER, at its point.
That is the buffer in another window, or with a prefix argument one that is
asked for."
  (interactive
   (list (if current-prefix-arg (get-buffer (read-buffer "Insert into: " (other-buffer) t))
           (let ((window (cl-find-if-not (lambda (window) (eq (window-buffer window) (current-buffer)))
                                         (window-list nil 'no-minibuffer))))
             (if window (window-buffer window) (other-buffer (current-buffer) t))))))
  (let ((code (or (emacs-agent-copy-code-at-point) (user-error "Point is on no code"))))
    (with-current-buffer buffer
      (barf-if-buffer-read-only)
      (let ((window (get-buffer-window buffer)))
        (when window (goto-char (window-point window)))
        (push-mark nil t)
        (insert code)
        (when window (set-window-point window (point)))))
    (emacs-agent-say "Inserted the code into %s" (buffer-name buffer))))

(provide 'emacs-agent-copy)
;;; emacs-agent-copy.el ends here
