;;; emacs-agent-navigate.el --- From prompt to prompt  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Commands that move from prompt to prompt, and an index of the prompts for Imenu.

;;; Code:

(require 'emacs-agent-mode)
(require 'emacs-agent-turns)
(declare-function org-reveal "org")
(defvar desktop-save-buffer)

(define-key emacs-agent-mode-map (kbd "C-c C-n") #'emacs-agent-next-prompt)
(define-key emacs-agent-mode-map (kbd "C-c C-p") #'emacs-agent-previous-prompt)

(defun emacs-agent-navigate--position (turn)
  "Return where the heading of TURN begins."
  (save-excursion
    (goto-char (emacs-agent-turn-start turn))
    (skip-chars-forward "\n")
    (point)))

(defun emacs-agent-next-prompt (&optional count)
  "Go to the COUNTth next prompt; after the last one, to the input."
  (interactive "p")
  (let* ((starts (nreverse (mapcar #'emacs-agent-navigate--position (emacs-agent-turns-all))))
         (count (or count 1))
         (ahead (if (> count 0)
                    (cl-remove-if-not (lambda (start) (> start (point))) starts)
                  (nreverse (cl-remove-if-not (lambda (start) (< start (line-beginning-position))) starts))))
         (to (nth (1- (abs count)) ahead)))
    (cond (to (push-mark nil t) (goto-char to) (emacs-agent-navigate--show))
          ((> count 0) (goto-char (point-max)))
          (t (user-error "This is the first prompt")))))

(defun emacs-agent-previous-prompt (&optional count)
  "Go to the COUNTth prompt before point."
  (interactive "p")
  (emacs-agent-next-prompt (- (or count 1))))

(defun emacs-agent-navigate--show ()
  "Show what is at point, with what follows."
  (when (invisible-p (point)) (org-reveal))
  (when (eq (window-buffer) (current-buffer)) (recenter 1)))

(defun emacs-agent-navigate-index ()
  "Return each prompt of this conversation for Imenu, in order."
  (cl-loop for turn in (reverse (emacs-agent-turns-all)) for number from 1
           collect (cons (format "%d %s" number (emacs-agent-show-all (emacs-agent-one-line (emacs-agent-turn-text turn) 70)))
                         (copy-marker (emacs-agent-navigate--position turn)))))

(defun emacs-agent-navigate-setup ()
  "Set up Imenu and `desktop-save' for this conversation."
  (setq-local imenu-create-index-function #'emacs-agent-navigate-index
              imenu-auto-rescan t
              desktop-save-buffer #'emacs-agent-desktop-save))

(add-hook 'emacs-agent-mode-hook #'emacs-agent-navigate-setup)

(provide 'emacs-agent-navigate)
;;; emacs-agent-navigate.el ends here
