;;; emacs-agent-base.el --- What every part of Emacs-Agent uses  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The customization group, the version, errors, the log, and calls whose errors end up there.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'emacs-agent-text)
(require 'emacs-agent-garbage)

(defgroup emacs-agent nil
  "An agent that works on your projects."
  :group 'tools
  :prefix "emacs-agent-"
  :link '(url-link "https://github.com/emacs-agent/emacs-agent-backend"))

(defgroup emacs-agent-faces nil
  "Faces of Emacs-Agent."
  :group 'emacs-agent
  :group 'faces)

(defconst emacs-agent-version "0.1.0"
  "Version of this client.
It is installed from an executable of the same version.")

(defconst emacs-agent-protocol 1
  "The protocol that this client speaks.")

(define-error 'emacs-agent-error "Emacs-Agent")

;;;; The log

(defun emacs-agent-log (format &rest args)
  "Write FORMAT with ARGS to the log buffer, of which the last lines stay."
  (with-current-buffer (get-buffer-create "*emacs-agent-log*")
    (let ((inhibit-read-only t) (buffer-undo-list t))
      (goto-char (point-max))
      (insert (format-time-string "%T ") (emacs-agent-show-controls (apply #'format format args)) "\n")
      (when (> (buffer-size) 200000)
        (delete-region (point-min) (- (point-max) 100000))))
    (unless (derived-mode-p 'special-mode) (special-mode))))

(defun emacs-agent-say (format &rest args)
  "Show FORMAT with ARGS in the echo area, as text, and keep it in the log."
  (let ((text (apply #'format format args)))
    (emacs-agent-log "%s" text)
    (unless (active-minibuffer-window)
      (message "%s" (emacs-agent-show-controls text)))))

;;;; Projects and buffers

(defun emacs-agent-project-name (path)
  "Return the name of the project at PATH, with its machine if that is another one."
  (let ((name (file-name-nondirectory (directory-file-name path))) (host (file-remote-p path 'host)))
    (if host (format "%s@%s" name host) name)))

(defun emacs-agent-buffer-visiting (file)
  "Return the buffer that visits FILE, or nil.
If FILE is on another machine, only names are compared: that machine is not
called."
  (if (not (file-remote-p file))
      (find-buffer-visiting file)
    (let ((file (expand-file-name file)))
      (cl-find-if (lambda (buffer)
                    (cl-some (lambda (variable)
                               (let ((name (buffer-local-value variable buffer)))
                                 (and name (equal (expand-file-name name) file))))
                             '(buffer-file-name buffer-file-truename)))
                  (buffer-list)))))

(defun emacs-agent-file-bytes (file)
  "Return the bytes of FILE.  Signal an error if it cannot be read."
  (with-temp-buffer
    (set-buffer-multibyte nil)
    (insert-file-contents-literally file)
    (buffer-string)))

;;;; Functions of others

(defun emacs-agent-run-safely (function &rest args)
  "Call FUNCTION with ARGS and log an error.
Emacs would stop for seconds on an error in a filter."
  (when function
    (condition-case-unless-debug err
        (apply function args)
      (error (emacs-agent-say "Emacs-Agent: %s" (error-message-string err))))))

(defun emacs-agent-run-hook (hook &rest args)
  "Run HOOK with ARGS; after a function that fails, call the others."
  (run-hook-wrapped hook (lambda (function) (apply #'emacs-agent-run-safely function args) nil)))

(provide 'emacs-agent-base)
;;; emacs-agent-base.el ends here
