;;; emacs-agent-budget.el --- What fills the window of the model  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A list of bars: instructions, tools, files, results, and the conversation itself, in tokens.

;;; Code:

(require 'emacs-agent-mode)

(defvar-local emacs-agent-budget--session nil
  "The session whose window this buffer shows.")

(define-derived-mode emacs-agent-budget-mode special-mode "Agent Context"
  "What fills the window of a session's model, in tokens."
  :group 'emacs-agent
  (setq-local revert-buffer-function (lambda (&rest _) (emacs-agent-budget--refresh (current-buffer)))
              truncate-lines t))

(defun emacs-agent-context ()
  "Show what fills the window of this session's model, as bars."
  (interactive)
  (let* ((session (emacs-agent-context-session))
         (buffer (get-buffer-create (format "*agent context: %s*" (emacs-agent-session-name session)))))
    (with-current-buffer buffer
      (emacs-agent-budget-mode)
      (setq emacs-agent-budget--session session))
    (pop-to-buffer buffer)
    (emacs-agent-budget--refresh buffer)))

(defun emacs-agent-budget--refresh (buffer)
  "Fill BUFFER again."
  (emacs-agent-request
   "GET" (emacs-agent-session-path (buffer-local-value 'emacs-agent-budget--session buffer) "/context")
   :then (lambda (context)
           (when (buffer-live-p buffer)
             (with-current-buffer buffer
               (let ((inhibit-read-only t))
                 (erase-buffer)
                 (insert (emacs-agent-budget--text context))
                 (goto-char (point-min))))))))

(defun emacs-agent-budget--text (context)
  "Return CONTEXT, the backend's report about a window, as text."
  (let-alist context
    (let* ((parts (append .parts nil))
           (sum (apply #'+ (mapcar (lambda (part) (alist-get 'tokens part)) parts)))
           (window (emacs-agent-value .window)))
      (concat (emacs-agent-count .used) " tokens"
              (if window (format " of %s (%d%%)" (emacs-agent-count window) (round (* 100.0 .used) window)) "")
              "\n\n"
              (mapconcat (lambda (part) (emacs-agent-budget--line part (max 1 sum))) parts "")))))

(defun emacs-agent-budget--line (part sum)
  "Return PART of SUM tokens as a line with a bar."
  (let-alist part
    (let ((filled (round (* 30.0 .tokens) sum)))
      (format "%8s  %s%s  %s%s\n" (emacs-agent-count .tokens)
              (propertize (make-string filled ?█) 'face 'emacs-agent-key)
              (propertize (make-string (- 30 filled) ?░) 'face 'emacs-agent-dim)
              (string-replace "_" " " .kind)
              (if (stringp .name) (concat ": " (emacs-agent-show-all (emacs-agent-one-line .name 80))) "")))))

(provide 'emacs-agent-budget)
;;; emacs-agent-budget.el ends here
