;;; emacs-agent-commit.el --- Commit messages  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A message for what is staged, where it is written, or in the kill ring.

;;; Code:

(require 'emacs-agent-once)

;;;###autoload
(defun emacs-agent-commit-message ()
  "Write a commit message for what is staged.
It goes where point is in a buffer for commit messages, else to the kill ring."
  (interactive)
  (let* ((default-directory (emacs-agent-context-project))
         (target (and (or (derived-mode-p 'log-edit-mode) (bound-and-true-p git-commit-mode))
                      (point-marker)))
         (output (generate-new-buffer " *emacs-agent diff*")))
    (make-process
     :name "emacs-agent-git" :buffer output :noquery t :connection-type 'pipe :file-handler t
     :stderr (get-buffer-create " *emacs-agent git*")
     :command '("git" "-c" "core.fsmonitor=false" "--no-pager" "diff" "--cached" "--no-ext-diff"
                "--no-textconv" "--no-color")
     :sentinel (lambda (process _event)
                 (unless (process-live-p process)
                   (let ((diff (with-current-buffer output (buffer-string)))
                         (default-directory (buffer-local-value 'default-directory output)))
                     (kill-buffer output)
                     (emacs-agent-commit--ask diff target)))))))

(defun emacs-agent-commit--ask (diff target)
  "Ask for a message for DIFF and put it at TARGET, a marker, or kill it."
  (if (string-blank-p diff)
      (emacs-agent-say "Nothing is staged")
    (emacs-agent-say "Writing a message…")
    (emacs-agent-once
     (format "Write a commit message for this diff: a line of at most 70 characters in the imperative, then, if need be, \
an empty line and why.  Answer with the message alone.\n\n%s"
             (emacs-agent-once-fenced
              (if (> (length diff) 60000) (concat (substring diff 0 60000) "\n[cut]") diff) "diff"))
     (lambda (answer)
       (let ((message (concat (string-trim (emacs-agent-once-code answer)) "\n")))
         (if (and target (buffer-live-p (marker-buffer target)))
             (with-current-buffer (marker-buffer target)
               (save-excursion (goto-char target) (insert message)))
           (kill-new message)
           (emacs-agent-say "The message can be yanked: %s" (car (split-string message "\n")))))))))

(provide 'emacs-agent-commit)
;;; emacs-agent-commit.el ends here
