;;; emacs-agent-proposal.el --- What a call would write  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The text of a file as a call would leave it, with all hunks of its diff or some of them.

;;; Code:

(require 'emacs-agent-call)
(require 'emacs-agent-context)

(defun emacs-agent-proposal-hunks (call)
  "Return the hunks of CALL if it writes one file and its diff is complete.
A call that deletes or moves a file has no hunks to choose from."
  (let-alist (emacs-agent-call-event call)
    (and (equal .category "filesystem")
         (not (member .tool '("delete_file" "move_file")))
         (= (length .preview.files) 1)
         (emacs-agent-diff-hunks (alist-get 'diff (aref .preview.files 0))))))

(defun emacs-agent-proposal-file (call)
  "Return the file that CALL would write."
  (let-alist (emacs-agent-call-event call)
    (emacs-agent-session-file emacs-agent-session (alist-get 'path (aref .preview.files 0)))))

(defun emacs-agent-proposal-before (call)
  "Return the text that CALL would change, on disk or in an unsaved buffer.
Which one the preview was made from is known by its hash."
  (let* ((file (emacs-agent-proposal-file call))
         (hash (emacs-agent-value
                (let-alist (emacs-agent-call-event call)
                  (alist-get 'before_hash (aref .preview.files 0)))))
         (buffer (find-buffer-visiting file)))
    (cl-find-if (lambda (text)
                  (or (null hash)
                      (equal hash (concat "sha256:" (secure-hash 'sha256 (encode-coding-string text 'utf-8-unix))))))
                (delq nil (list (if hash (emacs-agent-proposal--disk file) "")
                                (and buffer (buffer-modified-p buffer)
                                     (with-current-buffer buffer
                                       (save-restriction
                                         (widen)
                                         (emacs-agent-context-text (point-min) (point-max))))))))))

(defun emacs-agent-proposal--disk (file)
  "Return the text of FILE, empty if there is none."
  (if (not (file-exists-p file))
      ""
    (with-temp-buffer
      (let ((coding-system-for-read 'utf-8-unix))
        (insert-file-contents file))
      (buffer-string))))

(defun emacs-agent-proposal-content (call &optional refused)
  "Return the text that CALL would write, without the hunks REFUSED."
  (let* ((hunks (or (emacs-agent-proposal-hunks call)
                    (user-error "The diff of this call is not complete, or not of one file")))
         (accepted (cl-loop for hunk in hunks for number from 0
                            unless (memq number refused) collect hunk)))
    (emacs-agent-proposal-apply call accepted)))

(defun emacs-agent-proposal-apply (call hunks)
  "Return what CALL's file would be with HUNKS alone."
  (condition-case nil
      (emacs-agent-diff-apply (or (emacs-agent-proposal-before call)
                                  (signal 'emacs-agent-diff-mismatch nil))
                              hunks)
    (emacs-agent-diff-mismatch
     (user-error "The file is not what this diff was made for: accept all hunks to see it afresh"))))

(provide 'emacs-agent-proposal)
;;; emacs-agent-proposal.el ends here
