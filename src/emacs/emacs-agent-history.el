;;; emacs-agent-history.el --- Prompts that were sent, to be written again  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Each prompt once, the last one first.  `savehist-mode' saves them between sessions of Emacs.

;;; Code:

(require 'emacs-agent-input)
(defvar savehist-minibuffer-history-variables)

(defcustom emacs-agent-history-size 200
  "How many prompts the history has."
  :type 'natnum
  :group 'emacs-agent)

(defvar emacs-agent-history nil
  "The prompts that were sent, the last one first.")

(defvar-local emacs-agent-history--index nil
  "Index in the history of the prompt in the input; nil if it is from nowhere.")

(defvar-local emacs-agent-history--written ""
  "The input as it was before a prompt of the history replaced it.")

(defun emacs-agent-history-add (text)
  "Add TEXT to the front of the history, and remove an earlier copy of it."
  (setq emacs-agent-history--index nil)
  (unless (string-blank-p text)
    (setq emacs-agent-history
          (seq-take (cons text (delete text emacs-agent-history)) emacs-agent-history-size))))

(defun emacs-agent-history--go (index)
  "Put the prompt at INDEX of the history into the input.
With a negative INDEX, restore what was being written."
  (unless emacs-agent-history--index
    (setq emacs-agent-history--written (emacs-agent-input-text)))
  (setq emacs-agent-history--index (and (>= index 0) index))
  (emacs-agent-input-set (if (>= index 0) (nth index emacs-agent-history) emacs-agent-history--written)))

(defun emacs-agent-history-previous (count)
  "Write the COUNTth earlier prompt."
  (interactive "p")
  (unless emacs-agent-history (user-error "Nothing was sent yet"))
  (let ((index (+ (or emacs-agent-history--index -1) count)))
    (when (>= index (length emacs-agent-history)) (user-error "That was the first one"))
    (emacs-agent-history--go index)))

(defun emacs-agent-history-next (count)
  "Write the COUNTth later prompt, or what you were writing."
  (interactive "p")
  (unless emacs-agent-history--index (user-error "There is no later one"))
  (emacs-agent-history-previous (- count)))

(defun emacs-agent-history-search ()
  "Choose an earlier prompt, by any part of it, and write it.
\\[emacs-agent-history-next] then goes back to what you were writing."
  (interactive)
  (unless emacs-agent-history (user-error "Nothing was sent yet"))
  (let* ((names (cl-remove-duplicates
                 (cl-loop for text in emacs-agent-history for index from 0
                          collect (cons (emacs-agent-one-line text) index))
                 :key #'car :test #'equal :from-end t))
         (completion-styles '(basic substring))
         (name (completing-read "Earlier prompt: "
                                (lambda (string predicate action)
                                  (if (eq action 'metadata) '(metadata (display-sort-function . identity))
                                    (complete-with-action action names string predicate)))
                                nil t)))
    (emacs-agent-history--go (or (cdr (assoc name names)) (user-error "No prompt was chosen")))))

(defun emacs-agent-history--save ()
  "Have `savehist-mode' save the history."
  (add-to-list 'savehist-minibuffer-history-variables 'emacs-agent-history))

(add-hook 'savehist-save-hook #'emacs-agent-history--save)

(provide 'emacs-agent-history)
;;; emacs-agent-history.el ends here
