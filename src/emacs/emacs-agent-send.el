;;; emacs-agent-send.el --- Sending what is written, and stopping  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A prompt is sent with what it mentions and with the context of the user's buffer.  If it cannot be sent, it is put back into
;; the input.

;;; Code:

(require 'emacs-agent-connection)
(require 'emacs-agent-input)
(require 'emacs-agent-slash)
(require 'emacs-agent-context)
(require 'emacs-agent-history)
(require 'emacs-agent-image)
(require 'emacs-agent-unsent)
(require 'emacs-agent-delegate)

(defcustom emacs-agent-when-busy 'queue
  "What happens to a prompt that is sent while the agent works.
`queue' sends it when the turn is over, `steer' before the next model call.
A prefix argument does the other one."
  :type '(choice (const queue) (const steer))
  :group 'emacs-agent)

(defvar emacs-agent-before-send-functions nil
  "Abnormal hook for what is to be done before a prompt is sent.
The functions are called one after the other, each with the session and a
function without arguments.  Each must call that function exactly once, now or
later: it goes on with the next one, and sends the prompt after the last.")

(defun emacs-agent-send (&optional other)
  "Send what is written.
While the agent works it waits or steers, see `emacs-agent-when-busy';
with a prefix argument, OTHER, it does what it would not do otherwise."
  (interactive "P")
  (unless emacs-agent-session (user-error "This is no conversation"))
  (let ((text (string-trim (emacs-agent-input-text))))
    (cond ((string-empty-p text)
           (goto-char (point-max))
           (user-error "Write something first"))
          ((emacs-agent-slash-run text) (emacs-agent-history-add text))
          (t (emacs-agent-slash-check text emacs-agent-session)
             (let ((enclosed (emacs-agent-send--enclose emacs-agent-session text)))
               (emacs-agent-input-set "")
               (emacs-agent-history-add text)
               (emacs-agent-send-prompt emacs-agent-session text
                                        :enclosed enclosed
                                        :when-busy (emacs-agent-send--when-busy other)
                                        :command (emacs-agent-served-command text)))))))

(defun emacs-agent-send--when-busy (other)
  "Return what to do while the agent works; with OTHER, the other thing."
  (symbol-name (if other
                   (if (eq emacs-agent-when-busy 'queue) 'steer 'queue)
                 emacs-agent-when-busy)))

(cl-defun emacs-agent-send-prompt (session text &key context enclosed when-busy agent command then)
  "Send TEXT to SESSION, which is revived if it has ended; call THEN.
CONTEXT is added to that of the buffer the user works in.  WHEN-BUSY is
\"queue\", \"steer\" or \"reject\", AGENT is for this turn.  COMMAND is what
TEXT asks of the backend, see `emacs-agent-served-command'; ENCLOSED is what
TEXT mentions, if that is known.  What cannot be sent is given back."
  (let* ((enclosed (or enclosed (emacs-agent-send--enclose session text)))
         (context (emacs-agent-send--context session enclosed context)))
    (emacs-agent-unsent-leave session text)
    (emacs-agent-session-in-turn
     session
     (lambda (done)
       (let* ((back (lambda (failure)
                      (emacs-agent-unsent-arrive session text)
                      (emacs-agent-send--give-back session (list text))
                      (emacs-agent-say "Emacs-Agent: not sent: %s" (alist-get 'message failure))
                      (funcall done)))
              (prompt (lambda ()
                        (emacs-agent-session-prompt
                         session
                         (emacs-agent-present
                          'text (unless command (emacs-agent-clean-text text)) 'command command 'context context
                          'when_busy (or when-busy "queue") 'agent agent
                          'attachments (alist-get 'attachments enclosed))
                         :then (lambda (answer)
                                 (emacs-agent-unsent-arrive session text)
                                 (funcall done)
                                 (emacs-agent-served-show session answer)
                                 (when then (funcall then answer)))
                         :else back)))
              (send (lambda ()
                      (emacs-agent-send--prepare session emacs-agent-before-send-functions prompt))))
         (if (emacs-agent-session-live-p session)
             (funcall send)
           (emacs-agent-session-revive session send back)))))))

(defun emacs-agent-send--prepare (session functions send)
  "Call FUNCTIONS, one after the other, with SESSION, then SEND.
See `emacs-agent-before-send-functions'."
  (if functions
      (funcall (car functions) session
               (lambda () (emacs-agent-send--prepare session (cdr functions) send)))
    (funcall send)))

(defun emacs-agent-send--enclose (session text)
  "Return what TEXT, a prompt to SESSION, mentions: an alist of vectors.
Its keys are attachments, files and buffers, as in the API.  Signal an error if
something that is mentioned cannot be sent."
  (let* ((project (emacs-agent-session-project session))
         (mentions (emacs-agent-mention-all text project))
         (values (lambda (kind) (cl-loop for (is value) in mentions when (eq is kind) collect value)))
         (files (funcall values 'file))
         (there (emacs-agent-session-remote session))
         (images (cl-remove-if-not #'emacs-agent-image-p files)))
    (dolist (file (and there (cl-set-difference files images)))
      (unless (file-remote-p file)
        (user-error "%s is on this machine, the project is not: visit the file, and mention its buffer" file)))
    `((attachments . ,(and images (vconcat (mapcar (lambda (file) (emacs-agent-image-attachment file project))
                                                   images))))
      (files . ,(vconcat (cl-set-difference files images)))
      (buffers . ,(vconcat (mapcar #'emacs-agent-context-whole (funcall values 'buffer)))))))

(defun emacs-agent-send--context (session enclosed more)
  "Return the context of a prompt to SESSION with ENCLOSED and MORE in it.
ENCLOSED is as by `emacs-agent-send--enclose'."
  (let* ((buffer (emacs-agent-context-buffer (emacs-agent-session-project session)))
         (context (append more (and buffer (emacs-agent-context-of buffer)))))
    (cl-loop for key in '(files buffers)
             for both = (vconcat (cl-remove-duplicates
                                  (append (alist-get key enclosed) (alist-get key context) nil) :test #'equal :from-end t))
             when (> (length both) 0) do (push (cons key both) context))
    (cl-remove-duplicates context :key #'car :from-end t)))

(defun emacs-agent-interrupt (&optional one)
  "Stop the agent; what was waiting to be sent is put back into the input.
With a prefix argument, ONE, stop a single delegated agent instead."
  (interactive "P")
  (let ((session (emacs-agent-context-session)))
    (unless (emacs-agent-session-id session) (user-error "There is nothing to stop yet"))
    (if one (call-interactively #'emacs-agent-stop-delegate) (emacs-agent-send--stop session))))

(defun emacs-agent-send--stop (session)
  "Stop all that SESSION does."
  (emacs-agent-session-act
   session "interrupt" nil
   (lambda (answer)
     (emacs-agent-say "Stopped%s" (if (emacs-agent-session-give-back session answer)
                                      ", and what waited is in the input again" "")))))

(defun emacs-agent-send--give-back (session texts)
  "Put TEXTS, which SESSION will not see, back into its input."
  (let ((buffer (emacs-agent-session-buffer session)))
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        ;; A prompt whose answer was lost with the backend may come back twice: not sent, and dropped.
        (let ((missing (cl-remove-if #'emacs-agent-input-has-p texts)))
          (when missing (emacs-agent-input-add (string-join missing "\n\n"))))))))

(add-hook 'emacs-agent-session-dropped-functions #'emacs-agent-send--give-back)

(defun emacs-agent-edit-queue ()
  "Take a prompt that waits back into the input."
  (interactive)
  (let* ((session (emacs-agent-context-session))
         (queued (or (emacs-agent-session-queued session) (user-error "Nothing waits to be sent")))
         (names (mapcar (lambda (prompt)
                          (cons (emacs-agent-one-line (alist-get 'text prompt) 60) prompt))
                        queued))
         (prompt (if (cdr names)
                     (cdr (assoc (completing-read "Take back: " names nil t) names))
                   (cdar names)))
         (buffer (current-buffer)))
    (emacs-agent-request
     "DELETE" (emacs-agent-session-path session (format "/queue/%s" (alist-get 'turn_id prompt)))
     :then (lambda (_)
             (when (buffer-live-p buffer)
               (with-current-buffer buffer
                 (emacs-agent-input-add (alist-get 'text prompt))))))))

(provide 'emacs-agent-send)
;;; emacs-agent-send.el ends here
