;;; emacs-agent-remote.el --- Projects on other machines  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; How the requests of the backend reach another machine through TRAMP.  Nothing is asked in the minibuffer, no call is
;; interrupted by typing, no timer runs in the middle of one, and only the machine of the session's project is reached.

;;; Code:

(require 'emacs-agent-editor)
(require 'tramp)

(defconst emacs-agent-remote-patience 20
  "Seconds that another machine may take to answer a call.")

(defun emacs-agent-remote-host (prefix)
  "Return the name of the machine whose files begin with PREFIX."
  (or (file-remote-p prefix 'host) prefix))

(defun emacs-agent-remote-file (request parameter)
  "Return the file that PARAMETER of REQUEST names.
Signal an error unless it is on the machine of the project of REQUEST."
  (let* ((prefix (emacs-agent-session-remote (emacs-agent-editor-request-session request)))
         (path (emacs-agent-editor-param request parameter)))
    (unless (and prefix (stringp path) (string-prefix-p (concat prefix "/") path))
      (error "The parameter %s is not a file on the machine of the project" parameter))
    ;; A name that TRAMP does not recognize would be a file of this machine.
    (unless (equal prefix (file-remote-p path))
      (error "TRAMP cannot reach a file of this name: %s" (emacs-agent-one-line path 200)))
    path))

;;;; The connection

(defun emacs-agent-remote-busy-p (prefix)
  "Whether Emacs is in the middle of a call to the machine with PREFIX.
If a timer made another one then, Emacs would apply it to this machine."
  (let ((process (emacs-agent-remote--connection prefix)))
    (and process
         (or (tramp-get-connection-property process "locked" nil)
             (not (file-remote-p prefix nil 'connected)))
         t)))

(defun emacs-agent-remote--connection (prefix)
  "Return the live process of the connection to the machine with PREFIX, or nil."
  (let ((process (tramp-get-connection-process (tramp-dissect-file-name prefix))))
    (and (process-live-p process) process)))

(defun emacs-agent-remote--open (prefix)
  "Open the connection to the machine with PREFIX, unless it is open.
Signal an error if that fails, or if the user would have to answer something."
  (unless (file-remote-p prefix nil 'connected)
    (let ((problem (condition-case err
                       (progn (ignore (file-exists-p (concat prefix "/"))) nil)
                     (inhibited-interaction "it takes a question")
                     (error (error-message-string err)))))
      (unless (file-remote-p prefix nil 'connected)
        (error "The connection to %s is gone: visit a file there, then go on%s" (emacs-agent-remote-host prefix)
               (if problem (format " (%s)" (emacs-agent-one-line problem 300)) ""))))))

(defun emacs-agent-remote--close (prefix)
  "Close the connection to the machine with PREFIX, which is in mid-call."
  (let ((inhibit-message t))
    (tramp-cleanup-connection (tramp-dissect-file-name prefix) t)))

(defun emacs-agent-remote-reach (prefix function)
  "Call FUNCTION with TRAMP connected to the machine with PREFIX; return its value.
Signal an error if that machine does not answer in time."
  (let* ((inhibit-interaction t)
         (non-essential nil)
         (inhibit-message t)
         (create-lockfiles nil)
         (default-directory temporary-file-directory)
         (remote-file-name-inhibit-cache (current-time))
         ;; TRAMP may connect again just after a failure.
         (tramp-connection-min-time-diff 5)
         (tramp-current-connection nil)
         (tramp-connection-timeout emacs-agent-remote-patience)
         (file-name-handler-alist (emacs-agent-remote--handlers))
         ;; TRAMP passes on the variables that the global environment of Emacs lacks.
         (process-environment (copy-sequence (default-toplevel-value 'process-environment)))
         (others (with-timeout-suspend))
         timer-list timer-idle-list)
    (unwind-protect
        (emacs-agent-remote--in-time
         prefix
         (lambda ()
           (emacs-agent-remote--open prefix)
           (let ((connection (emacs-agent-remote--connection prefix)))
             (prog1 (funcall function)
               ;; If it drops, TRAMP opens another one in mid-call, and takes incomplete output for the answer.
               (unless (eq connection (emacs-agent-remote--connection prefix))
                 (error "The connection to %s dropped in mid-call" (emacs-agent-remote-host prefix)))))))
      (with-timeout-unsuspend others))))

(defun emacs-agent-remote--in-time (prefix function)
  "Call FUNCTION, for the machine with PREFIX, and return its value.
Close the connection and signal an error if it takes too long."
  ;; TRAMP waits without a limit for the answer to a command, and no timer runs meanwhile.
  (let* ((accept (symbol-function 'tramp-accept-process-output))
         (deadline (+ (float-time) emacs-agent-remote-patience))
         (value (catch 'emacs-agent-remote-late
                  (cl-letf (((symbol-function 'tramp-accept-process-output)
                             (lambda (process &optional seconds)
                               (when (> (float-time) deadline)
                                 (throw 'emacs-agent-remote-late 'emacs-agent-remote-late))
                               (funcall accept process (or seconds 1)))))
                    (funcall function)))))
    (when (eq value 'emacs-agent-remote-late)
      (emacs-agent-remote--close prefix)
      (error "%s does not answer" (emacs-agent-remote-host prefix)))
    value))

(defun emacs-agent-remote--handlers ()
  "Return `file-name-handler-alist' with TRAMP alone.
So no file is treated as an archive, or unpacked."
  (cl-remove-if-not (lambda (entry) (eq (cdr entry) 'tramp-file-name-handler)) file-name-handler-alist))

;;;; Requests

(defun emacs-agent-remote-serve (request function)
  "Return the value of FUNCTION for REQUEST, on the machine of its project."
  (emacs-agent-remote-reach (or (emacs-agent-session-remote (emacs-agent-editor-request-session request))
                                (error "The project is on this machine"))
                            (lambda () (funcall function request))))

(provide 'emacs-agent-remote)
;;; emacs-agent-remote.el ends here
