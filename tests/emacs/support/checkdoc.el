;;; checkdoc.el --- Fails where checkdoc complains  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'checkdoc)
(require 'cl-lib)

(let ((complaints nil))
  (cl-letf (((symbol-function 'checkdoc-create-error)
             (lambda (text start _end &optional _unfixable)
               (push (format "%s:%d: %s" (file-name-nondirectory buffer-file-name)
                             (line-number-at-pos start) text)
                     complaints)
               nil)))
    (dolist (file command-line-args-left)
      (with-current-buffer (find-file-noselect file)
        (save-window-excursion
          (checkdoc-current-buffer t)))))
  (setq command-line-args-left nil)
  (mapc #'message (reverse complaints))
  (kill-emacs (if complaints 1 0)))
;;; checkdoc.el ends here
