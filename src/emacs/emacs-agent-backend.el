;;; emacs-agent-backend.el --- Starting and keeping the backend  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; One backend per Emacs.  It is a child whose stdin is its lifeline, so it ends with Emacs however Emacs ends.  It is
;; started when it is needed first (`emacs-agent-backend-ensure'), and again when it ends; those who follow its sessions are
;; informed through `emacs-agent-backend-functions'.

;;; Code:

(require 'emacs-agent-http)
(require 'emacs-agent-program)

(autoload 'emacs-agent-install-offer "emacs-agent-install")

(defcustom emacs-agent-max-restarts 3
  "How often a backend that dies is started again within a minute."
  :type 'natnum
  :group 'emacs-agent)

(defvar emacs-agent-backend-functions nil
  "Functions called when the backend changes, with its state and a text.
The state is `ready', `restarted', `died', `failed' or `stopped'.")

(defvar emacs-agent-backend-timeout 20
  "Seconds that a backend may take until it says where it listens.")

(cl-defstruct (emacs-agent-backend (:copier nil))
  "The backend of this Emacs."
  (state 'stopped)                      ; stopped, starting, ready, failed
  process endpoint version
  attached                              ; whether somebody else started it
  (output "")                           ; what came on stdout before the handshake
  timer                                 ; the patience with a start
  waiting                               ; functions to call when it is ready or has failed
  restarts)                             ; times of recent restarts

(defvar emacs-agent-backend (make-emacs-agent-backend)
  "The backend of this Emacs.")

(defconst emacs-agent-backend--stderr " *emacs-agent-stderr*"
  "The buffer that has what the backend logs.")

;;;; Starting it

(defun emacs-agent-backend-ready-p ()
  "Whether requests can be sent."
  (eq (emacs-agent-backend-state emacs-agent-backend) 'ready))

(defun emacs-agent-backend-current-endpoint ()
  "Return the endpoint of the backend, or nil while there is none."
  (and (emacs-agent-backend-ready-p)
       (emacs-agent-backend-endpoint emacs-agent-backend)))

(defun emacs-agent-backend-ensure (function)
  "Call FUNCTION with nil when the backend is ready, or with what went wrong.
Starts the backend if need be."
  (pcase (emacs-agent-backend-state emacs-agent-backend)
    ('ready (funcall function nil))
    (state
     (setf (emacs-agent-backend-waiting emacs-agent-backend)
           (append (emacs-agent-backend-waiting emacs-agent-backend) (list function)))
     (unless (eq state 'starting)
       (emacs-agent-backend--start)))))

(defun emacs-agent-backend--start ()
  "Start the backend."
  (let ((program (emacs-agent-program-file)))
    (setf (emacs-agent-backend-state emacs-agent-backend) 'starting
          (emacs-agent-backend-output emacs-agent-backend) ""
          (emacs-agent-backend-attached emacs-agent-backend) nil)
    (when (get-buffer emacs-agent-backend--stderr)
      (with-current-buffer emacs-agent-backend--stderr (erase-buffer)))
    (if (not program)
        (emacs-agent-install-offer
         (lambda (problem)
           (if problem (emacs-agent-backend-fail problem) (emacs-agent-backend--start))))
      (condition-case err
          (emacs-agent-backend--spawn program)
        (error (emacs-agent-backend-fail
                (format "%s cannot be started: %s" program (error-message-string err))))))))

(defun emacs-agent-backend--spawn (program)
  "Start PROGRAM with the global environment, outside of any project."
  (let ((default-directory (file-name-as-directory (expand-file-name "~")))
        (process-environment (append emacs-agent-environment (default-value 'process-environment)))
        (exec-path (default-value 'exec-path))
        (process-connection-type nil)
        (stderr (get-buffer-create emacs-agent-backend--stderr)))
    (unless (file-accessible-directory-p default-directory)
      (setq default-directory temporary-file-directory))
    (with-current-buffer stderr
      (buffer-disable-undo))
    (setf (emacs-agent-backend-timer emacs-agent-backend)
          (run-at-time emacs-agent-backend-timeout nil #'emacs-agent-backend-fail
                       (format "%s did not say where it listens within %s seconds"
                               program emacs-agent-backend-timeout))
          (emacs-agent-backend-process emacs-agent-backend)
          (make-process :name "emacs-agent-backend" :noquery t :coding 'utf-8-unix
                        :connection-type 'pipe
                        :command `(,program "serve" "--stdin-lifeline" "--port" "0"
                                            ,@emacs-agent-program-arguments)
                        :stderr (emacs-agent-backend--stderr-pipe stderr)
                        :filter #'emacs-agent-backend--filter
                        :sentinel #'emacs-agent-backend--sentinel))))

(defun emacs-agent-backend--stderr-pipe (buffer)
  "Return a pipe that puts what the backend logs into BUFFER, within bounds."
  (make-pipe-process
   :name "emacs-agent-stderr" :buffer buffer :noquery t :coding 'utf-8 :sentinel #'ignore
   :filter (lambda (_process text)
             (when (buffer-live-p buffer)
               (with-current-buffer buffer
                 (goto-char (point-max))
                 (insert text)
                 (when (> (buffer-size) 200000)
                   (delete-region (point-min) (- (point-max) 100000))))))))

(defun emacs-agent-backend--filter (process text)
  "Take in TEXT from stdout of PROCESS, whose first line is the handshake."
  (when (and (eq process (emacs-agent-backend-process emacs-agent-backend))
             (eq (emacs-agent-backend-state emacs-agent-backend) 'starting))
    (let* ((output (concat (emacs-agent-backend-output emacs-agent-backend) text))
           (end (string-search "\n" output)))
      (setf (emacs-agent-backend-output emacs-agent-backend) output)
      (cond (end (emacs-agent-backend--greet (substring output 0 end)))
            ((> (length output) 10000)
             (emacs-agent-backend-fail "The executable does not behave like emacs-agent-backend"))))))

(defun emacs-agent-backend--greet (line)
  "Understand LINE, the handshake."
  (let ((hello (ignore-errors (emacs-agent-json-parse line))))
    (let-alist (and (listp hello) hello)
      (cond
       ((not (and (stringp .url) (integerp .port) (stringp .version)))
        (emacs-agent-backend-fail
         (format "The executable printed %S instead of a handshake; check `emacs-agent-program'"
                 (emacs-agent-one-line line 60))))
       (t (emacs-agent-backend-adopt
           (make-emacs-agent-endpoint :host (emacs-agent-backend-host .url) :port .port
                                      :token (emacs-agent-value .token))
           .version .protocol))))))

(defun emacs-agent-backend-adopt (endpoint version protocol)
  "Use the backend at ENDPOINT, which is of VERSION and speaks PROTOCOL.
Return whether that is ours."
  (let ((ours (eql protocol emacs-agent-protocol)))
    (if ours
        (emacs-agent-backend--ready endpoint version)
      (emacs-agent-backend-fail (emacs-agent-backend--mismatch version protocol)))
    ours))

(defun emacs-agent-backend--mismatch (version protocol)
  "Say what to do about a backend of VERSION that speaks PROTOCOL."
  (format "The backend %s speaks protocol %s, this client %s speaks %d; run `emacs-agent-backend elisp --install %s',
or M-x emacs-agent-install-program for the backend of this client"
          version protocol emacs-agent-version emacs-agent-protocol
          (abbreviate-file-name emacs-agent-program-directory)))

(defun emacs-agent-backend-host (url)
  "Return the host of URL."
  (if (string-match "\\`https?://\\(?:\\[\\([^]]+\\)\\]\\|\\([^:/]+\\)\\)" url)
      (or (match-string 1 url) (match-string 2 url))
    "127.0.0.1"))

(defun emacs-agent-backend--ready (endpoint version)
  "The backend listens at ENDPOINT and is of VERSION: let those who wait go on."
  (let ((again (emacs-agent-backend-restarts emacs-agent-backend)))
    (emacs-agent-backend--settle 'ready)
    (setf (emacs-agent-backend-endpoint emacs-agent-backend) endpoint
          (emacs-agent-backend-version emacs-agent-backend) version)
    (emacs-agent-log "Backend %s listens on port %s" version (emacs-agent-endpoint-port endpoint))
    (emacs-agent-backend--release nil)
    (run-hook-with-args 'emacs-agent-backend-functions (if again 'restarted 'ready) version)))

(defun emacs-agent-backend--settle (state)
  "End the patience with a start, and set STATE."
  (let ((timer (emacs-agent-backend-timer emacs-agent-backend)))
    (when timer (cancel-timer timer)))
  (setf (emacs-agent-backend-timer emacs-agent-backend) nil
        (emacs-agent-backend-state emacs-agent-backend) state))

(defun emacs-agent-backend--release (reason)
  "Call those who wait, with REASON."
  (let ((waiting (emacs-agent-backend-waiting emacs-agent-backend)))
    (setf (emacs-agent-backend-waiting emacs-agent-backend) nil)
    (dolist (function waiting)
      (emacs-agent-run-safely function reason))))

(defun emacs-agent-backend-fail (reason)
  "Give up for REASON, a text for people."
  (let ((process (emacs-agent-backend-process emacs-agent-backend))
        (log (emacs-agent-backend-last-words)))
    (emacs-agent-backend--settle 'failed)
    (setf (emacs-agent-backend-process emacs-agent-backend) nil
          (emacs-agent-backend-endpoint emacs-agent-backend) nil)
    (when (process-live-p process) (delete-process process))
    (when (and log (not (string-search log reason)))
      (setq reason (format "%s (it said: %s)" reason log)))
    (emacs-agent-say "Emacs-Agent: %s.  M-x emacs-agent-doctor tells more" reason)
    (emacs-agent-backend--release reason)
    (run-hook-with-args 'emacs-agent-backend-functions 'failed reason)))

(defun emacs-agent-backend-last-words ()
  "Return the last line that the backend logged, or nil."
  (let ((buffer (get-buffer emacs-agent-backend--stderr)))
    (when buffer
      (with-current-buffer buffer
        (save-excursion
          (goto-char (point-max))
          (skip-chars-backward " \t\n")
          (let ((line (buffer-substring-no-properties (line-beginning-position) (point))))
            (unless (string-empty-p line) (emacs-agent-one-line line 200))))))))

;;;; When it ends

(defun emacs-agent-backend--sentinel (process event)
  "React to EVENT, the end of PROCESS."
  (when (and (not (process-live-p process))
             (eq process (emacs-agent-backend-process emacs-agent-backend)))
    (setf (emacs-agent-backend-process emacs-agent-backend) nil)
    (if (eq (emacs-agent-backend-state emacs-agent-backend) 'starting)
        (emacs-agent-backend-fail
         (format "The backend ended before it was ready: %s" (string-trim event)))
      (emacs-agent-backend--died (string-trim event)))))

(defun emacs-agent-backend--died (event)
  "The backend ended with EVENT: start it again, unless that happened too often."
  (let* ((now (float-time))
         (recent (cl-remove-if (lambda (time) (> (- now time) 60))
                               (emacs-agent-backend-restarts emacs-agent-backend))))
    (emacs-agent-backend--settle 'stopped)
    (setf (emacs-agent-backend-endpoint emacs-agent-backend) nil
          (emacs-agent-backend-restarts emacs-agent-backend) (cons now recent))
    (run-hook-with-args 'emacs-agent-backend-functions 'died event)
    (if (>= (length recent) emacs-agent-max-restarts)
        (emacs-agent-backend-fail (format "The backend ended %d times within a minute (%s)"
                                           (1+ (length recent)) event))
      (emacs-agent-say "Emacs-Agent: the backend ended (%s) and is started again" event)
      (emacs-agent-backend-ensure #'ignore))))

(defun emacs-agent-backend-stop ()
  "End the backend, or let go of one that was attached to.
Sessions are kept in their transcripts and can be resumed."
  (interactive)
  (let ((process (emacs-agent-backend-process emacs-agent-backend)))
    (emacs-agent-backend--settle 'stopped)
    (setf (emacs-agent-backend-process emacs-agent-backend) nil
          (emacs-agent-backend-endpoint emacs-agent-backend) nil
          (emacs-agent-backend-attached emacs-agent-backend) nil
          (emacs-agent-backend-restarts emacs-agent-backend) nil)
    (when (process-live-p process)
      ;; The end of its stdin lets it end in good order.
      (ignore-errors (process-send-eof process)))
    (emacs-agent-backend--release "the backend was stopped")
    (run-hook-with-args 'emacs-agent-backend-functions 'stopped "")))

(defun emacs-agent-backend-restart ()
  "Start the backend afresh; sessions go on."
  (interactive)
  (emacs-agent-backend-stop)
  (setf (emacs-agent-backend-restarts emacs-agent-backend) (list (float-time)))
  (emacs-agent-backend-ensure #'ignore))

(provide 'emacs-agent-backend)
;;; emacs-agent-backend.el ends here
