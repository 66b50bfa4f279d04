;;; emacs-agent-delegate.el --- Agents that work for another one  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Which delegated agents are at work, so that one of them can be stopped and the others go on.

;;; Code:

(require 'emacs-agent-inert)
(require 'emacs-agent-context)
(require 'emacs-agent-outbox)

(defvar emacs-agent-delegate--at-work (make-hash-table :test #'eq :weakness 'key)
  "For each session the delegated agents at work, as an alist of (CALL . TEXT).")

(defun emacs-agent-delegate--event (session event)
  "Note which delegated agents of SESSION are at work, according to EVENT."
  (let-alist event
    (pcase .type
      ("delegate.start"
       (setf (alist-get .parent_tool_call_id (gethash session emacs-agent-delegate--at-work) nil nil #'equal)
             (format "%s: %s" (emacs-agent-inert-line .agent 40) (emacs-agent-inert-line .task 80))))
      ("delegate.end"
       (setf (alist-get .parent_tool_call_id (gethash session emacs-agent-delegate--at-work) nil t #'equal) nil)))))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-delegate--event)

(defun emacs-agent-delegate--read (session)
  "Return the call of a delegated agent at work in SESSION.
Of several, the user chooses one."
  (let ((all (gethash session emacs-agent-delegate--at-work)))
    (cond ((null all) (user-error "No delegated agent is at work"))
          ((null (cdr all)) (caar all))
          (t (let* ((choices (cl-loop for (call . text) in (reverse all) for number from 1
                                      collect (cons (format "%d. %s" number text) call)))
                    (choice (completing-read "Stop: " choices nil t)))
               (or (cdr (assoc choice choices)) (user-error "None was chosen")))))))

(defun emacs-agent-stop-delegate (call)
  "Stop the delegated agent that CALL started, with those that work for it.
All other agents go on."
  (interactive (list (emacs-agent-delegate--read (emacs-agent-context-session))))
  (emacs-agent-session-act (emacs-agent-context-session) "interrupt" `((tool_call_id . ,call))
                           (lambda (_) (emacs-agent-say "Stopped; the others go on"))))

(provide 'emacs-agent-delegate)
;;; emacs-agent-delegate.el ends here
