;;; emacs-agent-problems.el --- Warnings about the configuration  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The backend leaves broken entries of its configuration out; the user is warned of them when it starts.

;;; Code:

(require 'emacs-agent-request)

(defun emacs-agent-problems--look (state _version)
  "Request the problems of the backend if STATE means that it has started."
  (when (memq state '(ready restarted))
    (emacs-agent-request "GET" "/health" :then #'emacs-agent-problems--warn :else #'ignore)))

(add-hook 'emacs-agent-backend-functions #'emacs-agent-problems--look)

(defun emacs-agent-problems--warn (health)
  "Warn of entries that were left out according to HEALTH, the backend's answer."
  (let ((problems (alist-get 'problems health)))
    (when (> (length problems) 0)
      (let ((lines (mapcar (lambda (problem)
                             (let-alist problem (format "%s:%s: %s %s" .file .line .key .message)))
                           problems)))
        (dolist (line lines) (emacs-agent-log "Left out of the configuration: %s" line))
        (display-warning 'emacs-agent
                         (concat "Entries of the configuration are left out until they are corrected:\n"
                                 (emacs-agent-show-controls (string-join lines "\n"))))))))

(provide 'emacs-agent-problems)
;;; emacs-agent-problems.el ends here
