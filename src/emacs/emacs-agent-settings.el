;;; emacs-agent-settings.el --- Model, agent and title of a session  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; What can be chosen is asked of the backend, and only when it has answered is the user.

;;; Code:

(require 'emacs-agent-keys)

(defun emacs-agent-settings--choose (session path key prompt format-item then)
  "Ask the user to choose from what the backend has at PATH under KEY.
PROMPT is for the minibuffer, FORMAT-ITEM makes (NAME . ANNOTATION) of an
item, and THEN is called in the buffer of SESSION with the name and the item."
  (let ((buffer (emacs-agent-session-buffer session)))
    (emacs-agent-request
     "GET" path
     :then
     (lambda (data)
       ;; Out of the filter: the minibuffer must not be read in there.
       (run-at-time
        0 nil
        (lambda ()
          (let* ((items (mapcar (lambda (item) (cons (funcall format-item item) item)) (alist-get key data)))
                 (notes (mapcar #'car items))
                 (table (lambda (string predicate action)
                          (if (eq action 'metadata)
                              `(metadata (annotation-function
                                          . ,(lambda (name) (concat "  " (cdr (assoc name notes)))))
                                         (display-sort-function . identity))
                            (complete-with-action action notes string predicate))))
                 (name (completing-read prompt table nil t)))
            (when (and (not (string-empty-p name)) (buffer-live-p buffer))
              (with-current-buffer buffer
                (funcall then name (cdr (cl-find name items :key #'caar :test #'equal))))))))))))

(defun emacs-agent-set-model (&optional name)
  "Change the model of this conversation, from the next call on, to NAME."
  (interactive)
  (let ((session (emacs-agent-context-session)))
    (if (and name (not (string-empty-p name)))
        (emacs-agent-session-update session `((model . ,name)))
      (emacs-agent-settings--choose
       session "/api/models" 'models "Model: "
       (lambda (model)
         (let-alist model
           (cons .id (emacs-agent-one-line
                      (string-join
                       (delq nil (list (cond ((not (eq .usable t)) (or (emacs-agent-value .reason) "not usable"))
                                             ((numberp .context_window)
                                              (concat (emacs-agent-count .context_window) " tokens")))
                                       (emacs-agent-value .notice)))
                       "  ")))))
       (lambda (name model)
         (let ((change (lambda () (emacs-agent-session-update session `((model . ,name))))))
           (if (eq t (alist-get 'usable model))
               (funcall change)
             (emacs-agent-give-key (alist-get 'provider model) change))))))))

(defun emacs-agent-set-agent (&optional name)
  "Change the agent of this conversation, from the next turn on, to NAME."
  (interactive)
  (let ((session (emacs-agent-context-session)))
    (if (and name (not (string-empty-p name)))
        (emacs-agent-session-update session `((agent . ,name)))
      (emacs-agent-settings--choose
       session (emacs-agent-http-query "/api/agents" :project (emacs-agent-session-project session))
       'agents "Agent: "
       (lambda (agent) (cons (alist-get 'name agent)
                             (emacs-agent-one-line (or (alist-get 'description agent) "") 80)))
       (lambda (name _agent) (emacs-agent-session-update session `((agent . ,name))))))))

(defconst emacs-agent-settings-modes '("ask" "accept-edits" "sandboxed" "plan")
  "The modes of a session, in the order of `emacs-agent-set-mode'.")

(defun emacs-agent-set-mode (&optional name)
  "Change the mode of this conversation to NAME, or to the next one.
The mode decides what is done without approval.  With a prefix argument, choose."
  (interactive (list (and current-prefix-arg
                          (completing-read "Mode: " emacs-agent-settings-modes nil t))))
  (let* ((session (emacs-agent-context-session))
         (modes emacs-agent-settings-modes)
         (next (or name (cadr (member (emacs-agent-session-mode session) modes)) (car modes))))
    (emacs-agent-session-update
     session `((config . ((mode . ,next))))
     (lambda () (emacs-agent-say "Mode: %s" next))
     ;; Without a sandbox, that mode is skipped.
     (and (not name) (equal next "sandboxed")
          (lambda (_failure)
            (with-current-buffer (emacs-agent-session-buffer session)
              (emacs-agent-set-mode "plan")))))))

(defun emacs-agent-set-title (title)
  "Call this conversation TITLE."
  (interactive (list (read-string "Title: " (emacs-agent-session-title (emacs-agent-context-session)))))
  (emacs-agent-session-update (emacs-agent-context-session) `((title . ,(emacs-agent-clean-text title)))))

(provide 'emacs-agent-settings)
;;; emacs-agent-settings.el ends here
