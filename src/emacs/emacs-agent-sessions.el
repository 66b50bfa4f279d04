;;; emacs-agent-sessions.el --- Lists of sessions and transcripts  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; What runs, what there was, and what was said in it.  Any of it can be resumed: the whole conversation is shown again.

;;; Code:

(require 'emacs-agent)
(require 'tabulated-list)

(defun emacs-agent-sessions--text (value &optional width)
  "Return VALUE, which may be missing, on one line no longer than WIDTH."
  (if (stringp value) (emacs-agent-show-all (emacs-agent-one-line value (or width 80))) ""))

(defun emacs-agent-sessions--project (path)
  "Return how the project at PATH is called."
  (file-name-nondirectory (directory-file-name (or path ""))))

(defun emacs-agent-sessions--list (buffer mode)
  "Show the list BUFFER in MODE and fill it."
  (pop-to-buffer
   (with-current-buffer (get-buffer-create buffer)
     (funcall mode)
     (revert-buffer)
     (current-buffer))))

(defun emacs-agent-sessions--fill (buffer path key row)
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

(defun emacs-agent-sessions--id ()
  "Return what the line at point is about."
  (or (tabulated-list-get-id) (user-error "There is nothing on this line")))

;;;; Live sessions

(defvar emacs-agent-sessions-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'emacs-agent-sessions-visit)
    (define-key map "k" #'emacs-agent-sessions-interrupt)
    (define-key map "x" #'emacs-agent-sessions-close)
    (define-key map "t" #'emacs-agent-transcripts)
    map)
  "Keys of the list of sessions.")

(define-derived-mode emacs-agent-sessions-mode tabulated-list-mode "Sessions"
  "Sessions that are live in the backend.
\\{emacs-agent-sessions-mode-map}"
  (setq tabulated-list-format [("Project" 20 t) ("State" 16 t) ("Title" 36 t) ("Model" 26 t)
                               ("Agent" 8 t) ("Messages" 8 nil)]
        tabulated-list-padding 1)
  (setq-local revert-buffer-function
              (lambda (&rest _)
                (emacs-agent-sessions--fill (current-buffer) "/api/sessions" 'sessions
                                            #'emacs-agent-sessions--row)))
  (tabulated-list-init-header))

(defun emacs-agent-sessions--row (data)
  "Return the row of DATA, a session."
  (let-alist data
    (let ((waiting (+ (length .pending_approvals) (length .pending_questions))))
      (list data
            (vector (emacs-agent-sessions--project .project_path)
                    (if (> waiting 0)
                        (propertize (format "%d waiting" waiting) 'face 'emacs-agent-attention)
                      (emacs-agent-sessions--text .agent_state))
                    (emacs-agent-sessions--text .title)
                    (emacs-agent-sessions--text .model)
                    (emacs-agent-sessions--text .agent)
                    (format "%s" (or .message_count "")))))))

;;;###autoload
(defun emacs-agent-sessions ()
  "List the sessions that are live."
  (interactive)
  (emacs-agent-sessions--list "*emacs-agent sessions*" #'emacs-agent-sessions-mode))

(defun emacs-agent-sessions-visit ()
  "Show the conversation at point."
  (interactive)
  (emacs-agent-sessions-open (emacs-agent-sessions--id)))

(defun emacs-agent-sessions-open (data)
  "Show the conversation that DATA, the backend's description, is about."
  (let-alist data
    (let ((session (or (emacs-agent-session-with-id .session_id) (emacs-agent-session-make data))))
      (unless (buffer-live-p (emacs-agent-session-buffer session))
        (emacs-agent-mode-buffer session)
        (emacs-agent-session-follow session))
      (emacs-agent-mode-show session))))

(defun emacs-agent-sessions-interrupt ()
  "Stop what the session at point does."
  (interactive)
  (let ((buffer (current-buffer)))
    (emacs-agent-request
     "POST" (format "/api/sessions/%s/interrupt" (alist-get 'session_id (emacs-agent-sessions--id))) :body t
     :then (lambda (_) (emacs-agent-sessions--revert buffer)))))

(defun emacs-agent-sessions--revert (buffer)
  "Fill BUFFER again."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer (revert-buffer))))

(defun emacs-agent-sessions-close ()
  "Close the session at point; it can be resumed from its transcript."
  (interactive)
  (let ((id (alist-get 'session_id (emacs-agent-sessions--id))) (buffer (current-buffer)))
    (when (y-or-n-p "Close this session? ")
      (emacs-agent-request "DELETE" (format "/api/sessions/%s" id)
                           :then (lambda (_) (emacs-agent-sessions--revert buffer))))))

(defun emacs-agent-close ()
  "Close this conversation's session; it can be resumed."
  (interactive)
  (let ((session (emacs-agent-mode-session)))
    (emacs-agent-request
     "DELETE" (emacs-agent-session-path session)
     :then (lambda (data)
             (emacs-agent-say "Closed; the transcript is %s"
                              (or (emacs-agent-value (alist-get 'transcript_path data)) "not kept"))))))

;;;; Resuming

(defun emacs-agent-resume-id (id project)
  "Resume the session with ID on PROJECT and show all of it."
  (let ((session (emacs-agent-session-with-id id)))
    (if (and session (emacs-agent-session-live-p session)
             (buffer-live-p (emacs-agent-session-buffer session)))
        (emacs-agent-mode-show session)
      (unless session
        (setq session (make-emacs-agent-session :id id :project (directory-file-name project)))
        (push session emacs-agent-session-list))
      (emacs-agent-mode-show session)
      (emacs-agent-session-revive session))))

(defun emacs-agent-resume ()
  "Resume this conversation if it has ended, or one of this project."
  (interactive)
  (if (and emacs-agent-session (not (emacs-agent-session-live-p emacs-agent-session)))
      (emacs-agent-session-revive emacs-agent-session)
    (let ((project (directory-file-name (emacs-agent-context-project))))
      (emacs-agent-request
       "GET" (emacs-agent-http-query "/api/transcripts" :project project :limit 100)
       :then (lambda (data)
               (run-at-time 0 nil #'emacs-agent-sessions--choose
                            (append (alist-get 'transcripts data) nil) project))))))

(defun emacs-agent-sessions--choose (transcripts project)
  "Let the user choose one of TRANSCRIPTS, of PROJECT, and resume it."
  (unless transcripts (user-error "There is nothing to resume in this project"))
  (let* ((names (mapcar (lambda (transcript)
                          (let-alist transcript
                            (cons (format "%s  %s" (emacs-agent-clock .started_at)
                                          (emacs-agent-sessions--text
                                           (if (member .title '(nil :null "")) .first_prompt .title) 60))
                                  .session_id)))
                        transcripts))
         (name (completing-read "Resume: "
                                (lambda (string predicate action)
                                  (if (eq action 'metadata) '(metadata (display-sort-function . identity))
                                    (complete-with-action action names string predicate)))
                                nil t)))
    (unless (string-empty-p name)
      (emacs-agent-resume-id (cdr (assoc name names)) project))))

;;;; Transcripts

(defvar emacs-agent-transcripts-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'emacs-agent-transcripts-open)
    (define-key map "r" #'emacs-agent-transcripts-resume)
    (define-key map "s" #'emacs-agent-search)
    (define-key map "d" #'emacs-agent-transcripts-delete)
    map)
  "Keys of the list of transcripts.")

(defvar-local emacs-agent-transcripts--project nil
  "The project whose transcripts are listed, nil for all.")

(define-derived-mode emacs-agent-transcripts-mode tabulated-list-mode "Transcripts"
  "Transcripts of sessions, newest first.
\\{emacs-agent-transcripts-mode-map}"
  (setq tabulated-list-format [("Started" 20 t) ("Project" 16 t) ("About" 44 t) ("Model" 24 t)
                               ("Messages" 8 nil) ("Files" 5 nil)]
        tabulated-list-padding 1)
  (setq-local revert-buffer-function
              (lambda (&rest _)
                (emacs-agent-sessions--fill
                 (current-buffer)
                 (emacs-agent-http-query "/api/transcripts" :project emacs-agent-transcripts--project :limit 1000)
                 'transcripts #'emacs-agent-transcripts--row)))
  (tabulated-list-init-header))

(defun emacs-agent-transcripts--row (data)
  "Return the row of DATA, a transcript."
  (let-alist data
    (list data
          (vector (emacs-agent-clock .started_at)
                  (emacs-agent-sessions--project (emacs-agent-value .project_path))
                  (if (equal .status "damaged")
                      (propertize "damaged" 'face 'emacs-agent-failure)
                    (emacs-agent-sessions--text (if (member .title '(nil :null "")) .first_prompt .title)))
                  (emacs-agent-sessions--text .model)
                  (format "%s" (or .message_count ""))
                  (format "%d" (length .files_changed))))))

;;;###autoload
(defun emacs-agent-transcripts (&optional project)
  "List all transcripts, or those of PROJECT.
That is this one with a prefix argument."
  (interactive (list (and current-prefix-arg (directory-file-name (emacs-agent-context-project)))))
  (pop-to-buffer
   (with-current-buffer (get-buffer-create "*emacs-agent transcripts*")
     (emacs-agent-transcripts-mode)
     (setq emacs-agent-transcripts--project project)
     (revert-buffer)
     (current-buffer))))

(defun emacs-agent-transcripts--visit (id path)
  "Open the Org transcript of session ID, at PATH if that exists."
  (if (and (stringp path) (file-exists-p path))
      (emacs-agent-sessions--find-org path)
    (emacs-agent-transcripts--fetch id)))

(defun emacs-agent-sessions--find-org (path)
  "Open the Org file PATH without heeding local variables in it."
  (let ((enable-local-variables nil) (enable-local-eval nil))
    (find-file-read-only path)))

(defun emacs-agent-transcripts--fetch (id)
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
  (let-alist (emacs-agent-sessions--id)
    (emacs-agent-transcripts--visit .session_id (emacs-agent-value .paths.org))))

(defun emacs-agent-transcripts-resume ()
  "Resume the session at point."
  (interactive)
  (let-alist (emacs-agent-sessions--id)
    (unless (file-directory-p .project_path)
      (user-error "The project %s is not there any more" .project_path))
    (emacs-agent-resume-id .session_id .project_path)))

(defun emacs-agent-transcripts-delete ()
  "Delete the transcript at point with all its files."
  (interactive)
  (let ((buffer (current-buffer)))
    (let-alist (emacs-agent-sessions--id)
      (when (yes-or-no-p "Delete this transcript for good? ")
        (emacs-agent-request "DELETE" (format "/api/transcripts/%s" .session_id)
                             :then (lambda (_) (emacs-agent-sessions--revert buffer)))))))

(defcustom emacs-agent-transcript-directory "~/.emacs-agent/transcripts"
  "Where the backend keeps transcripts, its `transcript_path'."
  :type 'directory
  :group 'emacs-agent)

(defun emacs-agent-transcript-files (&optional project)
  "Return the Org files of all transcripts, or of those of PROJECT.
Fit for `org-agenda-files' and `org-refile-targets'.  They are looked for in
`emacs-agent-transcript-directory'."
  (let ((directory (expand-file-name
                    (if project (file-name-nondirectory (directory-file-name project)) "")
                    emacs-agent-transcript-directory)))
    (and (file-directory-p directory)
         (directory-files-recursively directory "\\`session-.*\\.org\\'"))))

;;;; Search

(define-derived-mode emacs-agent-search-mode tabulated-list-mode "Search"
  "What was found in transcripts."
  (setq tabulated-list-format [("When" 20 t) ("Project" 16 t) ("Who" 10 t) ("Text" 0 nil)]
        tabulated-list-padding 1)
  (tabulated-list-init-header))

(define-key emacs-agent-search-mode-map (kbd "RET") #'emacs-agent-search-visit)
(define-key emacs-agent-search-mode-map "r" #'emacs-agent-transcripts-resume)

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
                   (emacs-agent-sessions--fill
                    (current-buffer) (emacs-agent-http-query "/api/transcripts/search" :q query :limit 200)
                    'matches #'emacs-agent-search--row)))
     (revert-buffer)
     (current-buffer))))

(defun emacs-agent-search--row (match)
  "Return the row of MATCH."
  (let-alist match
    (list match (vector (emacs-agent-clock .at) (emacs-agent-sessions--project .project_path)
                        (emacs-agent-sessions--text .role) (emacs-agent-sessions--text .snippet 300)))))

(defun emacs-agent-search-visit ()
  "Open the transcript of the match at point."
  (interactive)
  (let-alist (emacs-agent-sessions--id)
    (emacs-agent-transcripts--fetch .session_id)))

;;;; Bookmarks

(declare-function bookmark-make-record-default "bookmark")
(declare-function bookmark-prop-get "bookmark")

(defun emacs-agent-bookmark-record ()
  "Return a bookmark of this conversation."
  (let ((session (emacs-agent-mode-session)))
    `(,(format "agent: %s" (emacs-agent-session-name session))
      (session . ,(emacs-agent-session-id session))
      (project . ,(emacs-agent-session-project session))
      (handler . emacs-agent-bookmark-jump))))

;;;###autoload
(defun emacs-agent-bookmark-jump (bookmark)
  "Resume the conversation of BOOKMARK."
  (emacs-agent-resume-id (bookmark-prop-get bookmark 'session) (bookmark-prop-get bookmark 'project))
  (set-buffer (emacs-agent-session-buffer
               (emacs-agent-session-with-id (bookmark-prop-get bookmark 'session)))))

(provide 'emacs-agent-sessions)
;;; emacs-agent-sessions.el ends here
