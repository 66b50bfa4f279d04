;;; emacs-agent-garbage.el --- Garbage collection between batches  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; With its default threshold Emacs collects garbage after every few hundred events or keys, and each collection stops it
;; for 20 milliseconds, in a large conversation for 100.  While events come, or somebody types in a conversation, the
;; threshold is higher.  When neither has happened for a second, and no key was typed elsewhere, Emacs collects, and the
;; threshold is restored.  It is not much higher: Emacs 28 takes seconds to free some hundred megabytes at once.

;;; Code:

(defconst emacs-agent-garbage--threshold 64000000
  "Bytes of garbage after which Emacs collects while events come or keys are typed.")

(defvar emacs-agent-garbage--before nil
  "The threshold before events came; nil while none come.")

(defvar emacs-agent-garbage--timer nil
  "The timer that sets the threshold back.")

(defmacro emacs-agent-collecting-later (&rest body)
  "Run BODY, which allocates much, and collect garbage after it.
Several collections within BODY can take longer than BODY itself."
  (declare (indent 0) (debug t))
  `(let ((gc-cons-threshold (max gc-cons-threshold emacs-agent-garbage--threshold)))
     ,@body))

(defun emacs-agent-garbage-defer ()
  "Raise the threshold until a second after the last call."
  (unless emacs-agent-garbage--before
    (setq emacs-agent-garbage--before gc-cons-threshold)
    (when (< gc-cons-threshold emacs-agent-garbage--threshold)
      (setq gc-cons-threshold emacs-agent-garbage--threshold)))
  (emacs-agent-garbage--wait 30))

(defun emacs-agent-garbage-collect-early ()
  "Collect if half as much as the threshold is garbage and the user is not typing.
Return whether that was done."
  (and (not (emacs-agent-garbage--typing-p)) (garbage-collect-maybe 2)))

(defun emacs-agent-garbage--typing-p ()
  "Whether the user typed in the last half second, in any buffer."
  (time-less-p (or (current-idle-time) 0) 0.5))

(defun emacs-agent-garbage--wait (patience)
  "Restore the threshold in a second.
PATIENCE is as in `emacs-agent-garbage--restore'."
  (when emacs-agent-garbage--timer (cancel-timer emacs-agent-garbage--timer))
  (setq emacs-agent-garbage--timer (run-at-time 1 nil #'emacs-agent-garbage--restore patience)))

(defun emacs-agent-garbage--restore (&optional patience)
  "Set the threshold back, unless it was changed meanwhile, and collect.
While the user types, wait for another second, PATIENCE times at most."
  (if (and patience (> patience 0) (emacs-agent-garbage--typing-p))
      (emacs-agent-garbage--wait (1- patience))
    (when (and emacs-agent-garbage--before (= gc-cons-threshold emacs-agent-garbage--threshold))
      (setq gc-cons-threshold emacs-agent-garbage--before))
    (setq emacs-agent-garbage--before nil
          emacs-agent-garbage--timer nil)
    (garbage-collect-maybe 1)))

(provide 'emacs-agent-garbage)
;;; emacs-agent-garbage.el ends here
