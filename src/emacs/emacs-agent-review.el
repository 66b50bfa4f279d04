;;; emacs-agent-review.el --- What the agent has changed  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; All changes of a session as one diff, file by file; and `next-error' through the places that tool calls name.

;;; Code:

(require 'emacs-agent-mode)
(require 'diff-mode)

(defun emacs-agent-review--files (session)
  "Return the files that SESSION changed, each with its events, oldest first."
  (let ((files nil))
    (dolist (event (reverse (emacs-agent-session-changes session)))
      (let ((path (emacs-agent-session-short-name session (alist-get 'path event))))
        (push event (alist-get path files nil nil #'equal))))
    (mapcar (lambda (file) (cons (car file) (reverse (cdr file)))) (nreverse files))))

(defun emacs-agent-review--event (session event)
  "Return the diff of EVENT of SESSION, with names that `diff-mode' finds."
  (let-alist event
    (let ((name (emacs-agent-session-short-name session .path)))
      (if (stringp .diff)
          (replace-regexp-in-string
           "\\`--- \\(?:a/.*\\|\\(/dev/null\\)\\)\n\\+\\+\\+ \\(?:b/.*\\|\\(/dev/null\\)\\)\n"
           (lambda (head)
             (concat "--- " (if (string-match-p "\\`--- /dev/null" head) "/dev/null" name)
                     "\n+++ " (if (string-match-p "/dev/null\n\\'" head) "/dev/null" name) "\n"))
           (emacs-agent-show-all .diff) t t)
        (format "# %s %s\n" .change name)))))

(defun emacs-agent-review ()
  "Show all changes of this session as one diff.
\\<diff-mode-map>\\[diff-goto-source] goes to the place, \\[diff-hunk-kill]
takes a hunk out of sight, \\[diff-apply-hunk] with a prefix argument undoes
one."
  (interactive)
  (let* ((session (emacs-agent-mode-session))
         (files (emacs-agent-review--files session))
         (project (file-name-as-directory (emacs-agent-session-project session))))
    (unless files (user-error "The agent has changed nothing in this session"))
    (pop-to-buffer
     (with-current-buffer (get-buffer-create (format "*agent review: %s*" (emacs-agent-session-name session)))
      (let ((inhibit-read-only t))
        (erase-buffer)
        (setq default-directory project)
        (pcase-dolist (`(,name . ,events) files)
          (insert (format "Index: %s\n" (emacs-agent-show-all name))
                  (mapconcat (lambda (event) (emacs-agent-review--event session event)) events "")))
        (diff-mode)
        (setq-local diff-font-lock-syntax nil)
        (set-buffer-modified-p nil)
        (setq buffer-read-only t)
        (goto-char (point-min)))
      (current-buffer)))))

;;;; Places

(defvar-local emacs-agent-review--place nil
  "Number of the place where `next-error' was last.")

(defun emacs-agent-review--places (session)
  "Return the places that calls of SESSION name: files and lines, in order."
  (let ((places nil))
    (maphash (lambda (_id section)
               (let ((call (emacs-agent-section-data section)))
                 (when (emacs-agent-call-p call)
                   (mapc (lambda (location)
                           (let-alist location
                             (cl-pushnew (cons (emacs-agent-session-file session .path) (or .line 1))
                                         places :test #'equal)))
                         (append (alist-get 'locations (emacs-agent-call-event call))
                                 (alist-get 'locations (emacs-agent-call-result call)) nil)))))
             emacs-agent-view-calls)
    (nreverse places)))

(defun emacs-agent-next-error (count reset)
  "Go to the COUNTth next place that a tool call named.
With RESET, from the first.
For `next-error-function'."
  (let* ((places (emacs-agent-review--places emacs-agent-session))
         (number (+ (if (or reset (not emacs-agent-review--place)) -1 emacs-agent-review--place) count)))
    (unless (< -1 number (length places))
      (user-error (if places "There are no more places" "No call has named a place")))
    (setq emacs-agent-review--place number)
    (pcase-let ((`(,file . ,line) (nth number places)))
      (unless (file-exists-p file) (user-error "The file %s is not there" file))
      (pop-to-buffer (find-file-noselect file))
      (goto-char (point-min))
      (forward-line (1- line)))))

(provide 'emacs-agent-review)
;;; emacs-agent-review.el ends here
