;;; emacs-agent-call.el --- How tool calls are shown  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A call is one line, and what it changed; everything else is written when it is asked for, and no more of it than
;; one can read.  All of a result is shown in a buffer of its own.

;;; Code:

(require 'emacs-agent-section)
(require 'emacs-agent-session)
(require 'emacs-agent-diff)
(require 'emacs-agent-diff-colour)
(require 'emacs-agent-inert)
(require 'emacs-agent-popup)

(defcustom emacs-agent-result-lines 60
  "How many lines of a result or a diff are shown in the conversation.
The rest is shown in a buffer of its own."
  :type 'natnum
  :group 'emacs-agent)

(cl-defstruct (emacs-agent-call (:copier nil))
  "A tool call: the events about it."
  event result approval changes
  progress                              ; the last tool.progress
  (output nil)                          ; chunks of output so far, newest first
  (output-size 0)
  level
  (refused nil)                         ; numbers of hunks that are not wanted
  (texts nil)                           ; edited texts, by the paths of their files
  folding                               ; the calls that it is folded with, once its turn is done
  shown-at                              ; when the approval appeared
  note)                                 ; what became of an attempt to decide

(defun emacs-agent-call-id (call)
  "Return the id of CALL."
  (alist-get 'tool_call_id (emacs-agent-call-event call)))

(defun emacs-agent-call-pending-p (call)
  "Whether CALL waits for a decision of the user."
  (and (eq t (alist-get 'requires_approval (emacs-agent-call-event call)))
       (not (emacs-agent-call-approval call))
       (not (emacs-agent-call-result call))
       (cl-find (emacs-agent-call-id call) (emacs-agent-session-pending emacs-agent-session)
                :key (lambda (event) (alist-get 'tool_call_id event)) :test #'equal)
       t))

(defun emacs-agent-call-texts-for (call event)
  "Return those texts of CALL that still apply when EVENT announces it again.
They are those of the files whose diffs are the same as before."
  (cl-flet ((entry (path event)
              (let-alist event
                (cl-find path .preview.files :key (lambda (file) (alist-get 'path file)) :test #'equal))))
    (cl-remove-if-not
     (pcase-lambda (`(,path . ,_))
       (let ((old (entry path (emacs-agent-call-event call))) (new (entry path event)))
         (and new (equal (alist-get 'diff old) (alist-get 'diff new))
              (equal (alist-get 'before_hash old) (alist-get 'before_hash new)))))
     (emacs-agent-call-texts call))))

;;;; The line

(defun emacs-agent-call-summary (event)
  "Return what the call of EVENT is about, in a few words."
  (let ((params (alist-get 'params event)))
    (or (cl-loop for key in '(path command file pattern query url name message title destination)
                 for value = (and (listp params) (alist-get key params))
                 when (and (stringp value) (not (string-empty-p value)))
                 return (emacs-agent-show-all
                         (emacs-agent-one-line
                          (if (eq key 'path)
                              (emacs-agent-session-short-name emacs-agent-session value)
                            value)
                          60)))
        (emacs-agent-call--paths event))))

(defun emacs-agent-call--paths (event)
  "Return the names of the files in the preview of EVENT, in one short line."
  (let-alist event
    (emacs-agent-show-all
     (emacs-agent-one-line
      (mapconcat (lambda (file) (emacs-agent-session-short-name emacs-agent-session (alist-get 'path file)))
                 .preview.files ", ")
      60))))

(defun emacs-agent-call--status (call)
  "Return the state of CALL in words, with a face."
  (let-alist (emacs-agent-call-result call)
    (pcase .status
      ("success" (let ((code (alist-get 'exit_code .result.metadata)))
                   (cond ((and (integerp code) (/= code 0))
                          (propertize (format "exit %d" code) 'emacs-agent-face 'emacs-agent-failure))
                         ((eq t (alist-get 'proposed .result.metadata))
                          (propertize "proposed" 'emacs-agent-face 'emacs-agent-dim))
                         (t (propertize "done" 'emacs-agent-face 'emacs-agent-success)))))
      ("error" (propertize (concat "failed: " (or .org_title .error.code)) 'emacs-agent-face 'emacs-agent-failure))
      ("rejected" (propertize "rejected" 'emacs-agent-face 'emacs-agent-failure))
      (_ (if (emacs-agent-call-pending-p call)
             (propertize "waits for you" 'emacs-agent-face 'emacs-agent-attention)
           (propertize (emacs-agent-call--progress call) 'emacs-agent-face 'emacs-agent-running))))))

(defun emacs-agent-call--progress (call)
  "Return how far CALL is."
  (let-alist (emacs-agent-call-progress call)
    (string-join
     (delq nil (list "running"
                     (and (numberp .progress) (format "%d%%" (round (* 100 .progress))))
                     .org_title
                     (and (> (emacs-agent-call-output-size call) 0)
                          (format "%s characters" (emacs-agent-count (emacs-agent-call-output-size call))))))
     ", ")))

(defun emacs-agent-call--size (call)
  "Return how much CALL gave and how long it took."
  (let-alist (emacs-agent-call-result call)
    (let* ((content .result.content)
           (lines (and (stringp content) (emacs-agent-call--count-lines content))))
      (string-join
       (delq nil (list (emacs-agent-call--amount content lines .result.metadata)
                       (and (numberp .execution_time_ms) (>= .execution_time_ms 1000)
                            (format "%.1f s" (/ .execution_time_ms 1000.0)))))
       ", "))))

(defun emacs-agent-call--amount (content lines metadata)
  "Return the size of CONTENT, which has LINES, in words, or nil.
If CONTENT was cut, METADATA has the size of the whole."
  (let ((size (and (listp metadata) (alist-get 'output_chars metadata))))
    (cond ((eq t (alist-get 'proposed metadata)) nil)
          ((and (numberp size) (stringp content) (> size (length content)))
           (format "%s characters, cut" (emacs-agent-count size)))
          ((and lines (> lines 0)) (emacs-agent-plural lines "line")))))

(defun emacs-agent-call--count-lines (text)
  "Return the number of lines in TEXT."
  (let ((count 0) (at -1))
    (while (setq at (string-search "\n" text (1+ at))) (cl-incf count))
    (if (or (string-empty-p text) (string-suffix-p "\n" text)) count (1+ count))))

(defun emacs-agent-call-agent (event)
  "Return who does what EVENT is about, if that is a delegated agent, or nothing."
  (let-alist event
    (if (and (stringp .agent) .parent_tool_call_id)
        (format " (%s)" (emacs-agent-inert-line .agent 40))
      "")))

(defun emacs-agent-call--failed-p (call)
  "Whether CALL ran a command that failed."
  (let ((code (alist-get 'exit_code (alist-get 'metadata (alist-get 'result (emacs-agent-call-result call))))))
    (and (integerp code) (/= code 0))))

(defun emacs-agent-call-unsuccessful-p (call)
  "Whether CALL failed, was rejected, or ran a command that failed."
  (or (emacs-agent-call--failed-p call)
      (member (alist-get 'status (emacs-agent-call-result call)) '("error" "rejected"))))

(defun emacs-agent-call-heading (call)
  "Return the line of CALL."
  (let* ((event (emacs-agent-call-event call))
         (size (emacs-agent-call--size call)))
    (emacs-agent-output-active
     (concat "- Tool Call: " (propertize (alist-get 'org_title event) 'emacs-agent-face 'emacs-agent-tool)
             (emacs-agent-call-agent event)
             "  " (emacs-agent-call--status call)
             (and (not (string-empty-p size))
                  (propertize (format " (%s)" size) 'emacs-agent-face 'emacs-agent-dim)))
     'mouse-face 'highlight 'emacs-agent-call-line t
     'help-echo "TAB: more about this call, RET: its whole result")))

;;;; What it changed

(defun emacs-agent-call--change (event)
  "Return the line about EVENT, a file.changed."
  (let-alist event
    (concat "- " .org (and (stringp .diff) (concat "  " (emacs-agent-diff-stat-text .diff))) "\n")))

;;;; The rest

(defun emacs-agent-call-shorten (org &optional limit)
  "Return ORG, a body, with at most LIMIT lines of a block at its start.
LIMIT is `emacs-agent-result-lines' by default."
  (let ((lines (split-string org "\n")) (limit (1+ (or limit emacs-agent-result-lines))))
    (concat (if (and (> (length lines) (1+ limit))
                     (string-match "\\`#\\+BEGIN_\\([A-Z]+\\)" org))
                (concat (string-join (seq-take lines limit) "\n") "\n#+END_" (match-string 1 org) "\n"
                        (propertize "… RET shows all of it" 'emacs-agent-face 'emacs-agent-dim))
              org)
            "\n")))

(defun emacs-agent-call-params-text (params)
  "Return PARAMS as JSON to read."
  (condition-case nil
      (emacs-agent-json-pretty params)
    (error (format "%S" params))))

(defun emacs-agent-call-diff-block (file diff org &optional limit refused first)
  "Return at most LIMIT lines of DIFF of FILE, which is ORG when inert, in a block.
LIMIT is `emacs-agent-result-lines' by default.  Hunks whose numbers are in
REFUSED are marked; the first one has the number FIRST, 0 by default."
  (pcase-let ((`(,text . ,more)
               (emacs-agent-diff-lines diff org (or limit emacs-agent-result-lines) refused first)))
    (concat "#+BEGIN_EXAMPLE\n" (emacs-agent-diff-colour-mark text file) "#+END_EXAMPLE\n"
            (and (> more 0)
                 (propertize (format "… %s more: D shows all of the diff\n" (emacs-agent-plural more "line"))
                             'emacs-agent-face 'emacs-agent-dim)))))

(defun emacs-agent-call--details (call)
  "Return all about CALL that is folded away."
  (let-alist (emacs-agent-call-event call)
    (concat
     (emacs-agent-call-shorten .org)
     (and (not (string-empty-p .org_reason)) (concat .org_reason "\n"))
     (and (emacs-agent-call-approval call) (emacs-agent-call--decision (emacs-agent-call-approval call)))
     (emacs-agent-call--outcome call)
     (mapconcat (lambda (change)
                  (let-alist change
                    (if (stringp .diff) (emacs-agent-call-diff-block .path .diff .org_diff) "")))
                (reverse (emacs-agent-call-changes call)) ""))))

(defun emacs-agent-call--decision (approval)
  "Return a line about APPROVAL, the event."
  (let-alist approval
    (format "%s by %s%s%s.\n" (capitalize .decision) .by
            (if (eq .edited t) ", edited" "")
            (if .org_reason (concat ": " .org_reason) ""))))

(defun emacs-agent-call--outcome (call)
  "Return what CALL gave, all in all or so far."
  (let ((org (alist-get 'org (emacs-agent-call-result call))))
    (cond ((and org (not (string-empty-p org))) (emacs-agent-call-shorten org))
          ((emacs-agent-call-output call) (emacs-agent-call--output call))
          (t ""))))

(defun emacs-agent-call--output (call)
  "Return the end of what CALL has written so far, for the eye only.
It may be cut anywhere, so it is no text of the buffer."
  (let* ((text (emacs-agent-show-all (apply #'concat (reverse (emacs-agent-call-output call)))))
         (lines (last (split-string (string-trim-right text "\n") "\n") 10)))
    (concat (emacs-agent-output-active
             "…" 'display (mapconcat (lambda (line) (truncate-string-to-width line 400)) lines "\n"))
            "\n")))

(defvar emacs-agent-call-render-functions nil
  "Abnormal hook for calls that are shown in another way than usual.
Each function is called with the section of a call, in its buffer, and returns
the text of that section, or nil.  The first text counts.")

(defun emacs-agent-call-render (section)
  "Return the text of SECTION, about a call."
  (or (run-hook-with-args-until-success 'emacs-agent-call-render-functions section)
      (emacs-agent-call--text section)))

(defun emacs-agent-call--text (section)
  "Return the text of SECTION, about a call that waits for nobody."
  (concat (emacs-agent-call-body section) (emacs-agent-call-changes-text (emacs-agent-section-data section))))

(defun emacs-agent-call-body (section)
  "Return the line of the call in SECTION, and what is shown of it below."
  (let ((call (emacs-agent-section-data section)))
    (concat (emacs-agent-call-heading call) "\n"
            (cond ((emacs-agent-section-expanded section) (emacs-agent-call--details call))
                  ((emacs-agent-call--failed-p call)
                   (emacs-agent-call-shorten (or (alist-get 'org (emacs-agent-call-result call)) "") 10))
                  ((emacs-agent-call-result call) "")
                  ((emacs-agent-call-output call) (emacs-agent-call--output call))))))

(defun emacs-agent-call-changes-text (call)
  "Return a line about each file that CALL changed."
  (mapconcat #'emacs-agent-call--change (reverse (emacs-agent-call-changes call)) ""))

(defun emacs-agent-call-show-result (call)
  "Show the whole result of CALL."
  (let-alist (emacs-agent-call-result call)
    (let ((text (or .result.content .error.message
                    (and (emacs-agent-call-output call)
                         (apply #'concat (reverse (emacs-agent-call-output call)))))))
      (if (and (stringp text) (not (string-empty-p text)))
          (emacs-agent-popup-text "*emacs-agent result*" text)
        (user-error "This call has given nothing so far")))))

(provide 'emacs-agent-call)
;;; emacs-agent-call.el ends here
