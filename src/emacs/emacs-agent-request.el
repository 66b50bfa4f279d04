;;; emacs-agent-request.el --- Requests to the backend  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; They return at once, start the backend if need be, and call a function with the answer.

;;; Code:

(require 'emacs-agent-backend)

(cl-defun emacs-agent-request (method path &key body (timeout 30) then else)
  "Send METHOD PATH to the backend, starting it if need be; return at once.
BODY is a Lisp value that becomes JSON, or t for an empty object.  THEN is
called with the answer as an alist; ELSE with an alist of `code', `message'
and, where there are any, `status' and `details'.  Without ELSE the message is
shown.  TIMEOUT is in seconds, nil for none."
  (let ((fail (or else (lambda (failure) (emacs-agent-say "Emacs-Agent: %s" (alist-get 'message failure))))))
    (emacs-agent-backend-ensure
     (lambda (reason)
       (if reason
           (funcall fail `((code . "NO_BACKEND") (message . ,reason)))
         (emacs-agent-http-request
          (emacs-agent-backend-endpoint emacs-agent-backend) method path :body body :timeout timeout
          :on-done (lambda (status text)
                     (emacs-agent-request--answer status text then fail))))))))

(defun emacs-agent-request--answer (status text then else)
  "Give the answer, STATUS and TEXT, to THEN or ELSE."
  (let ((data (and status (ignore-errors (emacs-agent-json-parse text)))))
    (cond ((null status)
           (funcall else `((code . "UNREACHABLE") (message . ,(format "The backend: %s" text)))))
          ((and (<= 200 status 299) (listp data)) (when then (funcall then data)))
          (t (let-alist (and (listp data) data)
               (funcall else `((status . ,status)
                               (code . ,(or .error.code "UNKNOWN"))
                               (message . ,(or .error.message (format "The backend answered %s" status)))
                               (details . ,.error.details))))))))

(provide 'emacs-agent-request)
;;; emacs-agent-request.el ends here
