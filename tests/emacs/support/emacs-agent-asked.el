;;; emacs-agent-asked.el --- A model that asks Emacs  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Sessions in which the scripted model calls the tools that Emacs answers.

;;; Code:

(require 'emacs-agent-model)

(defmacro emacs-agent-asked-with (files &rest body)
  "Run BODY with a scripted model in a `session' on a project that has FILES.
FILES is a list of (NAME . TEXT)."
  (declare (indent 1))
  `(emacs-agent-test-with-model ""
     (pcase-dolist (`(,name . ,text) ,files) (emacs-agent-test-write project name text))
     (let ((session (emacs-agent-test-start project)) (before (buffer-list)))
       (unwind-protect
           (with-current-buffer (emacs-agent-session-buffer session) ,@body)
         (dolist (buffer (cl-set-difference (buffer-list) before))
           (when (buffer-file-name buffer)
             (with-current-buffer buffer (set-buffer-modified-p nil))
             (kill-buffer buffer)))))))

(defun emacs-agent-asked-visit (project name)
  "Visit the file NAME of PROJECT and return the buffer."
  (find-file-noselect (expand-file-name name project)))

(defun emacs-agent-asked-told (tool &rest params)
  "Have the model call TOOL with PARAMS, and return the result it receives."
  (let ((count (length (emacs-agent-model-requests))))
    (emacs-agent-model-says (apply #'emacs-agent-model-call tool params) "Good.")
    (emacs-agent-test-say "go")
    (emacs-agent-asked-after count)))

(defun emacs-agent-asked-after (count)
  "Return the result that the model receives in the second request after the COUNTth."
  (let ((messages (alist-get 'messages (emacs-agent-model-asked (+ count 2)))))
    (emacs-agent-test-wait (equal "idle" (emacs-agent-session-state emacs-agent-session)))
    (alist-get 'content (aref messages (1- (length messages))))))

(defun emacs-agent-asked-offered (count)
  "Return the names of the tools in the COUNTth request."
  (mapcar (lambda (tool) (alist-get 'name (alist-get 'function tool)))
          (alist-get 'tools (emacs-agent-model-asked count))))

(defun emacs-agent-asked-approved (session tool &rest params)
  "Have the model of SESSION call TOOL with PARAMS, approve that, and return the result.
What was shown is in `emacs-agent-asked-shown'."
  (let ((count (length (emacs-agent-model-requests))))
    (emacs-agent-model-says (apply #'emacs-agent-model-call tool params) "Good.")
    (emacs-agent-test-say "go")
    (emacs-agent-test-go-to-decide session)
    (setq emacs-agent-asked-shown (emacs-agent-test-output))
    (let ((emacs-agent-approval-delay 0)) (emacs-agent-approve))
    (emacs-agent-asked-after count)))

(defvar emacs-agent-asked-shown nil
  "What the conversation showed when it was approved last.")

(provide 'emacs-agent-asked)
;;; emacs-agent-asked.el ends here
