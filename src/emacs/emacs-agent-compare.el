;;; emacs-agent-compare.el --- Two texts side by side, in Ediff  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The current text and the proposed one, in the selected frame; its windows are restored afterwards.

;;; Code:

(require 'emacs-agent-base)

(declare-function ediff-buffers "ediff")
(declare-function ediff-setup-windows-plain "ediff-wind")
(defvar ediff-window-setup-function)
(defvar ediff-quit-hook)

(defun emacs-agent-compare (before after mode then)
  "Compare the texts BEFORE and AFTER in Ediff, both in MODE.
AFTER can be changed there.  When the user quits, call THEN with its text and
whether that was changed; the text is nil if its buffer was killed."
  (require 'ediff)
  (let ((windows (current-window-configuration))
        (old (emacs-agent-compare--buffer "before" before mode))
        (new (emacs-agent-compare--buffer "proposed" after mode))
        (ediff-window-setup-function 'ediff-setup-windows-plain))
    (with-current-buffer old (setq buffer-read-only t))
    (ediff-buffers
     old new
     (list (lambda ()
             (setq-local ediff-window-setup-function 'ediff-setup-windows-plain)
             (add-hook 'ediff-quit-hook
                       (lambda () (run-at-time 0 nil #'emacs-agent-compare--end old new windows then))
                       t t))))))

(defun emacs-agent-compare--buffer (name text mode)
  "Return a new buffer with NAME and TEXT, in MODE."
  (let ((buffer (generate-new-buffer (format "*emacs-agent %s*" name))))
    (with-current-buffer buffer
      (insert text)
      (let ((enable-local-variables nil))
        (ignore-errors (funcall mode)))
      (set-buffer-modified-p nil))
    buffer))

(defun emacs-agent-compare--end (old new windows then)
  "Leave Ediff, which compared the buffers OLD and NEW, and call THEN.
WINDOWS is how it was before."
  (set-window-configuration windows)
  (let ((text (and (buffer-live-p new) (with-current-buffer new (buffer-string))))
        (changed (and (buffer-live-p new) (buffer-modified-p new))))
    (dolist (buffer (list old new))
      (when (buffer-live-p buffer)
        (with-current-buffer buffer (set-buffer-modified-p nil))
        (kill-buffer buffer)))
    (funcall then text changed)))

(provide 'emacs-agent-compare)
;;; emacs-agent-compare.el ends here
