;;; emacs-agent-unsent.el --- What is written and not sent  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The input is saved in a file of its session and, until the session has its first prompt, also in one of the project.  It is
;; saved when typing stops, and when the buffer or Emacs is killed; a new buffer starts with it.  When the backend has accepted
;; the prompt, the file is deleted.

;;; Code:

(require 'emacs-agent-input)
(require 'emacs-agent-private)
(require 'emacs-agent-session)

(defcustom emacs-agent-unsent-size 200000
  "Unsent prompts with more characters are not saved."
  :type 'natnum
  :group 'emacs-agent)

(defcustom emacs-agent-unsent-count 50
  "How many unsent prompts are kept, the newest ones."
  :type 'natnum
  :group 'emacs-agent)

(defvar emacs-agent-unsent--timer nil
  "Timer to save the input when typing stops.")

(defvar-local emacs-agent-unsent--changed nil
  "Whether the input differs from its files.")

(defvar-local emacs-agent-unsent--files nil
  "The files in which the input of this buffer is saved.")

(defvar-local emacs-agent-unsent--begun nil
  "Whether this conversation has a prompt.")

(defvar-local emacs-agent-unsent--leaving nil
  "Prompts that were sent and have not arrived, in order.")

(defun emacs-agent-unsent--file (key)
  "Return the file for KEY, the id of a session or a project."
  (emacs-agent-private-file "drafts/" (secure-hash 'sha1 key)))

(defun emacs-agent-unsent--names (session)
  "Return the files for what is written in SESSION, shown in this buffer."
  (delq nil (list (and (emacs-agent-session-id session)
                       (emacs-agent-unsent--file (emacs-agent-session-id session)))
                  (and (not emacs-agent-unsent--begun)
                       (emacs-agent-unsent--file (emacs-agent-session-project session))))))

(defun emacs-agent-unsent--text ()
  "Return the text to save: each prompt that has not arrived, and the input."
  (string-join (append emacs-agent-unsent--leaving
                       (and (not (string-blank-p (emacs-agent-input-text))) (list (emacs-agent-input-text))))
               "\n\n"))

(defun emacs-agent-unsent-keep ()
  "Save the unsent text of this buffer, and delete files that are outdated."
  (when (and emacs-agent-session emacs-agent-unsent--changed)
    (setq emacs-agent-unsent--changed nil)
    (let* ((text (emacs-agent-unsent--text))
           (files (and (not (string-empty-p text)) (<= (length text) emacs-agent-unsent-size)
                       (not (eq :false (alist-get 'save_transcript (emacs-agent-session-config emacs-agent-session))))
                       (emacs-agent-unsent--names emacs-agent-session)))
           (new (cl-remove-if #'file-exists-p files)))
      (dolist (file (cl-set-difference emacs-agent-unsent--files files :test #'equal))
        (ignore-errors (delete-file file)))
      (setq emacs-agent-unsent--files files)
      (condition-case err
          (progn
            (dolist (file files)
              (emacs-agent-private-write file text 'utf-8-emacs-unix))
            (when new (emacs-agent-private-prune (car new) emacs-agent-unsent-count)))
        (file-error (emacs-agent-log "The unsent prompt was not saved: %s" (error-message-string err)))))))

(defun emacs-agent-unsent-keep-all ()
  "Save the unsent text of all conversations."
  (setq emacs-agent-unsent--timer nil)
  (dolist (session emacs-agent-session-list)
    (when (buffer-live-p (emacs-agent-session-buffer session))
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-run-safely #'emacs-agent-unsent-keep)))))

(defun emacs-agent-unsent--touch (&optional start &rest _)
  "Schedule saving the input for when typing stops.
START is where text was changed; a change in the output is ignored."
  (when (and emacs-agent-input-start (>= (or start emacs-agent-input-start) emacs-agent-input-start))
    (setq emacs-agent-unsent--changed t)
    (unless emacs-agent-unsent--timer
      (setq emacs-agent-unsent--timer (run-with-idle-timer 1 nil #'emacs-agent-unsent-keep-all)))))

(defun emacs-agent-unsent-leave (session text)
  "Note that TEXT is being sent from the buffer of SESSION."
  (emacs-agent-unsent--with session
                            (lambda ()
                              (setq emacs-agent-unsent--leaving (append emacs-agent-unsent--leaving (list text))))))

(defun emacs-agent-unsent-arrive (session text)
  "Note that TEXT, sent from the buffer of SESSION, has arrived or was put back."
  (emacs-agent-unsent--with session
                            (lambda ()
                              (setq emacs-agent-unsent--leaving
                                    (cl-remove text emacs-agent-unsent--leaving :test #'equal :count 1)))))

(defun emacs-agent-unsent--with (session function)
  "Call FUNCTION in the buffer of SESSION and save its unsent text."
  (when (buffer-live-p (emacs-agent-session-buffer session))
    (with-current-buffer (emacs-agent-session-buffer session)
      (funcall function)
      (setq emacs-agent-unsent--changed t)
      (emacs-agent-unsent-keep))))

(defun emacs-agent-unsent--begin (_session event)
  "Note by EVENT that the conversation of this buffer has a prompt."
  (when (and (equal (alist-get 'type event) "prompt") (not emacs-agent-unsent--begun))
    (setq emacs-agent-unsent--begun t)
    (when emacs-agent-unsent--files (emacs-agent-unsent--touch))))

(defun emacs-agent-unsent-restore (session)
  "Restore the unsent text of SESSION into its new buffer."
  (let* ((id (emacs-agent-session-id session))
         (file (cond (id (emacs-agent-unsent--file id))
                     ((not (emacs-agent-unsent--elsewhere-p session))
                      (emacs-agent-unsent--file (emacs-agent-session-project session)))))
         (text (and file (file-exists-p file) (emacs-agent-private-read file 'utf-8-emacs-unix))))
    (when text
      (emacs-agent-input-set text)
      (setq emacs-agent-unsent--files (list file)
            buffer-undo-list nil))
    (add-hook 'after-change-functions #'emacs-agent-unsent--touch nil t)))

(defun emacs-agent-unsent--elsewhere-p (session)
  "Whether another buffer has the unsent text of the project of SESSION."
  (cl-some (lambda (other)
             (and (not (eq other session)) (buffer-live-p (emacs-agent-session-buffer other))
                  (equal (emacs-agent-session-project other) (emacs-agent-session-project session))
                  (with-current-buffer (emacs-agent-session-buffer other)
                    (and (not emacs-agent-unsent--begun)
                         (not (string-empty-p (emacs-agent-unsent--text)))))))
           emacs-agent-session-list))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-unsent--begin)
(add-hook 'kill-emacs-hook #'emacs-agent-unsent-keep-all)

(provide 'emacs-agent-unsent)
;;; emacs-agent-unsent.el ends here
