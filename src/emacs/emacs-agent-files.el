;;; emacs-agent-files.el --- Changes of the agent in buffers  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; When the agent changes a file that a buffer visits, the change goes into the buffer as an edit: point stays, undo takes
;; it back, modes stay as they are and no code of the file runs.  A buffer with unsaved changes is left alone; the user
;; is asked, in the conversation.

;;; Code:

(require 'emacs-agent-conflict)
(require 'emacs-agent-session)
(declare-function pulse-momentary-highlight-region "pulse")

(autoload 'emacs-agent-remote-busy-p "emacs-agent-remote")

(defcustom emacs-agent-highlight-changes t
  "Whether what the agent changed in a visible buffer is shown for a moment."
  :type 'boolean
  :group 'emacs-agent)

(defvar emacs-agent-files-changed-functions nil
  "Functions called in each buffer that took in a change of the agent.")

(defun emacs-agent-files-event (session event)
  "Take EVENT of SESSION into buffers if it is a change of a file."
  (when (and (equal (alist-get 'type event) "file.changed")
             (emacs-agent-session-caught-up session))
    (emacs-agent-files-when-reachable session (lambda () (emacs-agent-files--changed session event)))))

(defun emacs-agent-files--changed (session event)
  "Take EVENT of SESSION, a change of a file, into buffers."
  (let-alist event
    (let* ((file (emacs-agent-session-file session .path))
           (from (and (stringp .from) (emacs-agent-session-file session .from)))
           (moved (and from (emacs-agent-buffer-visiting from)))
           (buffer (emacs-agent-buffer-visiting file)))
      (when (and moved (not (file-exists-p from))) (emacs-agent-files--move moved file))
      (when (buffer-live-p buffer)
        (emacs-agent-files-take session buffer event)))))

(defun emacs-agent-files-when-reachable (session function)
  "Call FUNCTION, for files of SESSION, as soon as their machine can be called.
If there is no connection to another machine, FUNCTION is not called: Emacs
notices by itself that a file has changed."
  (let ((remote (emacs-agent-session-remote session)))
    (cond ((not remote) (funcall function))
          ((emacs-agent-remote-busy-p remote)
           (run-at-time 0.1 nil #'emacs-agent-run-safely #'emacs-agent-files-when-reachable session function))
          ((file-remote-p remote nil 'connected)
           (let ((inhibit-interaction t) (remote-file-name-inhibit-cache t))
             (funcall function))))))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-files-event 50)

(defun emacs-agent-files--move (buffer file)
  "Let BUFFER visit FILE, to which its file was moved."
  (with-current-buffer buffer
    (unless (or (buffer-modified-p) (emacs-agent-buffer-visiting file))
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
            ((buffer-modified-p) (emacs-agent-conflict-show session buffer))
            ;; Times of TRAMP are in whole seconds, and there may be several changes in one.
            ((and (not (file-remote-p buffer-file-name)) (verify-visited-file-modtime buffer)) nil)
            (t (emacs-agent-files-revert))))))

;;;; Taking in a change

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
        (undo buffer-undo-list) (before nil))
    (unless (eq undo t) (undo-boundary))
    (save-restriction
      (widen)
      (when (emacs-agent-files--highlight-p) (setq before (buffer-string)))
      (emacs-agent-files--with-disk
       (lambda (disk)
         (with-current-buffer buffer
           ;; Without a file Emacs does not ask whether to edit a buffer whose file has changed, and undo remembers
           ;; the time of the old file, so that what it brings back is not taken for what is on disk.
           (let ((buffer-file-name nil) (buffer-file-truename nil))
             ;; Without a bound, two texts that have nothing in common take for ever.
             (replace-buffer-contents disk 0.2 1000))
           (when before (emacs-agent-files--highlight (emacs-agent-files--difference before)))))))
    (unless (eq undo t) (undo-boundary))
    (emacs-agent-files--accept)
    (run-hooks 'emacs-agent-files-changed-functions)))

(defun emacs-agent-files--highlight-p ()
  "Whether to highlight what has changed in this buffer: it must be displayed."
  (and emacs-agent-highlight-changes (get-buffer-window nil 'visible) (not noninteractive)))

(defun emacs-agent-files--difference (before)
  "Return (START . END), the region of this buffer that differs from BEFORE.
START is END if text was only removed."
  (let* ((after (buffer-string)) (most (min (length before) (length after)))
         (same (compare-strings before nil nil after nil nil))
         (start (if (eq same t) most (1- (abs same))))
         (low 0) (high (- most start)))
    ;; The number of equal characters at the end is at least LOW and at most HIGH.
    (while (< low high)
      (let ((middle (/ (+ low high 1) 2)))
        (if (eq t (compare-strings before (- (length before) middle) nil after (- (length after) middle) nil))
            (setq low middle)
          (setq high (1- middle)))))
    (cons (+ (point-min) start) (- (point-max) low))))

(defun emacs-agent-files--highlight (changed)
  "Show for a moment the region CHANGED of this buffer."
  (when (< (car changed) (cdr changed))
    (require 'pulse)
    (pulse-momentary-highlight-region (car changed) (cdr changed))))

(provide 'emacs-agent-files)
;;; emacs-agent-files.el ends here
