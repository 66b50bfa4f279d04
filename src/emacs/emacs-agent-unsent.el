;;; emacs-agent-unsent.el --- What is written and not sent  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; It is kept in a file of its session, and as long as that has no prompt also in one of the project.  There it is written when
;; typing stops, and when the buffer or Emacs is killed; a buffer that is made begins with it.  Once the backend has taken the
;; prompt, the file is deleted.

;;; Code:

(require 'emacs-agent-input)
(require 'emacs-agent-private)
(require 'emacs-agent-session)

(defcustom emacs-agent-unsent-size 200000
  "Prompts with more characters are not kept while they are not sent."
  :type 'natnum
  :group 'emacs-agent)

(defcustom emacs-agent-unsent-count 50
  "How many prompts that were not sent are kept, the newest ones."
  :type 'natnum
  :group 'emacs-agent)

(defvar emacs-agent-unsent--timer nil
  "Timer that keeps what is written when typing stops.")

(defvar-local emacs-agent-unsent--changed nil
  "Whether the input is not what its files have.")

(defvar-local emacs-agent-unsent--files nil
  "The files that have what is written here.")

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
  "Return what is written here, and what was sent and has not arrived."
  (string-join (append emacs-agent-unsent--leaving
                       (and (not (string-blank-p (emacs-agent-input-text))) (list (emacs-agent-input-text))))
               "\n\n"))

(defun emacs-agent-unsent-keep ()
  "Keep what is written here, if that is something, and nothing else."
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
        (file-error (emacs-agent-log "What is written was not kept: %s" (error-message-string err)))))))

(defun emacs-agent-unsent-keep-all ()
  "Keep what is written in all conversations."
  (setq emacs-agent-unsent--timer nil)
  (dolist (session emacs-agent-session-list)
    (when (buffer-live-p (emacs-agent-session-buffer session))
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-run-safely #'emacs-agent-unsent-keep)))))

(defun emacs-agent-unsent--touch (&optional start &rest _)
  "Keep what is written here as soon as typing stops.
START is where text was changed; what changes in the output is no matter."
  (when (and emacs-agent-input-start (>= (or start emacs-agent-input-start) emacs-agent-input-start))
    (setq emacs-agent-unsent--changed t)
    (unless emacs-agent-unsent--timer
      (setq emacs-agent-unsent--timer (run-with-idle-timer 1 nil #'emacs-agent-unsent-keep-all)))))

(defun emacs-agent-unsent-leave (session text)
  "TEXT is being sent from the buffer of SESSION."
  (emacs-agent-unsent--with session
                            (lambda ()
                              (setq emacs-agent-unsent--leaving (append emacs-agent-unsent--leaving (list text))))))

(defun emacs-agent-unsent-arrive (session text)
  "TEXT, sent from the buffer of SESSION, has arrived, or is given back."
  (emacs-agent-unsent--with session
                            (lambda ()
                              (setq emacs-agent-unsent--leaving
                                    (cl-remove text emacs-agent-unsent--leaving :test #'equal :count 1)))))

(defun emacs-agent-unsent--with (session function)
  "Call FUNCTION in the buffer of SESSION and keep what is unsent then."
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
  "Write into the new buffer of SESSION what was not sent."
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
  "Whether what is unsent of the project of SESSION is in another buffer."
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
