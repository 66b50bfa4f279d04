;;; emacs-agent-rewind.el --- Going back, and on another way  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A conversation goes back to before a prompt, which can then be edited; it is forked, tried again, or summarised.

;;; Code:

(require 'emacs-agent-mode)
(require 'emacs-agent-turns)
(require 'emacs-agent-undo)

(defun emacs-agent-rewind--turn (prompt)
  "Return the turn with point on it, or one that is chosen with PROMPT."
  (let* ((turns (or (emacs-agent-turns-all) (user-error "There is no prompt yet")))
         (names (cl-loop for turn in turns
                         for number downfrom (length turns)
                         collect (cons (format "%d  %s" number (emacs-agent-one-line (emacs-agent-turn-text turn) 70))
                                       turn))))
    (or (and (not (emacs-agent-input-p)) (emacs-agent-turns-at (point)))
        (cdr (assoc (completing-read
                     prompt
                     (lambda (string predicate action)
                       (if (eq action 'metadata) '(metadata (display-sort-function . identity))
                         (complete-with-action action names string predicate)))
                     nil t nil nil (caar names))
                    names))
        (user-error "No prompt was chosen"))))

(defun emacs-agent-rewind (turn)
  "Go back to before the prompt of TURN, and put it into the input again.
With point in the output, that is the prompt above it; else it is chosen.
If files were changed since then, you are asked whether to undo that, too."
  (interactive (list (emacs-agent-rewind--turn "Go back to before: ")))
  (let ((session (emacs-agent-context-session)) (buffer (current-buffer)))
    (emacs-agent-unsaved-report
     session
     (lambda ()
       (emacs-agent-request
        "GET" (emacs-agent-http-query (emacs-agent-session-path session "/changes")
                                      :since (emacs-agent-turn-turn-id turn))
        :then (lambda (answer)
                ;; What is asked in a filter could not be quit.
                (run-at-time 0 nil #'emacs-agent-rewind--go session buffer turn
                             (append (alist-get 'files answer) nil))))))))

(defun emacs-agent-rewind--go (session buffer turn files)
  "Take SESSION, shown in BUFFER, back to before TURN; FILES were changed since."
  (let ((undo (and files
                   (y-or-n-p (format "Also undo what was changed since: %s? " (emacs-agent-undo-names files))))))
    (emacs-agent-session-act
     session "rewind" `((turn_id . ,(emacs-agent-turn-turn-id turn)) (files . ,(if undo t :false)))
     (lambda (answer)
       (when (buffer-live-p buffer)
         (with-current-buffer buffer
           (emacs-agent-input-add (alist-get 'text answer))
           (goto-char (point-max))))
       (when undo (emacs-agent-undo-report answer))))))

(defun emacs-agent-fork (&optional turn)
  "Open another conversation that begins with what was said in this one.
With point in the output, that is all up to the end of the turn at point:
TURN; else all of it."
  (interactive (list (and emacs-agent-session (not (emacs-agent-input-p)) (emacs-agent-turns-at (point)))))
  (emacs-agent-session-act
   (emacs-agent-context-session) "fork" (and turn `((turn_id . ,(emacs-agent-turn-turn-id turn))))
   (lambda (data)
     (run-at-time 0 nil (lambda ()
                          (let ((session (emacs-agent-session-make data)))
                            (emacs-agent-mode-show session)
                            (emacs-agent-session-follow session)))))))

(defun emacs-agent-retry ()
  "Take the last turn back and send its prompt again; files stay as they are."
  (interactive)
  (emacs-agent-session-act (emacs-agent-context-session) "retry" nil))

(defun emacs-agent-compact (instructions)
  "Have the conversation summarised now, to make room.
INSTRUCTIONS say what to keep; they may be empty."
  (interactive (list (read-string "What the summary should keep (empty: what matters): ")))
  (let ((session (emacs-agent-context-session)))
    (emacs-agent-request
     "POST" (emacs-agent-session-path session "/compact") :timeout nil
     :body (if (string-blank-p instructions) t `((instructions . ,(emacs-agent-clean-text instructions))))
     :then (lambda (answer)
             (emacs-agent-session-ask session)
             (let-alist answer
               (emacs-agent-say "Summarised: %s tokens became %s" (emacs-agent-count .tokens_before)
                                (emacs-agent-count .tokens_after)))))))

(provide 'emacs-agent-rewind)
;;; emacs-agent-rewind.el ends here
