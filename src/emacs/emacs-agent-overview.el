;;; emacs-agent-overview.el --- Sessions that are live  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A list of what runs in the backend.

;;; Code:

(require 'emacs-agent-list)

(defvar emacs-agent-sessions-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'emacs-agent-sessions-visit)
    (define-key map "k" #'emacs-agent-sessions-interrupt)
    (define-key map "x" #'emacs-agent-sessions-close)
    (define-key map "t" #'emacs-agent-transcripts)
    map)
  "Keys of the list of sessions.")

(define-derived-mode emacs-agent-sessions-mode tabulated-list-mode "Sessions"
  "Sessions that are live in the backend.
\\{emacs-agent-sessions-mode-map}"
  (setq tabulated-list-format [("Project" 20 t) ("State" 16 t) ("Title" 36 t) ("Model" 26 t)
                               ("Agent" 8 t) ("Messages" 8 nil)]
        tabulated-list-padding 1)
  (setq-local revert-buffer-function
              (lambda (&rest _)
                (emacs-agent-list-fill (current-buffer) "/api/sessions" 'sessions
                                            #'emacs-agent-overview--row)))
  (tabulated-list-init-header))

(defun emacs-agent-overview--row (data)
  "Return the row of DATA, a session."
  (let-alist data
    (let ((waiting (+ (length .pending_approvals) (length .pending_questions))))
      (list data
            (vector (emacs-agent-list-project .project_path)
                    (if (> waiting 0)
                        (propertize (format "%d waiting" waiting) 'face 'emacs-agent-attention)
                      (emacs-agent-list-text .agent_state))
                    (emacs-agent-list-text .title)
                    (emacs-agent-list-text .model)
                    (emacs-agent-list-text .agent)
                    (format "%s" (or .message_count "")))))))

;;;###autoload
(defun emacs-agent-sessions ()
  "List the sessions that are live."
  (interactive)
  (emacs-agent-list-show "*emacs-agent sessions*" #'emacs-agent-sessions-mode))

(defun emacs-agent-sessions-visit ()
  "Show the conversation at point."
  (interactive)
  (emacs-agent-sessions-open (emacs-agent-list-item)))

(defun emacs-agent-sessions-open (data)
  "Show the conversation that DATA, the backend's description, is about."
  (let-alist data
    (let ((session (or (emacs-agent-session-with-id .session_id) (emacs-agent-session-make data))))
      (unless (buffer-live-p (emacs-agent-session-buffer session))
        (emacs-agent-mode-buffer session)
        (emacs-agent-session-follow session))
      (emacs-agent-mode-show session))))

(defun emacs-agent-sessions-interrupt ()
  "Stop what the session at point does."
  (interactive)
  (let ((buffer (current-buffer)))
    (emacs-agent-request
     "POST" (format "/api/sessions/%s/interrupt" (alist-get 'session_id (emacs-agent-list-item))) :body t
     :then (lambda (_) (emacs-agent-list-refresh buffer)))))

(defun emacs-agent-sessions-close ()
  "Close the session at point; it can be resumed from its transcript."
  (interactive)
  (let ((id (alist-get 'session_id (emacs-agent-list-item))) (buffer (current-buffer)))
    (when (y-or-n-p "Close this session? ")
      (emacs-agent-request "DELETE" (format "/api/sessions/%s" id)
                           :then (lambda (_) (emacs-agent-list-refresh buffer))))))

(defun emacs-agent-close ()
  "Close this conversation's session; it can be resumed."
  (interactive)
  (let ((session (emacs-agent-context-session)))
    (emacs-agent-request
     "DELETE" (emacs-agent-session-path session)
     :then (lambda (data)
             (emacs-agent-say "Closed; the transcript is %s"
                              (or (emacs-agent-value (alist-get 'transcript_path data)) "not kept"))))))

(provide 'emacs-agent-overview)
;;; emacs-agent-overview.el ends here
