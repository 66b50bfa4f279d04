;;; emacs-agent-attention.el --- When a session needs you  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Follows the summaries of all sessions.  The mode line says how many wait for you; when Emacs is not focused, the
;; desktop does.

;;; Code:

(require 'emacs-agent-backend)
(require 'emacs-agent-faces)
(require 'emacs-agent-sse)

(declare-function dbus-call-method-asynchronously "dbus")

(defcustom emacs-agent-notify t
  "Whether to notify on the desktop when a session waits or is done.
That is only done while Emacs is not focused."
  :type 'boolean
  :group 'emacs-agent)

(defcustom emacs-agent-notify-function #'emacs-agent-attention-notify
  "Function called with a title and a text to notify on the desktop."
  :type 'function
  :group 'emacs-agent)

(defvar emacs-agent-attention--summaries (make-hash-table :test #'equal)
  "The last summary of each live session, by id.")

(defvar emacs-agent-attention-functions nil
  "Functions called with each summary that comes, and with nil when all are gone.")

(defvar emacs-agent-attention--stream nil
  "The stream of summaries.")

(defvar emacs-agent-attention-string ""
  "What the mode line says about sessions that wait.")
(put 'emacs-agent-attention-string 'risky-local-variable t)

(defun emacs-agent-attention-notify (title text)
  "Notify on the desktop with TITLE and TEXT, if that is possible.
The bus is not waited for."
  (when (and (featurep 'dbusbind) (not noninteractive))
    (ignore-errors
      (require 'dbus)
      (dbus-call-method-asynchronously
       :session "org.freedesktop.Notifications" "/org/freedesktop/Notifications"
       "org.freedesktop.Notifications" "Notify" nil
       "Emacs" :uint32 0 "emacs" title text '(:array) '(:array :signature "{sv}") :int32 -1))))

(defun emacs-agent-attention--focused-p ()
  "Whether a frame of this Emacs is focused, as far as can be known."
  (cl-some (lambda (frame) (memq (frame-focus-state frame) '(t unknown))) (frame-list)))

(defun emacs-agent-attention--waiting (summary)
  "Return how many things wait in SUMMARY."
  (let-alist summary (+ (or .pending_approvals 0) (or .pending_questions 0))))

(defun emacs-agent-attention--take (_type _id data)
  "Take in DATA, a summary."
  (let-alist (ignore-errors (emacs-agent-json-parse data))
    (when .session_id
      (let ((old (gethash .session_id emacs-agent-attention--summaries))
            (new (emacs-agent-json-parse data)))
        (if (eq .closed t)
            (remhash .session_id emacs-agent-attention--summaries)
          (puthash .session_id new emacs-agent-attention--summaries)
          (emacs-agent-attention--compare old new))
        (emacs-agent-attention--show)
        (emacs-agent-run-hook 'emacs-agent-attention-functions new)))))

(defun emacs-agent-attention--compare (old new)
  "Notify if NEW, a summary, needs the user while OLD did not."
  (when (and old emacs-agent-notify (not (emacs-agent-attention--focused-p)))
    (let-alist new
      (let ((name (if (member .title '(nil :null "")) (emacs-agent-project-name .project_path) .title)))
        (cond ((> (emacs-agent-attention--waiting new) (emacs-agent-attention--waiting old))
               (funcall emacs-agent-notify-function "Emacs-Agent waits for you"
                        (emacs-agent-show-all (emacs-agent-one-line name 80))))
              ((and (equal .agent_state "idle") (not (equal (alist-get 'agent_state old) "idle")))
               (funcall emacs-agent-notify-function "Emacs-Agent is done"
                        (emacs-agent-show-all (emacs-agent-one-line name 80)))))))))

(defun emacs-agent-attention--show ()
  "Show in the mode line how many sessions wait."
  (let ((count 0))
    (maphash (lambda (_id summary) (when (> (emacs-agent-attention--waiting summary) 0) (cl-incf count)))
             emacs-agent-attention--summaries)
    (setq emacs-agent-attention-string
          (if (= count 0) ""
            (propertize (format " [agent: %d waiting]" count) 'face 'emacs-agent-attention
                        'help-echo "M-x emacs-agent-next-approval")))
    (force-mode-line-update t)))

(defun emacs-agent-attention--backend-changed (state _text)
  "Follow the summaries while there is a backend: STATE."
  (emacs-agent-sse-close emacs-agent-attention--stream)
  (setq emacs-agent-attention--stream nil)
  (clrhash emacs-agent-attention--summaries)
  (emacs-agent-attention--show)
  (emacs-agent-run-hook 'emacs-agent-attention-functions nil)
  (when (memq state '(ready restarted))
    ;; A list that begins with a symbol would be a condition, not a list of things to show.
    (unless global-mode-string (setq global-mode-string '("")))
    (add-to-list 'global-mode-string 'emacs-agent-attention-string t)
    (setq emacs-agent-attention--stream
          (emacs-agent-sse-open #'emacs-agent-backend-current-endpoint "/api/events"
                                :on-frame #'emacs-agent-attention--take))))

(add-hook 'emacs-agent-backend-functions #'emacs-agent-attention--backend-changed)

(provide 'emacs-agent-attention)
;;; emacs-agent-attention.el ends here
