;;; emacs-agent-header.el --- What is above a conversation and above its input  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The header line and the mode line show the state of the session; above the input is what waits to be sent.

;;; Code:

(require 'emacs-agent-output)
(require 'emacs-agent-session)

;;;; The header line

(defun emacs-agent-header-state-words (state)
  "Return STATE, of a session, in words, with a face; nil if it has no words."
  (pcase state
    ("idle" (propertize "ready" 'face 'emacs-agent-success))
    ("thinking" (propertize "thinking" 'face 'emacs-agent-running))
    ("tool_execution" (propertize "working" 'face 'emacs-agent-running))
    ("error" (propertize "error" 'face 'emacs-agent-failure))
    ("ended" (propertize "ended" 'face 'emacs-agent-dim))))

(defun emacs-agent-header-state (session)
  "Return the state of SESSION in words, with a face."
  (let ((waiting (emacs-agent-session-waiting session)))
    (pcase (emacs-agent-session-connection session)
      ('connecting (propertize "connecting" 'face 'emacs-agent-running))
      ('waiting (propertize "reconnecting" 'face 'emacs-agent-failure))
      ('lost (propertize "backend lost" 'face 'emacs-agent-failure))
      ('ended (emacs-agent-header-state-words "ended"))
      (_ (cond ((> waiting 0)
                (propertize (format "%d waiting for you" waiting) 'face 'emacs-agent-attention))
               ((and (or (emacs-agent-session-outbox session) (emacs-agent-session-accepted session))
                     (not (emacs-agent-session-busy-p session)))
                (propertize "sending" 'face 'emacs-agent-running))
               (t (let ((state (emacs-agent-session-state session)))
                    (or (emacs-agent-header-state-words state)
                        (propertize (or state "") 'face 'emacs-agent-running)))))))))

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

(defun emacs-agent-header--elapsed (session)
  "Return the time since the turn of SESSION began, or nil if it is idle."
  (let ((since (emacs-agent-session-since session)))
    (when (and since (emacs-agent-session-busy-p session))
      (let ((seconds (max 0 (floor (float-time (time-since since))))))
        (cond ((< seconds 60) (format "%ds" seconds))
              ((< seconds 3600) (format "%dm%02ds" (/ seconds 60) (% seconds 60)))
              (t (format "%dh%02dm" (/ seconds 3600) (/ (% seconds 3600) 60))))))))

(defun emacs-agent-header--parts (session)
  "Return the parts of the header line of SESSION, the most important first."
  (let ((details (emacs-agent-session-details session))
        (model (emacs-agent-session-model session))
        (cost (emacs-agent-session-cost session))
        (queued (length (emacs-agent-session-queued session))))
    (delq nil
          (list (emacs-agent-faces-legible (emacs-agent-header-state session) 'header-line)
                (emacs-agent-header--elapsed session)
                (and (numberp cost) (> cost 0) (format "$%.2f" cost))
                (or (emacs-agent-header--draft session)
                    (and (stringp details) (emacs-agent-session-busy-p session)
                         (emacs-agent-one-line details 60)))
                (and (> queued 0) (format "%d queued" queued))
                (emacs-agent-session-agent session)
                (emacs-agent-session-mode session)
                (and model (car (last (split-string model "/"))))
                (emacs-agent-header--window session)
                (emacs-agent-project-name (emacs-agent-session-project session))))))

(defun emacs-agent-header--fit (parts width)
  "Return those of PARTS that fit into WIDTH columns, the first ones first."
  (let ((left (1- width)))
    (cl-loop for part in parts
             for first = t then nil
             for size = (+ (string-width part) (if first 0 2))
             when (or first (<= size left))
             collect part and do (setq left (- left size)))))

(defun emacs-agent-header--tooltip (session)
  "Return the tooltip of the header line of SESSION, a line for each property."
  (let ((usage (emacs-agent-session-usage session)))
    (cl-flet ((line (name value) (and value (not (equal value "")) (format "%-9s%s" name value)))
              (tokens (key) (let ((count (emacs-agent-value (alist-get key usage)))) (if (numberp count) count 0))))
      (emacs-agent-show-all
       (string-join
        (delq nil (list (line "Project" (let ((project (emacs-agent-session-project session)))
                                          (if (file-remote-p project) project (abbreviate-file-name project))))
                        (line "Title" (emacs-agent-session-title session))
                        (line "State" (substring-no-properties (emacs-agent-header-state session)))
                        (line "Model" (emacs-agent-session-model session))
                        (line "Agent" (emacs-agent-session-agent session))
                        (line "Mode" (emacs-agent-session-mode session))
                        (line "Context" (emacs-agent-header--window session))
                        (line "Tokens" (and usage (format "%s in, %s out, %s read from the cache"
                                                          (emacs-agent-count (tokens 'input_tokens))
                                                          (emacs-agent-count (tokens 'output_tokens))
                                                          (emacs-agent-count (tokens 'cache_read_tokens)))))
                        (line "Cost" (let ((cost (emacs-agent-session-cost session)))
                                       (and (numberp cost) (format "$%.4f" cost))))
                        (line "Session" (emacs-agent-session-id session))))
        "\n")))))

(defun emacs-agent-header-line ()
  "Return the header line of this conversation: its state, and what else fits."
  (when emacs-agent-session
    (let ((width (if noninteractive 200 (window-width))))
      (propertize
       (concat " " (mapconcat #'emacs-agent-header--percent
                              (emacs-agent-header--fit (emacs-agent-header--parts emacs-agent-session) width)
                              (propertize "  " 'face 'emacs-agent-dim)))
       'help-echo (lambda (window _object _position)
                    (let ((session (buffer-local-value 'emacs-agent-session (window-buffer window))))
                      (and session (emacs-agent-header--tooltip session))))))))

(defun emacs-agent-header-mode-line ()
  "Return the part of the mode line about this conversation."
  (and emacs-agent-session
       (concat " " (emacs-agent-faces-legible (emacs-agent-header-state emacs-agent-session) 'mode-line))))

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

(defvar-local emacs-agent-header--clock nil
  "The timer for the elapsed time in the header line, while a turn runs.")

(defun emacs-agent-header--tick (session)
  "Start the clock of this buffer if SESSION is at work, or stop it."
  (if (and (emacs-agent-session-busy-p session) (emacs-agent-session-live-p session))
      (unless emacs-agent-header--clock
        (setq emacs-agent-header--clock (emacs-agent-header--ticking (current-buffer))))
    (when emacs-agent-header--clock
      (cancel-timer emacs-agent-header--clock)
      (setq emacs-agent-header--clock nil))))

(defun emacs-agent-header--ticking (buffer)
  "Return a timer to update the header line of BUFFER each second."
  (letrec ((timer (run-at-time 1 1 (lambda ()
                                     (if (buffer-live-p buffer)
                                         (with-current-buffer buffer (force-mode-line-update))
                                       (cancel-timer timer))))))
    timer))

(defun emacs-agent-header--changed (session)
  "Show the new state of SESSION in its buffer."
  (let ((buffer (emacs-agent-session-buffer session)))
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        (emacs-agent-header--show-above session)
        (emacs-agent-header--tick session)
        (force-mode-line-update)))))

(add-hook 'emacs-agent-session-changed-functions #'emacs-agent-header--changed)

(provide 'emacs-agent-header)
;;; emacs-agent-header.el ends here
