;;; emacs-agent-context.el --- What the user is looking at  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Gathers what goes along with a prompt: the file and position, the region, unsaved text, diagnostics.

;;; Code:

(require 'emacs-agent-session)

(declare-function flymake-diagnostics "flymake")
(declare-function flymake-diagnostic-beg "flymake")
(declare-function flymake-diagnostic-text "flymake")
(declare-function flymake-diagnostic-type "flymake")
(declare-function projectile-project-root "ext:projectile")
(declare-function project-root "project")
(defvar flymake-mode)

(defcustom emacs-agent-context '(file region diagnostics)
  "What of the buffer that you work in goes along with each prompt.
`file' is its name, point and what is visible; `region' the region if it is
active; `diagnostics' those of Flymake; `buffer' its whole text."
  :type '(set (const :tag "File and position" file)
              (const :tag "Active region" region)
              (const :tag "Diagnostics of Flymake" diagnostics)
              (const :tag "Whole text" buffer))
  :group 'emacs-agent)

(defcustom emacs-agent-max-text 2000000
  "Buffers with more characters are not sent as text."
  :type 'natnum
  :group 'emacs-agent)

(defun emacs-agent-context-project ()
  "Return the root of the project of this buffer, a directory.
On another machine, it is a file name of TRAMP."
  (let ((root (expand-file-name
               (or (and emacs-agent-session (emacs-agent-session-project emacs-agent-session))
                   (and (fboundp 'projectile-project-root) (ignore-errors (projectile-project-root)))
                   (let ((project (project-current)))
                     (and project (project-root project)))
                   default-directory))))
    ;; The project of a conversation is as the backend has it; its machine may be unreachable.
    (if (and emacs-agent-session (file-remote-p root))
        (file-name-as-directory root)
      (unless (file-directory-p root)
        (user-error "The directory %s does not exist" (abbreviate-file-name root)))
      (file-name-as-directory (substring-no-properties (file-truename root))))))

(defun emacs-agent-context-session ()
  "Return the session of this buffer, or of its project; else signal an error."
  (or emacs-agent-session
      (let ((project (directory-file-name (emacs-agent-context-project))))
        (cl-find project emacs-agent-session-list :test #'equal :key #'emacs-agent-session-project))
      (user-error "There is no conversation about this project; M-x emacs-agent starts one")))

(defun emacs-agent-context-inside-p (project)
  "Whether this buffer visits a file inside PROJECT."
  (and buffer-file-name
       (equal (file-remote-p project) (file-remote-p buffer-file-name))
       (string-prefix-p (file-name-as-directory project) (expand-file-name buffer-file-name))))

(defun emacs-agent-context-buffer (project)
  "Return the buffer of PROJECT that the user worked in last, or nil."
  (cl-find-if (lambda (buffer)
                (with-current-buffer buffer (emacs-agent-context-inside-p project)))
              (buffer-list)))

(defun emacs-agent-context-text (start end)
  "Return the text between START and END of this buffer, fit for JSON."
  (save-restriction
    (widen)
    (emacs-agent-clean-text (buffer-substring-no-properties start end))))

(defun emacs-agent-context-whole (buffer)
  "Return all of BUFFER, by the name of its file or its own.
Signals an error for one that is too large."
  (with-current-buffer buffer
    (when (> (buffer-size) emacs-agent-max-text)
      (user-error "The buffer %s has %s characters; emacs-agent-max-text allows %s"
                  (buffer-name) (buffer-size) emacs-agent-max-text))
    `((path . ,(emacs-agent-clean-text (or buffer-file-name (buffer-name))))
      (text . ,(save-restriction (widen) (emacs-agent-context-text (point-min) (point-max)))))))

(defun emacs-agent-context-line (position)
  "Return the line of POSITION in the whole buffer."
  (line-number-at-pos position t))

(defun emacs-agent-context-region (start end)
  "Return the region between START and END of this buffer."
  `((path . ,(or buffer-file-name :null))
    (start . ,(emacs-agent-context-line start))
    (end . ,(emacs-agent-context-line (if (and (> end start) (eq (char-before end) ?\n)) (1- end) end)))
    (text . ,(emacs-agent-context-text start end))))

(defun emacs-agent-context-diagnostics (&optional start end)
  "Return the diagnostics of this buffer between START and END, as a vector."
  (if (not (and (bound-and-true-p flymake-mode) buffer-file-name))
      []
    (vconcat
     (seq-take
      (mapcar (lambda (diagnostic)
                (let ((position (flymake-diagnostic-beg diagnostic)))
                  (save-excursion
                    (goto-char position)
                    `((path . ,buffer-file-name)
                      (line . ,(emacs-agent-context-line position))
                      (column . ,(- position (line-beginning-position)))
                      (severity . ,(or (emacs-agent-context-severity (flymake-diagnostic-type diagnostic)) "note"))
                      (message . ,(emacs-agent-clean-text (flymake-diagnostic-text diagnostic)))))))
              (flymake-diagnostics start end))
      100))))

(defun emacs-agent-context-severity (type)
  "Return \"error\" or \"warning\" for TYPE, that of a diagnostic of Flymake, or nil."
  (pcase type
    ((or :error 'flymake-error 'eglot-error) "error")
    ((or :warning 'flymake-warning 'eglot-warning) "warning")))

(defun emacs-agent-context-visible ()
  "Return the lines of this buffer that are visible in a window, or nil."
  (let ((window (get-buffer-window nil 'visible)))
    (and window
         `((start . ,(emacs-agent-context-line (window-start window)))
           (end . ,(emacs-agent-context-line (min (point-max) (or (window-end window) (point-max)))))))))

(defun emacs-agent-context-of (buffer &optional parts)
  "Return the context from BUFFER, with PARTS as in `emacs-agent-context'."
  (let ((parts (or parts emacs-agent-context)))
    (with-current-buffer buffer
      (let ((point (let ((window (get-buffer-window nil 'visible)))
                     (if window (window-point window) (point)))))
        (append
         (when (memq 'file parts)
           (save-excursion
             (goto-char point)
             (emacs-agent-present
              'current_file buffer-file-name
              'cursor_position `((line . ,(emacs-agent-context-line (point)))
                                 (column . ,(- (point) (line-beginning-position))))
              'visible_region (emacs-agent-context-visible))))
         (when (and (memq 'region parts) mark-active transient-mark-mode
                    (< (region-beginning) (region-end)))
           `((region . ,(emacs-agent-context-region (region-beginning) (region-end)))))
         (when (and (memq 'buffer parts) buffer-file-name (<= (buffer-size) emacs-agent-max-text))
           `((buffers . ,(vector (emacs-agent-context-whole buffer)))))
         (when (memq 'diagnostics parts)
           (let ((diagnostics (emacs-agent-context-diagnostics)))
             (and (> (length diagnostics) 0) `((diagnostics . ,diagnostics))))))))))

(provide 'emacs-agent-context)
;;; emacs-agent-context.el ends here
