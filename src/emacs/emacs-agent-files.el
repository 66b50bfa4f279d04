;;; emacs-agent-files.el --- Buffers and the files the agent changes  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; When the agent changes a file that a buffer visits, the change goes into the buffer as an edit: point stays, undo takes
;; it back, modes stay as they are and no code of the file runs.  A buffer with unsaved changes is left alone; the user
;; is asked, in the conversation.  The other way round, the backend is told of unsaved text.

;;; Code:

(require 'emacs-agent-mode)

(defcustom emacs-agent-highlight-changes t
  "Whether what the agent changed in a visible buffer is shown for a moment."
  :type 'boolean
  :group 'emacs-agent)

(defvar emacs-agent-files-changed-functions nil
  "Functions called in each buffer that took in a change of the agent.")

(declare-function pulse-momentary-highlight-region "pulse")

;;;; From disk into buffers

(defun emacs-agent-files-event (session event)
  "Take EVENT of SESSION into buffers if it is a change of a file."
  (when (and (equal (alist-get 'type event) "file.changed")
             (emacs-agent-session-caught-up session))
    (let-alist event
      (let* ((file (emacs-agent-session-file session .path))
             (from (and (stringp .from) (emacs-agent-session-file session .from)))
             (moved (and from (not (file-exists-p from)) (find-buffer-visiting from)))
             (buffer (find-buffer-visiting file)))
        (when moved (emacs-agent-files--move moved file))
        (when (buffer-live-p buffer)
          (emacs-agent-files-take session buffer event))))))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-files-event 50)

(defun emacs-agent-files--move (buffer file)
  "Let BUFFER visit FILE, to which its file was moved."
  (with-current-buffer buffer
    (unless (or (buffer-modified-p) (find-buffer-visiting file))
      (let ((change-major-mode-with-file-name nil) (inhibit-message t))
        (set-visited-file-name file t t)
        (set-visited-file-modtime)
        (set-buffer-modified-p nil)))))

(defun emacs-agent-files-take (session buffer event)
  "Take into BUFFER the change of its file that EVENT of SESSION is about."
  (let-alist event
    (with-current-buffer buffer
      (cond ((equal .change "deleted")
             (emacs-agent-say "The agent deleted %s; its buffer is still here" (buffer-name)))
            ((not (file-readable-p buffer-file-name)) nil)
            ((and (buffer-modified-p) (emacs-agent-files--same-p))
             (emacs-agent-files--accept))
            ((buffer-modified-p) (emacs-agent-files--conflict session buffer))
            ((verify-visited-file-modtime buffer) nil)
            (t (emacs-agent-files-revert))))))

(defun emacs-agent-files--with-disk (function)
  "Call FUNCTION with a buffer that has what this buffer's file has on disk.
The text is decoded as that of this buffer was."
  (let ((file buffer-file-name) (coding buffer-file-coding-system) (multibyte enable-multibyte-characters))
    (with-temp-buffer
      (set-buffer-multibyte multibyte)
      (let ((coding-system-for-read (or coding 'utf-8)) (inhibit-message t))
        (insert-file-contents file))
      (funcall function (current-buffer)))))

(defun emacs-agent-files--same-p ()
  "Whether this buffer has what its file has."
  (let ((buffer (current-buffer)))
    (save-restriction
      (widen)
      (emacs-agent-files--with-disk
       (lambda (disk)
         (and (= (buffer-size disk) (buffer-size buffer))
              (= 0 (let ((case-fold-search nil))
                     (compare-buffer-substrings disk nil nil buffer nil nil)))))))))

(defun emacs-agent-files--accept ()
  "Note that this buffer has what its file has."
  (set-visited-file-modtime)
  (set-buffer-modified-p nil)
  (when (fboundp 'vc-refresh-state) (ignore-errors (vc-refresh-state))))

(defun emacs-agent-files-revert ()
  "Take what this buffer's file has into the buffer, as one edit."
  (let ((buffer (current-buffer)) (inhibit-read-only t) (inhibit-modification-hooks nil)
        (undo buffer-undo-list) changed)
    (unless (eq undo t) (undo-boundary))
    (save-restriction
      (widen)
      (emacs-agent-files--with-disk
       (lambda (disk)
         (with-current-buffer buffer
           ;; Without a file Emacs does not ask whether to edit a buffer whose file has changed, and undo remembers
           ;; the time of the old file, so that what it brings back is not taken for what is on disk.
           (let ((buffer-file-name nil) (buffer-file-truename nil)
                 (hook (lambda (start end _) (setq changed (cons (min start (or (car changed) start))
                                                                 (max end (or (cdr changed) end)))))))
             (add-hook 'after-change-functions hook nil t)
             (unwind-protect
                 ;; Without a bound, two texts that have nothing in common take for ever.
                 (replace-buffer-contents disk 0.2 1000)
               (remove-hook 'after-change-functions hook t)))))))
    (unless (eq undo t) (undo-boundary))
    (emacs-agent-files--accept)
    (emacs-agent-files--highlight changed)
    (run-hooks 'emacs-agent-files-changed-functions)))

(defun emacs-agent-files--highlight (changed)
  "Show for a moment the region CHANGED of this buffer, if it can be seen."
  (when (and changed emacs-agent-highlight-changes (get-buffer-window nil 'visible)
             (not noninteractive)
             (< (car changed) (cdr changed)))
    (require 'pulse)
    (pulse-momentary-highlight-region (car changed) (min (point-max) (cdr changed)))))

;;;; Conflicts

(defvar emacs-agent-files-conflict-map
  (let ((map (make-sparse-keymap)))
    (define-key map "=" #'emacs-agent-files-show-conflict)
    (define-key map "t" #'emacs-agent-files-take-disk)
    (define-key map "k" #'emacs-agent-files-keep-buffer)
    map)
  "Keys of a conflict, with point on it.")

(defun emacs-agent-files--conflict (session buffer)
  "Ask in the conversation of SESSION what to do with BUFFER, which is unsaved."
  (let ((conversation (emacs-agent-session-buffer session)))
    (emacs-agent-say "The agent changed %s on disk; your unsaved text is untouched" (buffer-name buffer))
    (when (buffer-live-p conversation)
      (with-current-buffer conversation
        (emacs-agent-section-insert
         (make-emacs-agent-section :data (list 'conflict buffer t)
                                   :render #'emacs-agent-files--render-conflict))))))

(defun emacs-agent-files--render-conflict (section)
  "Return the text of SECTION, which shows a conflict."
  (pcase-let ((`(,_ ,buffer ,open) (emacs-agent-section-data section)))
    (let ((name (emacs-agent-inert-line (if (buffer-live-p buffer) (buffer-name buffer) "a buffer"))))
      (if (not open)
          (propertize (format "%s: settled.\n" name) 'emacs-agent-face 'emacs-agent-dim)
        (emacs-agent-section-active
         (concat (propertize (format "%s has unsaved changes, and its file was changed by the agent.\n" name)
                             'emacs-agent-face 'emacs-agent-attention)
                 (propertize "=" 'emacs-agent-face 'emacs-agent-key) " show the difference  "
                 (propertize "t" 'emacs-agent-face 'emacs-agent-key) " take the file  "
                 (propertize "k" 'emacs-agent-face 'emacs-agent-key) " keep the buffer\n")
         'keymap emacs-agent-files-conflict-map)))))

(defun emacs-agent-files--conflict-buffer ()
  "Return the buffer of the conflict at point."
  (let ((data (and (emacs-agent-section-at) (emacs-agent-section-data (emacs-agent-section-at)))))
    (unless (eq (car-safe data) 'conflict) (user-error "There is no conflict at point"))
    (unless (buffer-live-p (nth 1 data)) (user-error "The buffer is gone"))
    (nth 1 data)))

(defun emacs-agent-files--settle ()
  "Note that the conflict at point is settled."
  (let ((section (emacs-agent-section-at)))
    (setf (nth 2 (emacs-agent-section-data section)) nil)
    (emacs-agent-section-update section)))

(defun emacs-agent-files-show-conflict ()
  "Show how the buffer at point differs from its file."
  (interactive)
  (diff-buffer-with-file (emacs-agent-files--conflict-buffer)))

(defun emacs-agent-files-take-disk ()
  "Put what the file has into the buffer at point; undo brings your text back."
  (interactive)
  (let ((buffer (emacs-agent-files--conflict-buffer)))
    (with-current-buffer buffer (emacs-agent-files-revert))
    (emacs-agent-files--settle)))

(defun emacs-agent-files-keep-buffer ()
  "Keep the buffer at point as it is; saving it overwrites what the agent did."
  (interactive)
  (with-current-buffer (emacs-agent-files--conflict-buffer)
    (set-visited-file-modtime))
  (emacs-agent-files--settle))

;;;; From buffers to the backend

(defvar emacs-agent-files--timer nil
  "Timer that looks for unsaved text when Emacs is idle.")

(defun emacs-agent-files--unsaved (session)
  "Return the unsaved buffers in the project of SESSION."
  (cl-remove-if-not (lambda (buffer)
                      (and (buffer-modified-p buffer)
                           (with-current-buffer buffer
                             (and (emacs-agent-context-inside-p (emacs-agent-session-project session))
                                  (<= (buffer-size) emacs-agent-max-text)))))
                    (buffer-list)))

(defun emacs-agent-files-report (session &optional then)
  "Tell the backend which buffers in the project of SESSION are unsaved.
Nothing is sent if that is what it knows.  THEN is called when it knows."
  (if (not (and (emacs-agent-session-id session) (emacs-agent-backend-ready-p)
                (emacs-agent-session-live-p session)))
      (when then (funcall then))
    (let* ((buffers (emacs-agent-files--unsaved session))
           (known (mapcar (lambda (buffer) (cons buffer (buffer-chars-modified-tick buffer))) buffers)))
      (if (or (equal known (emacs-agent-session-unsaved session))
              (and (null known) (eq (emacs-agent-session-unsaved session) 'never)))
          (when then (funcall then))
        (setf (emacs-agent-session-unsaved session) known)
        (emacs-agent-request
         "PUT" (emacs-agent-session-path session "/buffers")
         :body `((unsaved . ,(vconcat (mapcar #'emacs-agent-files--entry buffers))))
         :then (lambda (_) (when then (funcall then)))
         :else (lambda (failure)
                 (emacs-agent-log "Unsaved buffers were not reported: %s" (alist-get 'message failure))
                 (setf (emacs-agent-session-unsaved session) 'unknown)
                 (when then (funcall then))))))))

(defun emacs-agent-files--entry (buffer)
  "Return what is reported of BUFFER."
  (with-current-buffer buffer
    `((path . ,(expand-file-name buffer-file-name))
      (text . ,(save-restriction
                 (widen)
                 (emacs-agent-context-text (point-min) (point-max)))))))

(defun emacs-agent-files-report-all ()
  "Tell the backend about unsaved buffers of all sessions."
  (if emacs-agent-session-list
      (mapc #'emacs-agent-files-report emacs-agent-session-list)
    (emacs-agent-files--rest)))

(defun emacs-agent-files--rest ()
  "Stop looking for unsaved text."
  (when emacs-agent-files--timer (cancel-timer emacs-agent-files--timer))
  (setq emacs-agent-files--timer nil)
  (remove-hook 'after-save-hook #'emacs-agent-files--saved))

(defun emacs-agent-files--saved ()
  "Tell the backend that this buffer was saved."
  (when buffer-file-name (run-at-time 0 nil #'emacs-agent-files-report-all)))

(defun emacs-agent-files--before-send (session send)
  "Report unsaved text of the project of SESSION, then call SEND.
From now on it is also reported as it changes."
  (unless emacs-agent-files--timer
    (setq emacs-agent-files--timer (run-with-idle-timer 0.7 t #'emacs-agent-files-report-all))
    (add-hook 'after-save-hook #'emacs-agent-files--saved))
  (emacs-agent-session-when-open session (lambda (_failure) (emacs-agent-files-report session send))))

(setq emacs-agent-before-send-function #'emacs-agent-files--before-send)

(provide 'emacs-agent-files)
;;; emacs-agent-files.el ends here
