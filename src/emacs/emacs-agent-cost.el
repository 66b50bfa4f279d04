;;; emacs-agent-cost.el --- What sessions have cost  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A table of turns, tokens and dollars, summed by the backend.

;;; Code:

(require 'emacs-agent-list)

(defconst emacs-agent-cost--groups '("model" "project" "day" "agent")
  "What the table may be summed by.")

(defvar-local emacs-agent-cost--query nil
  "What is shown: a list of the group, and the day it begins at or nil.")

(defvar emacs-agent-cost-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map "b" #'emacs-agent-cost-by)
    (define-key map "s" #'emacs-agent-cost-since)
    map)
  "Keys of the table of costs.")

(define-derived-mode emacs-agent-cost-mode tabulated-list-mode "Costs"
  "What sessions have cost, the sum first.
\\{emacs-agent-cost-mode-map}"
  (setq tabulated-list-format [("" 40 nil) ("Turns" 7 nil :right-align t) ("Input" 12 nil :right-align t)
                               ("Output" 10 nil :right-align t) ("Cache read" 12 nil :right-align t)
                               ("Cache write" 12 nil :right-align t) ("Cost" 20 nil :right-align t)]
        tabulated-list-padding 1)
  (setq-local revert-buffer-function (lambda (&rest _) (emacs-agent-cost--fill (current-buffer))))
  (tabulated-list-init-header))

(defun emacs-agent-cost--fill (buffer)
  "Fill BUFFER with what the backend has counted."
  (pcase-let ((`(,by ,since) (buffer-local-value 'emacs-agent-cost--query buffer)))
    (emacs-agent-request
     "GET" (emacs-agent-http-query "/api/usage" :by by :since since)
     :then (lambda (data)
             (when (buffer-live-p buffer)
               (with-current-buffer buffer
                 (setq mode-name (format "Costs by %s%s" by (if since (concat " since " since) ""))
                       tabulated-list-entries
                       (let-alist data
                         (cons (emacs-agent-cost--row (cons '(key . "total") .total))
                               (mapcar #'emacs-agent-cost--row .rows))))
                 (tabulated-list-print t)))))))

(defun emacs-agent-cost--row (data)
  "Return the row of DATA, a sum."
  (let-alist data
    (list .key
          (vector (emacs-agent-list-text .key)
                  (number-to-string .turns) (number-to-string .input_tokens) (number-to-string .output_tokens)
                  (number-to-string .cache_read_tokens) (number-to-string .cache_write_tokens)
                  (emacs-agent-cost-text (emacs-agent-value .cost_usd) .unpriced_turns)))))

(defun emacs-agent-cost-text (dollars unpriced)
  "Return DOLLARS, which may be nil, as text.
UNPRICED is how many turns are missing in them."
  (cond ((and (null dollars) (> unpriced 0)) "cost: unknown")
        ((null dollars) "$0.00")
        (t (concat (format (if (< 0 dollars 0.1) "$%.4f" "$%.2f") dollars)
                   (if (> unpriced 0) (format " + %d unknown" unpriced) "")))))

;;;###autoload
(defun emacs-agent-cost (&optional since)
  "Show what sessions have cost, by model, from the day SINCE on.
With a prefix argument, ask for that day."
  (interactive (list (and current-prefix-arg (emacs-agent-cost--read-day))))
  (pop-to-buffer
   (with-current-buffer (get-buffer-create "*emacs-agent costs*")
     (emacs-agent-cost-mode)
     (setq emacs-agent-cost--query (list "model" since))
     (revert-buffer)
     (current-buffer))))

(defun emacs-agent-cost--read-day ()
  "Read a day, or nil for all time."
  (let ((day (string-trim (read-string "Since (YYYY-MM-DD, empty for all): "))))
    (cond ((string= day "") nil)
          ((string-match-p "\\`[0-9]\\{4\\}-[0-9][0-9]-[0-9][0-9]\\'" day) day)
          (t (user-error "A day is written 2026-12-01")))))

(defun emacs-agent-cost-by (group)
  "Sum the table by GROUP."
  (interactive (list (completing-read "By: " emacs-agent-cost--groups nil t)))
  (setf (car emacs-agent-cost--query) group)
  (revert-buffer))

(defun emacs-agent-cost-since (day)
  "Show what was used from DAY on, nil for all time."
  (interactive (list (emacs-agent-cost--read-day)))
  (setf (cadr emacs-agent-cost--query) day)
  (revert-buffer))

(provide 'emacs-agent-cost)
;;; emacs-agent-cost.el ends here
