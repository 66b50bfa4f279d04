;;; emacs-agent-mode.el --- The buffer of a conversation  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; One buffer per session, in a mode derived from Org: output that cannot be edited, and the input below it.

;;; Code:

(require 'org)
(require 'emacs-agent-view)
(require 'emacs-agent-fontify)
(require 'emacs-agent-header)
(require 'emacs-agent-send)
(require 'emacs-agent-screenshot)
(require 'emacs-agent-copy)
(require 'emacs-agent-export)
(require 'emacs-agent-welcome)
(declare-function org-open-at-point "org")
(defvar org-element-use-cache)
(defvar org-modules-loaded)

(defcustom emacs-agent-display-action
  '((display-buffer-reuse-window display-buffer-in-direction)
    (direction . right) (window-width . 0.5))
  "How conversations are displayed, as for `display-buffer'."
  :type 'sexp
  :group 'emacs-agent)

(defvar emacs-agent-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'emacs-agent-send)
    (define-key map (kbd "C-c C-k") #'emacs-agent-interrupt)
    (define-key map (kbd "C-c C-a") 'emacs-agent-next-approval)
    (define-key map (kbd "C-c C-m") 'emacs-agent-set-model)
    (define-key map (kbd "C-c C-b") 'emacs-agent-set-agent)
    (define-key map (kbd "C-c C-v") 'emacs-agent-set-mode)
    (define-key map (kbd "C-c C-r") 'emacs-agent-resume)
    (define-key map (kbd "C-c C-d") 'emacs-agent-review)
    (define-key map (kbd "C-c C-s") 'emacs-agent-sessions)
    (define-key map (kbd "C-c C-u") 'emacs-agent-undo)
    (define-key map (kbd "C-c C-t") 'emacs-agent-set-title)
    (define-key map (kbd "C-c C-w") #'emacs-agent-edit-queue)
    (define-key map (kbd "C-c C-z") 'emacs-agent-menu)
    (define-key map (kbd "C-c M-w") #'emacs-agent-copy-at-point)
    (define-key map (kbd "M-p") #'emacs-agent-history-previous)
    (define-key map (kbd "M-n") #'emacs-agent-history-next)
    (define-key map (kbd "M-r") #'emacs-agent-history-search)
    (define-key map (kbd "C-c M-i") #'emacs-agent-image-paste)
    (define-key map (kbd "C-c M-y") #'emacs-agent-insert-code)
    (define-key map (kbd "RET") #'emacs-agent-return)
    (define-key map (kbd "TAB") #'emacs-agent-tab)
    (define-key map [remap occur] #'emacs-agent-occur)
    (define-key map [remap save-buffer] #'emacs-agent-save)
    (define-key map [remap write-file] #'emacs-agent-save)
    (define-key map [remap self-insert-command] #'emacs-agent-input-self-insert)
    (define-key map [remap org-self-insert-command] #'emacs-agent-input-self-insert)
    (define-key map [remap yank] #'emacs-agent-image-yank)
    (define-key map [remap org-yank] #'emacs-agent-image-yank)
    map)
  "Keys of conversations.")

(defvar emacs-agent-mode-syntax-table
  (make-syntax-table org-mode-syntax-table)
  "Syntax of conversations.")

(define-derived-mode emacs-agent-mode org-mode "Agent"
  "A conversation with an agent, as an Org document.

The end of the buffer is the input: \\[emacs-agent-send] sends what you write
there, and typing anywhere goes there.  Files that are mentioned as @file go
along, images as such; \\[emacs-agent-image-paste] pastes one.  With a prefix argument, or while the
agent works, see `emacs-agent-when-busy'.  \\[emacs-agent-interrupt] stops the
agent and gives back what was waiting to be sent.

\\[emacs-agent-tab] on a tool call shows more of it, \\[emacs-agent-return]
all of its result, and both act on links and headings as usual.  What waits
for a decision is found with \\[emacs-agent-next-approval]; with point on it,
the keys that it shows apply.

\\{emacs-agent-mode-map}"
  :group 'emacs-agent
  (emacs-agent-view-setup)
  (emacs-agent-copy-setup)
  (emacs-agent-export-setup)
  (emacs-agent-dress-setup)
  (emacs-agent-diff-colour-remap)
  (setq-local org-element-use-cache nil
              org-file-apps '((t . emacs))
              org-confirm-babel-evaluate t
              org-imenu-depth 4
              org-hide-emphasis-markers t
              org-adapt-indentation nil
              org-return-follows-link nil
              font-lock-fontify-region-function #'emacs-agent-fontify-region
              header-line-format '(:eval (emacs-agent-header-line))
              next-error-function 'emacs-agent-next-error
              bookmark-make-record-function 'emacs-agent-bookmark-record
              scroll-conservatively 101
              bidi-paragraph-direction 'left-to-right
              mode-line-process '(:eval (emacs-agent-header-mode-line)))
  (visual-line-mode 1)
  (setq-local truncate-lines nil)
  (add-hook 'completion-at-point-functions #'emacs-agent-slash-complete nil t)
  (emacs-agent-mention-setup)
  (emacs-agent-image-setup)
  (add-hook 'pre-command-hook #'emacs-agent-garbage-defer nil t)
  (add-hook 'window-size-change-functions #'emacs-agent-table-refit nil t)
  (add-hook 'kill-buffer-hook #'emacs-agent-mode--leave nil t)
  (add-hook 'change-major-mode-hook #'emacs-agent-mode--leave nil t))

;;;; The buffer

(defun emacs-agent-mode-buffer (session)
  "Return the buffer of SESSION, made if need be."
  (let ((buffer (emacs-agent-session-buffer session)))
    (if (buffer-live-p buffer)
        buffer
      (setf (emacs-agent-session-buffer session) (emacs-agent-mode--make session)))))

(defun emacs-agent-mode--make (session)
  "Make the buffer of SESSION."
  (let ((buffer (generate-new-buffer
                 (format "*agent: %s*" (emacs-agent-project-name (emacs-agent-session-project session))))))
    (with-current-buffer buffer
      (setq default-directory (file-name-as-directory (emacs-agent-session-project session)))
      (let ((org-inhibit-startup t)
            ;; Link types for mail, news and the like take half a second to load, and no link of ours needs them.
            (org-modules-loaded t))
        (emacs-agent-mode))
      (emacs-agent-input-setup)
      (setq emacs-agent-session session)
      (when (emacs-agent-session-remote session)
        (setq-local org-link-translation-function #'emacs-agent-mode--link))
      (emacs-agent-welcome-show session)
      (emacs-agent-unsent-restore session)
      (set-buffer-modified-p nil)
      (goto-char (point-max)))
    buffer))

(defun emacs-agent-mode--link (type path)
  "Return the link of TYPE to PATH, as (TYPE . PATH).
A file is on the machine of the project."
  (cons type (if (and (equal type "file") (string-prefix-p "/" path))
                 (emacs-agent-session-file emacs-agent-session path)
               path)))

(defun emacs-agent-mode--leave ()
  "Detach this buffer from its session, which stays open in the backend."
  (when emacs-agent-session
    (emacs-agent-unsent-keep)
    (emacs-agent-session-leave emacs-agent-session)
    (setf (emacs-agent-session-buffer emacs-agent-session) nil)
    (setq emacs-agent-session nil)))

(defun emacs-agent-mode-show (session)
  "Display the buffer of SESSION and select it."
  (let ((window (display-buffer (emacs-agent-mode-buffer session) emacs-agent-display-action)))
    (when window
      (select-window window)
      (goto-char (point-max)))))

(defun emacs-agent-mode--batch (session)
  "Show what came to SESSION, and keep windows that are at the end there."
  (emacs-agent-view-batch session)
  (emacs-agent-fontify-skipped session)
  (dolist (window (get-buffer-window-list nil nil t))
    (when (and (emacs-agent-input-p (window-point window))
               (not (pos-visible-in-window-p (point-max) window)))
      (with-selected-window window
        (save-excursion
          (goto-char (point-max))
          (recenter -1))))))

(add-hook 'emacs-agent-session-batch-functions #'emacs-agent-mode--batch)

;;;; Keys

(defun emacs-agent-return ()
  "Start a new line of the input, or act on what is at point."
  (interactive)
  (cond ((not (emacs-agent-input-p)) (emacs-agent-mode--act))
        ((and emacs-agent-return-sends (eobp)) (emacs-agent-send))
        (t (newline))))

(defun emacs-agent-mode--act ()
  "Act on what is at point in the output."
  (let ((section (emacs-agent-section-at)))
    (cond ((org-in-regexp org-link-any-re) (org-open-at-point))
          ((emacs-agent-folding-at) (emacs-agent-folding-toggle (emacs-agent-folding-at)))
          ((and section (emacs-agent-call-p (emacs-agent-section-data section)))
           (emacs-agent-call-show-result (emacs-agent-section-data section)))
          (section (emacs-agent-section-toggle section))
          ((org-at-heading-p) (org-cycle))
          (t (goto-char (point-max))))))

(defun emacs-agent-tab ()
  "Complete in the input; elsewhere fold and unfold."
  (interactive)
  (let ((section (emacs-agent-section-at)))
    (cond ((emacs-agent-input-p) (completion-at-point))
          ((emacs-agent-folding-at) (emacs-agent-folding-toggle (emacs-agent-folding-at)))
          ((and section (or (get-text-property (line-beginning-position) 'emacs-agent-call-line)
                            (= (emacs-agent-section-start section) (line-beginning-position))))
           (emacs-agent-section-toggle section))
          (t (org-cycle)))))

(provide 'emacs-agent-mode)
;;; emacs-agent-mode.el ends here
