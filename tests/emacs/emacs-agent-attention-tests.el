;;; emacs-agent-attention-tests.el --- When a session needs its user  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-test)

(defmacro emacs-agent-attention-tests--watching (&rest body)
  "Run BODY with no summaries so far.
`notes' has what the desktop was notified of, newest first; `focused' says
whether Emacs is."
  (declare (indent 0))
  `(let* ((emacs-agent-attention--summaries (make-hash-table :test #'equal))
          (emacs-agent-attention-string "") (emacs-agent-notify t) (notes nil) (focused nil)
          (emacs-agent-notify-function (lambda (&rest note) (push note notes))))
     (cl-letf (((symbol-function 'frame-focus-state) (lambda (&rest _) focused)))
       ,@body)))

(defun emacs-agent-attention-tests--summary (id state &rest more)
  "Take in a summary of session ID in STATE, with MORE fields, a plist."
  (emacs-agent-attention--take
   "session.summary" nil
   (json-serialize `((type . "session.summary") (session_id . ,id) (title . ,(concat "Title of " id))
                     (project_path . "/p") (agent_state . ,state)
                     ,@(cl-loop for (key value) on more by #'cddr collect (cons key value))))))

(ert-deftest emacs-agent-attention-counts ()
  "The mode line counts sessions that wait, for whatever and however often, until they are closed."
  (emacs-agent-attention-tests--watching
    (should (equal "" emacs-agent-attention-string))
    (emacs-agent-attention-tests--summary "a" "waiting_approval" 'pending_approvals 2 'pending_questions 0)
    (emacs-agent-attention-tests--summary "b" "tool_execution" 'pending_approvals 0 'pending_questions 1)
    (emacs-agent-attention-tests--summary "c" "thinking" 'pending_approvals 0 'pending_questions 0)
    (should (equal " [agent: 2 waiting]" (substring-no-properties emacs-agent-attention-string)))
    (emacs-agent-attention-tests--summary "a" "idle" 'pending_approvals 0 'pending_questions 0)
    (emacs-agent-attention-tests--summary "b" "idle" 'pending_approvals 0 'pending_questions 1 'closed t)
    (should (equal "" emacs-agent-attention-string))
    (emacs-agent-attention--take "session.summary" nil "no JSON")
    (should (equal "" emacs-agent-attention-string))))

(ert-deftest emacs-agent-attention-notifies ()
  "The desktop is notified when a session waits or is done, unless Emacs is focused or that is not wanted."
  (emacs-agent-attention-tests--watching
    (cl-flet ((turn ()
                (emacs-agent-attention-tests--summary "a" "thinking" 'pending_approvals 0 'pending_questions 0)
                (emacs-agent-attention-tests--summary "a" "waiting_approval" 'pending_approvals 1 'pending_questions 0)
                (emacs-agent-attention-tests--summary "a" "thinking" 'pending_approvals 0 'pending_questions 0)
                (emacs-agent-attention-tests--summary "a" "idle" 'pending_approvals 0 'pending_questions 0)))
      (turn)
      (should (equal (reverse notes) '(("Emacs-Agent waits for you" "Title of a") ("Emacs-Agent is done" "Title of a"))))
      (setq notes nil focused t)
      (turn)
      (setq focused nil emacs-agent-notify nil)
      (turn)
      (should-not notes))))

(provide 'emacs-agent-attention-tests)
;;; emacs-agent-attention-tests.el ends here
