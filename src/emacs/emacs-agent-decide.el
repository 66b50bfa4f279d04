;;; emacs-agent-decide.el --- Approving and rejecting calls  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Nothing here waits: the answer of the backend comes as an event like any other.

;;; Code:

(require 'emacs-agent-approval)
(require 'emacs-agent-outbox)
(require 'diff-mode)

(defvar-local emacs-agent-decide--sent nil
  "Ids of calls whose decision is on its way, and not refused.")

(defun emacs-agent-decide-sent-p (section)
  "Whether SECTION has a call, and the decision about that is on its way."
  (let ((data (emacs-agent-section-data section)))
    (and (emacs-agent-call-p data) (member (emacs-agent-call-id data) emacs-agent-decide--sent))))

(defvar-local emacs-agent-decide--decided-at 0
  "When a decision was last sent from this buffer.")

(defun emacs-agent-decide-just-now-p ()
  "Whether a decision has just been sent from this buffer."
  (emacs-agent-approval-young-p emacs-agent-decide--decided-at))

(defun emacs-agent-decide--send (section action body &optional then)
  "Decide about the call of SECTION by ACTION with BODY, an alist; call THEN.
If another one waits, point goes there.  A decision that is refused is noted
in SECTION, a preview that is stale is shown afresh."
  (let* ((buffer (marker-buffer (emacs-agent-section-start section)))
         (session (buffer-local-value 'emacs-agent-session buffer))
         (id (emacs-agent-call-id (emacs-agent-section-data section))))
    (with-current-buffer buffer
      (push id emacs-agent-decide--sent)
      (setq emacs-agent-decide--decided-at (float-time)))
    (emacs-agent-session-act
     session action `((tool_call_id . ,id) ,@body)
     (lambda (_answer) (when then (funcall then)))
     (lambda (failure)
       (when (buffer-live-p buffer)
         (with-current-buffer buffer
           (setq emacs-agent-decide--sent (delete id emacs-agent-decide--sent))))
       (emacs-agent-decide--refused section failure)))
    (with-current-buffer buffer (emacs-agent-decide--advance section nil))))

(defun emacs-agent-decide-approve (section body &optional then)
  "Approve the call of SECTION with BODY, an alist, and call THEN."
  (let-alist (emacs-agent-call-event (emacs-agent-section-data section))
    (emacs-agent-decide--send
     section "approve" `(,@(emacs-agent-present 'preview_hash .preview.hash) ,@body) then)))

(defun emacs-agent-decide--advance (section otherwise)
  "Go from SECTION, with point on it, to the next that waits.
If there is none, go to the position OTHERWISE unless that is nil."
  (let* ((next (cl-find-if-not #'emacs-agent-decide-sent-p (emacs-agent-waiting-sections)))
         (to (if next (marker-position (emacs-agent-section-start next)) otherwise)))
    (when to
      (when (eq section (emacs-agent-section-at)) (goto-char to))
      (dolist (window (get-buffer-window-list nil nil t))
        (when (eq section (emacs-agent-section-at (window-point window)))
          (set-window-point window to))))))

(defun emacs-agent-waiting-sections ()
  "Return the sections of this conversation that wait for its user, in order."
  (sort (cl-loop for event in (emacs-agent-session-waiting-events emacs-agent-session)
                 for section = (emacs-agent-section-with-id (emacs-agent-session-waiting-id event))
                 when section collect section)
        (lambda (one other) (< (emacs-agent-section-start one) (emacs-agent-section-start other)))))

(defun emacs-agent-decide--event (_session event)
  "Forget the decision that EVENT confirms, or asks for again.
After an approval, point goes on to the next call that waits."
  (let-alist event
    (when (and (member .type '("tool.call" "approval" "tool.result"))
               (member .tool_call_id emacs-agent-decide--sent))
      (setq emacs-agent-decide--sent (delete .tool_call_id emacs-agent-decide--sent))
      (when (equal .type "approval")
        (emacs-agent-decide--advance (emacs-agent-section-with-id .tool_call_id) (point-max))))))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-decide--event -60)

(defun emacs-agent-decide--note (section text)
  "Show TEXT, what became of a decision, in SECTION."
  (when (buffer-live-p (marker-buffer (emacs-agent-section-start section)))
    (with-current-buffer (marker-buffer (emacs-agent-section-start section))
      (setf (emacs-agent-call-note (emacs-agent-section-data section)) text)
      (emacs-agent-section-update section))))

(defun emacs-agent-decide--refused (section failure)
  "Show in SECTION why a decision was refused: FAILURE."
  (let-alist failure
    (pcase .code
      ;; The call is announced again, with what would be done now.
      ("STALE_PREVIEW" (emacs-agent-decide--note section "The file has changed since: this is what would be done now."))
      ("ALREADY_DECIDED" (emacs-agent-say "This was decided already"))
      (_ (emacs-agent-decide--note section .message)
         (emacs-agent-say "Emacs-Agent: %s" .message)))))

(defun emacs-agent-approve ()
  "Approve the call at point, without the hunks that are refused.
From an empty prompt, that is the first call that waits."
  (interactive)
  (let ((section (emacs-agent-approval-ready)))
    (emacs-agent-decide-approve section (emacs-agent-proposal-decision (emacs-agent-section-data section)))))

(defun emacs-agent-approve-these ()
  "Approve every call that waits in this conversation, as it is shown."
  (interactive)
  (let* ((sections (emacs-agent-decide-ready-calls))
         (events (mapcar (lambda (section) (emacs-agent-call-event (emacs-agent-section-data section))) sections))
         (dangers (cl-count-if #'emacs-agent-approval-danger events)))
    (unless sections (user-error "No call waits that has been shown for half a second"))
    (when (y-or-n-p (format "Approve %s%s: %s? "
                            (if (cdr sections) (format "these %d" (length sections)) "this one")
                            (if (> dangers 0) (format ", %d of them dangerous" dangers) "")
                            (mapconcat #'emacs-agent-call-words events ", ")))
      (cl-loop for section in sections for event in events
               for call = (emacs-agent-section-data section)
               ;; Calls that were decided or shown afresh in the meantime are left alone.
               when (and (eq event (emacs-agent-call-event call)) (emacs-agent-call-pending-p call)
                         (not (emacs-agent-decide-sent-p section)))
               do (emacs-agent-decide-approve section (emacs-agent-proposal-decision (emacs-agent-section-data section)))))))

(defun emacs-agent-decide-ready-calls ()
  "Return the sections of all that waits and may be decided by now."
  (cl-remove-if-not (lambda (section)
                      (let ((call (emacs-agent-section-data section)))
                        (and (emacs-agent-call-p call)
                             (not (emacs-agent-decide-sent-p section))
                             (not (emacs-agent-approval-young-p (emacs-agent-call-shown-at call))))))
                    (emacs-agent-waiting-sections)))

(defun emacs-agent-call-words (event)
  "Return the tool of the call of EVENT and what it is about, in a few words."
  (string-trim (concat (emacs-agent-show-all (emacs-agent-one-line (or (alist-get 'tool event) "") 30))
                       " " (emacs-agent-call-summary event))))

(defun emacs-agent-decide--remember (scope)
  "Approve the call at point and what is allowed by its rule for SCOPE."
  (let* ((section (emacs-agent-approval-ready))
         (call (emacs-agent-section-data section))
         (rule (alist-get (intern scope) (alist-get 'remember (emacs-agent-call-event call)))))
    (unless rule (user-error "A call like this is never remembered"))
    (when (emacs-agent-call-refused call)
      (user-error "With hunks refused nothing is remembered; a approves the others"))
    (when (y-or-n-p (format "Always allow %s in this %s? " (emacs-agent-show-all rule) scope))
      (emacs-agent-decide-approve section `((remember . ,scope))))))

(defun emacs-agent-approve-for-session ()
  "Approve the call at point and others like it in this session."
  (interactive)
  (emacs-agent-decide--remember "session"))

(defun emacs-agent-approve-for-project ()
  "Approve the call at point and others like it in this project."
  (interactive)
  (emacs-agent-decide--remember "project"))

(defun emacs-agent-reject (reason &optional section)
  "Reject the call at point, and tell the model REASON if it is not empty.
SECTION is where the call is shown, if not at point."
  (interactive (let ((section (emacs-agent-approval-ready)))
                 (list (read-string (format "Reject %s, because (optional): "
                                            (emacs-agent-call-words
                                             (emacs-agent-call-event (emacs-agent-section-data section)))))
                       section)))
  (emacs-agent-decide--send (or section (emacs-agent-approval-section)) "reject"
                            (and (not (string-blank-p reason)) `((reason . ,(emacs-agent-clean-text reason))))))

;;;; Hunks

(defun emacs-agent-toggle-hunk ()
  "Refuse the hunk at point, or accept it again.
With point on the line of a file, do so with all of that file."
  (interactive)
  (let* ((section (emacs-agent-approval-section))
         (call (emacs-agent-section-data section))
         (refused (emacs-agent-call-refused call))
         (numbers (emacs-agent-decide--numbers call)))
    (setq refused (if (cl-subsetp numbers refused) (cl-set-difference refused numbers) (cl-union numbers refused)))
    (when (= (length refused) (emacs-agent-proposal-parts call))
      (user-error "Nothing would be left: r rejects the call"))
    (setf (emacs-agent-call-refused call) refused)
    (emacs-agent-section-update section)))

(defun emacs-agent-decide--numbers (call)
  "Return the numbers of the parts of CALL that point is on.
The edited text of their file, if any, is discarded."
  (unless (emacs-agent-proposal-files call) (user-error "This call cannot be approved in parts"))
  (let ((hunk (get-text-property (point) 'emacs-agent-hunk)) (file (emacs-agent-decide-file call)))
    (unless (or hunk (emacs-agent-proposal-several-p call)) (user-error "Point is on no hunk"))
    (setf (emacs-agent-call-texts call)
          (assoc-delete-all (emacs-agent-proposal-path file) (emacs-agent-call-texts call)))
    (if hunk (list hunk) (emacs-agent-proposal-numbers file))))

(defun emacs-agent-decide-file (call)
  "Return the file of CALL at point, or its only one."
  (let ((files (emacs-agent-proposal-files call)) (path (get-text-property (point) 'emacs-agent-proposal)))
    (cond ((null files) (user-error "The diff of this call is not complete, or not of one file"))
          ((null (cdr files)) (car files))
          ((cl-find path files :key #'emacs-agent-proposal-path :test #'equal))
          (t (user-error "Point is on no file")))))

(defun emacs-agent-show-diff ()
  "Show all of the diff of the call at point in a buffer of its own."
  (interactive)
  (let-alist (emacs-agent-call-event (emacs-agent-section-data (emacs-agent-approval-section)))
    (unless (> (length .preview.files) 0) (user-error "This call shows no diff"))
    (emacs-agent-popup-text
     "*emacs-agent diff*"
     (mapconcat (lambda (file)
                  (let-alist file (emacs-agent-diff-colour-mark (emacs-agent-show-all .diff) .path)))
                .preview.files ""))
    (let ((inhibit-read-only t))
      ;; Before the mode, whose keys depend on it.
      (setq buffer-read-only t)
      (diff-mode)
      (emacs-agent-diff-colour-setup))))

(provide 'emacs-agent-decide)
;;; emacs-agent-decide.el ends here
