;;; emacs-agent-colour.el --- Text with the colours of a mode  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Code of others is coloured by the major mode of its language, in a hidden buffer without a file.  A model or a server
;; chooses the language and the name of the file, so that mode is one for editing text, it runs no hooks of users, obeys no
;; local variables, and looks at no other file.  Of what it does only the faces are taken.

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
  "Modes that were loaded, or could not be.")

(defvar emacs-agent-colour--failed nil
  "Modes that colour nothing, since they failed once or are none for text.")

;;;; Which mode

(defun emacs-agent-colour-language-mode (language)
  "Return the mode for LANGUAGE as Org has it, or nil before Org can say."
  (and (featurep 'org-src) (org-src-get-lang-mode language)))

(defun emacs-agent-colour-file-mode (name)
  "Return the mode for a file called NAME, or nil."
  (let ((name (file-name-sans-versions (substring name (max 0 (- (length name) 200))))) (mode 'again))
    (while (eq mode 'again)
      (setq mode (let ((case-fold-search nil)) (assoc-default name auto-mode-alist #'string-match))
            mode (pcase mode
                   ;; A suffix such as .gz, before which there is the name.
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
  "Load MODE, and have it called for the first time."
  (unless (emacs-agent-colour-ready-p mode)
    (push mode emacs-agent-colour--ready)
    (emacs-agent-collecting-later
      (if (emacs-agent-colour-for-text-p mode)
          (emacs-agent-colour-text mode "")
        (push mode emacs-agent-colour--failed)))))

(defun emacs-agent-colour-for-text-p (mode)
  "Whether MODE, which is loaded if need be, is one to edit code or text in.
Others show documents, archives and the like, or are no major modes."
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
  "Return a copy of TEXT with the faces that MODE, which is prepared, gives it.
There are none if it fails."
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
  "Make of this buffer one with TEXT, fontified by MODE."
  (let ((inhibit-message t) (message-log-max nil) (inhibit-read-only t)
        ;; Modes keep track of changes, also where redisplay has put that off.
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
  "Give TEXT the faces that it has in this buffer."
  (emacs-agent-output-each
   'face (point-min) (+ (point-min) (length text))
   (lambda (from to face) (put-text-property (- from (point-min)) (- to (point-min)) 'face face text))))

(provide 'emacs-agent-colour)
;;; emacs-agent-colour.el ends here
