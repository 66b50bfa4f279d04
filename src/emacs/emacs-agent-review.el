;;; emacs-agent-review.el --- What the agent has changed  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; All changes of a session as one diff, file by file.

;;; Code:

(require 'emacs-agent-mode)
(require 'diff-mode)
(require 'diff)

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
             (emacs-agent-review--head name (string-match-p "\\`--- /dev/null" head)
                                       (string-match-p "/dev/null\n\\'" head)))
           .diff t t)
        (format "# %s %s\n" .change name)))))

(defun emacs-agent-review--head (name created deleted)
  "Return the head of a diff of the file NAME, which was CREATED or DELETED."
  (format "--- %s\n+++ %s\n" (if created "/dev/null" name) (if deleted "/dev/null" name)))

;;;; Several changes of one file as one

(defun emacs-agent-review--disk (file)
  "Return (HASH . TEXT) of FILE, with a nil hash if there is none."
  (if (not (file-readable-p file))
      (cons nil "")
    (with-temp-buffer
      (set-buffer-multibyte nil)
      (insert-file-contents-literally file)
      (cons (concat "sha256:" (secure-hash 'sha256 (current-buffer)))
            (decode-coding-string (buffer-string) 'utf-8-unix)))))

(defun emacs-agent-review--before (events disk)
  "Return what a file had before EVENTS, its changes, which ended with DISK.
DISK is as from `emacs-agent-review--disk'.  Return nil where the changes
cannot be undone one by one: a diff was cut, or somebody else changed the file."
  (let ((text (cdr disk)) (first (car events)) (last (car (last events))))
    (when (equal (car disk) (emacs-agent-value (alist-get 'after_hash last)))
      (condition-case nil
          (dolist (event (reverse events))
            (let ((hunks (and (not (emacs-agent-value (alist-get 'from event)))
                              (emacs-agent-diff-hunks (or (emacs-agent-value (alist-get 'diff event)) "")))))
              (unless hunks (signal 'emacs-agent-diff-mismatch nil))
              (setq text (emacs-agent-diff-apply text (mapcar #'emacs-agent-diff-reverse hunks)))))
        (emacs-agent-diff-mismatch (setq text nil)))
      (and text
           (equal (emacs-agent-value (alist-get 'before_hash first))
                  (and (not (equal (alist-get 'change first) "created"))
                       (concat "sha256:" (secure-hash 'sha256 (encode-coding-string text 'utf-8-unix)))))
           text))))

(defun emacs-agent-review--hunks (before after)
  "Return the hunks that make AFTER of BEFORE, as text; nil if that fails."
  (let ((files (list (make-temp-file "emacs-agent-before") (make-temp-file "emacs-agent-after"))))
    (unwind-protect
        (with-temp-buffer
          (let ((coding-system-for-write 'utf-8-unix) (coding-system-for-read 'utf-8-unix)
                (default-directory temporary-file-directory))
            (cl-mapc (lambda (text file) (write-region text nil file nil 'silent)) (list before after) files)
            (when (memq (ignore-errors (apply #'call-process diff-command nil t nil "-u" files)) '(0 1))
              (goto-char (point-min))
              (forward-line 2)
              (buffer-substring (point) (point-max)))))
      (mapc #'delete-file files))))

(defun emacs-agent-review--net (session events)
  "Return what EVENTS of SESSION, all of one file, changed in sum, as a diff.
Where that cannot be known it is one diff for each of them."
  (let* ((path (alist-get 'path (car events)))
         (disk (emacs-agent-review--disk (emacs-agent-session-file session path)))
         (before (and (cdr events) (emacs-agent-review--before events disk)))
         (hunks (and before (emacs-agent-review--hunks before (cdr disk)))))
    (cond ((null hunks)
           (mapconcat (lambda (event) (emacs-agent-review--event session event)) events ""))
          ((string-empty-p hunks) "")
          (t (concat (emacs-agent-review--head (emacs-agent-session-short-name session path)
                                               (equal (alist-get 'change (car events)) "created")
                                               (null (car disk)))
                     hunks)))))

;;;; All of them

(defun emacs-agent-review ()
  "Show all changes of this session as one diff, file by file.
What was changed several times is shown as what it was before the session and
what it is now, unless somebody else has changed it in between.
\\<diff-mode-map>\\[diff-goto-source] goes to the place, \\[diff-hunk-kill]
takes a hunk out of sight, \\[diff-apply-hunk] with a prefix argument undoes
one."
  (interactive)
  (let* ((session (emacs-agent-context-session))
         (files (emacs-agent-review--files session))
         (project (file-name-as-directory (emacs-agent-session-project session))))
    (unless files (user-error "The agent has changed nothing in this session"))
    (pop-to-buffer
     (with-current-buffer (get-buffer-create (format "*agent review: %s*" (emacs-agent-session-name session)))
      (let ((inhibit-read-only t))
        (erase-buffer)
        (setq default-directory project)
        (pcase-dolist (`(,name . ,events) files)
          (let ((diff (emacs-agent-review--net session events)))
            (insert (emacs-agent-show-all
                     (if (string-empty-p diff) (format "# %s is as it was\n" name)
                       (format "Index: %s\n%s" name diff))))))
        ;; Before the mode, whose keys depend on it.
        (setq buffer-read-only t)
        (diff-mode)
        (setq-local diff-font-lock-syntax nil)
        (set-buffer-modified-p nil)
        (goto-char (point-min)))
      (current-buffer)))))

(provide 'emacs-agent-review)
;;; emacs-agent-review.el ends here
