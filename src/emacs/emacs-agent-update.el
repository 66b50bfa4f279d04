;;; emacs-agent-update.el --- The client and its executable, of one version  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; An executable carries the client that fits it.

;;; Code:

(require 'emacs-agent-backend)

;;;###autoload
(defun emacs-agent-update ()
  "Install the client that the executable carries in the place of this one."
  (interactive)
  (let ((program (or (emacs-agent-program-file) (user-error "The executable was not found")))
        (directory emacs-agent-program-directory))
    (unless (file-writable-p directory) (user-error "%s cannot be written to" directory))
    (when (y-or-n-p (format "Write the client of %s to %s? " program (abbreviate-file-name directory)))
      (let ((process-environment
             ;; What another Emacs compiles, this one may not load.
             (cons (concat "EMACS=" (expand-file-name invocation-name invocation-directory)) process-environment)))
        (make-process
         :name "emacs-agent-update" :noquery t :connection-type 'pipe
         :command (list program "elisp" "--install" directory)
         :sentinel (lambda (process _event)
                     (unless (process-live-p process)
                       (emacs-agent-say (if (= 0 (process-exit-status process))
                                            "The client is updated; restart Emacs to use it"
                                          "The update failed; M-x emacs-agent-doctor tells more")))))))))

(defun emacs-agent-update--compare-versions (state version)
  "Offer the client that the executable carries if it is newer: STATE, VERSION."
  (when (and (memq state '(ready restarted))
             (ignore-errors (version< emacs-agent-version version)))
    (emacs-agent-say "The executable is version %s, this client %s: M-x emacs-agent-update installs the newer one"
                     version emacs-agent-version)))

(add-hook 'emacs-agent-backend-functions #'emacs-agent-update--compare-versions)

(provide 'emacs-agent-update)
;;; emacs-agent-update.el ends here
