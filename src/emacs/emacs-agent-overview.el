;;; emacs-agent-overview.el --- All sessions in one live buffer  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A line for each session, and below it one for each call and question that waits; it can be decided from the list.

;;; Code:

(require 'emacs-agent-list)
(require 'emacs-agent-header)
(require 'emacs-agent-live)
(require 'emacs-agent-verdict)

(defvar emacs-agent-sessions-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") 'emacs-agent-sessions-visit)
    (define-key map [mouse-2] 'emacs-agent-sessions-visit-clicked)
    (define-key map "a" 'emacs-agent-sessions-approve)
    (define-key map "r" 'emacs-agent-sessions-reject)
    (define-key map "d" 'emacs-agent-sessions-show)
    (define-key map "k" 'emacs-agent-sessions-interrupt)
    (define-key map "x" 'emacs-agent-sessions-close)
    (define-key map "f" 'emacs-agent-sessions-fork)
    (define-key map "w" 'emacs-agent-sessions-rewind)
    (define-key map "R" 'emacs-agent-sessions-resume)
    (define-key map "m" 'emacs-agent-servers)
    (define-key map "t" 'emacs-agent-transcripts)
    map)
  "Keys of the list of sessions.")

(defvar-local emacs-agent-overview--ticking nil
  "The timer of this buffer.")

(define-derived-mode emacs-agent-sessions-mode tabulated-list-mode "Sessions"
  "All sessions of the backend, as they are now, and what waits in them.
\\{emacs-agent-sessions-mode-map}"
  (setq tabulated-list-format (emacs-agent-overview--format t)
        tabulated-list-padding 1)
  (setq-local revert-buffer-function (lambda (&rest _) (emacs-agent-live-follow)))
  (add-hook 'emacs-agent-live-functions #'emacs-agent-overview--print)
  (add-hook 'kill-buffer-hook #'emacs-agent-overview--leave nil t)
  (add-hook 'change-major-mode-hook #'emacs-agent-overview--leave nil t)
  (setq emacs-agent-overview--ticking (run-at-time 1 1 #'emacs-agent-overview--tick (current-buffer)))
  (tabulated-list-init-header))

(defun emacs-agent-overview--leave ()
  "Stop updating this buffer."
  (when emacs-agent-overview--ticking (cancel-timer emacs-agent-overview--ticking))
  (remove-hook 'emacs-agent-live-functions #'emacs-agent-overview--print)
  (emacs-agent-live-leave))

;;;; Columns

(defun emacs-agent-overview--format (wide)
  "Return the columns, all of them if WIDE."
  (vconcat (if wide '(("Project" 12 nil) ("State" 13 nil)) '(("Project" 8 nil) ("State" 10 nil)))
           '(("Time" 6 nil :right-align t))
           (and wide '(("Cost" 6 nil :right-align t) ("Agent" 6 nil) ("Model" 14 nil)))
           '(("About" 0 nil))))

(defun emacs-agent-overview--fit ()
  "Choose the columns for which there is room; return whether these are all."
  (let* ((window (get-buffer-window nil t))
         (wide (or (null window) (>= (window-width window) 90)))
         (format (emacs-agent-overview--format wide)))
    (unless (equal format tabulated-list-format)
      (setq tabulated-list-format format)
      (tabulated-list-init-header))
    wide))

(defun emacs-agent-overview--columns (wide project state time cost agent model about)
  "Return the columns of a row: PROJECT, STATE, TIME, COST, AGENT, MODEL, ABOUT.
COST, AGENT and MODEL are only there if WIDE."
  (vconcat (list project state time) (and wide (list cost agent model)) (list about)))

;;;; Rows

(defun emacs-agent-overview--rows (wide)
  "Return the rows of all sessions and of what waits in them.
With WIDE, they have all columns."
  (cl-loop for data in (emacs-agent-live-sessions)
           collect (emacs-agent-overview--row data wide)
           nconc (mapcar (lambda (event) (emacs-agent-overview--waiting-row data event wide))
                         (append (alist-get 'pending_approvals data) (alist-get 'pending_questions data) nil))))

(defun emacs-agent-overview--row (data wide)
  "Return the row of DATA, a session, with all columns if WIDE."
  (let-alist data
    (list .session_id
          (emacs-agent-overview--columns
           wide (emacs-agent-list-project .project_path)
           (emacs-agent-overview--state data)
           (if .turn_started_at (emacs-agent-overview--elapsed .turn_started_at) "")
           (if (and (numberp .usage.cost_usd) (> .usage.cost_usd 0)) (format "$%.2f" .usage.cost_usd) "")
           (emacs-agent-list-text .agent 8)
           (emacs-agent-list-text (file-name-nondirectory (or .model "")) 30)
           (emacs-agent-list-text .title)))))

(defun emacs-agent-overview--state (data)
  "Return the state of DATA, a session, in words."
  (let-alist data
    (let ((waiting (+ (length .pending_approvals) (length .pending_questions))) (children (length .children)))
      (concat
       (cond ((> waiting 0) (propertize (format "%d waiting" waiting) 'face 'emacs-agent-attention))
             ((emacs-agent-header-state-words .agent_state))
             (t (propertize (emacs-agent-list-text .agent_state 12) 'face 'emacs-agent-running)))
       (if (> children 0) (format " +%d" children) "")))))

(defun emacs-agent-overview--elapsed (since)
  "Return the time elapsed since SINCE, a time as the backend sends it."
  (let ((seconds (max 0 (floor (- (float-time) (float-time (emacs-agent-time since)))))))
    (cond ((< seconds 60) (format "%ds" seconds))
          ((< seconds 3600) (format "%d:%02d" (/ seconds 60) (mod seconds 60)))
          (t (format "%d:%02d h" (/ seconds 3600) (mod (/ seconds 60) 60))))))

(defun emacs-agent-overview--waiting-row (data event wide)
  "Return the row of EVENT, which waits in the session DATA.
With WIDE, it has all columns."
  (let-alist event
    (list (cons (alist-get 'session_id data) (or .tool_call_id .question_id))
          (emacs-agent-overview--columns
           wide "" (propertize (if .tool_call_id "  approve?" "  question") 'face 'emacs-agent-attention) "" ""
           (emacs-agent-list-text .agent 8) ""
           (emacs-agent-verdict-words event (alist-get 'project_path data))))))

(defun emacs-agent-overview--print ()
  "Show the sessions as they are now."
  (let ((buffer (get-buffer "*emacs-agent sessions*")))
    (when buffer
      (with-current-buffer buffer
        (let ((places (mapcar (lambda (window)
                                (with-selected-window window
                                  (list window (tabulated-list-get-id) (current-column) (line-number-at-pos))))
                              (get-buffer-window-list buffer nil t))))
          (setq tabulated-list-entries (emacs-agent-overview--rows (emacs-agent-overview--fit)))
          (tabulated-list-print t)
          (pcase-dolist (`(,window ,id ,column ,line) places)
            (with-selected-window window (emacs-agent-overview--go-to id column line))))))))

(defun emacs-agent-overview--go-to (id column line)
  "Go to COLUMN of the row with ID, or to LINE if there is none."
  (goto-char (point-min))
  (while (not (or (eobp) (and id (equal id (tabulated-list-get-id))))) (forward-line))
  (when (eobp) (goto-char (point-min)) (forward-line (1- line)))
  (move-to-column column))

(defun emacs-agent-overview--tick (buffer)
  "Update the times in BUFFER if it is displayed and a session is at work."
  (when (and (buffer-live-p buffer) (get-buffer-window buffer t))
    (let ((working (cl-remove-if-not (lambda (data) (alist-get 'turn_started_at data)) (emacs-agent-live-sessions))))
      (when working
        (when (= 0 (mod (floor (float-time)) 5))
          (dolist (data working) (emacs-agent-live-ask (alist-get 'session_id data))))
        (emacs-agent-overview--print)))))

(provide 'emacs-agent-overview)
;;; emacs-agent-overview.el ends here
