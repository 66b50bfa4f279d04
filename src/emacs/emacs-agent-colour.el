;;; emacs-agent-colour.el --- Text with the colours of a mode  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Code is coloured by the major mode of its language, in a hidden buffer without a file.  A model or a server chooses the
;; language and the name of the file.  So only modes that edit text are called, without the hooks of the user, without local
;; variables, and without reading other files.  Only the faces are copied.

;;; Code:

(require 'emacs-agent-output)

(declare-function org-src-get-lang-mode "org-src" (lang))
(defvar diff-font-lock-syntax)
(defvar diff-refine)
(defvar markdown-fontify-code-blocks-natively)
(defvar org-inhibit-startup)
(defvar org-src-fontify-natively)
(defvar rng-nxml-auto-validate-flag)

(defconst emacs-agent-colour-small 2000
  "Text with no more characters is coloured while Emacs redisplays.")

(defconst emacs-agent-colour-large 20000
  "Text with more characters stays plain.")

(defvar emacs-agent-colour--ready nil
  "Modes that were loaded, or whose loading failed.")

(defvar emacs-agent-colour--failed nil
  "Modes that are not called: they failed once, or do not edit text.")

;;;; Which mode

(defun emacs-agent-colour-language-mode (language)
  "Return the mode of LANGUAGE according to Org, or nil if `org-src' is not loaded."
  (and (featurep 'org-src) (org-src-get-lang-mode language)))

(defun emacs-agent-colour-file-mode (name)
  "Return the mode for a file called NAME, or nil."
  (let ((name (file-name-sans-versions (substring name (max 0 (- (length name) 200))))) (mode 'again))
    (while (eq mode 'again)
      (setq mode (let ((case-fold-search nil)) (assoc-default name auto-mode-alist #'string-match))
            mode (pcase mode
                   ;; The entry of a suffix such as .gz: the name before it decides.
                   (`(,_ ,(pred identity))
                    (when (< 0 (match-beginning 0) (length name))
                      (setq name (substring name 0 (match-beginning 0)))
                      'again))
                   ((or 'c-or-c++-mode 'c-or-c++-ts-mode) 'c-mode)
                   ((and (pred symbolp) (pred fboundp)) mode))))
    (if (and mode (fboundp 'major-mode-remap)) (major-mode-remap mode) mode)))

(defun emacs-agent-colour-ready-p (mode)
  "Whether MODE needs no loading."
  (memq mode emacs-agent-colour--ready))

(defun emacs-agent-colour-prepare (mode)
  "Load MODE, and call it for the first time, unless that was done."
  (unless (emacs-agent-colour-ready-p mode)
    (push mode emacs-agent-colour--ready)
    (emacs-agent-collecting-later
      (if (emacs-agent-colour-for-text-p mode)
          (emacs-agent-colour-text mode "")
        (push mode emacs-agent-colour--failed)))))

(defun emacs-agent-colour-for-text-p (mode)
  "Whether MODE edits code or text; load it first if it is an autoload.
Others show documents, archives and the like, or are not major modes."
  (let ((inhibit-message t))
    (when (autoloadp (and (symbolp mode) (fboundp mode) (symbol-function mode)))
      (ignore-errors (autoload-do-load (symbol-function mode) mode))))
  (and (fboundp mode)
       (cl-flet ((derived (parent) (provided-mode-derived-p mode parent)))
         (and (cl-some #'derived '(prog-mode conf-mode text-mode diff-mode))
              (cl-notany #'derived '(emacs-agent-mode message-mode))))))

;;;; Colouring

(defvar-local emacs-agent-colour--mode nil
  "The mode that was called in this hidden buffer.")

(defun emacs-agent-colour-text (mode text)
  "Return a copy of TEXT with the faces of MODE, which is prepared.
If the mode fails, there are none."
  (let ((text (substring-no-properties text)))
    (unless (memq mode emacs-agent-colour--failed)
      (condition-case-unless-debug err
          (with-current-buffer (get-buffer-create (format " *emacs-agent colours: %s*" mode))
            (emacs-agent-colour--fontify mode text)
            (emacs-agent-colour--take text))
        (error (push mode emacs-agent-colour--failed)
               (emacs-agent-log "No colours from %s: %s" mode (error-message-string err)))))
    text))

(defun emacs-agent-colour--fontify (mode text)
  "Replace the text of this buffer by TEXT, and fontify it in MODE."
  (let ((inhibit-message t) (message-log-max nil) (inhibit-read-only t)
        ;; Modes track changes by these hooks, which redisplay inhibits.
        (inhibit-modification-hooks nil)
        (enable-local-variables nil) (enable-local-eval nil) (enable-dir-local-variables nil)
        (diff-font-lock-syntax nil) (diff-refine nil) (rng-nxml-auto-validate-flag nil)
        (org-inhibit-startup t) (org-src-fontify-natively nil) (markdown-fontify-code-blocks-natively nil))
    ;; Org reads the files of #+SETUPFILE.
    (cl-letf (((symbol-function 'org-file-contents) (lambda (&rest _) "")))
      (setq default-directory "/" buffer-undo-list t)
      (erase-buffer)
      (insert text "\n")
      (unless (eq mode emacs-agent-colour--mode)
        (delay-mode-hooks (funcall mode))
        (setq emacs-agent-colour--mode mode buffer-undo-list t))
      (font-lock-ensure))))

(defun emacs-agent-colour--take (text)
  "Copy the faces of TEXT in this buffer, which begins with it, to TEXT."
  (emacs-agent-output-each
   'face (point-min) (+ (point-min) (length text))
   (lambda (from to face) (put-text-property (- from (point-min)) (- to (point-min)) 'face face text))))

(provide 'emacs-agent-colour)
;;; emacs-agent-colour.el ends here
