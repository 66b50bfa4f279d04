;;; emacs-agent-input.el --- Where prompts are written  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The end of a conversation is for its user: several lines, with undo of its own.

;;; Code:

(require 'emacs-agent-output)

(defcustom emacs-agent-return-sends nil
  "Whether RET at the end of the input sends it.
Otherwise it starts a new line, and the command `emacs-agent-send' sends."
  :type 'boolean
  :group 'emacs-agent)

(defvar-local emacs-agent-input-start nil
  "Marker at the start of the input.")

(defun emacs-agent-input-setup ()
  "Put the input into this buffer, which is empty."
  (let ((inhibit-read-only t))
    ;; Not an empty string: all of those are one object, and Emacs shows no overlay between two texts displayed as it.
    (insert (propertize (concat (propertize "* " 'display '(space :width 0)) "Prompt\n") 'read-only t 'front-sticky '(read-only)
                        'rear-nonsticky t 'emacs-agent-face 'emacs-agent-prompt
                        'emacs-agent-prompt t))
    (setq emacs-agent-output-end (copy-marker (point-min) t)
          emacs-agent-input-start (point-marker)
          buffer-undo-list nil)
    (emacs-agent-input--show-hint)))

(defun emacs-agent-input--show-hint ()
  "Say what can be written, until something is."
  (let ((hint (make-overlay (point-max) (point-max)))
        (text (propertize "Ask for something: @file, /command, C-c C-c to send" 'face 'emacs-agent-dim)))
    ;; Point stays before the words, not behind them.
    (put-text-property 0 1 'cursor t text)
    (overlay-put hint 'after-string text)
    (letrec ((hide (lambda (_start end _length)
                     (when (> end emacs-agent-input-start)
                       (delete-overlay hint)
                       (remove-hook 'after-change-functions hide t)))))
      (add-hook 'after-change-functions hide nil t))))

(defun emacs-agent-input-p (&optional position)
  "Whether POSITION, or point, is in the input."
  (>= (or position (point)) emacs-agent-input-start))

(defun emacs-agent-input-text ()
  "Return what is written."
  (buffer-substring-no-properties emacs-agent-input-start (point-max)))

(defun emacs-agent-input-set (text)
  "Write TEXT in place of what is written."
  (delete-region emacs-agent-input-start (point-max))
  (save-excursion
    (goto-char emacs-agent-input-start)
    (insert text))
  (goto-char (point-max)))

(defun emacs-agent-input-add (text)
  "Add TEXT before what is written, on lines of its own."
  (let ((old (emacs-agent-input-text)))
    (emacs-agent-input-set (if (string-blank-p old) text (concat text "\n" old)))))

(defun emacs-agent-input-has-p (text)
  "Whether TEXT is written, on lines of its own."
  (let ((case-fold-search nil))
    (string-match-p (concat "\\(?:\\`\\|\n\\)" (regexp-quote text) "\\(?:\n\\|\\'\\)")
                    (emacs-agent-input-text))))

(defun emacs-agent-input-self-insert ()
  "Type into the input, wherever point is."
  (interactive)
  (unless (emacs-agent-input-p) (goto-char (point-max)))
  (call-interactively #'self-insert-command))

(defun emacs-agent-input-yank ()
  "Yank into the input, wherever point is."
  (interactive)
  (unless (emacs-agent-input-p) (goto-char (point-max)))
  (setq this-command 'yank)
  (call-interactively #'yank))

(defun emacs-agent-input-word ()
  "Return (START . END) of the word of the input before point, or nil."
  (when (emacs-agent-input-p)
    (cons (save-excursion
            (skip-chars-backward "^ \t\n" emacs-agent-input-start)
            (point))
          (point))))

(provide 'emacs-agent-input)
;;; emacs-agent-input.el ends here
