;;; emacs-agent-edit.el --- Changing a call before it is approved  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The arguments, the text that would be written, or the diff, each in a buffer of its own; or the text in Ediff.
;; What is approved is exactly what is in that buffer.

;;; Code:

(require 'emacs-agent-compare)
(require 'emacs-agent-decide)
(require 'diff-mode)

(defvar-local emacs-agent-edit--section nil
  "The section whose call this buffer is about.")

(defvar-local emacs-agent-edit--body nil
  "Function that returns the alist for the approval, from this buffer.")

(defvar-local emacs-agent-edit--path nil
  "The file whose text is edited in this buffer, if the call has several.")

(defvar emacs-agent-edit-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'emacs-agent-edit-finish)
    (define-key map (kbd "C-c C-k") #'emacs-agent-edit-abort)
    map)
  "Keys while a call is edited.")

(define-minor-mode emacs-agent-edit-mode
  "Edit a call before it is approved.
\\[emacs-agent-edit-finish] approves what is in this buffer, or keeps it for
the approval if the call has several files; \\[emacs-agent-edit-abort] goes back."
  :lighter " Approve"
  :interactive nil)

(defun emacs-agent-edit--open (section name text mode body &optional path)
  "Edit TEXT for the call of SECTION in a buffer called NAME, in MODE.
BODY is called there and returns the alist for the approval.  With PATH, one of
several files of the call, its text is kept until the call is approved."
  (let ((buffer (generate-new-buffer (format "*emacs-agent %s*" name))))
    (with-current-buffer buffer
      (insert text)
      (goto-char (point-min))
      ;; The mode only: nothing that the text itself asks for.
      (let ((enable-local-variables nil))
        (condition-case err
            (funcall mode)
          (error (emacs-agent-log "%s: %s" mode (error-message-string err)))))
      (setq emacs-agent-edit--section section
            emacs-agent-edit--body body
            emacs-agent-edit--path path
            buffer-undo-list nil
            header-line-format
            (substitute-command-keys
             (concat "\\<emacs-agent-edit-mode-map>\\[emacs-agent-edit-finish] "
                     (if path "keeps this for the approval" "approves this")
                     ", \\[emacs-agent-edit-abort] goes back")))
      (emacs-agent-edit-mode 1)
      (set-buffer-modified-p nil))
    (pop-to-buffer buffer)))

(defun emacs-agent-edit-finish ()
  "Approve the call with what is in this buffer."
  (interactive)
  (let ((section emacs-agent-edit--section) (buffer (current-buffer)))
    (unless (emacs-agent-edit--pending-p section)
      (user-error "The call does not wait any more"))
    (if (not emacs-agent-edit--path)
        (emacs-agent-decide-approve section (funcall emacs-agent-edit--body)
                                    (lambda () (when (buffer-live-p buffer)
                                                 (with-current-buffer buffer (emacs-agent-edit-abort)))))
      (emacs-agent-edit--keep section emacs-agent-edit--path (alist-get 'content (funcall emacs-agent-edit--body)))
      (emacs-agent-edit-abort))))

(defun emacs-agent-edit--keep (section path text)
  "Have the call of SECTION write TEXT to the file PATH once it is approved."
  (with-current-buffer (marker-buffer (emacs-agent-section-start section))
    (let ((call (emacs-agent-section-data section)))
      (setf (alist-get path (emacs-agent-call-texts call) nil nil #'equal) text)
      (emacs-agent-section-update section)
      (emacs-agent-say "Kept: approving the call writes this text"))))

(defun emacs-agent-edit--path-of (call file)
  "Return the path of FILE if CALL is decided file by file, else nil."
  (and (emacs-agent-proposal-several-p call) (emacs-agent-proposal-path file)))

(defun emacs-agent-edit--text (call file)
  "Return the text that CALL would write to FILE now."
  (or (cdr (assoc (emacs-agent-proposal-path file) (emacs-agent-call-texts call)))
      (emacs-agent-proposal-content file (emacs-agent-call-refused call))))

(defun emacs-agent-edit--pending-p (section)
  "Whether the call of SECTION still waits."
  (let ((buffer (marker-buffer (emacs-agent-section-start section))))
    (and (buffer-live-p buffer)
         (with-current-buffer buffer
           (and emacs-agent-session
                (emacs-agent-call-pending-p (emacs-agent-section-data section)))))))

(defun emacs-agent-edit-abort ()
  "Go back without a decision."
  (interactive)
  (let ((window (get-buffer-window)))
    (if window (quit-window t window) (kill-buffer))))

(defun emacs-agent-edit-params ()
  "Edit the arguments of the call at point, as JSON."
  (interactive)
  (let* ((section (emacs-agent-approval-ready))
         (event (emacs-agent-call-event (emacs-agent-section-data section))))
    (emacs-agent-edit--open
     section "arguments" (emacs-agent-call-params-text (alist-get 'params event))
     (if (fboundp 'json-mode) #'json-mode #'js-mode)
     (lambda ()
       `((params . ,(condition-case err
                        (emacs-agent-json-parse (emacs-agent-clean-text (buffer-string)))
                      (error (user-error "This is no JSON: %s" (error-message-string err))))))))))

(defun emacs-agent-edit--mode (file)
  "Return the major mode for FILE by its name alone."
  (let ((mode (emacs-agent-colour-file-mode (file-name-nondirectory file))))
    (if (and mode (emacs-agent-colour-for-text-p mode)) mode #'fundamental-mode)))

(defun emacs-agent-edit-content ()
  "Edit the text that the call at point would write, to the file at point."
  (interactive)
  (let* ((section (emacs-agent-approval-ready))
         (call (emacs-agent-section-data section))
         (file (emacs-agent-decide-file call)))
    (emacs-agent-edit--open
     section "text" (emacs-agent-edit--text call file)
     (emacs-agent-edit--mode (emacs-agent-proposal-file file))
     (lambda () `((content . ,(emacs-agent-clean-text
                               (save-restriction (widen) (buffer-string))))))
     (emacs-agent-edit--path-of call file))))

(defun emacs-agent-edit-diff ()
  "Edit the diff of the call at point; what is left of it is what is done."
  (interactive)
  (let* ((section (emacs-agent-approval-ready))
         (call (emacs-agent-section-data section))
         (file (emacs-agent-decide-file call))
         (conversation (current-buffer)))
    (unless (emacs-agent-proposal-hunks file)
      (user-error "There is no complete diff of %s" (emacs-agent-proposal-path file)))
    (emacs-agent-edit--open
     section "diff" (emacs-agent-diff-colour-mark (alist-get 'diff (emacs-agent-proposal-entry file))
                                                  (emacs-agent-proposal-path file))
     #'emacs-agent-edit--diff-mode
     (lambda ()
       (let ((hunks (or (emacs-agent-diff-hunks (buffer-string))
                        (user-error "The diff is broken: the counts in a @@ line are wrong"))))
         (with-current-buffer conversation
           `((content . ,(emacs-agent-clean-text (emacs-agent-proposal-apply file hunks)))))))
     (emacs-agent-edit--path-of call file))))

(defun emacs-agent-edit--diff-mode ()
  "Turn on a mode for diffs in which no file is opened."
  (diff-mode)
  (emacs-agent-diff-colour-setup)
  (setq buffer-read-only nil))

(defun emacs-agent-edit-ediff ()
  "Compare what the call at point would write with what is there, in Ediff.
The text to be written can be changed there; after quitting, it can be
approved."
  (interactive)
  (let* ((section (emacs-agent-approval-ready))
         (call (emacs-agent-section-data section))
         (file (emacs-agent-decide-file call))
         (path (emacs-agent-edit--path-of call file)))
    (emacs-agent-compare
     (emacs-agent-proposal-before file)
     (emacs-agent-edit--text call file)
     (emacs-agent-edit--mode (emacs-agent-proposal-file file))
     (lambda (text changed)
       (when (and text (emacs-agent-edit--pending-p section))
         (if path
             (when (and changed (y-or-n-p "Keep the text as you changed it for the approval? "))
               (emacs-agent-edit--keep section path (emacs-agent-clean-text text)))
           (when (y-or-n-p (if changed "Approve the text as you changed it? " "Approve it as it is? "))
             (emacs-agent-decide-approve
              section (and changed `((content . ,(emacs-agent-clean-text text))))))))))))

(provide 'emacs-agent-edit)
;;; emacs-agent-edit.el ends here
