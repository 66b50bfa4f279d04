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
(require 'emacs-agent-inert)
(require 'emacs-agent-diff)
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
        "")))

(defun emacs-agent-call--status (call)
  "Return the state of CALL in words, with a face."
  (let ((result (emacs-agent-call-result call)))
    (let-alist result
      (pcase .status
        ("success" (let ((code (alist-get 'exit_code .result.metadata)))
                     (if (and (integerp code) (/= code 0))
                         (propertize (format "exit %d" code) 'emacs-agent-face 'emacs-agent-failure)
                       (propertize "done" 'emacs-agent-face 'emacs-agent-success))))
        ("error" (propertize (format "failed: %s" (emacs-agent-inert-line (emacs-agent-call--reason .error) 80))
                             'emacs-agent-face 'emacs-agent-failure))
        ("rejected" (propertize "rejected" 'emacs-agent-face 'emacs-agent-failure))
        (_ (cond ((emacs-agent-call-pending-p call)
                  (propertize "waits for you" 'emacs-agent-face 'emacs-agent-attention))
                 (t (propertize (emacs-agent-call--progress call) 'emacs-agent-face 'emacs-agent-running))))))))

(defun emacs-agent-call--reason (error)
  "Return what went wrong by ERROR, in one line: its message if it has one."
  (let-alist error
    (if (and (stringp .message) (not (string-blank-p .message)))
        (car (split-string (string-trim .message) "\n"))
      .code)))

(defun emacs-agent-call--progress (call)
  "Return how far CALL is."
  (let-alist (emacs-agent-call-progress call)
    (string-join
     (delq nil (list "running"
                     (and (numberp .progress) (format "%d%%" (round (* 100 .progress))))
                     (and (stringp .message) (not (string-empty-p .message))
                          (emacs-agent-inert-line .message 60))
                     (and (> (emacs-agent-call-output-size call) 0)
                          (format "%s characters" (emacs-agent-count (emacs-agent-call-output-size call))))))
     ", ")))

(defun emacs-agent-call--size (call)
  "Return how much CALL gave and how long it took."
  (let-alist (emacs-agent-call-result call)
    (let* ((content .result.content)
           (lines (and (stringp content) (emacs-agent-call--count-lines content))))
      (string-join
       (delq nil (list (and lines (> lines 0) (emacs-agent-plural lines "line"))
                       (and (numberp .execution_time_ms) (>= .execution_time_ms 1000)
                            (format "%.1f s" (/ .execution_time_ms 1000.0)))))
       ", "))))

(defun emacs-agent-call--count-lines (text)
  "Return the number of lines in TEXT."
  (let ((count 0) (at -1))
    (while (setq at (string-search "\n" text (1+ at))) (cl-incf count))
    (if (or (string-empty-p text) (string-suffix-p "\n" text)) count (1+ count))))

(defun emacs-agent-call-heading (call)
  "Return the line of CALL."
  (let* ((event (emacs-agent-call-event call))
         (summary (emacs-agent-call-summary event))
         (size (emacs-agent-call--size call))
         (agent (alist-get 'agent event)))
    (emacs-agent-output-active
     (concat (make-string (emacs-agent-call-level call) ?*)
             " Tool Call: " (emacs-agent-inert-line (alist-get 'tool event) 60)
             (and (stringp agent) (format " (%s)" (emacs-agent-inert-line agent 20)))
             (and (not (string-empty-p summary)) (concat "  " (emacs-agent-inert-line summary)))
             "  " (emacs-agent-call--status call)
             (and (not (string-empty-p size))
                  (propertize (format " (%s)" size) 'emacs-agent-face 'emacs-agent-dim)))
     'mouse-face 'highlight
     'help-echo "TAB: more about this call, RET: its whole result")))

;;;; What it changed

(defun emacs-agent-call-link (path &optional line)
  "Return a link to PATH, at LINE, as a session's event has them."
  (let* ((name (emacs-agent-session-short-name emacs-agent-session path))
         (file (emacs-agent-session-file emacs-agent-session path))
         (label (if line (format "%s:%d" name line) name)))
    (if (string-match-p "::\\|[|\0-\x1f\x7f]" file)
        (emacs-agent-inert-line (emacs-agent-show-all label))
      (emacs-agent-inert-link (format "file:%s%s" file (if line (format "::%d" line) ""))
                              (emacs-agent-inert-line (emacs-agent-show-all label))))))

(defun emacs-agent-call--change (event)
  "Return the line about EVENT, a file.changed."
  (let-alist event
    (concat "- " (capitalize .change) " " (emacs-agent-call-link .path)
            (and (stringp .from) (concat " from " (emacs-agent-call-link .from)))
            (and (stringp .diff) (concat "  " (emacs-agent-diff-stat-text .diff)))
            "\n")))

;;;; The rest

(defun emacs-agent-call--excerpt (text limit)
  "Return (EXCERPT . MORE) of TEXT, LIMIT lines that are not too long.
MORE is whether that is not all."
  (let ((start 0) (lines nil) (count 0) (size (length text)))
    (while (and (< start size) (< count limit))
      (let ((end (or (string-search "\n" text start) size)))
        (if (> (- end start) 400)
            (progn (push (substring text start (+ start 400)) lines)
                   (setq start (+ start 400)))
          (push (substring text start end) lines)
          (setq start (1+ end)))
        (cl-incf count)))
    (cons (string-join (nreverse lines) "\n") (< start size))))

(defun emacs-agent-call-block (open text &optional limit)
  "Return TEXT in a block that starts with OPEN, at most LIMIT lines of it.
LIMIT is `emacs-agent-result-lines' by default."
  (pcase-let ((`(,excerpt . ,more) (emacs-agent-call--excerpt text (or limit emacs-agent-result-lines))))
    (concat (emacs-agent-inert-block open (emacs-agent-show-all excerpt)) "\n"
            (and more
                 (propertize (format "… RET shows all %s characters\n" (emacs-agent-count (length text)))
                             'emacs-agent-face 'emacs-agent-dim)))))

(defun emacs-agent-call-params-text (params)
  "Return PARAMS as JSON to read."
  (condition-case nil
      (emacs-agent-json-pretty params)
    (error (format "%S" params))))

(defun emacs-agent-call-diff-block (diff &optional limit refused)
  "Return at most LIMIT lines of DIFF in a block.
LIMIT is `emacs-agent-result-lines' by default.  Hunks whose numbers are in
REFUSED are marked."
  (pcase-let ((`(,text . ,more) (emacs-agent-diff-lines diff (or limit emacs-agent-result-lines) refused)))
    (concat "#+BEGIN_EXAMPLE\n" text "#+END_EXAMPLE\n"
            (and (> more 0)
                 (propertize (format "… %s more: D shows all of the diff\n" (emacs-agent-plural more "line"))
                             'emacs-agent-face 'emacs-agent-dim)))))

(defun emacs-agent-call--details (call)
  "Return all about CALL that is folded away."
  (let-alist (emacs-agent-call-event call)
    (let ((result (emacs-agent-call-result call)) (approval (emacs-agent-call-approval call)))
      (concat
       (emacs-agent-call-block "SRC json :eval never" (emacs-agent-call-params-text .params))
       (and (stringp .reason) (format "%s\n" (emacs-agent-inert-line .reason 300)))
       (and approval (emacs-agent-call--decision approval))
       (emacs-agent-call--outcome call result)
       (mapconcat (lambda (change)
                    (let ((diff (alist-get 'diff change)))
                      (if (stringp diff) (emacs-agent-call-diff-block diff) "")))
                  (reverse (emacs-agent-call-changes call)) "")))))

(defun emacs-agent-call--decision (approval)
  "Return a line about APPROVAL, the event."
  (let-alist approval
    (format "%s by %s%s%s.\n" (capitalize .decision) .by
            (if (eq .edited t) ", edited" "")
            (if (stringp .reason) (concat ": " (emacs-agent-inert-line .reason 300)) ""))))

(defun emacs-agent-call--outcome (call result)
  "Return what CALL gave, in RESULT or so far."
  (let-alist result
    (cond ((and (stringp .result.content) (not (string-empty-p .result.content)))
           (emacs-agent-call-block "EXAMPLE" .result.content))
          (.error (format "%s\n" (emacs-agent-inert-plain (or .error.message ""))))
          ((emacs-agent-call-output call)
           (emacs-agent-call-block "EXAMPLE" (apply #'concat (reverse (emacs-agent-call-output call)))))
          (t ""))))

(defvar emacs-agent-call-render-functions nil
  "Abnormal hook for calls that are shown in another way than usual.
Each function is called with the section of a call, in its buffer, and returns
the text of that section, or nil.  The first text counts.")

(defun emacs-agent-call-render (section)
  "Return the text of SECTION, which shows a call."
  (or (run-hook-with-args-until-success 'emacs-agent-call-render-functions section)
      (emacs-agent-call--text section)))

(defun emacs-agent-call--text (section)
  "Return the text of SECTION, which shows a call that waits for nobody."
  (let ((call (emacs-agent-section-data section)))
    (concat (emacs-agent-call-heading call) "\n"
            (and (emacs-agent-section-expanded section) (emacs-agent-call--details call))
            (mapconcat #'emacs-agent-call--change (reverse (emacs-agent-call-changes call)) ""))))

(defun emacs-agent-call-show-result (call)
  "Show all that CALL gave."
  (let-alist (emacs-agent-call-result call)
    (let ((text (or .result.content .error.message
                    (and (emacs-agent-call-output call)
                         (apply #'concat (reverse (emacs-agent-call-output call)))))))
      (if (and (stringp text) (not (string-empty-p text)))
          (emacs-agent-popup-text "*emacs-agent result*" text)
        (user-error "This call has given nothing so far")))))

(provide 'emacs-agent-call)
;;; emacs-agent-call.el ends here
