;;; emacs-agent-buffers.el --- Buffers, for the agent  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A list of them, or the text of one, also of one that is unsaved or has no file.  The internal buffers of Emacs, whose
;; names begin with a space, are left out.

;;; Code:

(require 'emacs-agent-editor)

(defun emacs-agent-buffers-answer (request)
  "Answer REQUEST for the list of buffers, or for one."
  (if (emacs-agent-editor-param request 'name)
      (emacs-agent-buffers--read request)
    `((buffers . ,(vconcat (mapcar #'emacs-agent-buffers--entry
                                   (cl-remove-if-not #'emacs-agent-buffers--shown-p (buffer-list))))))))

(defun emacs-agent-buffers--shown-p (buffer)
  "Whether BUFFER is not an internal one."
  (not (string-prefix-p " " (buffer-name buffer))))

(defun emacs-agent-buffers--entry (buffer)
  "Return the entry of BUFFER in the list."
  (let ((file (buffer-file-name buffer)))
    `((name . ,(emacs-agent-clean-text (buffer-name buffer)))
      ,@(and file `((path . ,(expand-file-name file))))
      (modified . ,(if (and file (buffer-modified-p buffer)) t :false)))))

(defun emacs-agent-buffers--read (request)
  "Answer REQUEST with the text of a buffer, by its name or its file."
  (let* ((name (emacs-agent-editor-param request 'name))
         (path (emacs-agent-editor-param request 'path))
         (buffer (or (get-buffer name) (and path (emacs-agent-buffer-visiting path)))))
    (unless (and buffer (emacs-agent-buffers--shown-p buffer))
      (error "There is no buffer %s" name))
    (with-current-buffer buffer
      (append (emacs-agent-buffers--entry buffer)
              `((text . ,(emacs-agent-buffers--text (emacs-agent-editor-param request 'offset)
                                                    (emacs-agent-editor-param request 'limit))))))))

(defun emacs-agent-buffers--text (first count)
  "Return the text of this buffer, from line FIRST on, COUNT lines."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char (point-min))
      (forward-line (1- (or first 1)))
      (let ((start (point)))
        (emacs-agent-editor-text
         (buffer-substring-no-properties
          start
          (min (+ start emacs-agent-max-text 1)
               (if count (progn (forward-line count) (point)) (point-max)))))))))

(provide 'emacs-agent-buffers)
;;; emacs-agent-buffers.el ends here
