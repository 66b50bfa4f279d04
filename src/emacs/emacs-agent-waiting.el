;;; emacs-agent-waiting.el --- All that waits for its user  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Calls and questions of all conversations: going to the next one, and a list of them.

;;; Code:

(require 'emacs-agent-mode)
(require 'emacs-agent-decide)
(require 'tabulated-list)

(defun emacs-agent-waiting--positions ()
  "Return where things wait for a decision in this buffer."
  (mapcar (lambda (section) (marker-position (emacs-agent-section-start section)))
          (emacs-agent-waiting-sections)))

(defun emacs-agent-next-approval ()
  "Go to the next call or question that waits for you, in any conversation."
  (interactive)
  (let ((session (if (and emacs-agent-session (> (emacs-agent-session-waiting emacs-agent-session) 0))
                     emacs-agent-session
                   (cl-find-if (lambda (session)
                                 (and (> (emacs-agent-session-waiting session) 0)
                                      (buffer-live-p (emacs-agent-session-buffer session))))
                               emacs-agent-session-list))))
    (unless session (user-error "Nothing waits for you"))
    (unless (eq session emacs-agent-session)
      (pop-to-buffer (emacs-agent-session-buffer session) emacs-agent-display-action))
    (let ((positions (emacs-agent-waiting--positions)))
      (goto-char (or (cl-find-if (lambda (position) (> position (point))) positions)
                     (car positions) (point)))
      (when (eq (window-buffer) (current-buffer)) (recenter 2)))))

(defun emacs-agent-leave-approval ()
  "Go to the input and decide later."
  (interactive)
  (goto-char (point-max)))

;;;; The list

(defun emacs-agent-waiting--entries ()
  "Return the rows of the list of all that waits."
  (cl-loop
   for session in emacs-agent-session-list
   for buffer = (emacs-agent-session-buffer session)
   when (buffer-live-p buffer)
   nconc (with-current-buffer buffer
           (cl-loop for event in (emacs-agent-session-waiting-events session)
                    for id = (emacs-agent-session-waiting-id event)
                    collect (list (cons session id)
                                  (vector (emacs-agent-session-name session)
                                          (emacs-agent-show-all
                                           (emacs-agent-one-line (or (alist-get 'tool event) "question") 30))
                                          (if (alist-get 'tool event) (emacs-agent-call-summary event)
                                            (emacs-agent-show-all
                                             (emacs-agent-one-line (alist-get 'message event) 80)))))))))

(defvar emacs-agent-approvals-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'emacs-agent-approvals-visit)
    map)
  "Keys of the list of all that waits.")

(define-derived-mode emacs-agent-approvals-mode tabulated-list-mode "Approvals"
  "What waits for a decision in all conversations."
  (setq tabulated-list-format [("Session" 20 t) ("Tool" 20 t) ("About" 0 t)]
        tabulated-list-entries #'emacs-agent-waiting--entries)
  (tabulated-list-init-header))

(defun emacs-agent-approvals ()
  "List what waits for a decision in all conversations."
  (interactive)
  (pop-to-buffer
   (with-current-buffer (get-buffer-create "*emacs-agent approvals*")
     (emacs-agent-approvals-mode)
     (tabulated-list-print)
     (goto-char (point-min))
     (current-buffer))))

(defun emacs-agent-approvals-visit ()
  "Go to what waits at point."
  (interactive)
  (pcase-let ((`(,session . ,id) (or (tabulated-list-get-id) (user-error "Nothing here"))))
    (pop-to-buffer (emacs-agent-session-buffer session) emacs-agent-display-action)
    (let ((section (emacs-agent-section-with-id id)))
      (when section (goto-char (emacs-agent-section-start section))))))

(provide 'emacs-agent-waiting)
;;; emacs-agent-waiting.el ends here
