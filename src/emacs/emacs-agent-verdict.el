;;; emacs-agent-verdict.el --- Deciding about a call of another session  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The whole call is shown as the backend describes it, and the decision holds for exactly that.

;;; Code:

(require 'emacs-agent-approval)
(require 'emacs-agent-popup)
(require 'emacs-agent-request)
(require 'diff-mode)

(defconst emacs-agent-verdict--buffer "*emacs-agent call*"
  "Name of the buffer that shows a call.")

(defun emacs-agent-verdict-words (event project)
  "Return what EVENT, a call or a question of a session on PROJECT, is about."
  (let-alist event
    (if (not .tool_call_id)
        (emacs-agent-show-all (emacs-agent-one-line (or .message "") 200))
      (let* ((about (cl-loop for key in '(command path pattern query url name)
                             for value = (and (listp .params) (alist-get key .params))
                             when (stringp value) return value))
             (files (append .preview.files nil)))
        (concat (emacs-agent-show-all (emacs-agent-one-line .tool 40))
                (and about (concat " " (emacs-agent-show-all
                                        (emacs-agent-one-line
                                         (string-remove-prefix (file-name-as-directory (or project "/")) about) 100))))
                (emacs-agent-diff-stat-files files)
                (and (emacs-agent-approval-danger event) (propertize "  careful" 'face 'emacs-agent-danger)))))))

(defun emacs-agent-verdict-show (event)
  "Show in another window what EVENT, a call or a question, is about."
  (let-alist event
    (save-selected-window
      (emacs-agent-popup-text emacs-agent-verdict--buffer (emacs-agent-show-all (emacs-agent-verdict--text event)))
      (with-current-buffer emacs-agent-verdict--buffer
        (when .preview.files
          (setq buffer-read-only t)
          (diff-mode)
          (setq-local diff-font-lock-syntax nil))))))

(defun emacs-agent-verdict--text (event)
  "Return the details of EVENT, a call or a question."
  (let-alist event
    (string-join
     (delq nil
           (list .reason .message
                 (and (emacs-agent-approval-danger event) (concat "Careful: " (emacs-agent-approval-danger event)))
                 (cond (.preview.files (mapconcat (lambda (file) (alist-get 'diff file)) .preview.files ""))
                       ((stringp .params.command) .params.command)
                       (.params (emacs-agent-call-params-text .params)))))
     "\n\n")))

(defun emacs-agent-verdict--hide ()
  "Hide what was shown."
  (let ((window (get-buffer-window emacs-agent-verdict--buffer)))
    (when window (quit-window nil window))))

(defun emacs-agent-verdict-approve (data event)
  "Show EVENT, a call of the session DATA, and approve it if that is wanted."
  (emacs-agent-verdict-show event)
  (unwind-protect
      (when (y-or-n-p (format "Approve %s? " (emacs-agent-verdict-words event (alist-get 'project_path data))))
        (emacs-agent-verdict--send
         data "approve" `((tool_call_id . ,(alist-get 'tool_call_id event))
                          ,@(emacs-agent-present 'preview_hash (let-alist event .preview.hash)))))
    (emacs-agent-verdict--hide)))

(defun emacs-agent-verdict-reject (data event)
  "Show EVENT, a call of the session DATA, and reject it with a reason."
  (emacs-agent-verdict-show event)
  (unwind-protect
      (let ((reason (read-string "Reject, because (optional): ")))
        (emacs-agent-verdict--send
         data "reject" `((tool_call_id . ,(alist-get 'tool_call_id event))
                         ,@(and (not (string-blank-p reason)) `((reason . ,(emacs-agent-clean-text reason)))))))
    (emacs-agent-verdict--hide)))

(defun emacs-agent-verdict--send (data decision body)
  "Send DECISION with BODY to the session DATA."
  (emacs-agent-request
   "POST" (format "/api/sessions/%s/%s" (alist-get 'session_id data) decision) :body body
   :else (lambda (failure)
           (emacs-agent-say "Emacs-Agent: %s" (alist-get 'message failure)))))

(provide 'emacs-agent-verdict)
;;; emacs-agent-verdict.el ends here
