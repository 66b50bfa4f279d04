;;; emacs-agent-places.el --- Places that calls name  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; For `next-error': the files and lines that the calls of a conversation are about.

;;; Code:

(require 'emacs-agent-mode)

(defvar-local emacs-agent-places--last nil
  "Number of the place where `next-error' was last.")

(defun emacs-agent-places--all (session)
  "Return the places named by any call of SESSION: files and lines, in order."
  (let ((places nil))
    (emacs-agent-section-map
     (lambda (section)
       (let ((call (emacs-agent-section-data section)))
         (when (emacs-agent-call-p call)
           (mapc (lambda (location)
                   (let-alist location
                     (let ((file (emacs-agent-session-file session .path)))
                       ;; Where a search started is no place to go to.
                       (unless (file-directory-p file)
                         (cl-pushnew (cons file (or .line 1)) places :test #'equal)))))
                 (append (alist-get 'locations (emacs-agent-call-event call))
                         (alist-get 'locations (emacs-agent-call-result call)) nil))))))
    (nreverse places)))

(defun emacs-agent-next-error (count reset)
  "Go to the COUNTth next place that a tool call named.
With RESET, from the first.
For `next-error-function'."
  (let* ((places (emacs-agent-places--all emacs-agent-session))
         (number (+ (if (or reset (not emacs-agent-places--last)) -1 emacs-agent-places--last) count)))
    (unless (< -1 number (length places))
      (user-error (if places "There are no more places" "No call has named a place")))
    (setq emacs-agent-places--last number)
    (pcase-let ((`(,file . ,line) (nth number places)))
      (unless (file-exists-p file) (user-error "The file %s is not there" file))
      (pop-to-buffer (find-file-noselect file))
      (goto-char (point-min))
      (forward-line (1- line)))))

(provide 'emacs-agent-places)
;;; emacs-agent-places.el ends here
