;;; emacs-agent-view-tests.el --- Events, shown  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-test)
(require 'org-src)

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

;;;; Code

(defmacro emacs-agent-view-tests--with-code (&rest body)
  "Run BODY in a conversation that shows code whose mode was never loaded.
Python stands for it, with a mode that says in `loads' how often it was called."
  (declare (indent 0))
  `(let ((loads 0) (org-src-lang-modes '(("python" . emacs-agent-view-tests--code)))
         (emacs-agent-colour--ready nil) (emacs-agent-colour--failed nil) (emacs-agent-idle--tasks nil) (emacs-agent-idle--timer nil))
     (put 'emacs-agent-view-tests--code-mode 'derived-mode-parent 'prog-mode)
     (cl-letf (((symbol-function 'emacs-agent-view-tests--code-mode)
                (lambda ()
                  (cl-incf loads)
                  (kill-all-local-variables)
                  (setq major-mode 'emacs-agent-view-tests--code-mode
                        font-lock-defaults '((("return" . 'font-lock-keyword-face)))))))
       (unwind-protect
           (emacs-agent-test-with-session
             (emacs-agent-test-take
              session (emacs-agent-test-event "message.delta" 'turn_id "t1" 'message_id "m1" 'role "assistant"
                                              'content "Text\n\n```python\nreturn 1\n```\nMore"))
             (font-lock-ensure)
             ,@body)
         (when emacs-agent-idle--timer (cancel-timer emacs-agent-idle--timer))
         (let ((buffer (get-buffer " *emacs-agent colours: emacs-agent-view-tests--code-mode*")))
           (when buffer (kill-buffer buffer)))))))

(defun emacs-agent-view-tests--face ()
  "Return the faces of the code."
  (goto-char (point-min))
  (search-forward "return")
  (ensure-list (get-text-property (1- (point)) 'face)))

(ert-deftest emacs-agent-code-later ()
  "Code in a language that was not met before is coloured in idle time, then at once."
  (emacs-agent-view-tests--with-code
    (should (= loads 0))
    (should-not (memq 'font-lock-keyword-face (emacs-agent-view-tests--face)))
    (should (memq emacs-agent-idle--timer timer-idle-list))
    (while emacs-agent-idle--tasks (emacs-agent-idle--run))
    (should (= loads 1))
    (should (memq 'font-lock-keyword-face (emacs-agent-view-tests--face)))
    (font-lock-ensure)
    (should-not emacs-agent-idle--tasks)
    (should (memq 'font-lock-keyword-face (emacs-agent-view-tests--face)))
    (should (= loads 1))))

(ert-deftest emacs-agent-code-large ()
  "A large block is coloured in idle time, whatever its language."
  (emacs-agent-view-tests--with-code
    (let ((emacs-agent-colour-small 3))
      (while emacs-agent-idle--tasks (emacs-agent-idle--run))
      (font-lock-ensure)
      (should-not (memq 'font-lock-keyword-face (emacs-agent-view-tests--face)))
      (should (= 1 (length emacs-agent-idle--tasks)))
      (emacs-agent-idle--run)
      (should (memq 'font-lock-keyword-face (emacs-agent-view-tests--face))))))

(ert-deftest emacs-agent-code-killed ()
  "A buffer that is killed before its code is coloured harms nothing."
  (emacs-agent-view-tests--with-code
    (kill-buffer)
    (emacs-agent-idle--run)
    (should-not emacs-agent-idle--tasks)
    (should (= loads 0))))

(ert-deftest emacs-agent-code-gone ()
  "Code that is there no more when Emacs is idle is not missed."
  (emacs-agent-view-tests--with-code
    (emacs-agent-test-take session (emacs-agent-test-event "message.delta" 'turn_id "t1" 'message_id "m1"
                                                           'role "assistant" 'content "Other text" 'replace t))
    (emacs-agent-idle--run)
    (should-not emacs-agent-idle--tasks)
    (should (= loads 0))))

(ert-deftest emacs-agent-code-failing ()
  "A mode that fails is tried once, and its code stays plain."
  (emacs-agent-view-tests--with-code
    (fset 'emacs-agent-view-tests--code-mode (lambda () (cl-incf loads) (error "No such thing")))
    (let ((debug-on-error nil))
      (dotimes (_ 3) (emacs-agent-idle--run))
      (font-lock-ensure))
    (should-not emacs-agent-idle--tasks)
    (should (= loads 1))
    (should-not (memq 'font-lock-keyword-face (emacs-agent-view-tests--face)))))

;;;; The input

(ert-deftest emacs-agent-input-undo-survives-output ()
  "Undo in the input works however much output came above it."
  (emacs-agent-test-with-session
    (buffer-enable-undo)
    (goto-char (point-max))
    (insert "first ")
    (undo-boundary)
    (insert "second ")
    (undo-boundary)
    (delete-region (- (point) 7) (point))
    (undo-boundary)
    (emacs-agent-test-take session (emacs-agent-test-event "prompt" 'id 1 'turn_id "t" 'text "some output\nmore"
                                                           'agent "build" 'source "user"))
    (setq last-command nil)
    (undo)
    (should (equal (emacs-agent-input-text) "first second "))
    (undo-more 1)
    (should (equal (emacs-agent-input-text) "first "))
    (should (string-search "some output" (emacs-agent-test-output)))))

(ert-deftest emacs-agent-input-output-is-read-only ()
  (emacs-agent-test-with-session
    (emacs-agent-test-take session (emacs-agent-test-event "prompt" 'id 1 'turn_id "t" 'text "text" 'agent "b" 'source "user"))
    (dolist (position (list (point-min) (+ 3 (point-min)) (1- emacs-agent-input-start)))
      (goto-char position)
      (should-error (insert "x") :type 'text-read-only))
    (goto-char (point-max))
    (insert "fine")
    (goto-char emacs-agent-input-start)
    (insert "also ")
    (should (equal (emacs-agent-input-text) "also fine"))))

(ert-deftest emacs-agent-input-hint ()
  "An empty input says what it is for, until something is written there; output does not count."
  (emacs-agent-test-with-session
    (let ((hints (lambda () (cl-count-if (lambda (overlay) (overlay-get overlay 'after-string))
                                         (overlays-in emacs-agent-input-start (point-max))))))
      (emacs-agent-test-take session (emacs-agent-test-event "prompt" 'turn_id "t" 'text "hi" 'source "user"))
      (should (= 1 (funcall hints)))
      (emacs-agent-input-set "a")
      (should (= 0 (funcall hints))))))

(ert-deftest emacs-agent-input-history ()
  (emacs-agent-test-with-session
    (let ((emacs-agent-history nil))
      (emacs-agent-history-add "one")
      (emacs-agent-history-add "two")
      (emacs-agent-input-set "draft")
      (emacs-agent-history-previous 1)
      (should (equal (emacs-agent-input-text) "two"))
      (emacs-agent-history-previous 1)
      (should (equal (emacs-agent-input-text) "one"))
      (should-error (emacs-agent-history-previous 1) :type 'user-error)
      (emacs-agent-history-next 1)
      (emacs-agent-history-next 1)
      (should (equal (emacs-agent-input-text) "draft")))))

(ert-deftest emacs-agent-input-sending ()
  "What is sent goes with its context; what cannot be sent comes back."
  (emacs-agent-test-with-session
    (emacs-agent-test-write project "a.txt" "x")
    (emacs-agent-test-say "look at @a.txt, please")
    (pcase-let ((`(,method ,path ,body ,_ ,else) (car sent)))
      (should (equal (list method path) '("POST" "/api/sessions/s1/prompt")))
      (should (equal (alist-get 'text body) "look at @a.txt, please"))
      (should (equal (alist-get 'files (alist-get 'context body)) (vector (expand-file-name "a.txt" project))))
      (should (equal (emacs-agent-input-text) ""))
      (funcall else '((message . "no")))
      (should (equal (emacs-agent-input-text) "look at @a.txt, please")))))

(ert-deftest emacs-agent-input-interrupt ()
  "What waited to be sent is in the input again after an interrupt."
  (emacs-agent-test-with-session
    (emacs-agent-input-set "half written")
    (emacs-agent-interrupt)
    (funcall (nth 3 (car sent)) '((status . "interrupted") (dropped . [((turn_id . "t2") (text . "queued one"))])))
    (should (equal (emacs-agent-input-text) "queued one\nhalf written"))))

(ert-deftest emacs-agent-stop-one-delegate ()
  "One of several delegated agents is stopped; what has ended is no choice."
  (emacs-agent-test-with-session
    (dolist (event '(((type . "delegate.start") (agent . "plan") (parent_tool_call_id . "tc_1") (task . "look"))
                     ((type . "delegate.start") (agent . "build") (parent_tool_call_id . "tc_2") (task . "write"))
                     ((type . "delegate.start") (agent . "build") (parent_tool_call_id . "tc_3") (task . "write"))
                     ((type . "delegate.end") (agent . "plan") (parent_tool_call_id . "tc_1") (outcome . "completed"))))
      (run-hook-with-args 'emacs-agent-session-event-functions session event))
    (let (offered)
      (cl-letf (((symbol-function 'completing-read)
                 (lambda (_ choices &rest _) (setq offered (mapcar #'car choices)) (cadr offered))))
        (emacs-agent-interrupt t))
      (should (equal offered '("1. build: write" "2. build: write"))))
    (should (equal (nth 2 (car sent)) '((tool_call_id . "tc_3"))))
    (run-hook-with-args 'emacs-agent-session-event-functions session
                        '((type . "delegate.end") (parent_tool_call_id . "tc_3") (outcome . "interrupted")))
    (emacs-agent-interrupt t)
    (should (equal (nth 2 (car sent)) '((tool_call_id . "tc_2"))))
    (run-hook-with-args 'emacs-agent-session-event-functions session
                        '((type . "delegate.end") (parent_tool_call_id . "tc_2") (outcome . "interrupted")))
    (should-error (emacs-agent-interrupt t) :type 'user-error)))

(ert-deftest emacs-agent-input-given-back-once ()
  "A prompt that is given back twice is in the input once; one that is only like it is added."
  (emacs-agent-test-with-session
    (emacs-agent-input-set "a draft")
    (dolist (texts '(("second") ("second") ("a draf" "se.ond")))
      (run-hook-with-args 'emacs-agent-session-dropped-functions session texts))
    (should (equal "a draf\n\nse.ond\nsecond\na draft" (emacs-agent-input-text)))))

(ert-deftest emacs-agent-input-completion ()
  (emacs-agent-test-with-session
    (emacs-agent-input-set "/mo")
    (should (equal (nth 2 (emacs-agent-slash-complete)) (mapcar #'car emacs-agent-slash-commands)))))

(ert-deftest emacs-agent-session-environment ()
  "Only what a project's environment adds goes along."
  (with-temp-buffer
    (should-not (emacs-agent-session-environment))
    (setq-local process-environment (append '("PROJECT_X=1" "PATH=/nix/bin" "BAD-NAME=x" "UNSET") process-environment))
    (should (equal (emacs-agent-session-environment) '((PROJECT_X . "1") (PATH . "/nix/bin"))))))

(ert-deftest emacs-agent-remote-projects-are-refused ()
  (let ((default-directory "/ssh:host:/tmp/"))
    (should-error (emacs-agent-context-project) :type 'user-error)))

(provide 'emacs-agent-view-tests)
;;; emacs-agent-view-tests.el ends here
