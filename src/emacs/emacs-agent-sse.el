;;; emacs-agent-sse.el --- Server-sent events, read and read again  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; `emacs-agent-sse-parser' makes frames of bytes, wherever they were cut.  `emacs-agent-sse-open' follows a stream:
;; when the connection ends it comes back, with the id of the last event, after 0.5, 1, 2, 4 … seconds.

;;; Code:

(require 'emacs-agent-http)

(defvar emacs-agent-sse-delays '(0.5 1 2 4 8 16)
  "Seconds to wait before each attempt to come back; the last one repeats.")

(defvar emacs-agent-sse-silence 50
  "Seconds without a byte after which a connection counts as lost.
The backend sends a comment every 15 seconds.")

;;;; The parser

(defun emacs-agent-sse-parser (on-frame)
  "Return a function that takes bytes, to call ON-FRAME for each frame.
It is called with the type, the id and the data.  Type and data are text, the
id is a string or nil.  Lines may end in any way that the standard allows."
  (let ((rest nil) (type nil) (id nil) (data nil) (after-cr nil))
    (cl-labels
        ((dispatch ()
           (when data
             (funcall on-frame (or type "message") id
                      (decode-coding-string (string-join (nreverse data) "\n") 'utf-8)))
           (setq type nil id nil data nil))
         (field (line)
           (let* ((colon (string-search ":" line))
                  (name (if colon (substring line 0 colon) line))
                  (value (if colon (substring line (1+ colon)) "")))
             (when (string-prefix-p " " value) (setq value (substring value 1)))
             (pcase name
               ("data" (push value data))
               ("event" (setq type value))
               ("id" (setq id value)))))
         (line (text)
           (if (string-empty-p text) (dispatch) (field text))))
      (lambda (bytes)
        (let ((start 0) (size (length bytes)) end)
          (when (and after-cr (> size 0))
            (setq after-cr nil)
            (when (= (aref bytes 0) ?\n) (setq start 1)))
          (while (setq end (string-match "[\r\n]" bytes start))
            (push (substring bytes start end) rest)
            (line (prog1 (if (cdr rest) (apply #'concat (nreverse rest)) (car rest))
                    (setq rest nil)))
            (setq start (1+ end))
            (when (= (aref bytes end) ?\r)
              (if (= start size)
                  (setq after-cr t)
                (when (= (aref bytes start) ?\n) (cl-incf start)))))
          (when (< start size)
            (push (substring bytes start) rest)))))))

;;;; The stream

(cl-defstruct (emacs-agent-stream (:copier nil))
  "One stream of events that comes back when it is cut."
  endpoint                              ; a function, since a backend may come back elsewhere
  path
  last-id                               ; the header of the next attempt; nil for none
  on-frame on-state
  (state 'connecting)                   ; connecting, open, waiting, closed
  (attempts 0)
  process timer watchdog)

(cl-defun emacs-agent-sse-open (endpoint path &key last-id on-frame on-state)
  "Follow PATH at ENDPOINT, from the event after LAST-ID; return the stream.
ENDPOINT is a function that returns the endpoint, or nil while there is none.
ON-FRAME is called with type, id and data of each frame, and sets
`emacs-agent-stream-last-id' as it takes them in.  ON-STATE is called with the
stream and `open', `waiting' (it was cut and will come back) or the status of
an answer that was refused, which ends the stream."
  (let ((stream (make-emacs-agent-stream :endpoint endpoint :path path :last-id last-id
                                         :on-frame on-frame :on-state on-state)))
    (emacs-agent-sse--connect stream)
    stream))

(defun emacs-agent-sse-close (stream)
  "End STREAM for good."
  (when stream
    (setf (emacs-agent-stream-state stream) 'closed)
    (emacs-agent-sse--disconnect stream)))

(defun emacs-agent-sse--disconnect (stream)
  "Forget the connection and the timers of STREAM."
  (dolist (timer (list (emacs-agent-stream-timer stream) (emacs-agent-stream-watchdog stream)))
    (when timer (cancel-timer timer)))
  (let ((process (emacs-agent-stream-process stream)))
    (setf (emacs-agent-stream-process stream) nil)
    (when process
      (set-process-sentinel process #'ignore)
      (set-process-filter process #'ignore)
      (delete-process process))))

(defun emacs-agent-sse--tell (stream state)
  "Set the state of STREAM and tell its owner STATE, unless it was closed."
  (unless (eq (emacs-agent-stream-state stream) 'closed)
    (setf (emacs-agent-stream-state stream) (if (integerp state) 'closed state))
    (emacs-agent-run-safely (emacs-agent-stream-on-state stream) stream state)))

(defun emacs-agent-sse--watch (stream)
  "Start waiting for the next byte of STREAM."
  (let ((watchdog (emacs-agent-stream-watchdog stream)))
    (when watchdog (cancel-timer watchdog))
    (setf (emacs-agent-stream-watchdog stream)
          (run-at-time emacs-agent-sse-silence nil #'emacs-agent-sse--lost stream))))

(defun emacs-agent-sse--lost (stream)
  "Come back later to STREAM, whose connection is gone."
  (unless (eq (emacs-agent-stream-state stream) 'closed)
    (emacs-agent-sse--disconnect stream))
  ;; Deleting a process runs the sentinels of others, which may have closed this stream.
  (unless (eq (emacs-agent-stream-state stream) 'closed)
    (let* ((attempt (emacs-agent-stream-attempts stream))
           (delay (or (nth attempt emacs-agent-sse-delays) (car (last emacs-agent-sse-delays)))))
      (setf (emacs-agent-stream-attempts stream) (1+ attempt)
            (emacs-agent-stream-timer stream)
            (run-at-time delay nil #'emacs-agent-sse--connect stream))
      (emacs-agent-sse--tell stream 'waiting))))

(defun emacs-agent-sse--connect (stream)
  "Connect STREAM, or try again later if there is nothing to connect to."
  (let ((endpoint (funcall (emacs-agent-stream-endpoint stream))))
    (cond ((eq (emacs-agent-stream-state stream) 'closed))
          ((null endpoint) (emacs-agent-sse--lost stream))
          (t (emacs-agent-sse--attempt stream endpoint)))))

(defun emacs-agent-sse--attempt (stream endpoint)
  "Connect STREAM to ENDPOINT."
  (let* ((parser (emacs-agent-sse-parser (emacs-agent-stream-on-frame stream)))
         (last-id (emacs-agent-stream-last-id stream))
         (refused nil) process)
    (cl-flet ((current () (eq process (emacs-agent-stream-process stream))))
      (setf (emacs-agent-stream-state stream) 'connecting)
      (emacs-agent-sse--watch stream)
      (setq process
            (emacs-agent-http-open
             endpoint "GET" (emacs-agent-stream-path stream)
             :headers `(("Accept" . "text/event-stream")
                        ,@(and last-id `(("Last-Event-ID" . ,last-id))))
             :on-head (lambda (status _headers)
                        (if (= status 200)
                            (progn (setf (emacs-agent-stream-attempts stream) 0)
                                   (emacs-agent-sse--tell stream 'open))
                          (setq refused status)))
             :on-data (lambda (bytes)
                        (emacs-agent-sse--watch stream)
                        (unless refused (funcall parser bytes)))
             :on-close (lambda (_reason)
                         (cond ((not (current)))
                               ((and refused (< 399 refused 500) (/= refused 429))
                                (emacs-agent-sse--disconnect stream)
                                (emacs-agent-sse--tell stream refused))
                               (t (emacs-agent-sse--lost stream))))))
      (setf (emacs-agent-stream-process stream) process))))

(provide 'emacs-agent-sse)
;;; emacs-agent-sse.el ends here
