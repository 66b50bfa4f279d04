;;; emacs-agent-copy.el --- What is copied and found is what was said  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; In a conversation zero-width characters and commas keep text from being syntax of Org.  They are left out of what is
;; copied, and searches pass over them.

;;; Code:

(require 'emacs-agent-output)

(defconst emacs-agent-copy--marks "[\u200b\u2060]"
  "What keeps text from being syntax of Org, nothing to see.")

(defun emacs-agent-copy-setup ()
  "Have this buffer copied and searched as what was said."
  (setq-local filter-buffer-substring-function #'emacs-agent-copy--filter
              search-default-mode #'emacs-agent-copy--regexp))

(defun emacs-agent-copy--regexp (string &optional _lax)
  "Return a regexp for STRING that passes over what keeps text from being syntax."
  (mapconcat (lambda (char) (regexp-quote (string char))) string (concat emacs-agent-copy--marks "*")))

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
  "Return LINE as it was said; IN-BLOCK says that it is code."
  (replace-regexp-in-string
   emacs-agent-copy--marks ""
   (if in-block (replace-regexp-in-string "\\`\\([ \t]*,*\\),\\(\\*\\|#\\+\\)" "\\1\\2" line t) line)
   t t))

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

(defun emacs-agent-copy-at-point ()
  "Copy the code at point, or else the answer at point as Markdown."
  (interactive)
  (let ((block (emacs-agent-copy--block (point)))
        (answer (get-text-property (point) 'emacs-agent-said)))
    (kill-new (cond (block (filter-buffer-substring (car block) (cdr block)))
                    (answer)
                    (t (user-error "Point is on no code and no answer"))))
    (emacs-agent-say "Copied the %s" (if block "code" "answer"))))

(provide 'emacs-agent-copy)
;;; emacs-agent-copy.el ends here
