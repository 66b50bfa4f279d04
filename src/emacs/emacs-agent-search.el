;;; emacs-agent-search.el --- Searching transcripts  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A list of what was found.

;;; Code:

(require 'emacs-agent-transcripts)

(defvar emacs-agent-search-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'emacs-agent-search-visit)
    (define-key map "r" #'emacs-agent-transcripts-resume)
    map)
  "Keys of the list of what was found.")

(define-derived-mode emacs-agent-search-mode tabulated-list-mode "Search"
  "What was found in transcripts."
  (setq tabulated-list-format [("When" 10 t) ("Project" 10 t) ("Who" 4 t) ("Text" 0 nil)]
        tabulated-list-padding 1)
  (tabulated-list-init-header))

;;;###autoload
(defun emacs-agent-search (query)
  "Search all transcripts for QUERY."
  (interactive "sSearch transcripts: ")
  (when (string-blank-p query) (user-error "Search for what?"))
  (pop-to-buffer
   (with-current-buffer (get-buffer-create "*emacs-agent search*")
     (emacs-agent-search-mode)
     (setq-local revert-buffer-function
                 (lambda (&rest _)
                   (emacs-agent-list-fill
                    (current-buffer) (emacs-agent-http-query "/api/transcripts/search" :q query :limit 200)
                    'matches #'emacs-agent-search--row)))
     (revert-buffer)
     (current-buffer))))

(defun emacs-agent-search--row (match)
  "Return the row of MATCH."
  (let-alist match
    ;; In a window of 50 columns, half of them are for the text.
    (list match (vector (truncate-string-to-width (emacs-agent-clock .at) 10) (emacs-agent-list-project .project_path)
                        (pcase .role ("assistant" "it") ("user" "you") (role (emacs-agent-list-text role 4)))
                        (emacs-agent-list-text .snippet 300)))))

(defun emacs-agent-search-visit ()
  "Open the transcript of the match at point."
  (interactive)
  (let-alist (emacs-agent-list-item)
    (emacs-agent-transcripts-fetch .session_id)))

(provide 'emacs-agent-search)
;;; emacs-agent-search.el ends here
