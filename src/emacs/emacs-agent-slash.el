;;; emacs-agent-slash.el --- Commands that are typed after a slash  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A line such as /model at the start of the input runs a command in place of being sent.  These are the ones of Emacs; all
;; others are the backend's, see emacs-agent-served.el.

;;; Code:

(require 'emacs-agent-input)
(require 'emacs-agent-served)

(defvar emacs-agent-slash-commands
  '(("model" emacs-agent-set-model "change the model" "[PROVIDER/MODEL]")
    ("agent" emacs-agent-set-agent "change the agent" "[AGENT]")
    ("mode" emacs-agent-set-mode "change what is done unasked" "[MODE]")
    ("title" emacs-agent-set-title "give it a title" "[TITLE]")
    ("retry" emacs-agent-retry "send the last prompt again")
    ("new" emacs-agent-new "another conversation")
    ("resume" emacs-agent-resume "resume an earlier one")
    ("close" emacs-agent-close "close this session")
    ("changes" emacs-agent-review "all changes as a diff")
    ("undo" emacs-agent-undo "undo what the last turn changed")
    ("redo" emacs-agent-redo "make it again")
    ("rewind" emacs-agent-rewind "go back to before a prompt")
    ("fork" emacs-agent-fork "go on in another one")
    ("compact" emacs-agent-compact "summarise to make room" "[WHAT TO KEEP]")
    ("context" emacs-agent-context "what fills the window")
    ("sessions" emacs-agent-sessions "list what runs")
    ("transcripts" emacs-agent-transcripts "list what there was")
    ("doctor" emacs-agent-doctor "what is well and what is not")
    ("keys" describe-mode "keys and commands of Emacs"))
  "What can be typed after a slash: (NAME COMMAND HELP ARGUMENT).
If ARGUMENT is a string, it describes the argument of COMMAND, which is the rest
of the line; without a rest, COMMAND asks for it.")

(defun emacs-agent-slash-complete ()
  "Complete the name of a command, for `completion-at-point-functions'."
  (pcase-let ((`(,start . ,end) (emacs-agent-input-word)))
    (when (and start (eq (char-after start) ?/) (= start emacs-agent-input-start) (< start end))
      (let ((commands (emacs-agent-slash--all)))
        (list (1+ start) end (mapcar #'car commands)
              :exclusive 'no
              :annotation-function (lambda (name) (concat "  " (cdr (assoc name commands)))))))))

(defun emacs-agent-slash--all ()
  "Return all commands that this conversation has: (NAME . WHAT IT DOES)."
  (cl-remove-duplicates
   (append (mapcar (pcase-lambda (`(,name ,_ ,help ,argument))
                     (cons name (if argument (concat argument "  " help) help)))
                   emacs-agent-slash-commands)
           (and emacs-agent-session (emacs-agent-served-commands emacs-agent-session)))
   :key #'car :test #'equal :from-end t))

(defun emacs-agent-slash-run (text)
  "Run TEXT if it is a command with a slash; return whether it was."
  (when (string-match "\\`/\\([a-z-]+\\)\\(?:[ \t]+\\(.*\\)\\)?[ \t\n]*\\'" text)
    (let ((rest (string-trim (or (match-string 2 text) "")))
          (entry (assoc (match-string 1 text) emacs-agent-slash-commands)))
      (pcase entry
        (`(,_ ,command ,_ . ,argument)
         (emacs-agent-input-set "")
         (if (and argument (not (string-empty-p rest)))
             (funcall command rest)
           (call-interactively command))
         t)))))

;;;; Unknown commands

(defun emacs-agent-slash-check (text session)
  "Signal an error if TEXT, for SESSION, is an unknown command.
The backend's commands are awaited for a moment.  If they are still unknown, the
text is sent and the backend decides, as it does about prompts of MCP servers."
  (let ((name (alist-get 'name (emacs-agent-served-command text))))
    (when (and name (not (string-search ":" name)))
      (let ((names (emacs-agent-served-names session name)))
        (when (and names (not (member name names)))
          (let ((near (emacs-agent-slash--near name (append (mapcar #'car emacs-agent-slash-commands) names))))
            (user-error "There is no command /%s%s" name
                        (if near (concat "; near it: /" (string-join near ", /")) "; /help lists them"))))))))

(defun emacs-agent-slash--near (name names)
  "Return those of NAMES that resemble NAME, the nearest first, three at most."
  (let* ((name (downcase name))
         (limit (max 2 (/ (length name) 3)))
         (near (cl-loop for other in (cl-remove-duplicates names :test #'equal)
                        for distance = (if (string-prefix-p name other) 1 (string-distance name (downcase other)))
                        when (and (<= distance limit) (< distance (length name))) collect (cons distance other))))
    (seq-take (mapcar #'cdr (sort near (lambda (a b) (< (car a) (car b))))) 3)))

(provide 'emacs-agent-slash)
;;; emacs-agent-slash.el ends here
