;;; emacs-agent-transcripts.el --- Transcripts of sessions  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A list of what there was, as Org files.

;;; Code:

(require 'emacs-agent-resume)

(defcustom emacs-agent-transcript-directory "~/.emacs-agent/transcripts"
  "Where the backend keeps transcripts, its `transcript_path'."
  :type 'directory
  :group 'emacs-agent)

(defvar emacs-agent-transcripts-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'emacs-agent-transcripts-open)
    (define-key map "r" #'emacs-agent-transcripts-resume)
    (define-key map "s" #'emacs-agent-search)
    (define-key map "d" #'emacs-agent-transcripts-delete)
    map)
  "Keys of the list of transcripts.")

(define-derived-mode emacs-agent-transcripts-mode tabulated-list-mode "Transcripts"
  "Transcripts of sessions, newest first.
\\{emacs-agent-transcripts-mode-map}"
  (emacs-agent-list-setup
   [("Started" 20 t) ("Project" 16 t) ("About" 44 t) ("Model" 24 t) ("Messages" 8 nil) ("Files" 5 nil)]
   "/api/transcripts" 'transcripts #'emacs-agent-transcripts--row :limit 1000))

(defun emacs-agent-transcripts--row (data)
  "Return the row of DATA, a transcript."
  (let-alist data
    (list data
          (vector (emacs-agent-clock .started_at)
                  (emacs-agent-list-project (emacs-agent-value .project_path))
                  (if (equal .status "damaged")
                      (propertize "damaged" 'face 'emacs-agent-failure)
                    (emacs-agent-list-text (if (member .title '(nil :null "")) .first_prompt .title)))
                  (emacs-agent-list-text .model)
                  (format "%s" (or .message_count ""))
                  (format "%d" (length .files_changed))))))

;;;###autoload
(defun emacs-agent-transcripts (&optional project)
  "List all transcripts, or those of PROJECT.
That is this one with a prefix argument."
  (interactive (list (and current-prefix-arg (directory-file-name (emacs-agent-context-project)))))
  (emacs-agent-list-show "*emacs-agent transcripts*" #'emacs-agent-transcripts-mode project))

(defun emacs-agent-transcripts--visit (id path)
  "Open the Org transcript of session ID, at PATH if that exists."
  (if (and (stringp path) (file-exists-p path))
      (emacs-agent-transcripts--find path)
    (emacs-agent-transcripts-fetch id)))

(defun emacs-agent-transcripts--find (path)
  "Open the Org file PATH without heeding local variables in it."
  (let ((enable-local-variables nil) (enable-local-eval nil))
    (find-file-read-only path)))

(defun emacs-agent-transcripts-fetch (id)
  "Show the transcript of session ID as the backend renders it."
  (emacs-agent-backend-ensure
   (lambda (reason)
     (if reason
         (emacs-agent-say "Emacs-Agent: %s" reason)
       (emacs-agent-http-request
        (emacs-agent-backend-current-endpoint) "GET"
        (emacs-agent-http-query (format "/api/sessions/%s/transcript" id) :format "org")
        :on-done (lambda (status text)
                   (if (not (eql status 200))
                       (emacs-agent-say "Emacs-Agent: the transcript cannot be read")
                     (with-current-buffer (get-buffer-create (format "*transcript %s*" (substring id 0 (min 8 (length id)))))
                       (let ((inhibit-read-only t))
                         (erase-buffer)
                         (insert text)
                         (goto-char (point-min))
                         (let ((org-inhibit-startup t)) (org-mode))
                         (setq buffer-read-only t))
                       (pop-to-buffer (current-buffer))))))))))

(defun emacs-agent-transcripts-open ()
  "Open the Org transcript at point."
  (interactive)
  (let-alist (emacs-agent-list-item)
    (emacs-agent-transcripts--visit .session_id (emacs-agent-value .paths.org))))

(defun emacs-agent-transcripts-resume ()
  "Resume the session at point."
  (interactive)
  (let-alist (emacs-agent-list-item)
    (unless (or (file-remote-p .project_path) (file-directory-p .project_path))
      (user-error "The project %s is not there any more" .project_path))
    (emacs-agent-resume-id .session_id .project_path)))

(defun emacs-agent-transcripts-delete ()
  "Delete the transcript at point with all its files."
  (interactive)
  (let ((buffer (current-buffer)))
    (let-alist (emacs-agent-list-item)
      (when (yes-or-no-p "Delete this transcript for good? ")
        (emacs-agent-request "DELETE" (format "/api/transcripts/%s" .session_id)
                             :then (lambda (_) (emacs-agent-list-refresh buffer)))))))

(defun emacs-agent-transcript-files (&optional project)
  "Return the Org files of all transcripts, or of those of PROJECT.
Fit for `org-agenda-files' and `org-refile-targets'.  They are looked for in
`emacs-agent-transcript-directory'."
  (let ((directory (expand-file-name
                    (if project (file-name-nondirectory (directory-file-name project)) "")
                    emacs-agent-transcript-directory)))
    (and (file-directory-p directory)
         (directory-files-recursively directory "\\`session-.*\\.org\\'"))))

(provide 'emacs-agent-transcripts)
;;; emacs-agent-transcripts.el ends here
