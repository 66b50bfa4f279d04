;;; emacs-agent-eval.el --- Forms that the agent may evaluate  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Only if `emacs-agent-eval-elisp' is set, and the backend asks for each form.

;;; Code:

(require 'emacs-agent-editor)

(defun emacs-agent-eval-answer (request)
  "Evaluate the form of REQUEST and answer with its value."
  (let ((form (emacs-agent-eval--read (emacs-agent-editor-param request 'form)))
        (print-length 200) (print-level 10))
    (with-temp-buffer
      (setq default-directory (emacs-agent-editor-project request))
      (emacs-agent-editor-text (prin1-to-string (eval form t))))))

(defun emacs-agent-eval--read (text)
  "Return the form in TEXT; of several, a `progn' of them."
  (let ((position 0) (forms nil))
    (while (string-match-p "[^ \t\n\r]" (substring text position))
      (pcase-let ((`(,form . ,end) (condition-case nil
                                       (read-from-string text position)
                                     (end-of-file
                                      ;; A comment at the end is no form.
                                      (if (and forms (string-match-p "\\`[ \t\n\r]*;" (substring text position)))
                                          (cons nil (length text))
                                        (error "The form is not complete"))))))
        (unless (and (= end (length text)) (null form)) (push form forms))
        (setq position end)))
    (if (cdr forms) (cons 'progn (nreverse forms)) (car forms))))

(provide 'emacs-agent-eval)
;;; emacs-agent-eval.el ends here
