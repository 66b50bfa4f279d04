;;; emacs-agent-private.el --- Files for their user alone  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The files that this client writes: unsent prompts, images from the clipboard.  They have the mode 0600, in directories with
;; the mode 0700, and only the newest ones of a directory are kept.

;;; Code:

(require 'emacs-agent-base)

(defcustom emacs-agent-directory (locate-user-emacs-file "emacs-agent/")
  "Directory of the files that this client keeps."
  :type 'directory
  :group 'emacs-agent)

(defun emacs-agent-private-file (directory name)
  "Return the name of the file NAME in DIRECTORY, of `emacs-agent-directory'."
  (expand-file-name name (expand-file-name directory emacs-agent-directory)))

(defun emacs-agent-private-write (file text coding)
  "Write TEXT, encoded as CODING, to FILE, whole or not at all."
  (let* ((directory (file-name-directory file))
         (temporary (format "%s.%d.tmp" file (emacs-pid)))
         (coding-system-for-write coding)
         (write-region-annotate-functions nil)
         (file-name-handler-alist nil))
    (with-file-modes #o700 (make-directory directory t))
    (with-file-modes #o600 (write-region text nil temporary nil 'silent))
    (rename-file temporary file t)))

(defun emacs-agent-private-read (file coding)
  "Return the text of FILE, decoded as CODING, or nil if it cannot be read."
  (let ((coding-system-for-read coding) (file-name-handler-alist nil))
    (ignore-errors
      (with-temp-buffer
        (set-buffer-multibyte (not (eq coding 'binary)))
        (insert-file-contents file)
        (buffer-string)))))

(defun emacs-agent-private-prune (file count)
  "Delete all but the newest COUNT files in the directory of FILE."
  (let* ((files (directory-files (file-name-directory file) t "\\`[^.]" t))
         (old (nthcdr count (sort (cl-remove-if #'file-directory-p files) #'file-newer-than-file-p))))
    (dolist (each old)
      (ignore-errors (delete-file each)))))

(provide 'emacs-agent-private)
;;; emacs-agent-private.el ends here
