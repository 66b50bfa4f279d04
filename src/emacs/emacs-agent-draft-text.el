;;; emacs-agent-draft-text.el --- A text that is edited before it is sent  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; In a buffer of its own; its text goes to a function when the user finishes it.

;;; Code:

(require 'emacs-agent-base)

(defvar-local emacs-agent-draft-text--then nil
  "Function that takes the text of this buffer.")

(defvar emacs-agent-draft-text-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'emacs-agent-draft-text-finish)
    (define-key map (kbd "C-c C-k") #'emacs-agent-draft-text-abort)
    map)
  "Keys of a text that is edited.")

(define-derived-mode emacs-agent-draft-text-mode text-mode "Agent text"
  "A text that is edited before it is sent.
\\{emacs-agent-draft-text-mode-map}"
  (setq header-line-format
        (substitute-command-keys
         "\\<emacs-agent-draft-text-mode-map>\\[emacs-agent-draft-text-finish] sends this, \\[emacs-agent-draft-text-abort] goes back")))

(defun emacs-agent-draft-text-edit (name text then)
  "Edit TEXT in a buffer called NAME and call THEN with the edited text."
  (pop-to-buffer (generate-new-buffer (format "*emacs-agent %s*" name)))
  (emacs-agent-draft-text-mode)
  (insert text)
  (goto-char (point-min))
  (setq buffer-undo-list nil
        emacs-agent-draft-text--then then)
  (set-buffer-modified-p nil))

(defun emacs-agent-draft-text-finish ()
  "Send the text of this buffer."
  (interactive)
  (let ((then emacs-agent-draft-text--then)
        (text (save-restriction (widen) (buffer-substring-no-properties (point-min) (point-max)))))
    (when (string-blank-p text) (user-error "Nothing is left; C-c C-k goes back"))
    (emacs-agent-draft-text-abort)
    (funcall then text)))

(defun emacs-agent-draft-text-abort ()
  "Go back without sending anything."
  (interactive)
  (let ((window (get-buffer-window)))
    (if window (quit-window t window) (kill-buffer))))

(provide 'emacs-agent-draft-text)
;;; emacs-agent-draft-text.el ends here
