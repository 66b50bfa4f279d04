;;; emacs-agent-approval.el --- Calls that wait for a decision  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A call that asks is shown where it belongs, with what it would do.  Its keys work with point on it, or from an empty
;; prompt (emacs-agent-tray.el), and not in its first half second, so that nothing that is being typed decides.

;;; Code:

(require 'emacs-agent-proposal)
(require 'emacs-agent-button)
(require 'emacs-agent-inert)

(autoload 'emacs-agent-compile-command "emacs-agent-compile")

(defvar emacs-agent-approval-delay 0.5
  "Seconds during which a new approval takes no decision.")

(defvar emacs-agent-approval-map
  (let ((map (make-sparse-keymap)))
    (define-key map "a" 'emacs-agent-approve)
    (define-key map "r" 'emacs-agent-reject)
    (define-key map "A" 'emacs-agent-approve-these)
    (define-key map "E" 'emacs-agent-accept-edits)
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
  "Return the text of SECTION if its call waits, else nil."
  (and (emacs-agent-call-pending-p (emacs-agent-section-data section))
       (emacs-agent-approval--text section)))

(add-hook 'emacs-agent-call-render-functions #'emacs-agent-approval-render)

(defun emacs-agent-approval--text (section)
  "Return the text of SECTION, about a call that waits."
  (let* ((call (emacs-agent-section-data section))
         (event (emacs-agent-call-event call))
         (danger (emacs-agent-approval-danger event)))
    (concat
     (emacs-agent-approval--with-keys
      (concat
       (emacs-agent-call-heading call) "\n"
       (let-alist event (and (not (string-empty-p .org_reason)) (concat .org_reason "\n")))
       (and danger (propertize (concat "Careful: " danger "\n") 'emacs-agent-face 'emacs-agent-danger))
       (emacs-agent-approval--what call (emacs-agent-section-expanded section))
       (and (emacs-agent-call-note call)
            (propertize (concat (emacs-agent-inert-line (emacs-agent-call-note call) 500) "\n")
                        'emacs-agent-face 'emacs-agent-failure))))
     (emacs-agent-approval--keys call))))

(defun emacs-agent-approval--with-keys (text)
  "Return TEXT, on which the keys of an approval work."
  (emacs-agent-output-active text 'keymap emacs-agent-approval-map))

(defun emacs-agent-approval-danger (event)
  "Return what is dangerous about the call of EVENT, a sentence, or nil.
A call that undo takes back is not."
  (let-alist event
    (pcase (emacs-agent-value .danger)
      ('nil nil)
      ("unsaved_buffer" "you have unsaved changes in this file; they will not be overwritten in Emacs")
      ((and "irreversible" (guard (or (equal .tool "git_commit")
                                      (and (equal .category "filesystem") (not (emacs-agent-value .undo))))))
       nil)
      ((or "dangerous" "irreversible") "this may do what cannot be undone")
      ("sends_data" "this can send data to other machines")
      ("leaves_project" "this acts outside the project")
      ("destructive" "its server says that it destroys something")
      (word (emacs-agent-inert-line (string-replace "_" " " word) 200)))))

(defun emacs-agent-approval--what (call expanded)
  "Return what CALL would do: diffs, or its arguments; all of them if EXPANDED."
  (let-alist (emacs-agent-call-event call)
    (let ((files (append .preview.files nil)) (parts (emacs-agent-proposal-files call))
          (limit (if expanded 100000 emacs-agent-result-lines)))
      (concat
       (emacs-agent-approval--command .tool)
       (mapconcat (lambda (file) (emacs-agent-approval--file call file (pop parts) limit)) files "")
       ;; What a command does is shown whole.
       (and (or (null files) expanded) (emacs-agent-call-shorten .org (if (stringp .params.command) 100000 limit)))))))

(defun emacs-agent-approval--file (call entry part limit)
  "Return what CALL would do to the file of ENTRY: at most LIMIT lines of its diff.
PART is the `emacs-agent-proposal' of the file, or nil if none of it can be
refused."
  (let* ((refused (emacs-agent-call-refused call))
         (gone (and part (cl-subsetp (emacs-agent-proposal-numbers part) refused))))
    (let-alist entry
      (propertize
       (concat "- " .org "  " (emacs-agent-diff-stat-text .diff)
               (cond ((assoc .path (emacs-agent-call-texts call))
                      (propertize "  as you changed it" 'emacs-agent-face 'emacs-agent-attention))
                     (gone (propertize "  refused" 'emacs-agent-face 'emacs-agent-refused)))
               "\n"
               (emacs-agent-call-diff-block .path .diff .org_diff limit refused
                                            (and part (emacs-agent-proposal-first part))))
       'emacs-agent-proposal (and part .path)))))

(defun emacs-agent-approval--command (tool)
  "Return a line about what TOOL will run, where only this Emacs knows it."
  (and (equal tool "compile") emacs-agent-session
       (concat "Command: " (emacs-agent-inert-line (emacs-agent-compile-command emacs-agent-session) 500) "\n")))

(defun emacs-agent-approval--keys (call)
  "Return the lines about the keys that act on CALL."
  (cl-flet ((button (choice) (pcase-let ((`(,key ,text ,command) choice))
                               (emacs-agent-button key text command emacs-agent-approval-map))))
    (concat (emacs-agent-button-rows (mapcar #'button (emacs-agent-approval--choices call))
                                     (emacs-agent-approval--with-keys "  "))
            (emacs-agent-approval--with-keys "\n")
            (mapconcat (lambda (choice) (concat (button choice) (emacs-agent-approval--with-keys "\n")))
                       (emacs-agent-approval--rules call) ""))))

(defun emacs-agent-approval--choices (call)
  "Return the possible decisions on CALL, as a list of (KEY TEXT COMMAND)."
  (let* ((count (emacs-agent-proposal-parts call)) (hunks (> count 0))
         (refused (length (emacs-agent-call-refused call))))
    (delq nil
          (list (list "a" (if (> refused 0) (format "approve %d of %d hunks" (- count refused) count) "approve")
                      'emacs-agent-approve)
                '("r" "reject" emacs-agent-reject)
                (and (> count 1) '("SPC" "refuse hunk" emacs-agent-toggle-hunk))
                (emacs-agent-approval--edit call)
                (and hunks '("c" "edit text" emacs-agent-edit-content))
                (and hunks '("d" "edit diff" emacs-agent-edit-diff))
                (and hunks '("=" "ediff" emacs-agent-edit-ediff))
                '("n" "next" emacs-agent-next-approval)))))

(defun emacs-agent-approval--edit (call)
  "Return the choice that edits the arguments of CALL, if it has any to edit."
  (let-alist (emacs-agent-call-event call)
    (cond ((member .tool '("delete_file" "git_push" "shell_kill" "review_edits")) nil)
          ((stringp .params.command) '("e" "edit command" emacs-agent-edit-params))
          (.params '("e" "edit arguments" emacs-agent-edit-params)))))

(defun emacs-agent-approval--rules (call)
  "Return the wider approvals of CALL, as a list of (KEY TEXT COMMAND)."
  (let-alist (emacs-agent-call-event call)
    (and .remember
         `(("s" ,(concat "approve, and for this session: " .remember.org_session) emacs-agent-approve-for-session)
           ("p" ,(concat "approve, and for this project: " .remember.org_project) emacs-agent-approve-for-project)))))

;;;; The call that is decided

(defvar emacs-agent-approval-elsewhere-function #'ignore
  "Function that returns the section to decide with point on none, or nil.")

(defun emacs-agent-approval-section ()
  "Return the section to decide: the one at point, or that of the prompt.
Signal an error if there is none."
  (let ((section (or (emacs-agent-section-at) (funcall emacs-agent-approval-elsewhere-function))))
    (if (and section (emacs-agent-call-p (emacs-agent-section-data section))
             (emacs-agent-call-pending-p (emacs-agent-section-data section)))
        section
      (user-error "Point is on nothing that waits for a decision; C-c C-a goes there"))))

(defun emacs-agent-approval-ready ()
  "Return the section to decide, unless it has only just appeared."
  (let* ((section (emacs-agent-approval-section))
         (call (emacs-agent-section-data section)))
    (emacs-agent-approval-check-age (emacs-agent-call-shown-at call))
    section))

(defun emacs-agent-approval-young-p (shown-at)
  "Whether what asks has only just appeared, at the time SHOWN-AT."
  (< (- (float-time) shown-at) emacs-agent-approval-delay))

(defun emacs-agent-approval-check-age (shown-at)
  "Signal an error if what asks has only just appeared, at the time SHOWN-AT."
  (when (emacs-agent-approval-young-p shown-at)
    (user-error "This has only just appeared: look at it, then press the key again")))

(provide 'emacs-agent-approval)
;;; emacs-agent-approval.el ends here
