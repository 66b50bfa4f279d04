;;; emacs-agent-diagnostics.el --- What checkers say, for the agent  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Flymake and Flycheck know what is wrong with the files that are visited.  Of one file they are asked to look again
;; first, so that what is answered is about the text as it is now.

;;; Code:

(require 'emacs-agent-editor)

(declare-function flymake-diagnostic-backend "flymake")
(declare-function flymake-diagnostics "flymake")
(declare-function flymake-diagnostic-beg "flymake")
(declare-function flymake-diagnostic-text "flymake")
(declare-function flymake-diagnostic-type "flymake")
(declare-function flymake-reporting-backends "flymake")
(declare-function flymake-running-backends "flymake")
(declare-function flymake-start "flymake")
(declare-function flycheck-buffer "ext:flycheck")
(declare-function flycheck-running-p "ext:flycheck")
(declare-function flycheck-error-checker "ext:flycheck")
(declare-function flycheck-error-column "ext:flycheck")
(declare-function flycheck-error-level "ext:flycheck")
(declare-function flycheck-error-line "ext:flycheck")
(declare-function flycheck-error-message "ext:flycheck")
(defvar flycheck-current-errors)

(defvar emacs-agent-diagnostics-patience 4
  "Seconds that checkers may take to look at a file again.")

(defun emacs-agent-diagnostics-answer (request)
  "Answer REQUEST for the diagnostics of a file, or of all in the project."
  (let ((path (emacs-agent-editor-param request 'path)))
    (if (not path)
        (emacs-agent-diagnostics--result (emacs-agent-diagnostics--buffers (emacs-agent-editor-project request)))
      (let ((buffer (find-buffer-visiting path)))
        (unless buffer
          (error "This Emacs does not visit %s, so nothing has checked it there" path))
        (with-current-buffer buffer
          (unless (or (bound-and-true-p flymake-mode) (bound-and-true-p flycheck-mode))
            (error "Neither Flymake nor Flycheck checks %s" path))
          (emacs-agent-diagnostics--check))
        (emacs-agent-diagnostics--wait request buffer (+ (float-time) emacs-agent-diagnostics-patience))
        'later))))

(defun emacs-agent-diagnostics--buffers (project)
  "Return the buffers in PROJECT that are checked."
  (cl-remove-if-not (lambda (buffer)
                      (with-current-buffer buffer
                        (and (or (bound-and-true-p flymake-mode) (bound-and-true-p flycheck-mode))
                             (emacs-agent-context-inside-p project))))
                    (buffer-list)))

(defun emacs-agent-diagnostics--check ()
  "Have this buffer checked again, as it is on the disk if it is not modified."
  (unless (or (buffer-modified-p) (verify-visited-file-modtime))
    (revert-buffer t t t))
  (when (bound-and-true-p flymake-mode) (flymake-start))
  (when (bound-and-true-p flycheck-mode) (flycheck-buffer)))

(defun emacs-agent-diagnostics--wait (request buffer deadline)
  "Answer REQUEST once BUFFER is checked, at the latest at DEADLINE."
  (cond ((not (buffer-live-p buffer))
         (emacs-agent-editor-fail request "The buffer is gone"))
        ((and (< (float-time) deadline)
              (with-current-buffer buffer (emacs-agent-diagnostics--busy-p)))
         (run-at-time 0.05 nil #'emacs-agent-diagnostics--wait request buffer deadline))
        (t (emacs-agent-editor-answer request (emacs-agent-diagnostics--result (list buffer))))))

(defun emacs-agent-diagnostics--busy-p ()
  "Whether a checker of this buffer has not reported yet."
  (or (and (bound-and-true-p flymake-mode)
           (cl-set-difference (flymake-running-backends) (flymake-reporting-backends)))
      (and (bound-and-true-p flycheck-mode) (flycheck-running-p))))

(defun emacs-agent-diagnostics--result (buffers)
  "Return the result that is the diagnostics of BUFFERS."
  `((diagnostics . ,(vconcat (seq-take (mapcan #'emacs-agent-diagnostics--of buffers) 1000)))))

(defun emacs-agent-diagnostics--of (buffer)
  "Return the diagnostics of BUFFER, as a list."
  (with-current-buffer buffer
    (append (and (bound-and-true-p flymake-mode)
                 (mapcar #'emacs-agent-diagnostics--flymake (flymake-diagnostics)))
            (and (bound-and-true-p flycheck-mode)
                 (mapcar #'emacs-agent-diagnostics--flycheck flycheck-current-errors)))))

(defun emacs-agent-diagnostics--entry (line column severity message source)
  "Return a diagnostic of this buffer at LINE and COLUMN, which may be nil.
SEVERITY, MESSAGE and SOURCE are what it says."
  (emacs-agent-present
   'path (expand-file-name buffer-file-name) 'line line 'column column 'severity severity
   'message (emacs-agent-clean-text message) 'source (and source (format "%s" source))))

(defun emacs-agent-diagnostics--flymake (diagnostic)
  "Return DIAGNOSTIC of Flymake."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char (flymake-diagnostic-beg diagnostic))
      (emacs-agent-diagnostics--entry
       (line-number-at-pos nil t) (- (point) (line-beginning-position))
       (pcase (flymake-diagnostic-type diagnostic)
         ((or :error 'flymake-error 'eglot-error) "error")
         ((or :warning 'flymake-warning 'eglot-warning) "warning")
         (_ "info"))
       (flymake-diagnostic-text diagnostic) (flymake-diagnostic-backend diagnostic)))))

(defun emacs-agent-diagnostics--flycheck (found)
  "Return FOUND, an error of Flycheck, whose columns begin with 1."
  (let ((column (flycheck-error-column found)))
    (emacs-agent-diagnostics--entry
     (or (flycheck-error-line found) 1) (and column (max 0 (1- column)))
     (pcase (flycheck-error-level found) ('error "error") ('warning "warning") (_ "info"))
     (or (flycheck-error-message found) "") (flycheck-error-checker found))))

(provide 'emacs-agent-diagnostics)
;;; emacs-agent-diagnostics.el ends here
