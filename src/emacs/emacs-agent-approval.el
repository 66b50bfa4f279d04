;;; emacs-agent-approval.el --- Calls that wait for a decision  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A call that asks is shown where it belongs, with what it would do.  Its keys work with point on it only, and not in
;; its first half second, so that nothing that is being typed decides.

;;; Code:

(require 'emacs-agent-proposal)
(require 'emacs-agent-inert)

(autoload 'emacs-agent-compile-command "emacs-agent-compile")

(defvar emacs-agent-approval-delay 0.5
  "Seconds during which a new approval takes no decision.")

(defvar emacs-agent-approval-map
  (let ((map (make-sparse-keymap)))
    (define-key map "a" 'emacs-agent-approve)
    (define-key map "r" 'emacs-agent-reject)
    (define-key map "s" 'emacs-agent-approve-for-session)
    (define-key map "p" 'emacs-agent-approve-for-project)
    (define-key map " " 'emacs-agent-toggle-hunk)
    (define-key map "e" 'emacs-agent-edit-params)
    (define-key map "c" 'emacs-agent-edit-content)
    (define-key map "d" 'emacs-agent-edit-diff)
    (define-key map "=" 'emacs-agent-edit-ediff)
    (define-key map "D" 'emacs-agent-show-diff)
    (define-key map "n" 'emacs-agent-next-approval)
    (define-key map "q" 'emacs-agent-leave-approval)
    map)
  "Keys of a call that waits for a decision, with point on it.")

;;;; Showing

(defun emacs-agent-approval-render (section)
  "Return the text of SECTION if the call that it shows waits, else nil."
  (and (emacs-agent-call-pending-p (emacs-agent-section-data section))
       (emacs-agent-approval--text section)))

(add-hook 'emacs-agent-call-render-functions #'emacs-agent-approval-render)

(defun emacs-agent-approval--text (section)
  "Return the text of SECTION, which shows a call that waits."
  (let* ((call (emacs-agent-section-data section))
         (event (emacs-agent-call-event call)))
    (let-alist event
      (emacs-agent-output-active
       (concat
        (emacs-agent-call-heading call) "\n"
        (and (not (string-empty-p .org_reason)) (concat .org_reason "\n"))
        (and (stringp .danger)
             (propertize (concat "Careful: " (emacs-agent-approval--danger .danger) "\n")
                         'emacs-agent-face 'emacs-agent-danger))
        (emacs-agent-approval--what call (emacs-agent-section-expanded section))
        (and (emacs-agent-call-note call)
             (propertize (concat (emacs-agent-inert-line (emacs-agent-call-note call) 500) "\n")
                         'emacs-agent-face 'emacs-agent-failure))
        (emacs-agent-approval--keys call))
       'keymap emacs-agent-approval-map))))

(defun emacs-agent-approval--danger (danger)
  "Say what DANGER means."
  (pcase danger
    ("unsaved_buffer" "you have unsaved changes in this file; they will not be overwritten in Emacs")
    ("dangerous" "this may do what cannot be undone")
    (_ (emacs-agent-inert-line (string-replace "_" " " danger) 200))))

(defun emacs-agent-approval--what (call expanded)
  "Return what CALL would do: diffs, or its arguments; all of them if EXPANDED."
  (let-alist (emacs-agent-call-event call)
    (let ((files (append .preview.files nil))
          (limit (if expanded 100000 emacs-agent-result-lines)))
      (concat
       (emacs-agent-approval--command .tool)
       (mapconcat (lambda (file)
                    (let-alist file
                      (concat "- " .org "  " (emacs-agent-diff-stat-text .diff) "\n"
                              (emacs-agent-call-diff-block .diff .org_diff limit (emacs-agent-call-refused call)))))
                  files "")
       ;; What a command does is shown whole.
       (and (or (null files) expanded) (emacs-agent-call-shorten .org (if (stringp .params.command) 100000 limit)))))))

(defun emacs-agent-approval--command (tool)
  "Return a line about what TOOL runs, where only this Emacs knows it."
  (and (equal tool "compile") emacs-agent-session
       (concat "Command: " (emacs-agent-inert-line (emacs-agent-compile-command emacs-agent-session) 500) "\n")))

(defun emacs-agent-approval--keys (call)
  "Return the lines about the keys that act on CALL."
  (let-alist (emacs-agent-call-event call)
    (let ((hunks (emacs-agent-proposal-hunks call)) (refused (length (emacs-agent-call-refused call))))
      (concat
       (string-join
        (delq nil
              (list (emacs-agent-output-key
                     "a" (if (> refused 0) (format "approve %d of %d hunks" (- (length hunks) refused) (length hunks))
                           "approve"))
                    (emacs-agent-output-key "r" "reject")
                    (and (cdr hunks) (emacs-agent-output-key "SPC" "refuse hunk"))
                    (emacs-agent-output-key "e" "edit arguments")
                    (and hunks (emacs-agent-output-key "c" "edit text"))
                    (and hunks (emacs-agent-output-key "d" "edit diff"))
                    (and hunks (emacs-agent-output-key "=" "ediff"))))
        "  ")
       "\n"
       (and .remember
            (concat (emacs-agent-output-key "s" (concat "approve, and for this session: " .remember.org_session)) "\n"
                    (emacs-agent-output-key "p" (concat "approve, and for this project: " .remember.org_project)) "\n"))))))

;;;; Which one

(defun emacs-agent-approval-section ()
  "Return the section at point if it shows a call that waits; else an error."
  (let ((section (emacs-agent-section-at)))
    (if (and section (emacs-agent-call-p (emacs-agent-section-data section))
             (emacs-agent-call-pending-p (emacs-agent-section-data section)))
        section
      (user-error "Point is on nothing that waits for a decision; C-c C-a goes there"))))

(defun emacs-agent-approval-ready ()
  "Return the section at point, unless it has only just appeared."
  (let* ((section (emacs-agent-approval-section))
         (call (emacs-agent-section-data section)))
    (emacs-agent-approval-check-age (emacs-agent-call-shown-at call))
    section))

(defun emacs-agent-approval-check-age (shown-at)
  "Signal an error if what asks has only just appeared, at the time SHOWN-AT."
  (when (< (- (float-time) shown-at) emacs-agent-approval-delay)
    (user-error "This has only just appeared: look at it, then press the key again")))

(provide 'emacs-agent-approval)
;;; emacs-agent-approval.el ends here
