;;; emacs-agent-approval.el --- Deciding about tool calls  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A call that asks is shown where it belongs, with what it would do.  Its keys work with point on it only, and not in
;; its first half second, so that nothing that is being typed decides.  Nothing here waits: the answer of the backend
;; comes as an event like any other.

;;; Code:

(require 'emacs-agent-mode)

(declare-function emacs-agent-edit-params "emacs-agent-edit")
(declare-function emacs-agent-edit-content "emacs-agent-edit")
(declare-function emacs-agent-edit-diff "emacs-agent-edit")
(declare-function emacs-agent-edit-ediff "emacs-agent-edit")

(defvar emacs-agent-approval-delay 0.5
  "Seconds during which a new approval takes no decision.")

(defvar emacs-agent-approval-map
  (let ((map (make-sparse-keymap)))
    (define-key map "a" #'emacs-agent-approve)
    (define-key map "r" #'emacs-agent-reject)
    (define-key map "s" #'emacs-agent-approve-for-session)
    (define-key map "p" #'emacs-agent-approve-for-project)
    (define-key map " " #'emacs-agent-toggle-hunk)
    (define-key map "e" #'emacs-agent-edit-params)
    (define-key map "c" #'emacs-agent-edit-content)
    (define-key map "d" #'emacs-agent-edit-diff)
    (define-key map "=" #'emacs-agent-edit-ediff)
    (define-key map "D" #'emacs-agent-show-diff)
    (define-key map "n" #'emacs-agent-next-approval)
    (define-key map "q" #'emacs-agent-leave-approval)
    map)
  "Keys of a call that waits for a decision, with point on it.")

;;;; Showing

(defun emacs-agent-approval-render (section)
  "Return the text of SECTION, which shows a call, waiting or not."
  (if (emacs-agent-call-pending-p (emacs-agent-section-data section))
      (emacs-agent-approval--text section)
    (emacs-agent-call-render section)))

(setq emacs-agent-view-call-function #'emacs-agent-approval-render)

(defun emacs-agent-approval--text (section)
  "Return the text of SECTION, which shows a call that waits."
  (let* ((call (emacs-agent-section-data section))
         (event (emacs-agent-call-event call)))
    (let-alist event
      (emacs-agent-section-active
       (concat
        (emacs-agent-call-heading call) "\n"
        (and (stringp .reason) (concat (emacs-agent-approval--escaped .reason 500) "\n"))
        (and (stringp .danger)
             (propertize (concat "Careful: " (emacs-agent-approval--danger .danger) "\n")
                         'emacs-agent-face 'emacs-agent-danger))
        (emacs-agent-approval--what call (emacs-agent-section-expanded section))
        (and (emacs-agent-call-note call)
             (propertize (concat (emacs-agent-approval--escaped (emacs-agent-call-note call) 500) "\n")
                         'emacs-agent-face 'emacs-agent-failure))
        (emacs-agent-approval--keys call))
       'keymap emacs-agent-approval-map))))

(defun emacs-agent-approval--escaped (text width)
  "Return TEXT on one line of at most WIDTH, inert, with nothing hidden in it."
  (emacs-agent-inert-line (emacs-agent-show-all text) width))

(defun emacs-agent-approval--danger (danger)
  "Say what DANGER means."
  (pcase danger
    ("unsaved_buffer" "you have unsaved changes in this file; they will not be overwritten in Emacs")
    ("dangerous" "this may do what cannot be undone")
    (_ (emacs-agent-approval--escaped (string-replace "_" " " danger) 200))))

(defun emacs-agent-approval--what (call expanded)
  "Return what CALL would do: diffs, or its arguments; all of them if EXPANDED."
  (let-alist (emacs-agent-call-event call)
    (let ((files (append .preview.files nil))
          (emacs-agent-result-lines (if expanded 100000 emacs-agent-result-lines)))
      (concat
       (mapconcat (lambda (file)
                    (concat (emacs-agent-call-link (alist-get 'path file)) "  "
                            (emacs-agent-diff-stat-text (alist-get 'diff file)) "\n"
                            (emacs-agent-call-diff-block (alist-get 'diff file) (emacs-agent-call-refused call))))
                  files "")
       (cond ((and (null files) (stringp .params.command))
              (concat "#+BEGIN_EXAMPLE\n"
                      (emacs-agent-inert-block-lines (emacs-agent-show-all .params.command))
                      "\n#+END_EXAMPLE\n"))
             ((or (null files) expanded)
              (emacs-agent-call--block "SRC json :eval never" (emacs-agent-call-params-text .params))))))))

(defun emacs-agent-approval--key (key text)
  "Return KEY and TEXT, what it does."
  (concat (propertize key 'emacs-agent-face 'emacs-agent-key) " " text))

(defun emacs-agent-approval--keys (call)
  "Return the lines about the keys that act on CALL."
  (let-alist (emacs-agent-call-event call)
    (let ((hunks (emacs-agent-approval-hunks call)) (refused (length (emacs-agent-call-refused call))))
      (concat
       (string-join
        (delq nil
              (list (emacs-agent-approval--key
                     "a" (if (> refused 0) (format "approve %d of %d hunks" (- (length hunks) refused) (length hunks))
                           "approve"))
                    (emacs-agent-approval--key "r" "reject")
                    (and (cdr hunks) (emacs-agent-approval--key "SPC" "refuse hunk"))
                    (emacs-agent-approval--key "e" "edit arguments")
                    (and hunks (emacs-agent-approval--key "c" "edit text"))
                    (and hunks (emacs-agent-approval--key "d" "edit diff"))
                    (and hunks (emacs-agent-approval--key "=" "ediff"))))
        "  ")
       "\n"
       (and .remember
            (concat (emacs-agent-approval--key "s" (concat "approve, and for this session: "
                                                           (emacs-agent-approval--escaped (or .remember.session "") 200)))
                    "\n"
                    (emacs-agent-approval--key "p" (concat "approve, and for this project: "
                                                           (emacs-agent-approval--escaped (or .remember.project "") 200)))
                    "\n"))))))

(defun emacs-agent-approval-hunks (call)
  "Return the hunks of CALL if it writes one file and its diff is complete."
  (let-alist (emacs-agent-call-event call)
    (and (equal .category "filesystem")
         (= (length .preview.files) 1)
         (emacs-agent-diff-hunks (alist-get 'diff (aref .preview.files 0))))))

;;;; Which one

(defun emacs-agent-approval-section ()
  "Return the section at point if it shows a call that waits; else an error."
  (let ((section (emacs-agent-section-at)))
    (if (and section (emacs-agent-call-p (emacs-agent-section-data section))
             (emacs-agent-call-pending-p (emacs-agent-section-data section)))
        section
      (user-error "Point is on nothing that waits for a decision; C-c C-a goes there"))))

(defun emacs-agent-approval--ready ()
  "Return the section at point, unless it has only just appeared."
  (let* ((section (emacs-agent-approval-section))
         (call (emacs-agent-section-data section)))
    (when (< (- (float-time) (emacs-agent-call-shown-at call)) emacs-agent-approval-delay)
      (user-error "This has only just appeared: look at it, then press the key again"))
    section))

(defun emacs-agent-approval--positions ()
  "Return where things wait for a decision in this buffer."
  (sort (cl-loop for event in (append (emacs-agent-session-pending emacs-agent-session)
                                      (emacs-agent-session-questions emacs-agent-session))
                 for section = (gethash (or (alist-get 'tool_call_id event) (alist-get 'question_id event))
                                        emacs-agent-view-calls)
                 when section collect (marker-position (emacs-agent-section-start section)))
        #'<))

(defun emacs-agent-next-approval ()
  "Go to the next call or question that waits for you, in any conversation."
  (interactive)
  (let ((session (if (and emacs-agent-session (> (emacs-agent-session-waiting emacs-agent-session) 0))
                     emacs-agent-session
                   (cl-find-if (lambda (session)
                                 (and (> (emacs-agent-session-waiting session) 0)
                                      (buffer-live-p (emacs-agent-session-buffer session))))
                               emacs-agent-session-list))))
    (unless session (user-error "Nothing waits for you"))
    (unless (eq session emacs-agent-session)
      (pop-to-buffer (emacs-agent-session-buffer session) emacs-agent-display-action))
    (let ((positions (emacs-agent-approval--positions)))
      (goto-char (or (cl-find-if (lambda (position) (> position (point))) positions)
                     (car positions) (point)))
      (when (eq (window-buffer) (current-buffer)) (recenter 2)))))

(defun emacs-agent-leave-approval ()
  "Go to the input and decide later."
  (interactive)
  (goto-char (point-max)))

(defun emacs-agent-show-diff ()
  "Show all of the diff of the call at point in a buffer of its own."
  (interactive)
  (let-alist (emacs-agent-call-event (emacs-agent-section-data (emacs-agent-approval-section)))
    (unless (> (length .preview.files) 0) (user-error "This call shows no diff"))
    (emacs-agent-call-show-text
     "*emacs-agent diff*"
     (emacs-agent-show-all (mapconcat (lambda (file) (alist-get 'diff file)) .preview.files "")))
    (let ((inhibit-read-only t))
      (diff-mode)
      (setq-local diff-font-lock-syntax nil)
      (setq buffer-read-only t))))

;;;; Deciding

(defun emacs-agent-approval--note (section text)
  "Show TEXT, what became of a decision, in SECTION."
  (when (buffer-live-p (marker-buffer (emacs-agent-section-start section)))
    (with-current-buffer (marker-buffer (emacs-agent-section-start section))
      (setf (emacs-agent-call-note (emacs-agent-section-data section)) text)
      (emacs-agent-section-update section))))

(defun emacs-agent-approval-send (section body &optional then)
  "Approve the call of SECTION with BODY, an alist, and call THEN.
A preview that is stale is shown afresh."
  (let* ((call (emacs-agent-section-data section))
         (session (buffer-local-value 'emacs-agent-session
                                      (marker-buffer (emacs-agent-section-start section)))))
    (let-alist (emacs-agent-call-event call)
      (emacs-agent-session-act
       session "approve"
       `((tool_call_id . ,.tool_call_id)
         ,@(emacs-agent-present 'preview_hash .preview.hash)
         ,@body)
       (lambda (_answer) (when then (funcall then)))
       (lambda (failure) (emacs-agent-approval--refused section failure))))))

(defun emacs-agent-approval--refused (section failure)
  "Show in SECTION why a decision was refused: FAILURE."
  (let ((call (emacs-agent-section-data section)))
    (let-alist failure
      (pcase .code
        ("STALE_PREVIEW"
         (emacs-agent-approval--renew call .details.preview)
         (emacs-agent-approval--note section "The file has changed since: this is what would be done now."))
        ("ALREADY_DECIDED" (emacs-agent-say "This was decided already"))
        (_ (emacs-agent-approval--note section .message)
           (emacs-agent-say "Emacs-Agent: %s" .message))))))

(defun emacs-agent-approval--renew (call preview)
  "Put PREVIEW in the place of what CALL showed."
  (when preview
    (setf (alist-get 'preview (emacs-agent-call-event call)) preview
          (emacs-agent-call-refused call) nil
          (emacs-agent-call-shown-at call) (float-time))))

(defun emacs-agent-approve ()
  "Approve the call at point, without the hunks that are refused."
  (interactive)
  (let* ((section (emacs-agent-approval--ready))
         (call (emacs-agent-section-data section)))
    (emacs-agent-approval-send
     section
     (and (emacs-agent-call-refused call)
          `((content . ,(emacs-agent-approval-content call (emacs-agent-call-refused call))))))))

(defun emacs-agent-approval-remember (scope)
  "Approve the call at point and what its rule for SCOPE allows."
  (let* ((section (emacs-agent-approval--ready))
         (call (emacs-agent-section-data section))
         (rule (alist-get (intern scope) (alist-get 'remember (emacs-agent-call-event call)))))
    (unless rule (user-error "A call like this is never remembered"))
    (when (emacs-agent-call-refused call)
      (user-error "With hunks refused nothing is remembered; a approves the others"))
    (when (y-or-n-p (format "Always allow %s in this %s? " (emacs-agent-show-all rule) scope))
      (emacs-agent-approval-send section `((remember . ,scope))))))

(defun emacs-agent-approve-for-session ()
  "Approve the call at point and others like it in this session."
  (interactive)
  (emacs-agent-approval-remember "session"))

(defun emacs-agent-approve-for-project ()
  "Approve the call at point and others like it in this project."
  (interactive)
  (emacs-agent-approval-remember "project"))

(defun emacs-agent-reject (reason)
  "Reject the call at point, and tell the model REASON if it is not empty."
  (interactive (progn (emacs-agent-approval--ready)
                      (list (read-string "Reject, because (optional): "))))
  (let* ((section (emacs-agent-approval-section))
         (call (emacs-agent-section-data section)))
    (emacs-agent-session-act
     emacs-agent-session "reject"
     `((tool_call_id . ,(emacs-agent-call-id call))
       ,@(and (not (string-blank-p reason)) `((reason . ,(emacs-agent-clean-text reason)))))
     nil
     (lambda (failure) (emacs-agent-approval--refused section failure)))))

;;;; Hunks

(defun emacs-agent-toggle-hunk ()
  "Refuse the hunk at point, or accept it again."
  (interactive)
  (let* ((section (emacs-agent-approval-section))
         (call (emacs-agent-section-data section))
         (hunks (emacs-agent-approval-hunks call))
         (number (get-text-property (point) 'emacs-agent-hunk))
         (refused (emacs-agent-call-refused call)))
    (unless hunks (user-error "This call cannot be approved in parts"))
    (unless number (user-error "Point is on no hunk"))
    (setq refused (if (memq number refused) (remq number refused) (cons number refused)))
    (when (= (length refused) (length hunks))
      (user-error "This is the last hunk: r rejects the call"))
    (setf (emacs-agent-call-refused call) refused)
    (emacs-agent-section-update section)))

(defun emacs-agent-approval-before (call)
  "Return the text that CALL would change, on disk or in an unsaved buffer.
Which one the preview was made from is known by its hash."
  (let* ((file (emacs-agent-approval-file call))
         (hash (emacs-agent-value
                (let-alist (emacs-agent-call-event call)
                  (alist-get 'before_hash (aref .preview.files 0)))))
         (buffer (find-buffer-visiting file)))
    (cl-find-if (lambda (text)
                  (or (null hash)
                      (equal hash (concat "sha256:" (secure-hash 'sha256 (encode-coding-string text 'utf-8-unix))))))
                (delq nil (list (if hash (emacs-agent-approval--disk file) "")
                                (and buffer (buffer-modified-p buffer)
                                     (with-current-buffer buffer
                                       (save-restriction
                                         (widen)
                                         (emacs-agent-context-text (point-min) (point-max))))))))))

(defun emacs-agent-approval--disk (file)
  "Return the text of FILE, empty if there is none."
  (if (not (file-exists-p file))
      ""
    (with-temp-buffer
      (let ((coding-system-for-read 'utf-8-unix))
        (insert-file-contents file))
      (buffer-string))))

(defun emacs-agent-approval-file (call)
  "Return the file that CALL would write."
  (let-alist (emacs-agent-call-event call)
    (emacs-agent-session-file emacs-agent-session (alist-get 'path (aref .preview.files 0)))))

(defun emacs-agent-approval-content (call &optional refused)
  "Return the text that CALL would write, without the hunks REFUSED."
  (let* ((hunks (or (emacs-agent-approval-hunks call)
                    (user-error "The diff of this call is not complete, or not of one file")))
         (accepted (cl-loop for hunk in hunks for number from 0
                            unless (memq number refused) collect hunk)))
    (emacs-agent-approval--apply call accepted)))

(defun emacs-agent-approval--apply (call hunks)
  "Return what CALL's file would be with HUNKS alone."
  (condition-case nil
      (emacs-agent-diff-apply (or (emacs-agent-approval-before call)
                                  (signal 'emacs-agent-diff-mismatch nil))
                              hunks)
    (emacs-agent-diff-mismatch
     (user-error "The file is not what this diff was made for: accept all hunks to see it afresh"))))

;;;; All that wait

(defun emacs-agent-approvals--entries ()
  "Return the rows of the list of all that waits."
  (cl-loop
   for session in emacs-agent-session-list
   for buffer = (emacs-agent-session-buffer session)
   when (buffer-live-p buffer)
   nconc (with-current-buffer buffer
           (cl-loop for event in (append (emacs-agent-session-pending session)
                                         (emacs-agent-session-questions session))
                    for id = (or (alist-get 'tool_call_id event) (alist-get 'question_id event))
                    collect (list (cons session id)
                                  (vector (emacs-agent-session-name session)
                                          (emacs-agent-show-all
                                           (emacs-agent-one-line (or (alist-get 'tool event) "question") 30))
                                          (if (alist-get 'tool event) (emacs-agent-call-summary event)
                                            (emacs-agent-show-all
                                             (emacs-agent-one-line (alist-get 'message event) 80)))))))))

(defvar emacs-agent-approvals-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'emacs-agent-approvals-visit)
    map)
  "Keys of the list of all that waits.")

(define-derived-mode emacs-agent-approvals-mode tabulated-list-mode "Approvals"
  "What waits for a decision in all conversations."
  (setq tabulated-list-format [("Session" 20 t) ("Tool" 20 t) ("About" 0 t)]
        tabulated-list-entries #'emacs-agent-approvals--entries)
  (tabulated-list-init-header))

(defun emacs-agent-approvals ()
  "List what waits for a decision in all conversations."
  (interactive)
  (pop-to-buffer
   (with-current-buffer (get-buffer-create "*emacs-agent approvals*")
     (emacs-agent-approvals-mode)
     (tabulated-list-print)
     (goto-char (point-min))
     (current-buffer))))

(defun emacs-agent-approvals-visit ()
  "Go to what waits at point."
  (interactive)
  (pcase-let ((`(,session . ,id) (or (tabulated-list-get-id) (user-error "Nothing here"))))
    (pop-to-buffer (emacs-agent-session-buffer session) emacs-agent-display-action)
    (let ((section (gethash id emacs-agent-view-calls)))
      (when section (goto-char (emacs-agent-section-start section))))))

(provide 'emacs-agent-approval)
;;; emacs-agent-approval.el ends here
