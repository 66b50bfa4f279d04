;;; emacs-agent-inert.el --- Text of ours that means nothing to Org  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; What users, models and tools say comes as inert Org from the backend.  Here are only short lines that Lisp itself
;; writes, such as the name of a buffer: every character that could be syntax gets a zero-width space on each side, as the
;; Org manual recommends, so that the line still reads the same.

;;; Code:

(require 'emacs-agent-text)

(defconst emacs-agent-inert-marks "[\u200b\u2060]"
  "Regexp for the invisible characters that keep text from being syntax of Org.")

(defconst emacs-agent-inert--joiner "\u2060"
  "Counts as part of a word, so that a dollar sign before it ends no formula.
Org takes a zero-width space for the end of one.")

(defun emacs-agent-inert-line (text &optional width)
  "Return TEXT on one line, with nothing in it that Org sees, nor hidden.
With WIDTH, no longer than that.  It is fit to be a line or a part of one."
  (with-temp-buffer
    (insert (emacs-agent-show-all (emacs-agent-one-line text width)))
    (goto-char (point-min))
    (when (looking-at-p "-\\|[0-9]+[.)]\\|[A-Za-z][.)]")
      (insert "\u200b"))
    (while (re-search-forward "[][(<>{}@\\_^$*/+=~:|#%&]" nil t)
      (unless (emacs-agent-inert--within-name-p)
        (insert (if (eq (char-before) ?$) emacs-agent-inert--joiner "\u200b"))
        (save-excursion
          (backward-char 2)
          (insert "\u200b"))))
    (buffer-string)))

(defun emacs-agent-inert-plain (text)
  "Return TEXT without the characters that keep it from being syntax of Org."
  (replace-regexp-in-string emacs-agent-inert-marks "" text t t))

(defun emacs-agent-inert--within-name-p ()
  "Whether the character before point is an underscore as in a_name.
Not one as in src_name or call_name: those would be code."
  (and (eq (char-before) ?_)
       (looking-at-p "[[:alnum:]]")
       (string-match-p "[[:alnum:]]" (string (or (char-before (1- (point))) ?\s)))
       (not (looking-back "\\(?:src\\|call\\)_" (max (point-min) (- (point) 5))))))

(provide 'emacs-agent-inert)
;;; emacs-agent-inert.el ends here
