;;; emacs-agent-button.el --- Keys that can be clicked  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; What a key does is written after it; a click on either does the same, in output and in text of an overlay.

;;; Code:

(require 'emacs-agent-output)

(defun emacs-agent-button (key text command &optional map)
  "Return KEY and TEXT, what it does; after a click on them, run COMMAND there.
Other keys are those of MAP."
  (let ((keys (make-sparse-keymap)))
    (set-keymap-parent keys map)
    (dolist (click '([mouse-1] [mouse-2]))
      (define-key keys click (emacs-agent-button--click command)))
    (emacs-agent-output-active (emacs-agent-output-key key text)
                               'keymap keys 'mouse-face 'highlight
                               'help-echo (format "mouse-1, %s: %s" key text))))

(defun emacs-agent-button-rows (buttons gap)
  "Return BUTTONS with GAP between them, in lines that fit the window.
If Emacs wrapped them, a line could end between a key and its description."
  (let ((room (emacs-agent-text-room)) (column 0) (row nil))
    (dolist (button buttons)
      (let ((end (+ column (length gap) (string-width button))))
        (cond ((null row) (setq column (string-width button)))
              ((<= end room) (setq column end) (push gap row))
              (t (setq column (string-width button))
                 (push (apply #'propertize "\n" (text-properties-at 0 gap)) row)))
        (push button row)))
    (apply #'concat (nreverse row))))

(defun emacs-agent-button--click (command)
  "Return a command to run COMMAND where it is clicked."
  (lambda (event)
    (interactive "e")
    (let ((place (event-start event)))
      (select-window (posn-window place))
      ;; Text of an overlay has no position in the buffer.
      (unless (posn-string place) (goto-char (posn-point place)))
      (call-interactively command))))

(defun emacs-agent-button-shown (text)
  "Return TEXT, made for output, with the faces that it needs in an overlay.
`emacs-agent-fontify-region' sets only those of the buffer."
  (let ((text (copy-sequence text)))
    (put-text-property 0 (length text) 'face 'default text)
    (emacs-agent-output-each 'emacs-agent-face 0 (length text)
                             (lambda (from to face) (put-text-property from to 'face face text))
                             text)
    text))

(provide 'emacs-agent-button)
;;; emacs-agent-button.el ends here
