;;; emacs.el --- How fast the client is, seen from inside  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; scripts/bench/emacs.ts runs this in a terminal.  It serves conversations, types, and sends the time every few
;; milliseconds.  Emacs reads that where it would read a key: between two timers or commands, after redisplay.  So how old
;; such a time is when it is read is how long Emacs did not answer, whatever it was that kept it: events, redisplay,
;; timers, garbage collection.  Nothing of the client is called but what opens a conversation.

;;; Code:

(defvar bench-port (string-to-number (getenv "BENCH_PORT")) "Where the driver listens, on this machine.")
(defvar bench-names (split-string (getenv "BENCH_CONVERSATIONS")) "Conversations to come: NAME:LAST-ID.")
(defvar bench-session nil "The session that is shown now.")
(defvar bench-last nil "The id of its last event.")
(defvar bench-phase nil "What goes on: nil, `busy' or `quiet'.")
(defvar bench-since nil "When that began.")
(defvar bench-longest 0 "The longest time Emacs did not answer since then, in milliseconds.")
(defvar bench-worked 0 "The most processor time that Emacs took between two looks, in milliseconds.")
(defvar bench-processor nil "The processor time of Emacs at the last look.")
(defvar bench-processor-since nil "The processor time of Emacs when this phase began.")
(defvar bench-garbage nil "What was collected before that: (TIMES SECONDS).")

(defun bench-ms (since)
  "Return how many milliseconds ago SINCE was."
  (* 1000 (- (float-time) since)))

(defun bench-report (name figures &optional then)
  "Tell the driver FIGURES, an alist, of NAME, and call THEN."
  (emacs-agent-request "POST" (concat "/bench/" name) :body figures :then (lambda (_) (when then (funcall then)))))

(defun bench-phase (phase)
  "Start measuring PHASE."
  (setq bench-phase phase bench-longest 0 bench-worked 0 bench-since (float-time)
        bench-processor (float-time (get-internal-run-time))
        bench-processor-since bench-processor
        bench-garbage (list gcs-done gc-elapsed)))

(defun bench-figures ()
  "Return what was measured in this phase."
  (let ((collections (- gcs-done (nth 0 bench-garbage))))
    `((total_ms . ,(bench-ms bench-since)) (longest_ms . ,bench-longest) (worked_ms . ,bench-worked)
      (processor_ms . ,(* 1000 (- (float-time (get-internal-run-time)) bench-processor-since)))
      (collections . ,collections)
      (collection_ms . ,(/ (* 1000 (- gc-elapsed (nth 1 bench-garbage))) (max 1 collections))))))

(defun bench-next ()
  "Open the next conversation, or end."
  (pcase (split-string (or (pop bench-names) "") ":")
    (`(,name ,last)
     (setq bench-session (make-emacs-agent-session :id name :project temporary-file-directory)
           bench-last (string-to-number last))
     (push bench-session emacs-agent-session-list)
     (switch-to-buffer (emacs-agent-mode-buffer bench-session))
     (goto-char (point-max))
     (redisplay t)
     (garbage-collect)
     (bench-phase 'busy)
     (emacs-agent-session-follow bench-session))
    (_ (let ((kill-emacs-query-functions nil)) (kill-emacs)))))

(defun bench-shown-p ()
  "Whether all of the conversation is shown."
  (and (>= (emacs-agent-session-last-id bench-session) bench-last)
       (emacs-agent-session-caught-up bench-session)
       (not (emacs-agent-session-backlog bench-session))
       (not (emacs-agent-session-inbox bench-session))))

(defun bench-step ()
  "Go on to the next phase if this one is over."
  (pcase bench-phase
    ('busy (when (bench-shown-p)
             (bench-report (emacs-agent-session-id bench-session) (bench-figures))
             (bench-phase 'quiet)))
    ('quiet (when (> (bench-ms bench-since) 2000)
              (bench-report (concat (emacs-agent-session-id bench-session) "-quiet") (bench-figures) #'bench-next)
              (bench-phase nil)
              (kill-buffer (emacs-agent-session-buffer bench-session))))))

(defun bench-pulse (_process text)
  "Take in TEXT, times of the driver, the oldest first."
  (when (string-match "^[0-9]\\{13\\}\n" text)
    (setq bench-longest (max bench-longest (bench-ms (/ (string-to-number (match-string 0 text)) 1000.0)))))
  (let ((processor (float-time (get-internal-run-time))))
    (when bench-processor
      (setq bench-worked (max bench-worked (* 1000 (- processor bench-processor)))))
    (setq bench-processor processor))
  (bench-step))

(defun bench-start-up ()
  "Measure how long it takes until a prompt can be written, and until it can be answered."
  (let* ((default-directory temporary-file-directory)
         (loaded (let ((began (float-time))) (require 'emacs-agent) (bench-ms began)))
         (began (float-time))
         (session (progn (emacs-agent) emacs-agent-session))
         (usable (progn (redisplay t) (bench-ms began))))
    (while (not (memq (emacs-agent-session-connection session) '(open ended)))
      (accept-process-output nil 0.005))
    (let ((answered (bench-ms began)))
      (prog1 `((loaded_ms . ,loaded) (usable_ms . ,usable) (answered_ms . ,answered))
        (kill-buffer (emacs-agent-session-buffer session))
        (emacs-agent-backend-stop)))))

(defun bench-run ()
  "Measure the start, then each conversation."
  (let ((start-up (bench-start-up)))
    (setq emacs-agent-backend
          (make-emacs-agent-backend
           :state 'ready
           :endpoint (make-emacs-agent-endpoint :host "127.0.0.1" :port bench-port :token "none")))
    (bench-report "start-up" start-up)
    (make-network-process :name "pulse" :host "127.0.0.1" :service (string-to-number (getenv "BENCH_PULSE"))
                          :coding 'binary :noquery t :filter #'bench-pulse)
    (bench-next)))

(setq emacs-agent-notify nil
      emacs-agent-program (getenv "BENCH_PROGRAM")
      emacs-agent-display-action '((display-buffer-same-window)))
;; Once the command loop has begun.
(run-at-time 0.3 nil #'bench-run)
;;; emacs.el ends here
