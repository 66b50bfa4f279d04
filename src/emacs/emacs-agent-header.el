;;; emacs-agent-header.el --- What is above a conversation and above its input  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The header line and the mode line say how the session is; above the input is what waits to be sent.

;;; Code:

(require 'emacs-agent-output)
(require 'emacs-agent-session)

;;;; The header line

(defun emacs-agent-header-state (session)
  "Return the state of SESSION in words, with a face."
  (let ((waiting (emacs-agent-session-waiting session)))
    (pcase (emacs-agent-session-connection session)
      ('connecting (propertize "connecting" 'face 'emacs-agent-running))
      ('waiting (propertize "reconnecting" 'face 'emacs-agent-failure))
      ('lost (propertize "backend lost" 'face 'emacs-agent-failure))
      ('ended (propertize "ended" 'face 'emacs-agent-dim))
      (_ (cond ((> waiting 0)
                (propertize (format "%d waiting for you" waiting) 'face 'emacs-agent-attention))
               ((and (emacs-agent-session-outbox session) (not (emacs-agent-session-busy-p session)))
                (propertize "sending" 'face 'emacs-agent-running))
               (t (pcase (emacs-agent-session-state session)
                    ("idle" (propertize "ready" 'face 'emacs-agent-success))
                    ("thinking" (propertize "thinking" 'face 'emacs-agent-running))
                    ("tool_execution" (propertize "working" 'face 'emacs-agent-running))
                    ("error" (propertize "error" 'face 'emacs-agent-failure))
                    (state (propertize (or state "") 'face 'emacs-agent-running)))))))))

(defun emacs-agent-header--percent (text)
  "Return TEXT fit for a mode line."
  (string-replace "%" "%%" text))

(defun emacs-agent-header--draft (session)
  "Return what the model of SESSION is writing besides messages, or nil."
  (when (emacs-agent-session-draft session)
    (let-alist (emacs-agent-session-draft session)
      (format "%s%s %s" (emacs-agent-one-line .tool 30)
              (if (stringp .path) (concat " " (emacs-agent-one-line .path 40)) "")
              (emacs-agent-count (or .chars 0))))))

(defun emacs-agent-header--window (session)
  "Return how full the window of SESSION is, or nil."
  (let ((used (emacs-agent-session-context-tokens session))
        (size (emacs-agent-session-context-window session)))
    (and (numberp used) (> used 0)
         (if (and (numberp size) (> size 0))
             (format "%s/%s (%d%%)" (emacs-agent-count used) (emacs-agent-count size)
                     (round (* 100.0 used) size))
           (emacs-agent-count used)))))

(defun emacs-agent-header-line ()
  "Return the header line of this conversation."
  (when emacs-agent-session
    (let* ((session emacs-agent-session)
           (details (emacs-agent-session-details session))
           (cost (emacs-agent-session-cost session))
           (queued (length (emacs-agent-session-queued session)))
           (parts (delq nil
                        (list (file-name-nondirectory (emacs-agent-session-project session))
                              (emacs-agent-session-model session)
                              (emacs-agent-session-agent session)
                              (emacs-agent-session-mode session)
                              (emacs-agent-header-state session)
                              (or (emacs-agent-header--draft session)
                                  (and (stringp details) (emacs-agent-session-busy-p session)
                                       (emacs-agent-one-line details 60)))
                              (and (> queued 0) (format "%d queued" queued))
                              (emacs-agent-header--window session)
                              (and (numberp cost) (> cost 0) (format "$%.2f" cost))))))
      (concat " " (mapconcat #'emacs-agent-header--percent parts
                             (propertize "  " 'face 'emacs-agent-dim))))))

(defun emacs-agent-header-mode-line ()
  "Return what the mode line says about this conversation."
  (and emacs-agent-session
       (concat " " (emacs-agent-header-state emacs-agent-session))))

;;;; Above the input

(defvar-local emacs-agent-header--above nil
  "Overlay that shows, above the input, what is no part of the conversation.")

(defun emacs-agent-header--show-above (session)
  "Show above the input what SESSION has in its queue, and a notice."
  (let ((text (concat (emacs-agent-header--notice session)
                      (mapconcat #'emacs-agent-header--queued (emacs-agent-session-queued session) ""))))
    (if (string-empty-p text)
        (when emacs-agent-header--above (delete-overlay emacs-agent-header--above))
      (unless emacs-agent-header--above
        (setq emacs-agent-header--above (make-overlay 1 1)))
      (move-overlay emacs-agent-header--above emacs-agent-output-end
                    emacs-agent-output-end (current-buffer))
      (overlay-put emacs-agent-header--above 'before-string text))))

(defun emacs-agent-header--notice (session)
  "Return a line with what SESSION's user should know of its model, if anything."
  (let ((notice (emacs-agent-session-notice session)))
    (if notice
        (propertize (concat (emacs-agent-show-all (emacs-agent-one-line notice 300)) "\n")
                    'face 'emacs-agent-attention)
      "")))

(defun emacs-agent-header--queued (prompt)
  "Return a line about PROMPT, which waits to be sent."
  (propertize (format "%s: %s\n" (if (equal (alist-get 'when_busy prompt) "steer") "Steers" "Waits")
                      (emacs-agent-show-all (emacs-agent-one-line (alist-get 'text prompt) 70)))
              'face 'emacs-agent-dim))

(defun emacs-agent-header--changed (session)
  "Show the new state of SESSION in its buffer."
  (let ((buffer (emacs-agent-session-buffer session)))
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        (emacs-agent-header--show-above session)
        (force-mode-line-update)))))

(add-hook 'emacs-agent-session-changed-functions #'emacs-agent-header--changed)

(provide 'emacs-agent-header)
;;; emacs-agent-header.el ends here
