;;; emacs-agent-idle.el --- What is done to buffers in idle time  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; What would take too long while Emacs redisplays is done at its place when Emacs is idle, a moment at a time.

;;; Code:

(require 'emacs-agent-base)

(defvar emacs-agent-idle--delay 0.5
  "How many seconds Emacs is idle before anything is done.")

(defvar emacs-agent-idle--tasks nil
  "What is to be done, newest first.
Each is (MARKER . FUNCTION).")

(defvar emacs-agent-idle--timer nil
  "The timer that has it done.")

(defun emacs-agent-idle-add (position function)
  "Have FUNCTION called at POSITION of this buffer when Emacs is idle.
It is called again until it returns non-nil."
  (cl-pushnew (cons (copy-marker position) function) emacs-agent-idle--tasks :test #'equal)
  (emacs-agent-idle--schedule emacs-agent-idle--delay))

(defun emacs-agent-idle--schedule (delay)
  "See to it that tasks are done when Emacs was idle for DELAY from now."
  (unless emacs-agent-idle--timer
    (setq emacs-agent-idle--timer
          (run-with-idle-timer (time-add (or (current-idle-time) 0) delay) nil #'emacs-agent-idle--run))))

(defun emacs-agent-idle--run ()
  "Do tasks for a moment.
There is time for keys before what is left."
  (setq emacs-agent-idle--timer nil)
  (let ((deadline (+ (float-time) 0.01)))
    (while (and emacs-agent-idle--tasks
                (progn (emacs-agent-idle--one) (< (float-time) deadline)))))
  (when emacs-agent-idle--tasks
    (emacs-agent-idle--schedule 0.05)))

(defun emacs-agent-idle--one ()
  "Take a step of the newest task."
  (let* ((task (pop emacs-agent-idle--tasks)) (buffer (marker-buffer (car task))))
    (when buffer
      (with-current-buffer buffer
        (save-excursion
          (save-restriction
            (widen)
            (goto-char (car task))
            (unless (emacs-agent-idle--step (cdr task))
              (push task emacs-agent-idle--tasks))))))))

(defun emacs-agent-idle--step (function)
  "Call FUNCTION and return its value; one that fails is not called again."
  (condition-case-unless-debug err
      (funcall function)
    (error (emacs-agent-log "In idle time: %s" (error-message-string err))
           t)))

(provide 'emacs-agent-idle)
;;; emacs-agent-idle.el ends here
