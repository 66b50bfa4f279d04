;;; show.el --- Conversations as files  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; emacs -Q --batch -L CLIENT -l show.el -- DIRECTORY
;; For each NAME.json there, a list of events as a stream of Org has them, shows their conversation, with all of it unfolded
;; and with notes as the client writes them, and saves it as NAME.org.

;;; Code:

(require 'emacs-agent)

(defvar show-said "" "What the notes of the client are made of.")

(defun show-note (section)
  "Unfold SECTION and give it a note."
  (setf (emacs-agent-section-expanded section) t)
  (let ((data (emacs-agent-section-data section)))
    (cond ((emacs-agent-call-p data) (setf (emacs-agent-call-note data) show-said))
          ((emacs-agent-question-p data) (setf (emacs-agent-question-note data) show-said))))
  (emacs-agent-section-update section))

(defun show-all-sections ()
  "Unfold every section of this buffer."
  (let ((sections nil) (position (point-min)))
    (while (setq position (next-single-property-change position 'emacs-agent-section))
      (let ((section (emacs-agent-section-at position)))
        (when section (cl-pushnew section sections :test #'eq))))
    (mapc #'show-note sections)))

(defun show-conversation (events file)
  "Show EVENTS, each in a batch of its own, and save the conversation as FILE."
  (let* ((session (make-emacs-agent-session :id "s1" :project "/tmp" :connection 'open :caught-up t))
         (show-said (alist-get 'title (aref events 0)))
         (buffer (emacs-agent-mode-buffer session))
         (other (generate-new-buffer show-said))
         (coding-system-for-write 'utf-8-unix))
    (push session emacs-agent-session-list)
    (with-current-buffer buffer
      (setf (emacs-agent-session-project session) "/tmp")
      (mapc (lambda (event)
              (emacs-agent-fold-event session event)
              (emacs-agent-run-hook 'emacs-agent-session-batch-functions session))
            events)
      (emacs-agent-conflict-show session other)
      (emacs-agent-output-line (emacs-agent-inert-line show-said))
      (show-all-sections)
      (font-lock-ensure)
      (write-region (point-min) emacs-agent-output-end file nil 'silent)
      ;; As the client exports a conversation.
      (write-region "\n#+OPTIONS: broken-links:mark\n" nil file t 'silent)
      (kill-buffer))
    (kill-buffer other)))

(setq emacs-agent-notify nil inhibit-message t)
(dolist (file (directory-files (cadr (member "--" command-line-args)) t "\\.json\\'"))
  (show-conversation (with-temp-buffer
                       (insert-file-contents file)
                       (emacs-agent-json-parse (buffer-string)))
                     (concat (file-name-sans-extension file) ".org"))
  (delete-file file))
(setq command-line-args-left nil)
;;; show.el ends here
