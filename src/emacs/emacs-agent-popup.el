;;; emacs-agent-popup.el --- Texts in buffers of their own  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; What is too long for a conversation is shown beside it.

;;; Code:

(require 'emacs-agent-text)

(defun emacs-agent-popup-text (name text)
  "Show TEXT in a buffer called NAME, with lines that Emacs can bear."
  (let ((buffer (get-buffer-create name)))
    (with-current-buffer buffer
      (let ((inhibit-read-only t) (buffer-undo-list t))
        (fundamental-mode)
        (erase-buffer)
        (insert (emacs-agent-show-controls text))
        (emacs-agent-popup--break-lines)
        (goto-char (point-min))
        (set-buffer-modified-p nil)
        (view-mode 1)))
    (pop-to-buffer buffer)))

(defun emacs-agent-popup--break-lines ()
  "Break lines of the current buffer that are too long for Emacs."
  (goto-char (point-min))
  (while (not (eobp))
    (if (> (- (line-end-position) (point)) 2000)
        (progn (forward-char 1000) (insert "\n"))
      (forward-line 1))))

(provide 'emacs-agent-popup)
;;; emacs-agent-popup.el ends here
