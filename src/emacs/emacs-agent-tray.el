;;; emacs-agent-tray.el --- What waits, above the prompt  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; All that waits in a conversation is listed above the prompt.  While the prompt is empty, the keys a, r and n decide about the
;; first item.  If something has just been typed, they insert their letters; and they decide nothing that is not visible.

;;; Code:

(require 'emacs-agent-decide)
(require 'emacs-agent-mode)
(require 'emacs-agent-answer)
(require 'emacs-agent-waiting)
(require 'emacs-agent-permission)

(defvar-local emacs-agent-tray--overlay nil
  "Overlay that lists, above the prompt, what waits.")

(defvar-local emacs-agent-tray--typed-at 0
  "When the prompt was last changed.")

(defvar-local emacs-agent-tray--empty t
  "Whether the prompt was empty when the list was last shown.")

(defvar-local emacs-agent-tray--announced nil
  "Calls of the last message, in order: alists of tool_call_id, tool and params.")

;;;; Which one

(defun emacs-agent-tray--target ()
  "Return the first section that waits and is not being decided, or nil."
  (cl-find-if-not #'emacs-agent-decide-sent-p (emacs-agent-waiting-sections)))

(defun emacs-agent-tray--prompt-empty-p ()
  "Whether the prompt is empty and point is in it."
  (and (emacs-agent-input-p) (= emacs-agent-input-start (point-max))))

(defun emacs-agent-tray-section ()
  "Return the section that is decided from the prompt, or nil.
If it is not visible, go to it and signal an error instead."
  (let ((section (and (emacs-agent-tray--prompt-empty-p) (emacs-agent-tray--target)))
        (window (and (eq (window-buffer) (current-buffer)) (selected-window))))
    (when (and section window
               (not (pos-visible-in-window-p (emacs-agent-section-start section) window)))
      (goto-char (emacs-agent-section-start section))
      (recenter 1)
      (user-error "This waits: look at it, then press the key again"))
    section))

(setq emacs-agent-approval-elsewhere-function #'emacs-agent-tray-section)

;;;; Keys

(defun emacs-agent-tray--key (key command needed)
  "Bind KEY to COMMAND in an empty prompt while at least NEEDED items wait."
  (define-key emacs-agent-mode-map key
    `(menu-item "" ,command :filter ,(lambda (command) (and (emacs-agent-tray--live-p needed) command)))))

(defun emacs-agent-tray--live-p (needed)
  "Whether keys decide now: NEEDED items wait, and nothing is being typed.
Just after a decision they do not insert letters: the next call may be late."
  (and emacs-agent-session
       (or (>= (emacs-agent-session-waiting emacs-agent-session) needed)
           (and (emacs-agent-session-busy-p emacs-agent-session) (emacs-agent-decide-just-now-p)))
       (emacs-agent-tray--prompt-empty-p)
       (not (emacs-agent-approval-young-p emacs-agent-tray--typed-at))))

(emacs-agent-tray--key "a" 'emacs-agent-tray-accept 1)
(emacs-agent-tray--key "r" 'emacs-agent-tray-refuse 1)
(emacs-agent-tray--key "n" 'emacs-agent-next-approval 1)
(emacs-agent-tray--key "A" 'emacs-agent-approve-these 2)
(define-key emacs-agent-mode-map (kbd "C-c C-y") #'emacs-agent-accept-edits)

(defun emacs-agent-tray-accept ()
  "Approve the first call that waits, or answer the first question."
  (interactive)
  (emacs-agent-tray--act #'emacs-agent-approve #'emacs-agent-answer))

(defun emacs-agent-tray-refuse ()
  "Reject the first call that waits, or decline the first question."
  (interactive)
  (emacs-agent-tray--act #'emacs-agent-reject #'emacs-agent-decline))

(defun emacs-agent-tray--act (on-call on-question)
  "Run ON-CALL or ON-QUESTION, whichever fits what waits first."
  (let ((section (emacs-agent-tray--target)))
    (cond ((null section) (user-error "Nothing waits any more"))
          ((emacs-agent-question-p (emacs-agent-section-data section)) (call-interactively on-question))
          (t (call-interactively on-call)))))

;;;; The list

(defun emacs-agent-tray--text (session)
  "Return the lines about what waits in SESSION, or nothing."
  (let ((sections (cl-remove-if #'emacs-agent-decide-sent-p (emacs-agent-waiting-sections))))
    (if (null sections) ""
      (emacs-agent-button-shown
       (concat "\n" (propertize (format "%d waiting for you" (length sections)) 'emacs-agent-face 'emacs-agent-attention) "\n"
               (mapconcat #'emacs-agent-tray--line (seq-take sections 8) "")
               (and (nthcdr 8 sections) (format "  … %d more\n" (- (length sections) 8)))
               (emacs-agent-tray--coming session)
               (emacs-agent-tray--keys sections) "\n")))))

(defun emacs-agent-tray--line (section)
  "Return the line about what waits in SECTION."
  (let* ((data (emacs-agent-section-data section))
         (question (emacs-agent-question-p data))
         (event (if question (emacs-agent-question-event data) (emacs-agent-call-event data))))
    (concat "  "
            (if question
                (concat (emacs-agent-show-all (emacs-agent-one-line (alist-get 'message event) 70))
                        (emacs-agent-call-agent event))
              (concat (emacs-agent-call-words event) (emacs-agent-call-agent event)
                      (emacs-agent-diff-stat-files (append (alist-get 'files (alist-get 'preview event)) nil))))
            (and (not question) (emacs-agent-approval-danger event)
                 (propertize "  careful" 'emacs-agent-face 'emacs-agent-danger))
            "\n")))

(defun emacs-agent-tray--coming (session)
  "Return a line about each call of SESSION that follows those that wait."
  (let ((coming (cl-remove-if (lambda (call) (gethash (alist-get 'tool_call_id call) (emacs-agent-session-calls session)))
                              emacs-agent-tray--announced)))
    (if (null coming) ""
      (propertize (format "  then %s%s\n" (mapconcat #'emacs-agent-call-words (seq-take coming 4) ", ")
                          (if (nthcdr 4 coming) (format " and %d more" (- (length coming) 4)) ""))
                  'emacs-agent-face 'emacs-agent-dim))))

(defun emacs-agent-tray--keys (sections)
  "Return the line about the keys that decide about SECTIONS."
  (let ((calls (cl-remove-if-not #'emacs-agent-call-p (mapcar #'emacs-agent-section-data sections)))
        (first-is-call (emacs-agent-call-p (emacs-agent-section-data (car sections)))))
    (if (not emacs-agent-tray--empty)
        (emacs-agent-button "C-c C-a" "go there" 'emacs-agent-next-approval)
      (emacs-agent-button-rows
       (delq nil
             (list (emacs-agent-button "a" (if first-is-call "approve" "answer") 'emacs-agent-tray-accept)
                   (emacs-agent-button "r" (if first-is-call "reject" "decline") 'emacs-agent-tray-refuse)
                   (emacs-agent-button "n" "next" 'emacs-agent-next-approval)
                   (and (cdr calls)
                        (emacs-agent-button "A" (format "approve these %d" (length calls)) 'emacs-agent-approve-these))
                   (and (cl-some (lambda (call) (emacs-agent-permission-edit-p (emacs-agent-call-event call))) calls)
                        (emacs-agent-button "C-c C-y" "accept edits" 'emacs-agent-accept-edits))))
       "  "))))

(defun emacs-agent-tray--show ()
  "Show what waits above the prompt of this conversation."
  (setq emacs-agent-tray--empty (= emacs-agent-input-start (point-max)))
  (let ((text (emacs-agent-tray--text emacs-agent-session)))
    (if (string-empty-p text)
        (when emacs-agent-tray--overlay (delete-overlay emacs-agent-tray--overlay))
      (unless emacs-agent-tray--overlay
        (setq emacs-agent-tray--overlay (make-overlay 1 1))
        ;; Below what waits to be sent.
        (overlay-put emacs-agent-tray--overlay 'priority 10))
      (move-overlay emacs-agent-tray--overlay emacs-agent-output-end emacs-agent-output-end (current-buffer))
      (overlay-put emacs-agent-tray--overlay 'before-string text))))

(defun emacs-agent-tray--event (_session event)
  "Remember each call in EVENT, if it is a message, until the turn ends."
  (let-alist event
    (pcase .type
      ("message" (unless .parent_tool_call_id (setq emacs-agent-tray--announced (append .tool_calls nil))))
      ((or "turn.end" "session.resumed" "reset") (setq emacs-agent-tray--announced nil)))))

(defun emacs-agent-tray--changed (session)
  "Update the list in the buffer of SESSION."
  (let ((buffer (emacs-agent-session-buffer session)))
    (when (and (buffer-live-p buffer)
               (or (> (emacs-agent-session-waiting session) 0)
                   (buffer-local-value 'emacs-agent-tray--overlay buffer)))
      (with-current-buffer buffer (emacs-agent-tray--show)))))

(defun emacs-agent-tray--batch (session)
  "Update the list after a batch of SESSION, whose sections are written."
  (when (> (emacs-agent-session-waiting session) 0) (emacs-agent-tray--show)))

(defun emacs-agent-tray--typed (_start end _length)
  "Note a change of the prompt that ends at END."
  (when (and emacs-agent-input-start (>= end emacs-agent-input-start) (not inhibit-read-only))
    (setq emacs-agent-tray--typed-at (float-time))
    (when (and emacs-agent-session
               (not (eq emacs-agent-tray--empty (= emacs-agent-input-start (point-max)))))
      (emacs-agent-tray--changed emacs-agent-session))))

(defun emacs-agent-tray-setup ()
  "Set up the list of what waits above the prompt of this conversation."
  (add-hook 'after-change-functions #'emacs-agent-tray--typed nil t))

(add-hook 'emacs-agent-mode-hook #'emacs-agent-tray-setup)
(add-hook 'emacs-agent-session-event-functions #'emacs-agent-tray--event)
(add-hook 'emacs-agent-session-changed-functions #'emacs-agent-tray--changed)
(add-hook 'emacs-agent-session-batch-functions #'emacs-agent-tray--batch 50)

(provide 'emacs-agent-tray)
;;; emacs-agent-tray.el ends here
