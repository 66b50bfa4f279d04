;;; emacs-agent-compile.el --- Compiling, for the agent  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; `compile-command' runs in the project, in a buffer of its own that no window shows.  Only the command that the approval
;; showed is run.

;;; Code:

(require 'emacs-agent-editor)
(require 'compile)

(defvar emacs-agent-compile-pace 4
  "Seconds between two reports about a compilation.")

(defvar emacs-agent-compile--shown (make-hash-table :test #'eq :weakness 'key)
  "For each session the command that was shown with its last approval.")

(defun emacs-agent-compile-command (session)
  "Return the command that compiles the project of SESSION, and note it as shown."
  (puthash session (emacs-agent-compile--of session) emacs-agent-compile--shown))

(defun emacs-agent-compile--of (session)
  "Return the command that compiles the project of SESSION."
  (let ((buffer (emacs-agent-context-buffer (emacs-agent-session-project session))))
    (eval (if buffer (buffer-local-value 'compile-command buffer) (default-value 'compile-command)) t)))

(defun emacs-agent-compile-answer (request)
  "Compile the project of REQUEST, and answer with its errors when it has ended."
  (let* ((session (emacs-agent-editor-request-session request))
         (command (emacs-agent-compile--of session))
         (shown (gethash session emacs-agent-compile--shown)))
    (unless (or (not shown) (equal shown command))
      (error "The variable compile-command was changed after it was shown"))
    (let ((buffer (emacs-agent-compile--start command (emacs-agent-editor-project request))))
      (with-current-buffer buffer
        (add-hook 'compilation-finish-functions
                  (lambda (_buffer status) (emacs-agent-compile--finished request buffer status)) nil t))
      (emacs-agent-compile--report request buffer 1)
      'later)))

(defun emacs-agent-compile--start (command directory)
  "Start COMMAND in DIRECTORY and return its buffer, which is in no window."
  (let ((default-directory directory)
        (compilation-always-kill t)
        (display-buffer-overriding-action '((lambda (&rest _) 'fail))))
    (compilation-start command nil (lambda (_) (generate-new-buffer-name "*emacs-agent-compilation*")))))

(defun emacs-agent-compile--report (request buffer from)
  "Report the output of the compilation of REQUEST in BUFFER since position FROM.
Do so again every `emacs-agent-compile-pace' seconds until it has ended."
  (when (and (emacs-agent-editor-request-open request) (buffer-live-p buffer))
    (with-current-buffer buffer
      (let ((end (point-max)))
        (emacs-agent-editor-progress
         request "Compiling"
         (buffer-substring-no-properties (max from (- end 20000)) end)
         (lambda () (when (get-buffer-process buffer) (kill-compilation))))
        (run-at-time emacs-agent-compile-pace nil #'emacs-agent-compile--report request buffer end)))))

(defun emacs-agent-compile--finished (request buffer status)
  "Answer REQUEST with the text of BUFFER; STATUS is how its compilation ended."
  (with-current-buffer buffer
    (let ((errors (emacs-agent-compile--errors)))
      (emacs-agent-editor-answer
       request
       (emacs-agent-editor-text
        (concat "Compilation " (string-trim status) ".\n"
                (and errors (concat (string-join errors "\n") "\n"))
                "\nThe end of its output:\n"
                (emacs-agent-compile--end)))))))

(defun emacs-agent-compile--end ()
  "Return the last lines of this compilation."
  (save-excursion
    (goto-char (point-max))
    (forward-line -60)
    (buffer-substring-no-properties (max (point) (- (point-max) 8000)) (point-max))))

(defun emacs-agent-compile--errors ()
  "Return the errors of this compilation, as lines FILE:LINE:COLUMN: text."
  (compilation--ensure-parse (point-max))
  (let ((position (point-min)) (errors nil) message)
    (while (and (setq position (next-single-property-change position 'compilation-message))
                (< (length errors) 200))
      (when (setq message (get-text-property position 'compilation-message))
        (let* ((location (compilation--message->loc message))
               (file (caar (compilation--loc->file-struct location))))
          (push (format "%s:%s%s: %s" file (or (compilation--loc->line location) 1)
                        (if (compilation--loc->col location) (format ":%s" (compilation--loc->col location)) "")
                        (save-excursion
                          (goto-char position)
                          (emacs-agent-one-line
                           (buffer-substring-no-properties (line-beginning-position) (line-end-position)) 300)))
                errors))))
    (delete-dups (nreverse errors))))

(provide 'emacs-agent-compile)
;;; emacs-agent-compile.el ends here
