;;; emacs-agent-undo.el --- Taking back what the agent changed  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The last turn that changed something is undone, after a look at its files.  Buffers that visit them follow.

;;; Code:

(require 'emacs-agent-mode)
(require 'emacs-agent-files)
(require 'emacs-agent-unsaved)

(defun emacs-agent-undo-names (files)
  "Return the names of FILES, alists with a path, as a sentence has them."
  (let ((names (mapcar (lambda (file) (emacs-agent-show-all (alist-get 'path file))) files)))
    (if (> (length names) 12)
        (format "%s and %d more" (string-join (seq-take names 10) ", ") (- (length names) 10))
      (string-join names ", "))))

(defun emacs-agent-undo-report (answer)
  "Say what was restored and what was not, by ANSWER of the backend."
  (let ((restored (append (alist-get 'restored answer) nil))
        (refused (append (alist-get 'refused answer) nil)))
    (emacs-agent-say "%s%s" (if restored (concat "Undone: " (emacs-agent-undo-names restored)) "Nothing was undone")
                     (mapconcat (lambda (file)
                                  (let-alist file
                                    (format "; %s stays: %s" (emacs-agent-show-all .path)
                                            (emacs-agent-one-line .reason))))
                                refused ""))))

(defun emacs-agent-undo-request (session action body then)
  "Send ACTION with BODY to SESSION once it knows of unsaved text; call THEN."
  (emacs-agent-unsaved-report
   session (lambda () (emacs-agent-session-act session action body then))))

(defun emacs-agent-undo ()
  "Undo what the last turn changed that changed something.
You are shown the files first."
  (interactive)
  (let ((session (emacs-agent-context-session)))
    (emacs-agent-undo-request
     session "undo" '((dry_run . t))
     ;; What is asked in a filter could not be quit.
     (lambda (answer) (run-at-time 0 nil #'emacs-agent-undo--confirm session answer)))))

(defun emacs-agent-undo--confirm (session answer)
  "Undo in SESSION what would be undone by ANSWER, if the user wants it."
  (let ((restored (append (alist-get 'restored answer) nil))
        (refused (append (alist-get 'refused answer) nil)))
    (cond ((null restored) (emacs-agent-undo-report answer))
          ((y-or-n-p (format "Undo %s%s? "
                             (mapconcat (lambda (group)
                                          (format "%s %s" (car group) (emacs-agent-undo-names (cdr group))))
                                        (seq-group-by #'emacs-agent-undo--verb restored) ", ")
                             (if refused (format " (%s stays as it is)" (emacs-agent-undo-names refused)) "")))
           (emacs-agent-undo-request session "undo" nil #'emacs-agent-undo-report)))))

(defun emacs-agent-undo--verb (file)
  "Return what an undo does to FILE."
  (pcase (alist-get 'change file)
    ("created" "by restoring") ("deleted" "by deleting") (_ "in")))

(defun emacs-agent-redo ()
  "Make again what was undone last."
  (interactive)
  (emacs-agent-undo-request
   (emacs-agent-context-session) "redo" nil
   (lambda (answer)
     (emacs-agent-say "Made again: %s" (emacs-agent-undo-names (append (alist-get 'restored answer) nil))))))

;;;; What an undo did

(defun emacs-agent-undo-event (session event)
  "Take EVENT of SESSION, if it is an undo, into buffers."
  (when (and (equal (alist-get 'type event) "undo")
             (emacs-agent-session-caught-up session))
    (emacs-agent-files-when-reachable
     session (lambda () (mapc (lambda (file) (emacs-agent-undo--take session file)) (alist-get 'files event))))))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-undo-event)

(defun emacs-agent-undo--take (session file)
  "Take FILE, of an undo in SESSION, into the buffer that visits it."
  (let-alist file
    (let ((buffer (emacs-agent-buffer-visiting (emacs-agent-session-file session .path))))
      (when (buffer-live-p buffer)
        (emacs-agent-files-take
         session buffer `((path . ,.path)
                          (change . ,(if (emacs-agent-value .after_hash) "modified" "deleted"))))))))

(provide 'emacs-agent-undo)
;;; emacs-agent-undo.el ends here
