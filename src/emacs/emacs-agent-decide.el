;;; emacs-agent-decide.el --- Approving and rejecting calls  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Nothing here waits: the answer of the backend comes as an event like any other.

;;; Code:

(require 'emacs-agent-approval)
(require 'emacs-agent-outbox)
(require 'diff-mode)

(defun emacs-agent-decide-approve (section body &optional then)
  "Approve the call of SECTION with BODY, an alist, and call THEN.
A preview that is stale is shown afresh."
  (let* ((call (emacs-agent-section-data section))
         (session (buffer-local-value 'emacs-agent-session
                                      (marker-buffer (emacs-agent-section-start section)))))
    (let-alist (emacs-agent-call-event call)
      (emacs-agent-session-act
       session "approve"
       `((tool_call_id . ,.tool_call_id)
         ,@(emacs-agent-present 'preview_hash .preview.hash)
         ,@body)
       (lambda (_answer) (when then (funcall then)))
       (lambda (failure) (emacs-agent-decide--refused section failure))))))

(defun emacs-agent-decide--note (section text)
  "Show TEXT, what became of a decision, in SECTION."
  (when (buffer-live-p (marker-buffer (emacs-agent-section-start section)))
    (with-current-buffer (marker-buffer (emacs-agent-section-start section))
      (setf (emacs-agent-call-note (emacs-agent-section-data section)) text)
      (emacs-agent-section-update section))))

(defun emacs-agent-decide--refused (section failure)
  "Show in SECTION why a decision was refused: FAILURE."
  (let-alist failure
    (pcase .code
      ;; The call is announced again, with what would be done now.
      ("STALE_PREVIEW" (emacs-agent-decide--note section "The file has changed since: this is what would be done now."))
      ("ALREADY_DECIDED" (emacs-agent-say "This was decided already"))
      (_ (emacs-agent-decide--note section .message)
         (emacs-agent-say "Emacs-Agent: %s" .message)))))

(defun emacs-agent-approve ()
  "Approve the call at point, without the hunks that are refused."
  (interactive)
  (let* ((section (emacs-agent-approval-ready))
         (call (emacs-agent-section-data section)))
    (emacs-agent-decide-approve
     section
     (and (emacs-agent-call-refused call)
          `((content . ,(emacs-agent-proposal-content call (emacs-agent-call-refused call))))))))

(defun emacs-agent-decide--remember (scope)
  "Approve the call at point and what its rule for SCOPE allows."
  (let* ((section (emacs-agent-approval-ready))
         (call (emacs-agent-section-data section))
         (rule (alist-get (intern scope) (alist-get 'remember (emacs-agent-call-event call)))))
    (unless rule (user-error "A call like this is never remembered"))
    (when (emacs-agent-call-refused call)
      (user-error "With hunks refused nothing is remembered; a approves the others"))
    (when (y-or-n-p (format "Always allow %s in this %s? " (emacs-agent-show-all rule) scope))
      (emacs-agent-decide-approve section `((remember . ,scope))))))

(defun emacs-agent-approve-for-session ()
  "Approve the call at point and others like it in this session."
  (interactive)
  (emacs-agent-decide--remember "session"))

(defun emacs-agent-approve-for-project ()
  "Approve the call at point and others like it in this project."
  (interactive)
  (emacs-agent-decide--remember "project"))

(defun emacs-agent-reject (reason)
  "Reject the call at point, and tell the model REASON if it is not empty."
  (interactive (progn (emacs-agent-approval-ready)
                      (list (read-string "Reject, because (optional): "))))
  (let* ((section (emacs-agent-approval-section))
         (call (emacs-agent-section-data section)))
    (emacs-agent-session-act
     emacs-agent-session "reject"
     `((tool_call_id . ,(emacs-agent-call-id call))
       ,@(and (not (string-blank-p reason)) `((reason . ,(emacs-agent-clean-text reason)))))
     nil
     (lambda (failure) (emacs-agent-decide--refused section failure)))))

;;;; Hunks

(defun emacs-agent-toggle-hunk ()
  "Refuse the hunk at point, or accept it again."
  (interactive)
  (let* ((section (emacs-agent-approval-section))
         (call (emacs-agent-section-data section))
         (hunks (emacs-agent-proposal-hunks call))
         (number (get-text-property (point) 'emacs-agent-hunk))
         (refused (emacs-agent-call-refused call)))
    (unless hunks (user-error "This call cannot be approved in parts"))
    (unless number (user-error "Point is on no hunk"))
    (setq refused (if (memq number refused) (remq number refused) (cons number refused)))
    (when (= (length refused) (length hunks))
      (user-error "This is the last hunk: r rejects the call"))
    (setf (emacs-agent-call-refused call) refused)
    (emacs-agent-section-update section)))

(defun emacs-agent-show-diff ()
  "Show all of the diff of the call at point in a buffer of its own."
  (interactive)
  (let-alist (emacs-agent-call-event (emacs-agent-section-data (emacs-agent-approval-section)))
    (unless (> (length .preview.files) 0) (user-error "This call shows no diff"))
    (emacs-agent-popup-text
     "*emacs-agent diff*"
     (emacs-agent-show-all (mapconcat (lambda (file) (alist-get 'diff file)) .preview.files "")))
    (let ((inhibit-read-only t))
      ;; Before the mode, whose keys depend on it.
      (setq buffer-read-only t)
      (diff-mode)
      (setq-local diff-font-lock-syntax nil))))

(provide 'emacs-agent-decide)
;;; emacs-agent-decide.el ends here
