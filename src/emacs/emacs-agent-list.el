;;; emacs-agent-list.el --- Lists that the backend fills  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; What the lists of sessions, transcripts and search results share.

;;; Code:

(require 'emacs-agent)
(require 'tabulated-list)

(defun emacs-agent-list-text (value &optional width)
  "Return VALUE, which may be missing, on one line no longer than WIDTH."
  (if (stringp value) (emacs-agent-show-all (emacs-agent-one-line value (or width 80))) ""))

(defun emacs-agent-list-project (path)
  "Return how the project at PATH is called."
  (emacs-agent-project-name (or path "")))

(defvar-local emacs-agent-list-of nil
  "The project whose items are listed; nil for all projects.")

(defun emacs-agent-list-show (buffer mode &optional project)
  "Show the list BUFFER in MODE and fill it with the items of PROJECT, or with all."
  (pop-to-buffer
   (with-current-buffer (get-buffer-create buffer)
     (funcall mode)
     (setq emacs-agent-list-of project)
     (revert-buffer)
     (current-buffer))))

(defun emacs-agent-list-setup (format path key row &rest parameters)
  "Make this buffer a list with the columns FORMAT, filled from the backend.
PATH is asked for `emacs-agent-list-of', with PARAMETERS in the query; KEY and
ROW are as in `emacs-agent-list-fill'."
  (setq tabulated-list-format format
        tabulated-list-padding 1)
  (setq-local revert-buffer-function
              (lambda (&rest _)
                (emacs-agent-list-fill
                 (current-buffer) (apply #'emacs-agent-http-query path :project emacs-agent-list-of parameters) key row)))
  (tabulated-list-init-header))

(defun emacs-agent-list-fill (buffer path key row)
  "Fill BUFFER with what the backend has at PATH under KEY.
ROW makes (ID VECTOR) of an item."
  (emacs-agent-request
   "GET" path
   :then (lambda (data)
           (when (buffer-live-p buffer)
             (with-current-buffer buffer
               (setq tabulated-list-entries (mapcar row (alist-get key data)))
               (tabulated-list-print t)
               (when (null tabulated-list-entries)
                 (emacs-agent-say "There is nothing yet")))))))

(defun emacs-agent-list-item ()
  "Return what the line at point is about."
  (or (tabulated-list-get-id) (user-error "There is nothing on this line")))

(defun emacs-agent-list-refresh (buffer)
  "Fill BUFFER again."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer (revert-buffer))))

(provide 'emacs-agent-list)
;;; emacs-agent-list.el ends here
