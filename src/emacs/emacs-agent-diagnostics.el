;;; emacs-agent-diagnostics.el --- Diagnostics, for the agent  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The diagnostics of Flymake and Flycheck in visited files.  For one file they check it again first, so that the answer is
;; about its current text.

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
(declare-function eglot-managed-p "ext:eglot")
(declare-function flycheck-buffer "ext:flycheck")
(declare-function flycheck-running-p "ext:flycheck")
(declare-function flycheck-error-checker "ext:flycheck")
(declare-function flycheck-error-column "ext:flycheck")
(declare-function flycheck-error-level "ext:flycheck")
(declare-function flycheck-error-line "ext:flycheck")
(declare-function flycheck-error-message "ext:flycheck")
(defvar flycheck-current-errors)

(defvar emacs-agent-diagnostics-patience 4
  "Seconds that checkers may take to check a file again.")

;;;; Language servers

;; Eglot and lsp-mode answer Flymake and Flycheck at once, with the last report of the server, even if that is about an
;; older text.

(defvar emacs-agent-diagnostics--reports (make-hash-table :test #'equal)
  "How often Eglot's servers have reported on each file.")

(defvar emacs-agent-diagnostics--updates 0
  "How often the servers of lsp-mode have reported.")

(defvar-local emacs-agent-diagnostics--seen nil
  "(TICK . COUNT): the tick of this buffer at the last answer, and the reports by then.")

(defun emacs-agent-diagnostics--count ()
  "Return how often a language server has reported on this buffer; nil without one."
  (cond ((and (fboundp 'eglot-managed-p) (eglot-managed-p))
         (emacs-agent-diagnostics--listen)
         (gethash (file-truename buffer-file-name) emacs-agent-diagnostics--reports 0))
        ((bound-and-true-p lsp-managed-mode) emacs-agent-diagnostics--updates)))

(defun emacs-agent-diagnostics--base ()
  "Return how often a language server had reported on older texts of this buffer.
Return nil if it may have reported on the current one, or there is no server."
  (let ((count (emacs-agent-diagnostics--count)))
    (and count
         (or (not (or (buffer-modified-p) (verify-visited-file-modtime)))
             (and emacs-agent-diagnostics--seen
                  (/= (car emacs-agent-diagnostics--seen) (buffer-chars-modified-tick))
                  (equal (cdr emacs-agent-diagnostics--seen) count)))
         count)))

(defun emacs-agent-diagnostics--note (uri)
  "Note that a server of Eglot has reported on URI."
  (let ((path (ignore-errors
                (file-truename (funcall (if (fboundp 'eglot-uri-to-path) 'eglot-uri-to-path 'eglot--uri-to-path) uri)))))
    (when path (cl-incf (gethash path emacs-agent-diagnostics--reports 0)))))

(defun emacs-agent-diagnostics--updated ()
  "Note that a server of lsp-mode has reported."
  (cl-incf emacs-agent-diagnostics--updates))

(add-hook 'lsp-diagnostics-updated-hook #'emacs-agent-diagnostics--updated)

(defvar emacs-agent-diagnostics--listening nil
  "Whether the reports of Eglot's servers are counted.")

(defun emacs-agent-diagnostics--listen ()
  "Count the reports of Eglot's servers from now on."
  (unless emacs-agent-diagnostics--listening
    (setq emacs-agent-diagnostics--listening t)
    (cl-defmethod eglot-handle-notification :extra "emacs-agent" :after
      (_server (_method (eql textDocument/publishDiagnostics)) &key uri &allow-other-keys)
      (emacs-agent-diagnostics--note uri))))

;;;; Asking the checkers

(defvar emacs-agent-diagnostics-first 0.8
  "Seconds to wait for a server of which no report was counted yet.
It may have reported before the counting began, and then does not again.")

(defun emacs-agent-diagnostics-answer (request)
  "Answer REQUEST for the diagnostics of a file, or of all in the project."
  (let ((path (emacs-agent-editor-param request 'path)))
    (if (not path)
        (emacs-agent-diagnostics--result (emacs-agent-diagnostics--buffers (emacs-agent-editor-project request)))
      (let ((buffer (emacs-agent-buffer-visiting path)))
        (unless buffer
          (error "This Emacs does not visit %s, so nothing has checked it there" path))
        (with-current-buffer buffer
          (unless (or (bound-and-true-p flymake-mode) (bound-and-true-p flycheck-mode))
            (error "Neither Flymake nor Flycheck checks %s" path))
          (let ((base (emacs-agent-diagnostics--base)))
            (emacs-agent-diagnostics--check)
            (if (and (not base) (eql 0 (emacs-agent-diagnostics--count)))
                (emacs-agent-diagnostics--settle request buffer 0 (+ (float-time) emacs-agent-diagnostics-first) t)
              (emacs-agent-diagnostics--wait request buffer base
                                             (+ (float-time) emacs-agent-diagnostics-patience)))))
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

(defun emacs-agent-diagnostics--wait (request buffer base deadline)
  "Answer REQUEST once BUFFER is checked, at the latest at DEADLINE.
BASE is how often a language server had reported on an older text, or nil."
  (if (not (buffer-live-p buffer))
      (emacs-agent-editor-fail request "The buffer is gone")
    (with-current-buffer buffer
      (let* ((count (emacs-agent-diagnostics--count))
             (old (and base (equal count base))))
        (cond ((and (< (float-time) deadline) (or old (emacs-agent-diagnostics--busy-p)))
               (run-at-time 0.05 nil #'emacs-agent-diagnostics--wait request buffer base deadline))
              (old (emacs-agent-editor-fail request "The language server has not reported on the text as it is now"))
              ;; It may report more than once, the first time without diagnostics, since the file was closed.
              ((and base (< (float-time) deadline))
               (run-at-time 0.25 nil #'emacs-agent-diagnostics--settle request buffer count deadline))
              (t (emacs-agent-diagnostics--finish request buffer)))))))

(defun emacs-agent-diagnostics--settle (request buffer count deadline &optional more)
  "Answer REQUEST once the number of reports on BUFFER stays at COUNT.
Answer at the latest at DEADLINE.  With MORE, wait for another report first."
  (cond ((not (buffer-live-p buffer))
         (emacs-agent-editor-fail request "The buffer is gone"))
        ((or (> (float-time) deadline)
             (and (not more) (equal count (with-current-buffer buffer (emacs-agent-diagnostics--count)))))
         (emacs-agent-diagnostics--finish request buffer))
        (t (let ((now (with-current-buffer buffer (emacs-agent-diagnostics--count))))
             (run-at-time 0.25 nil #'emacs-agent-diagnostics--settle request buffer now deadline
                          (and more (equal now count)))))))

(defun emacs-agent-diagnostics--finish (request buffer)
  "Answer REQUEST with the diagnostics of BUFFER, of its text as it is now."
  (with-current-buffer buffer
    (setq emacs-agent-diagnostics--seen (cons (buffer-chars-modified-tick) (emacs-agent-diagnostics--count))))
  (emacs-agent-editor-answer request (emacs-agent-diagnostics--result (list buffer))))

(defun emacs-agent-diagnostics--busy-p ()
  "Whether a checker of this buffer has not reported yet."
  (or (and (bound-and-true-p flymake-mode)
           (cl-set-difference (flymake-running-backends) (flymake-reporting-backends)))
      (and (bound-and-true-p flycheck-mode) (flycheck-running-p))))

;;;; The result

(defun emacs-agent-diagnostics--result (buffers)
  "Return the diagnostics of BUFFERS as a result."
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
SEVERITY, MESSAGE and SOURCE are its other parts."
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
       (or (emacs-agent-context-severity (flymake-diagnostic-type diagnostic)) "info")
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
