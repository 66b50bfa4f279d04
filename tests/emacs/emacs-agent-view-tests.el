;;; emacs-agent-view-tests.el --- Events, shown  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-test)

(defconst emacs-agent-view-tests--usage
  '((input_tokens . 10) (output_tokens . 5) (cache_read_tokens . 0) (cache_write_tokens . 0) (cost_usd . 0.01)))

(defun emacs-agent-view-tests--turn ()
  "Return the events of a turn, as frames: (TYPE ID DATA)."
  (let ((id 0))
    (mapcar
     (lambda (event)
       (let ((stored (not (member (alist-get 'type event)
                                  '("message.delta" "thinking.delta" "agent.state" "tool.progress" "tool.draft")))))
         (when stored (push (cons 'id (cl-incf id)) event))
         (list (alist-get 'type event) (and stored (number-to-string id))
               (decode-coding-string (emacs-agent-json-string event) 'utf-8))))
     (emacs-agent-test-render
      "/tmp"
      (list
      (emacs-agent-test-event "session.created" 'format 1 'session_id "s1" 'project_path "/tmp" 'title ""
                              'model "m/x" 'agent "build" 'config '((save_transcript . t)))
      (emacs-agent-test-event "prompt" 'turn_id "t1" 'text "Héllo *there*\n* not a heading" 'agent "build" 'source "user")
      (emacs-agent-test-event "agent.state" 'state "thinking" 'agent "build")
      (emacs-agent-test-event "thinking.delta" 'turn_id "t1" 'message_id "m1" 'content "Let me ")
      (emacs-agent-test-event "thinking.delta" 'turn_id "t1" 'message_id "m1" 'content "think")
      (emacs-agent-test-event "message.delta" 'turn_id "t1" 'message_id "m1" 'role "assistant" 'content "I *lo")
      (emacs-agent-test-event "message.delta" 'turn_id "t1" 'message_id "m1" 'role "assistant" 'content "ok*.\n\n```py\nx")
      (emacs-agent-test-event "message.delta" 'turn_id "t1" 'message_id "m1" 'role "assistant" 'content " = 1\n```\n")
      (emacs-agent-test-event "message" 'turn_id "t1" 'message_id "m1" 'role "assistant"
                              'content "I *look*.\n\n```py\nx = 1\n```\n" 'thinking "Let me think"
                              'tool_calls (vector '((tool_call_id . "c1") (tool . "read_file") (params . ((path . "a")))))
                              'model "m/x" 'usage emacs-agent-view-tests--usage 'stop_reason "tool_use")
      (emacs-agent-test-event "tool.call" 'turn_id "t1" 'tool_call_id "c1" 'tool "read_file" 'category "filesystem"
                              'params '((path . "a.txt")) 'requires_approval :false 'reason "Read a.txt")
      (emacs-agent-test-event "tool.call" 'turn_id "t1" 'tool_call_id "c2" 'tool "shell_exec" 'category "shell"
                              'params '((command . "ls")) 'requires_approval :false 'reason "Run")
      (emacs-agent-test-event "tool.progress" 'tool_call_id "c2" 'message "half" 'progress 0.5 'output "a\n")
      (emacs-agent-test-event "tool.result" 'turn_id "t1" 'tool_call_id "c2" 'tool "shell_exec" 'status "success"
                              'result '((content . "a\nb\n") (metadata . ((exit_code . 2)))) 'message "ok"
                              'execution_time_ms 1500)
      (emacs-agent-test-event "tool.result" 'turn_id "t1" 'tool_call_id "c1" 'tool "read_file" 'status "error"
                              'error '((code . "TOOL_FAILED") (message . "* no such file") (recoverable . t))
                              'message "no" 'execution_time_ms 3)
      (emacs-agent-test-event "file.changed" 'turn_id "t1" 'tool_call_id "c2" 'path "new.txt" 'operation "shell"
                              'change "created" 'diff "--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+x\n")
      (emacs-agent-test-event "message" 'turn_id "t1" 'message_id "m2" 'role "assistant" 'content "Done ✓" 'tool_calls []
                              'model "m/x" 'usage emacs-agent-view-tests--usage 'stop_reason "end_turn")
      (emacs-agent-test-event "turn.end" 'turn_id "t1" 'outcome "completed" 'usage emacs-agent-view-tests--usage
                              'duration_ms 1234)
      (emacs-agent-test-event "agent.state" 'state "idle" 'agent "build" 'last_event_id 11))))))

(defun emacs-agent-view-tests--bytes ()
  "Return the turn as bytes of a stream."
  (encode-coding-string
   (mapconcat (lambda (frame)
                (pcase-let ((`(,type ,id ,data) frame))
                  (concat (and id (format "id: %s\n" id)) (format "event: %s\ndata: %s\n\n" type data))))
              (emacs-agent-view-tests--turn) "")
   'utf-8))

(defun emacs-agent-view-tests--shown (bytes &rest cuts)
  "Return what a conversation shows of BYTES, cut at CUTS, a batch for each part."
  (emacs-agent-test-with-session
    (setf (emacs-agent-session-stream session) (make-emacs-agent-stream))
    (let ((parser (emacs-agent-sse-parser
                   (lambda (type id data) (emacs-agent-connection--receive session type id data))))
          (start 0))
      (dolist (cut (append cuts (list (length bytes))))
        (funcall parser (substring bytes start cut))
        (emacs-agent-intake-drain session t)
        (setq start cut))
      (should (equal (emacs-agent-input-text) ""))
      (emacs-agent-test-output))))

(ert-deftest emacs-agent-view-a-turn ()
  "A turn is an Org document: headings, one line per call, and nothing else that Org sees."
  (let ((shown (emacs-agent-view-tests--shown (emacs-agent-view-tests--bytes))) (case-fold-search nil))
    (dolist (line '("^\\* Conversation$" "^\\*\\* User \\[2026-" "^\\*\\* Assistant \\[2026-" "^I /look/\\.$"
                    "^#\\+BEGIN_SRC python :eval never$" "^- Tool Call: read_file  a\\.txt  failed: .\\* no such file$"
                    "^- Tool Call: shell_exec  ls  exit 2 (2 lines, 1\\.5 s)$"
                    "^- Created \\[\\[file:.*/new\\.txt\\]\\[new\\.txt\\]\\]  \\+1 -0$"
                    "^Thought (12 characters)$" "^Done ✓$" "^Done, 1\\.2 s, 15 tokens"))
      (should (string-match-p line shown)))
    (should-not (string-match-p "^\\* not a heading" shown))
    (should (= 3 (cl-count-if (lambda (line) (string-match-p "^\\*+ " line)) (split-string shown "\n"))))
    (should (= 3 (cl-count-if (lambda (line) (string-match-p "^[0-9]+ tool calls: \\|^- Tool Call: " line)) (split-string shown "\n"))))))

(ert-deftest emacs-agent-view-every-split ()
  "The buffer is the same wherever the stream was cut."
  (let* ((bytes (emacs-agent-view-tests--bytes))
         (expected (emacs-agent-view-tests--shown bytes)))
    (cl-loop for cut from 1 below (length bytes) by 7
             do (should (equal expected (emacs-agent-view-tests--shown bytes cut))))
    (should (equal expected (apply #'emacs-agent-view-tests--shown bytes
                                   (number-sequence 40 (1- (length bytes)) 40))))))

(ert-deftest emacs-agent-view-seen-twice ()
  "Events that come again after a reconnection are shown once."
  (let ((bytes (emacs-agent-view-tests--bytes)))
    (should (= 1 (cl-count-if (lambda (line) (string-prefix-p "Done ✓" line))
                              (split-string (emacs-agent-view-tests--shown (concat bytes bytes)) "\n"))))))

(ert-deftest emacs-agent-view-reset ()
  "After a reset everything is written anew."
  (let ((bytes (emacs-agent-view-tests--bytes)))
    (should (equal (emacs-agent-view-tests--shown bytes)
                   (emacs-agent-view-tests--shown
                    (concat bytes "event: reset\ndata: {\"type\":\"reset\",\"at\":\"x\"}\n\n" bytes))))))

(ert-deftest emacs-agent-view-malformed-events ()
  "What is no event is left out, and the rest is shown."
  (emacs-agent-test-with-session
   (let ((debug-on-error nil))
    (dolist (data '("{" "[]" "null" "{}" "{\"type\":\"message\"}" "{\"type\":\"tool.result\",\"tool_call_id\":\"zz\"}"
                    "{\"type\":\"never.heard.of\",\"id\":1}" "{\"type\":\"turn.end\",\"id\":2}" "\"x\""))
      (push (cons "message" data) (emacs-agent-session-inbox session)))
    (emacs-agent-test-take session (emacs-agent-test-event "prompt" 'id 3 'turn_id "t" 'text "still here"
                                                           'agent "build" 'source "user"))
    (should (string-search "still here" (emacs-agent-test-output))))))

(ert-deftest emacs-agent-view-unfolding ()
  "A call shows its details when asked to, and a large result only in part."
  (emacs-agent-test-with-session
    (let ((large (concat (make-string 1000000 ?x) "\nlast line")))
      (emacs-agent-test-take
       session
       (emacs-agent-test-event "tool.call" 'id 1 'turn_id "t1" 'tool_call_id "c1" 'tool "read_file" 'category "filesystem"
                               'params '((path . "a.txt") (flag . :false)) 'requires_approval :false 'reason "Read")
       (emacs-agent-test-event "tool.result" 'id 2 'turn_id "t1" 'tool_call_id "c1" 'tool "read_file" 'status "success"
                               'result `((content . ,large) (metadata . ,(make-hash-table))) 'message "ok"
                               'execution_time_ms 3))
      (should (< (buffer-size) 500))
      (goto-char (point-min))
      (emacs-agent-tab)
      (should (string-search "\"flag\": false" (emacs-agent-test-output)))
      (should (< 5000 (buffer-size) 8000))
      (should (looking-at-p "- Tool Call"))
      (save-current-buffer (emacs-agent-return))
      (with-current-buffer "*emacs-agent result*"
        (should (> (buffer-size) 1000000))
        (should (< (save-excursion (goto-char (point-min)) (line-end-position)) 2100))
        (kill-buffer))
      (emacs-agent-tab)
      (should (< (buffer-size) 500)))))

(ert-deftest emacs-agent-view-killed-in-mid-stream ()
  "Killing the buffer in the middle of a message leaves nothing behind."
  (emacs-agent-test-with-session
    (emacs-agent-test-take session (emacs-agent-test-event "message.delta" 'turn_id "t1" 'message_id "m1"
                                                           'role "assistant" 'content "half of"))
    (emacs-agent-intake-add session "message.delta" "{\"type\":\"message.delta\",\"message_id\":\"m1\",\"content\":\"x\"}")
    (kill-buffer)
    (should-not (memq session emacs-agent-session-list))
    (should-not (emacs-agent-session-timer session))
    (emacs-agent-intake-drain session)))

(ert-deftest emacs-agent-view-delegated ()
  "What a delegated agent does is below the call that started it, approvals too."
  (emacs-agent-test-with-session
    (emacs-agent-test-take
     session
     (emacs-agent-test-event "tool.call" 'id 1 'turn_id "t1" 'tool_call_id "c1" 'tool "delegate" 'category "agent"
                             'params '((task . "x")) 'requires_approval :false 'reason "")
     (emacs-agent-test-event "message" 'id 2 'turn_id "t1" 'message_id "m1" 'role "assistant" 'content "I am the child"
                             'tool_calls [] 'usage emacs-agent-view-tests--usage 'stop_reason "tool_use"
                             'agent "test" 'parent_tool_call_id "c1")
     (emacs-agent-test-event "tool.call" 'id 3 'turn_id "t1" 'tool_call_id "c2" 'tool "shell_exec" 'category "shell"
                             'params '((command . "rm x")) 'requires_approval t 'reason "Run rm x" 'agent "test"
                             'parent_tool_call_id "c1"))
    (should (string-match-p "^\\*\\*\\*\\* Assistant (test)" (emacs-agent-test-output)))
    (should (string-match-p "^- Tool Call: shell_exec  rm x (test)  waits for you" (emacs-agent-test-output)))
    (should (= 1 (emacs-agent-session-waiting session)))))

(ert-deftest emacs-agent-view-header ()
  "The header line says what counts, and a percent sign in it is one."
  (emacs-agent-test-with-session
    (emacs-agent-session-refresh session '((session_id . "s1") (title . "T") (model . "a/b%c") (agent . "plan")
                                           (context_tokens . 50000) (context_window . 200000)
                                           (usage . ((cost_usd . 0.5)))))
    (let ((header (substring-no-properties (emacs-agent-header-line))))
      (dolist (part '("  b%%c  " "plan" "ready" "50.0k/200k (25%%)" "$0.50"))
        (should (string-search part header))))))

(provide 'emacs-agent-view-tests)
;;; emacs-agent-view-tests.el ends here
