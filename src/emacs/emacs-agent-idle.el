;;; emacs-agent-idle.el --- Work on buffers in idle time  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Work that would take too long during redisplay is done in idle time, in short steps.

;;; Code:

(require 'emacs-agent-base)

(defvar emacs-agent-idle--delay 0.5
  "Seconds that Emacs is idle before tasks are run.")

(defvar emacs-agent-idle--tasks nil
  "The tasks to run, newest first, each as (MARKER . FUNCTION).")

(defvar emacs-agent-idle--timer nil
  "The timer that runs the tasks.")

(defun emacs-agent-idle-add (position function)
  "Call FUNCTION at POSITION of this buffer when Emacs is idle.
It is called again until it returns non-nil."
  (cl-pushnew (cons (copy-marker position) function) emacs-agent-idle--tasks :test #'equal)
  (emacs-agent-idle--schedule emacs-agent-idle--delay))

(defun emacs-agent-idle--schedule (delay)
  "Schedule the tasks for when Emacs has been idle for DELAY from now."
  (unless emacs-agent-idle--timer
    (setq emacs-agent-idle--timer
          (run-with-idle-timer (time-add (or (current-idle-time) 0) delay) nil #'emacs-agent-idle--run))))

(defun emacs-agent-idle--run ()
  "Run tasks for 10 milliseconds, and schedule the rest.
In between Emacs reads keys."
  (setq emacs-agent-idle--timer nil)
  (let ((deadline (+ (float-time) 0.01)))
    (while (and emacs-agent-idle--tasks
                (progn (emacs-agent-idle--one) (< (float-time) deadline)))))
  (when emacs-agent-idle--tasks
    (emacs-agent-idle--schedule 0.05)))

(defun emacs-agent-idle--one ()
  "Run one step of the newest task."
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
