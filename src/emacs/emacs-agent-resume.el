;;; emacs-agent-resume.el --- Resuming conversations  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A session that has ended is opened again and shown from its beginning; bookmarks and a saved desktop use the same way.

;;; Code:

(require 'emacs-agent-list)
(declare-function bookmark-prop-get "bookmark")

(defun emacs-agent-resume-id (id project)
  "Resume the session with ID on PROJECT and show all of it."
  (emacs-agent-mode-show (emacs-agent-resume-session id project)))

(defun emacs-agent-resume-session (id project &optional title)
  "Resume the session with ID on PROJECT, called TITLE, and return it.
Its whole conversation is written to its buffer, which is not displayed."
  (let ((session (emacs-agent-session-with-id id)))
    (unless (and session (emacs-agent-session-live-p session)
                 (buffer-live-p (emacs-agent-session-buffer session)))
      (unless session
        (setq session (make-emacs-agent-session :id id :project (directory-file-name project) :title title))
        (push session emacs-agent-session-list))
      (emacs-agent-mode-buffer session)
      (emacs-agent-session-revive session))
    session))

(defun emacs-agent-resume ()
  "Resume this conversation if it has ended, or one of this project."
  (interactive)
  (if (and emacs-agent-session (not (emacs-agent-session-live-p emacs-agent-session)))
      (emacs-agent-session-revive emacs-agent-session)
    (let ((project (directory-file-name (emacs-agent-context-project))))
      (emacs-agent-request
       "GET" (emacs-agent-http-query "/api/transcripts" :project project :limit 100)
       :then (lambda (data)
               (run-at-time 0 nil #'emacs-agent-resume--choose
                            (append (alist-get 'transcripts data) nil) project))))))

(defun emacs-agent-resume--choose (transcripts project)
  "Let the user choose one of TRANSCRIPTS, of PROJECT, and resume it."
  (unless transcripts (user-error "There is nothing to resume in this project"))
  (let* ((names (mapcar (lambda (transcript)
                          (let-alist transcript
                            (cons (format "%s  %s" (emacs-agent-clock .started_at)
                                          (emacs-agent-list-text
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

;;;; Bookmarks

(defun emacs-agent-bookmark-record ()
  "Return a bookmark of this conversation."
  (let ((session (emacs-agent-context-session)))
    (unless (emacs-agent-session-id session) (user-error "This conversation has not begun yet"))
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

;;;; The desktop

(defun emacs-agent-desktop-save (_directory)
  "Return the id, project and title of this conversation, for `desktop-save'."
  (and emacs-agent-session (emacs-agent-session-id emacs-agent-session)
       (list (emacs-agent-session-id emacs-agent-session) (emacs-agent-session-project emacs-agent-session)
             (emacs-agent-session-title emacs-agent-session))))

(defun emacs-agent-desktop-restore (_file _buffer kept)
  "Resume the conversation of KEPT, as from `emacs-agent-desktop-save'.
Return its buffer, or nil if there is nothing to resume."
  (pcase kept
    (`(,(and (pred stringp) id) ,(and (pred stringp) project) . ,more)
     ;; A check on another machine may ask the user something.
     (when (or (file-remote-p project) (file-directory-p project))
       (emacs-agent-session-buffer (emacs-agent-resume-session id project (car more)))))))

(provide 'emacs-agent-resume)
;;; emacs-agent-resume.el ends here
