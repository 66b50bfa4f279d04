;;; emacs-agent-turn-tests.el --- What a turn shows when things go another way  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)
(require 'emacs-agent-rewind)
(require 'emacs-agent-review)
(require 'emacs-agent-search)

(ert-deftest emacs-agent-turn-retried ()
  "What came of a prompt that is sent again is taken away, also when the conversation is shown afresh."
  (emacs-agent-test-talking ""
    (emacs-agent-model-says "First." "Second.")
    (emacs-agent-test-turn session "one")
    (emacs-agent-test-say "two")
    (emacs-agent-test-shown "Second.")
    (emacs-agent-test-wait (= 2 (emacs-agent-test-count "Done, ")))
    (emacs-agent-test-idle session)
    (emacs-agent-model-says "Third.")
    (emacs-agent-retry)
    (emacs-agent-test-shown "Third.")
    (emacs-agent-test-idle session)
    (let ((check (lambda ()
                   (should (= 1 (emacs-agent-test-count "First.")))
                   (should (= 0 (emacs-agent-test-count "Second.")))
                   (should (= 1 (emacs-agent-test-count "Third.")))
                   (should (= 2 (emacs-agent-test-count "** User"))))))
      (funcall check)
      (emacs-agent-fold-event session '((type . "reset")))
      (setf (emacs-agent-session-caught-up session) nil)
      (emacs-agent-session-follow session)
      (emacs-agent-test-shown "Third.")
      (emacs-agent-test-idle session)
      (funcall check))))

(ert-deftest emacs-agent-turn-sending ()
  "From the moment a prompt is sent the header says so."
  (emacs-agent-test-with-session
    (should (string-search "ready" (emacs-agent-header-line)))
    (emacs-agent-test-say "hello")
    (should (string-search "sending" (emacs-agent-header-line)))
    (funcall (nth 3 (car sent)) '((status . "accepted") (turn_id . "t1") (agent_state . "thinking")))
    (should (string-search "sending" (emacs-agent-header-line)))
    (emacs-agent-test-take session (emacs-agent-test-event "prompt" 'id 1 'turn_id "t1" 'text "hello" 'source "user")
                           (emacs-agent-test-event "agent.state" 'state "thinking"))
    (should (string-search "thinking" (emacs-agent-header-line)))
    (emacs-agent-test-take session (emacs-agent-test-event "turn.end" 'id 2 'turn_id "t1" 'outcome "completed"
                                                           'usage '((input_tokens . 0) (output_tokens . 0)
                                                                    (cache_read_tokens . 0) (cache_write_tokens . 0)))
                           (emacs-agent-test-event "agent.state" 'state "idle"))
    (should (string-search "ready" (emacs-agent-header-line)))
    ;; An answer that comes after all of its turn changes nothing.
    (emacs-agent-test-say "again")
    (funcall (nth 3 (car sent)) '((status . "accepted") (turn_id . "t1")))
    (should (string-search "ready" (emacs-agent-header-line)))))

(ert-deftest emacs-agent-turn-failed-command ()
  "The output of a command that failed is there without asking, and so is what a running one writes."
  (emacs-agent-test-with-session
    (emacs-agent-test-take
     session
     (emacs-agent-test-event "tool.call" 'id 1 'turn_id "t1" 'tool_call_id "c1" 'tool "shell_exec" 'category "shell"
                             'params '((command . "make")) 'requires_approval :false 'reason "Run")
     (emacs-agent-test-event "tool.progress" 'tool_call_id "c1" 'message "" 'output "* compiling\n"))
    (goto-char (point-min))
    (re-search-forward "^…$")
    (should (equal "* compiling" (get-char-property (match-beginning 0) 'display)))
    (should-not (string-search "compiling" (emacs-agent-test-output)))
    (emacs-agent-test-take
     session
     (emacs-agent-test-event "tool.result" 'id 2 'turn_id "t1" 'tool_call_id "c1" 'tool "shell_exec" 'status "success"
                             'result '((content . "no rule\n* stop") (metadata . ((exit_code . 2)))) 'message ""
                             'execution_time_ms 5))
    (should (string-search "#+BEGIN_EXAMPLE\nno rule\n,* stop\n#+END_EXAMPLE\n" (emacs-agent-test-output)))))

(ert-deftest emacs-agent-turn-search-line ()
  "The line of a search has what it looks for, and where."
  (emacs-agent-test-with-session
    (emacs-agent-test-take
     session
     (emacs-agent-test-event "tool.call" 'id 1 'turn_id "t1" 'tool_call_id "c1" 'tool "grep" 'category "search"
                             'params '((path . "src") (pattern . "needle")) 'requires_approval :false 'reason "Look"))
    (should (string-search "- Tool Call: grep  needle  src  running" (emacs-agent-test-output)))))

(ert-deftest emacs-agent-turn-code-at-the-bound ()
  "Blocks that end after what is fontified are no error."
  (emacs-agent-test-with-session
    (emacs-agent-test-take session (emacs-agent-test-event "message" 'id 1 'message_id "m"
                                                           'content "```c\nint a;\n```\n\n```c\nint b;\n```"))
    (goto-char (point-min))
    (search-forward "BEGIN_SRC")
    (emacs-agent-code-colour (line-beginning-position) (line-end-position))))

(ert-deftest emacs-agent-turn-cut-output ()
  "Of output that was cut the line says how much there was, and not how many lines are left of it."
  (emacs-agent-test-with-session
    (emacs-agent-test-take
     session
     (emacs-agent-test-event "tool.call" 'id 1 'turn_id "t1" 'tool_call_id "c1" 'tool "shell_exec" 'category "shell"
                             'params '((command . "seq 9")) 'requires_approval :false 'reason "Run")
     (emacs-agent-test-event "tool.result" 'id 2 'turn_id "t1" 'tool_call_id "c1" 'tool "shell_exec" 'status "success"
                             'result '((content . "1\n… \n9\n") (metadata . ((exit_code . 0) (output_chars . 250000))))
                             'message "" 'execution_time_ms 5))
    (should (string-match-p "done (250k characters, cut)$" (emacs-agent-test-output)))))

(ert-deftest emacs-agent-turn-review-keys ()
  "The review's keys work, those of `diff-mode' too."
  (with-temp-buffer
    (emacs-agent-review-mode)
    (setq buffer-read-only t)
    (pcase-dolist (`(,key . ,command) '(("q" . quit-window) ("g" . revert-buffer) ("n" . diff-hunk-next)
                                        ("p" . diff-hunk-prev) ("k" . emacs-agent-review-undo-hunk)))
      (should (eq command (key-binding key))))))

(ert-deftest emacs-agent-turn-search-list ()
  "At 50 columns what was found is seen."
  (with-temp-buffer
    (emacs-agent-search-mode)
    (setq tabulated-list-entries
          (list (emacs-agent-search--row '((at . "2026-11-23T10:00:00.000Z") (project_path . "/home/me/a-long-project")
                                           (role . "assistant") (snippet . "the needle in the hay")))))
    (tabulated-list-print)
    (goto-char (point-min))
    (should (string-search "the needle in the" (buffer-substring (point) (min (point-max) (+ (point) 50)))))))

(provide 'emacs-agent-turn-tests)
;;; emacs-agent-turn-tests.el ends here
