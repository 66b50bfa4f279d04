;;; emacs-agent-unsaved.el --- Unsaved text for the backend  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The agent is to see what its user sees: before a prompt and while Emacs is idle, the backend gets the text of unsaved
;; buffers.

;;; Code:

(require 'emacs-agent-send)

(defvar emacs-agent-unsaved--timer nil
  "Timer that looks for unsaved text when Emacs is idle.")

(defun emacs-agent-unsaved--buffers (session)
  "Return the unsaved buffers in the project of SESSION."
  (cl-remove-if-not (lambda (buffer)
                      (and (buffer-modified-p buffer)
                           (with-current-buffer buffer
                             (and (emacs-agent-context-inside-p (emacs-agent-session-project session))
                                  (<= (buffer-size) emacs-agent-max-text)))))
                    (buffer-list)))

(defun emacs-agent-unsaved-report (session &optional then)
  "Tell the backend which buffers in the project of SESSION are unsaved.
Nothing is sent if that is what it knows.  THEN is called when it knows."
  (if (not (and (emacs-agent-session-id session) (emacs-agent-backend-ready-p)
                (emacs-agent-session-live-p session)))
      (when then (funcall then))
    (let* ((buffers (emacs-agent-unsaved--buffers session))
           (known (mapcar (lambda (buffer) (cons buffer (buffer-chars-modified-tick buffer))) buffers)))
      (if (or (equal known (emacs-agent-session-unsaved session))
              (and (null known) (eq (emacs-agent-session-unsaved session) 'never)))
          (when then (funcall then))
        (setf (emacs-agent-session-unsaved session) known)
        (emacs-agent-request
         "PUT" (emacs-agent-session-path session "/buffers")
         :body `((unsaved . ,(vconcat (mapcar #'emacs-agent-unsaved--entry buffers))))
         :then (lambda (_) (when then (funcall then)))
         :else (lambda (failure)
                 (emacs-agent-log "Unsaved buffers were not reported: %s" (alist-get 'message failure))
                 (setf (emacs-agent-session-unsaved session) 'unknown)
                 (when then (funcall then))))))))

(defun emacs-agent-unsaved--entry (buffer)
  "Return what is reported of BUFFER."
  (with-current-buffer buffer
    `((path . ,(expand-file-name buffer-file-name))
      (text . ,(save-restriction
                 (widen)
                 (emacs-agent-context-text (point-min) (point-max)))))))

(defun emacs-agent-unsaved-report-all ()
  "Tell the backend about unsaved buffers of all sessions."
  (if emacs-agent-session-list
      (mapc #'emacs-agent-unsaved-report emacs-agent-session-list)
    (emacs-agent-unsaved--rest)))

(defun emacs-agent-unsaved--rest ()
  "Stop looking for unsaved text."
  (when emacs-agent-unsaved--timer (cancel-timer emacs-agent-unsaved--timer))
  (setq emacs-agent-unsaved--timer nil)
  (remove-hook 'after-save-hook #'emacs-agent-unsaved--saved))

(defun emacs-agent-unsaved--saved ()
  "Tell the backend that this buffer was saved."
  (when buffer-file-name (run-at-time 0 nil #'emacs-agent-unsaved-report-all)))

(defun emacs-agent-unsaved--before-send (session send)
  "Report unsaved text of the project of SESSION, then call SEND.
From now on it is also reported as it changes."
  (unless emacs-agent-unsaved--timer
    (setq emacs-agent-unsaved--timer (run-with-idle-timer 0.7 t #'emacs-agent-unsaved-report-all))
    (add-hook 'after-save-hook #'emacs-agent-unsaved--saved))
  (emacs-agent-session-when-open session (lambda (_failure) (emacs-agent-unsaved-report session send))))

(add-hook 'emacs-agent-before-send-functions #'emacs-agent-unsaved--before-send)

(provide 'emacs-agent-unsaved)
;;; emacs-agent-unsaved.el ends here
