;;; emacs-agent-attach.el --- A backend that runs already  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Another program, or another Emacs, started it; its token is in a file that only its user can read.

;;; Code:

(require 'emacs-agent-backend)

(defun emacs-agent-backend-attach (url token-file)
  "Use the backend that listens at URL, whose token is in TOKEN-FILE.
An empty TOKEN-FILE stands for a backend that wants no token."
  (interactive
   (let-alist (emacs-agent-attach--newest)
     (list (read-string "URL of the backend: " (or .url "http://127.0.0.1:9420"))
           (read-file-name "File with its token: " (emacs-agent-attach--state-directory) nil nil .token_file))))
  (unless (string-match "\\`http://\\(?:\\[[^]]+\\]\\|[^:/]+\\):\\([0-9]+\\)/?\\'" url)
    (user-error "A URL looks like http://127.0.0.1:9420"))
  (let ((endpoint (make-emacs-agent-endpoint
                   :port (string-to-number (match-string 1 url))
                   :host (emacs-agent-backend-host url)
                   :token (and (not (string-empty-p token-file)) (file-regular-p token-file)
                               (with-temp-buffer
                                 (insert-file-contents token-file)
                                 (string-trim (buffer-string)))))))
    (emacs-agent-backend-stop)
    (setf (emacs-agent-backend-state emacs-agent-backend) 'starting)
    (emacs-agent-http-request
     endpoint "GET" "/health" :timeout 5
     :on-done (lambda (status text) (emacs-agent-attach--judge endpoint status text)))))

(defun emacs-agent-attach--judge (endpoint status text)
  "Judge the answer of ENDPOINT: STATUS and TEXT."
  (let ((health (and (eql status 200) (ignore-errors (emacs-agent-json-parse text)))))
    (let-alist health
      (cond ((not status) (emacs-agent-backend-fail (format "Nothing to attach to: %s" text)))
            ((not .version)
             (emacs-agent-backend-fail "The backend there wants another token"))
            (t (setf (emacs-agent-backend-attached emacs-agent-backend) t)
               (when (emacs-agent-backend-adopt endpoint .version .protocol)
                 (emacs-agent-say "Attached to backend %s, process %s" .version .pid)))))))

(defun emacs-agent-attach--state-directory ()
  "Return the directory where the token of a backend is."
  (cond ((getenv "XDG_STATE_HOME") (expand-file-name "emacs-agent/" (getenv "XDG_STATE_HOME")))
        ((eq system-type 'windows-nt) (expand-file-name "emacs-agent/" (getenv "LOCALAPPDATA")))
        (t (expand-file-name "~/.local/state/emacs-agent/"))))

(defun emacs-agent-attach--newest ()
  "Return the address of the backend that was started last, or nil."
  (let ((directory (emacs-agent-attach--state-directory)))
    (and (file-directory-p directory)
         (cl-loop for file in (sort (directory-files directory t "\\`serve-[0-9]+\\.json\\'") #'file-newer-than-file-p)
                  for address = (ignore-errors
                                  (with-temp-buffer
                                    (insert-file-contents file)
                                    (emacs-agent-json-parse (buffer-string))))
                  when address return address))))

(provide 'emacs-agent-attach)
;;; emacs-agent-attach.el ends here
