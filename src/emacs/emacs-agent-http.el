;;; emacs-agent-http.el --- Requests that never block  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; HTTP to a backend on this machine, over a network process.  `url.el' can neither stream nor be kept from asking
;; for passwords, so this talks HTTP/1.0, in which a body simply lasts until its length or the end.

;;; Code:

(require 'emacs-agent-base)
(require 'emacs-agent-json)
(autoload 'url-hexify-string "url-util")

(cl-defstruct (emacs-agent-endpoint (:copier nil))
  "Where a backend listens, and the token that it wants."
  host port token)

(defconst emacs-agent-http--max-head 65536
  "Whatever sends more bytes than this before a body does not speak HTTP.")

(defun emacs-agent-http--head (endpoint method path body headers)
  "Return the head of a request as bytes.
It is METHOD and PATH at ENDPOINT, with BODY (bytes or nil) and HEADERS."
  (let ((host (emacs-agent-endpoint-host endpoint))
        (token (emacs-agent-endpoint-token endpoint)))
    (encode-coding-string
     (concat (format "%s %s HTTP/1.0\r\nHost: %s:%s\r\n" method path
                     (if (string-search ":" host) (format "[%s]" host) host)
                     (emacs-agent-endpoint-port endpoint))
             (and token (format "Authorization: Bearer %s\r\n" token))
             (and body (format "Content-Type: application/json\r\nContent-Length: %d\r\n" (length body)))
             (mapconcat (lambda (header) (format "%s: %s\r\n" (car header) (cdr header))) headers "")
             "\r\n")
     'utf-8)))

(defun emacs-agent-http--parse-head (head)
  "Return (STATUS .
HEADERS) of HEAD, the text before the empty line; nil if it is no HTTP.  Names
of HEADERS are in lower case."
  (when (string-match "\\`HTTP/1\\.[01] \\([0-9]\\{3\\}\\)\\(?: [^\r\n]*\\)?\\(?:\r\n\\|\\'\\)" head)
    (cons (string-to-number (match-string 1 head))
          (cl-loop for line in (split-string (substring head (match-end 0)) "\r\n" t)
                   when (string-match "\\`\\([^:]+\\):[ \t]*" line)
                   collect (cons (downcase (match-string 1 line)) (substring line (match-end 0)))))))

(cl-defun emacs-agent-http-open (endpoint method path &key body headers on-head on-data on-close)
  "Send METHOD PATH to ENDPOINT and return the process.
BODY is bytes, HEADERS an alist.  ON-HEAD is called once with the status and
the headers, ON-DATA with each piece of the body (bytes), ON-CLOSE once at the
end, with nil or, where nothing was understood, a string that says why."
  (let* ((pieces nil) (size 0) (in-head t) (closed nil) process)
    (cl-labels
        ((close (reason)
           (unless closed
             (setq closed t)
             (emacs-agent-run-safely on-close reason)))
         (give-up (reason)
           (close reason)
           (when process (delete-process process)))
         (head-filter (text)
           (push text pieces)
           (cl-incf size (length text))
           (let* ((whole (if (cdr pieces) (apply #'concat (reverse pieces)) text))
                  (end (string-search "\r\n\r\n" whole)))
             (setq pieces (list whole))
             (cond ((not (string-prefix-p (substring "HTTP/1." 0 (min 7 size)) whole))
                    (give-up "what answers there is not a backend"))
                   (end (read-head whole end))
                   ((> size emacs-agent-http--max-head) (give-up "what answers there is not a backend")))))
         (read-head (whole end)
           (let ((head (emacs-agent-http--parse-head (substring whole 0 end))))
             (setq in-head nil pieces nil)
             (if (null head)
                 (give-up "what answers there is not a backend")
               (emacs-agent-run-safely on-head (car head) (cdr head))
               (data-filter (substring whole (+ end 4))))))
         (data-filter (text)
           (unless (or closed (string-empty-p text))
             (emacs-agent-run-safely on-data text)))
         (filter (_process text)
           (unless closed
             (if in-head (head-filter text) (data-filter text))))
         (sentinel (process event)
           (cond ((string-prefix-p "open" event) (send process))
                 ((not (process-live-p process))
                  (close (and in-head (format "no answer (%s)" (string-trim event)))))))
         (send (process)
           (condition-case err
               (progn
                 (process-send-string
                  process (emacs-agent-http--head endpoint method path body headers))
                 (when body (process-send-string process body)))
             (error (give-up (error-message-string err))))))
      (condition-case err
          (setq process (make-network-process
                         :name "emacs-agent-http" :host (emacs-agent-endpoint-host endpoint)
                         :service (emacs-agent-endpoint-port endpoint)
                         :coding 'binary :noquery t :nowait t
                         :filter #'filter :sentinel #'sentinel))
        (error (run-at-time 0 nil #'close (error-message-string err))))
      process)))

(cl-defun emacs-agent-http-request (endpoint method path &key body (timeout 30) on-done)
  "Send METHOD PATH to ENDPOINT, with BODY as JSON; return the process.
ON-DONE is called once, with the status and the text of the body; or, where
there was no answer within TIMEOUT seconds (nil waits for ever), with nil and
a string that says why."
  (let (process timer status (need nil) (got 0) (pieces nil) (done nil))
    (cl-labels
        ((finish (status text)
           (unless done
             (setq done t)
             (when timer (cancel-timer timer))
             (when process
               (set-process-sentinel process #'ignore)
               (delete-process process))
             (emacs-agent-run-safely on-done status text)))
         (text ()
           (decode-coding-string (apply #'concat (nreverse pieces)) 'utf-8))
         (head (code headers)
           (setq status code
                 need (let ((length (cdr (assoc "content-length" headers))))
                        (and length (string-to-number length))))
           (when (eql need 0) (finish status "")))
         (data (piece)
           (push piece pieces)
           (cl-incf got (length piece))
           (when (and need (>= got need)) (finish status (text))))
         (end (reason)
           (cond (reason (finish nil reason))
                 ((and need (< got need)) (finish nil "the answer was cut"))
                 (t (finish status (text))))))
      (setq process (emacs-agent-http-open
                     endpoint method path
                     :body (and body (emacs-agent-json-string (if (eq body t) nil body)))
                     :on-head #'head :on-data #'data :on-close #'end))
      (when timeout
        (setq timer (run-at-time timeout nil #'finish nil
                                 (format "no answer within %s seconds" timeout))))
      process)))

(defun emacs-agent-http-query (path &rest plist)
  "Return PATH with the names and values of PLIST as its query.
What is nil is left out."
  (let ((query (cl-loop for (name value) on plist by #'cddr
                        when value
                        collect (format "%s=%s" (substring (symbol-name name) 1)
                                        (url-hexify-string (format "%s" value))))))
    (if query (concat path "?" (string-join query "&")) path)))

(provide 'emacs-agent-http)
;;; emacs-agent-http.el ends here
