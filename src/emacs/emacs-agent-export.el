;;; emacs-agent-export.el --- Conversations as other documents  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Org exports a conversation like any other document, without the input and the characters that keep text from being
;; syntax of Org.  Saving fetches the transcript from the backend, in the format of the file name's
;; extension.

;;; Code:

(require 'org)
(require 'emacs-agent-inert)
(require 'emacs-agent-output)
(require 'emacs-agent-backend)
(require 'emacs-agent-session)

(defvar org-export-filter-final-output-functions)
(defvar org-export-with-broken-links)
(defvar org-export-with-sub-superscripts)
(defvar org-export-with-special-strings)
(defvar org-export-with-smart-quotes)
(defvar org-export-with-toc)

(defun emacs-agent-export-setup ()
  "Have this buffer exported as what was said, without its input."
  (set (make-local-variable (if (version< org-version "9.6") 'org-export-before-processing-hook
                              'org-export-before-processing-functions))
       '(emacs-agent-export--prepare)))

(defun emacs-agent-export--prepare (_backend)
  "Prepare this buffer, a copy of a conversation, for export."
  (let ((inhibit-read-only t))
    (set-text-properties (point-min) (point-max) nil)
    ;; Nothing that was said can be a heading.
    (goto-char (point-max))
    (when (re-search-backward "^\\* Prompt$" nil t)
      (delete-region (point) (point-max)))
    (goto-char (point-min)))
  ;; Messages use none of these: names_like_this are names.  A link that Org cannot resolve is marked, and aborts nothing.
  (setq-local org-export-with-broken-links 'mark
              org-export-with-sub-superscripts nil
              org-export-with-special-strings nil
              org-export-with-smart-quotes nil
              org-export-with-toc nil
              org-export-filter-final-output-functions
              (cons #'emacs-agent-export--clean (bound-and-true-p org-export-filter-final-output-functions))))

(defun emacs-agent-export--clean (text _backend _info)
  "Return TEXT without the characters that keep it from being syntax of Org."
  (emacs-agent-inert-plain text))

;;;; Saving

(defconst emacs-agent-export--formats '(("md" . "markdown") ("markdown" . "markdown") ("org" . "org") ("json" . "json"))
  "Formats of transcripts, by the extensions of file names.")

(defun emacs-agent-save (file)
  "Save the transcript of this conversation as FILE.
Its extension says how: md, org or json."
  (interactive (list (read-file-name "Save the transcript as (.md, .org, .json): " nil nil nil
                                     (concat (emacs-agent-export--name) ".md"))))
  (let ((format (or (cdr (assoc (file-name-extension file) emacs-agent-export--formats))
                    (user-error "The name of the file ends with .md, .org or .json")))
        (file (expand-file-name file)))
    (unless (and emacs-agent-session (emacs-agent-session-id emacs-agent-session))
      (user-error "There is nothing to save yet"))
    (when (or (not (file-exists-p file)) (y-or-n-p (format "Overwrite %s? " file)))
      (emacs-agent-http-request
       (emacs-agent-backend-endpoint emacs-agent-backend) "GET"
       (emacs-agent-session-path emacs-agent-session (concat "/transcript?format=" format))
       :on-done (lambda (status text)
                  (if (not (eql status 200))
                      (emacs-agent-say "Not saved: the backend answered %s" (or status text))
                    (let ((coding-system-for-write 'utf-8-unix))
                      (write-region text nil file nil 'silent))
                    (emacs-agent-say "Saved %s" file)))))))

(defun emacs-agent-export--name ()
  "Return a name of a file for this conversation."
  (let ((name (string-trim (replace-regexp-in-string "[^[:alnum:]]+" "-" (emacs-agent-session-name emacs-agent-session))
                           "-+" "-+")))
    (if (string-empty-p name) "conversation" (downcase name))))

(provide 'emacs-agent-export)
;;; emacs-agent-export.el ends here
