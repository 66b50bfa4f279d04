;;; emacs-agent-editor.el --- Tools of the agent that Emacs answers  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Emacs registers the names of the tools that it answers with the backend: diagnostics, definitions, help and so on.  The
;; requests arrive on the stream of the session.  A timer works on each; when the user types, the work is abandoned and
;; begun again later.  It never asks anything in the minibuffer.  For a project on another machine, there are also requests
;; for its files and processes.

;;; Code:

(require 'emacs-agent-connection)
(require 'emacs-agent-send)

(defconst emacs-agent-editor--functions
  '((diagnostics emacs-agent-diagnostics-answer "emacs-agent-diagnostics")
    (definition emacs-agent-lookup-definition "emacs-agent-lookup")
    (references emacs-agent-lookup-references "emacs-agent-lookup")
    (hover emacs-agent-lookup-hover "emacs-agent-lookup")
    (symbols emacs-agent-lookup-symbols "emacs-agent-lookup")
    (buffers emacs-agent-buffers-answer "emacs-agent-buffers")
    (describe emacs-agent-describe-answer "emacs-agent-describe")
    (compile emacs-agent-compile-answer "emacs-agent-compile")
    (eval_elisp emacs-agent-eval-answer "emacs-agent-eval")
    (remote_files emacs-agent-remote-files-answer "emacs-agent-remote-files")
    (remote_process emacs-agent-remote-process-answer "emacs-agent-remote-process"))
  "The function of each tool, and the library that has it.
It is called with a request, and returns its result as for JSON; or `later',
and then it answers by `emacs-agent-editor-answer' or `emacs-agent-editor-fail'.")

(defconst emacs-agent-editor--remote '(remote_files remote_process)
  "Tools that this Emacs answers only for a project on another machine.")

(pcase-dolist (`(,_ ,function ,library) emacs-agent-editor--functions)
  (autoload function library))

;;;; Registering the tools

(defun emacs-agent-editor--set (variable value)
  "Set VARIABLE to VALUE, and register the tools of all sessions again."
  (set-default variable value)
  (when (boundp 'emacs-agent-eval-elisp)
    (dolist (session emacs-agent-session-list)
      (when (emacs-agent-session-editor session)
        (emacs-agent-editor-register session)))))

(defcustom emacs-agent-editor-tools
  '(diagnostics definition references hover symbols buffers describe compile)
  "What the agent may ask of this Emacs.
Reading is limited to the project: a buffer without a file or outside of it is
asked for, and so is `compile', which runs `compile-command'."
  :type '(set (const diagnostics) (const definition) (const references) (const hover) (const symbols)
              (const buffers) (const describe) (const compile))
  :set #'emacs-agent-editor--set
  :group 'emacs-agent)

(defcustom emacs-agent-eval-elisp nil
  "Whether the agent may have forms evaluated in this Emacs.
Each form is shown, and asked for, whatever else is allowed."
  :type 'boolean
  :set #'emacs-agent-editor--set
  :group 'emacs-agent)

(defun emacs-agent-editor--tools (session)
  "Return the tools that this Emacs answers for SESSION."
  (append emacs-agent-editor-tools
          (and emacs-agent-eval-elisp '(eval_elisp))
          (and (emacs-agent-session-remote session) emacs-agent-editor--remote)))

(defun emacs-agent-editor-register (session &optional then)
  "Register the tools that this Emacs answers for SESSION, and call THEN."
  (let ((tools (emacs-agent-editor--tools session))
        (mine (cons (emacs-agent-editor--connection session) nil)))
    (setf (emacs-agent-session-editor session) mine)
    (emacs-agent-request
     "PUT" (emacs-agent-session-path session "/editor")
     :body `((tools . ,(vconcat (mapcar #'symbol-name tools)))
             (name . ,(format "Emacs %d.%d" emacs-major-version emacs-minor-version)))
     :then (lambda (_)
             (setcdr mine t)
             (when then (funcall then)))
     :else (lambda (failure)
             (emacs-agent-log "The tools of this Emacs were not registered: %s" (alist-get 'message failure))
             (when then (funcall then))))))

(defun emacs-agent-editor--connection (session)
  "Return the connection over which the events of SESSION come, or nil."
  (let ((stream (emacs-agent-session-stream session)))
    (and stream (emacs-agent-stream-process stream))))

(defun emacs-agent-editor--changed (session)
  "Register the tools of SESSION, once for each connection of its stream."
  (when (and (eq (emacs-agent-session-connection session) 'open)
             (emacs-agent-editor--connection session)
             (not (eq (car (emacs-agent-session-editor session)) (emacs-agent-editor--connection session))))
    (emacs-agent-editor-register session)))

(defun emacs-agent-editor--before-send (session send)
  "Register the tools of SESSION unless they are, then call SEND.
A turn is offered the tools that are registered when it begins."
  (emacs-agent-session-when-open
   session (lambda (failure)
             (if (or failure (cdr (emacs-agent-session-editor session)))
                 (funcall send)
               (emacs-agent-editor-register session send)))))

(add-hook 'emacs-agent-session-changed-functions #'emacs-agent-editor--changed)
(add-hook 'emacs-agent-before-send-functions #'emacs-agent-editor--before-send)

;;;; Requests

(cl-defstruct (emacs-agent-editor-request (:copier nil))
  "A request of the backend to this Emacs, open until it is answered."
  session id params deadline (open t))

(defvar emacs-agent-editor--known nil
  "Ids of the last requests, newest first: one may be sent again.")

(defun emacs-agent-editor-param (request name)
  "Return the parameter NAME of REQUEST, or nil."
  (emacs-agent-value (alist-get name (emacs-agent-editor-request-params request))))

(defun emacs-agent-editor-project (request)
  "Return the project of REQUEST, as a directory."
  (file-name-as-directory (emacs-agent-session-project (emacs-agent-editor-request-session request))))

(defun emacs-agent-editor--asked (session event)
  "Take in EVENT, a request of SESSION."
  (let-alist event
    (unless (member .request_id emacs-agent-editor--known)
      (setq emacs-agent-editor--known (seq-take (cons .request_id emacs-agent-editor--known) 100))
      (let ((request (make-emacs-agent-editor-request
                      :session session :id .request_id :params .params
                      :deadline (+ (float-time) (/ .timeout_ms 1000.0))))
            (tool (intern .tool)))
        (if (memq tool (emacs-agent-editor--tools session))
            (run-at-time 0 nil #'emacs-agent-editor--work request
                         (car (alist-get tool emacs-agent-editor--functions))
                         ;; Input that stops a call of TRAMP breaks the connection to the other machine.
                         (or (memq tool '(compile eval_elisp)) (emacs-agent-session-remote session)))
          (emacs-agent-editor-fail request (format "This Emacs does not answer %s" tool)))))))

(add-hook 'emacs-agent-session-request-functions #'emacs-agent-editor--asked)

(autoload 'emacs-agent-remote-busy-p "emacs-agent-remote")

(defun emacs-agent-editor--busy-p (request)
  "Whether Emacs is in the middle of a call to the machine of REQUEST's project."
  (let ((remote (emacs-agent-session-remote (emacs-agent-editor-request-session request))))
    (and remote (emacs-agent-remote-busy-p remote))))

(defun emacs-agent-editor--work (request function &optional whole)
  "Have FUNCTION answer REQUEST.
If the user types before it is done, it is stopped and called again a moment
later; so it is if the machine of the project is busy.  With WHOLE, only a quit
stops it."
  (condition-case err
      (let* ((inhibit-interaction t)
             (non-essential t)
             (busy (emacs-agent-editor--busy-p request))
             (result (cond (busy nil)
                           (whole (or (with-local-quit (list (funcall function request)))
                                      (error "The user of this Emacs stopped it")))
                           (t (while-no-input (list (funcall function request)))))))
        (cond ((not (consp result))
               (if (< (float-time) (emacs-agent-editor-request-deadline request))
                   (run-at-time (if busy 0.05 0.2) nil #'emacs-agent-editor--work request function whole)
                 (emacs-agent-editor-fail request "The user of this Emacs is at work")))
              ((not (eq (car result) 'later))
               (emacs-agent-editor-answer request (car result)))))
    (error (emacs-agent-editor-fail request (error-message-string err)))))

(defun emacs-agent-editor-text (text)
  "Return TEXT as it is sent: as Unicode, and not too long."
  (let ((text (emacs-agent-clean-text text)))
    (if (> (length text) emacs-agent-max-text)
        (concat (substring text 0 emacs-agent-max-text) "\n[cut]")
      text)))

(defun emacs-agent-editor-answer (request result)
  "Answer REQUEST with RESULT, once."
  (emacs-agent-editor--send request `((result . ,result))))

(defun emacs-agent-editor-fail (request message)
  "Answer REQUEST with the error MESSAGE, once.
A language server may be asked then, where there is one."
  (emacs-agent-editor--send request `((error . ((message . ,(emacs-agent-one-line message 2000)))))))

(defun emacs-agent-editor--send (request body)
  "Send BODY as the answer to REQUEST."
  (when (emacs-agent-editor-request-open request)
    (setf (emacs-agent-editor-request-open request) nil)
    (emacs-agent-editor--post request body #'ignore)))

(defun emacs-agent-editor-progress (request message output gone &optional then)
  "Report progress on REQUEST, with MESSAGE and the OUTPUT that is new.
GONE is called if the backend no longer waits for the answer, THEN in any case
as soon as the report has arrived, or failed."
  (emacs-agent-editor--post
   request
   `((progress . ((message . ,(emacs-agent-one-line message 500)) (output . ,(emacs-agent-clean-text output)))))
   (lambda (failure)
     (when (eql (alist-get 'status failure) 404)
       (setf (emacs-agent-editor-request-open request) nil)
       (funcall gone))
     (when then (funcall then)))
   then))

(defun emacs-agent-editor--post (request body else &optional then)
  "Send BODY about REQUEST.
ELSE is called with a failure, or nil if nothing can be sent; otherwise THEN is
called without arguments."
  (let ((session (emacs-agent-editor-request-session request)))
    (if (and (emacs-agent-session-id session) (emacs-agent-backend-ready-p))
        (emacs-agent-request
         "POST" (emacs-agent-session-path session (concat "/editor/" (emacs-agent-editor-request-id request)))
         :body body :else else :then (lambda (_) (when then (funcall then))))
      (funcall else nil))))

(provide 'emacs-agent-editor)
;;; emacs-agent-editor.el ends here
