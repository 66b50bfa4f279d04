;;; emacs-agent-intake.el --- Events, some milliseconds at a time  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Events arrive as text in a process filter, wait in a queue, and are taken in by a timer, a batch at a time, so that
;; Emacs answers however fast they come.

;;; Code:

(require 'emacs-agent-fold)

(defvar emacs-agent-intake-interval 0.03
  "Seconds in which events are gathered for a batch.")

(defvar emacs-agent-intake-slice 0.01
  "Seconds that a batch of events may take, and three times that in a replay.
Showing them, redisplay and a garbage collection come on top of that, so that
smaller batches would take much longer altogether.")

(defvar emacs-agent-intake-frames 250
  "Events in a batch, at most: what they show is only written after them.")

(defun emacs-agent-intake-add (session type data)
  "Queue DATA, the text of an event of TYPE, for SESSION."
  (push (cons type data) (emacs-agent-session-inbox session))
  (emacs-agent-intake--schedule session))

(defun emacs-agent-intake--schedule (session)
  "See to it that the queue of SESSION is worked off."
  (emacs-agent-garbage-defer)
  (unless (emacs-agent-session-timer session)
    (emacs-agent-intake--wait session (if (emacs-agent-session-backlog session) 0.005
                                         emacs-agent-intake-interval)
                               5)))

(defun emacs-agent-intake--wait (session seconds patience)
  "Have the turn of SESSION come in SECONDS; PATIENCE is as for that."
  (setf (emacs-agent-session-timer session)
        (run-at-time seconds nil #'emacs-agent-intake--turn session (+ (float-time) seconds) patience)))

(defun emacs-agent-intake--turn (session due patience)
  "Take in events of SESSION, or wait up to PATIENCE times more.
A timer that is late, after DUE, may run before Emacs has looked at processes
since the batch before.  And garbage is better collected in a turn of its own
than on top of a batch."
  (if (and (> patience 0)
           (or (> (float-time) (+ due 0.004)) (emacs-agent-garbage-collect-early)))
      (emacs-agent-intake--wait session 0.005 (1- patience))
    (emacs-agent-intake-drain session)))

(defun emacs-agent-intake-drain (session &optional all)
  "Take in events of SESSION for a moment; ALL of them if that is non-nil."
  (when (emacs-agent-session-timer session) (cancel-timer (emacs-agent-session-timer session)))
  (setf (emacs-agent-session-timer session) nil)
  (let ((buffer (emacs-agent-session-buffer session))
        (deadline (+ (float-time)
                     (* (if (emacs-agent-session-caught-up session) 1 3) emacs-agent-intake-slice)))
        (count 0) frame)
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        (emacs-agent-collecting-later
          (while (and (setq frame (emacs-agent-intake--next session))
                      (progn (emacs-agent-intake--take session frame)
                             (or all (and (< (float-time) deadline)
                                          (< (cl-incf count) emacs-agent-intake-frames))))))
          (emacs-agent-run-hook 'emacs-agent-session-batch-functions session))
        (when (or (emacs-agent-session-inbox session) (emacs-agent-session-backlog session))
          (emacs-agent-intake--schedule session))))))

(defun emacs-agent-intake--next (session)
  "Return the next frame of SESSION."
  (unless (emacs-agent-session-backlog session)
    (setf (emacs-agent-session-backlog session) (nreverse (emacs-agent-session-inbox session))
          (emacs-agent-session-inbox session) nil))
  (pop (emacs-agent-session-backlog session)))

(defun emacs-agent-intake--take (session frame)
  "Take in FRAME of SESSION.  What is malformed is logged and left out."
  (condition-case-unless-debug err
      (let ((event (emacs-agent-json-parse (cdr frame))))
        (unless (and (consp event) (consp (car event)))
          (error "No event: %s" (emacs-agent-one-line (cdr frame) 60)))
        (emacs-agent-fold-event session event))
    (error (emacs-agent-log "Left out an event (%s): %s" (car frame) (error-message-string err)))))

(provide 'emacs-agent-intake)
;;; emacs-agent-intake.el ends here
