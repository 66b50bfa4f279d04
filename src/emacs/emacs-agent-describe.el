;;; emacs-agent-describe.el --- The help of Emacs, for the agent  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Functions, variables, keys and Info nodes.  No window shows them.  Values are those of this Emacs; that of a
;; variable whose name is like that of a secret is left out.

;;; Code:

(require 'emacs-agent-editor)
(require 'help-fns)

(declare-function Info-find-node "info")
(declare-function Info-mode "info")
(declare-function info-initialize "info")
(defvar Info-history)
(defvar Info-history-list)

(defvar emacs-agent-describe-secret "key\\|token\\|secret\\|passw\\|passphrase\\|credential\\|auth"
  "Regexp for the names of variables whose values are not sent.")

(defun emacs-agent-describe-answer (request)
  "Answer REQUEST for help on a name."
  (let* ((name (string-trim (emacs-agent-editor-param request 'name)))
         (kind (emacs-agent-editor-param request 'kind))
         (texts (delq nil (list (and (member kind '(nil "function")) (emacs-agent-describe--function name))
                                (and (member kind '(nil "variable")) (emacs-agent-describe--variable name))))))
    (emacs-agent-editor-text
     (cond (texts (string-join texts "\n\n"))
           ((or (equal kind "info") (and (not kind) (string-prefix-p "(" name))) (emacs-agent-describe--node name))
           ((and (member kind '(nil "key")) (emacs-agent-describe--key name)))
           (t (emacs-agent-describe--near name))))))

(defun emacs-agent-describe--function (name)
  "Return help on the function NAME, or nil if there is none."
  (let ((function (intern-soft name)))
    (when (and function (fboundp function))
      (with-temp-buffer
        (let ((standard-output (current-buffer))
              ;; One of them searches all NEWS files for the first release that had it.
              (help-fns-describe-function-functions
               (cl-remove-if (lambda (function) (string-match-p "release\\|shortdoc" (format "%s" function)))
                             help-fns-describe-function-functions)))
          (insert name " is ")
          (describe-function-1 function)
          (buffer-substring-no-properties (point-min) (point-max)))))))

(defun emacs-agent-describe--variable (name)
  "Return help on the variable NAME, or nil if there is none."
  (let* ((variable (intern-soft name))
         (documentation (and variable (documentation-property variable 'variable-documentation))))
    (when (and variable (not (keywordp variable)) (or (boundp variable) documentation))
      (concat name " is a " (if (custom-variable-p variable) "user option" "variable") ".\n"
              (emacs-agent-describe--value variable)
              (and documentation (concat "\n" (substring-no-properties documentation)))))))

(defun emacs-agent-describe--value (variable)
  "Return a line about the value of VARIABLE."
  (let ((case-fold-search t) (print-length 20) (print-level 4))
    (cond ((not (default-boundp variable)) "")
          ((string-match-p emacs-agent-describe-secret (symbol-name variable)) "Its value is withheld.\n")
          (t (format "Its value: %s\n"
                     (truncate-string-to-width (prin1-to-string (default-value variable)) 300 nil nil "…"))))))

(defun emacs-agent-describe--key (name)
  "Return the command of the key sequence NAME, or nil if it is none."
  (let* ((keys (ignore-errors (kbd (replace-regexp-in-string "[<>]?\\bSPC\\b[<>]?" "SPC" name))))
         (command (and keys (> (length keys) 0) (key-binding keys))))
    (when (and command (symbolp command) (commandp command))
      (format "%s runs the command %s\n\n%s" (key-description keys) command
              (emacs-agent-describe--function (symbol-name command))))))

(defun emacs-agent-describe--node (name)
  "Return the text of the Info node NAME, as (FILE)NODE."
  (unless (string-match "\\`(\\([^)]+\\))[ \t]*\\(.*\\)\\'" name)
    (error "Name a node as (FILE)NODE"))
  (let ((file (match-string 1 name)) (node (match-string 2 name)))
    (require 'info)
    (info-initialize)
    (let ((Info-history nil) (Info-history-list nil))
      (with-temp-buffer
        (Info-mode)
        (Info-find-node file (if (string-empty-p node) "Top" node) t)
        (buffer-substring-no-properties (point-min) (point-max))))))

(defun emacs-agent-describe--near (name)
  "Return a text that nothing has NAME, with the names that contain it."
  (let ((near (seq-take (sort (apropos-internal (regexp-quote name)
                                                (lambda (symbol) (or (fboundp symbol) (boundp symbol))))
                              (lambda (a b) (< (length (symbol-name a)) (length (symbol-name b)))))
                        20)))
    (concat "Nothing is called that."
            (and near (concat " Near: " (mapconcat #'symbol-name near " "))))))

(provide 'emacs-agent-describe)
;;; emacs-agent-describe.el ends here
