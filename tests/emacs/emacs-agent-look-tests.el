;;; emacs-agent-look-tests.el --- What a conversation looks like  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-test)

(defun emacs-agent-look-tests--shown (&optional start end)
  "Return what is to be seen of the output, or from START to END."
  (font-lock-ensure)
  (let ((at (or start (point-min))) (end (or end emacs-agent-output-end)) (seen nil))
    (while (< at end)
      (let ((next (min end (next-char-property-change at end))) (display (get-text-property at 'display)))
        (cond ((stringp display)
               (push display seen)
               (setq next (next-single-property-change at 'display nil end)))
              ((invisible-p at))
              (display (push " " seen))
              (t (push (buffer-substring-no-properties at next) seen)))
        (setq at next)))
    (replace-regexp-in-string "[\u200b\u2060]" "" (apply #'concat (nreverse seen)))))

(defun emacs-agent-look-tests--say (session text)
  "Show TEXT as an answer in SESSION."
  (emacs-agent-test-take session (emacs-agent-test-event "message" 'id 1 'turn_id "t" 'message_id "m" 'content text)))

(defun emacs-agent-look-tests--calls (id &rest names)
  "Return the events of calls of the tools NAMES, the first of which has ID."
  (cl-loop for name in names
           for call = (format "c%d" id)
           collect (emacs-agent-test-event "tool.call" 'id id 'turn_id "t" 'tool_call_id call 'tool name 'category "search"
                                           'params '((path . "a")) 'requires_approval :false 'reason "")
           collect (emacs-agent-test-event "tool.result" 'id (1+ id) 'turn_id "t" 'tool_call_id call 'tool name
                                           'status "success" 'result '((content . "x\n") (metadata . ((exit_code . 0))))
                                           'message "" 'execution_time_ms 5)
           do (setq id (+ 2 id))))

(defconst emacs-agent-look-tests--end
  '((input_tokens . 1) (output_tokens . 1) (cache_read_tokens . 0) (cache_write_tokens . 0))
  "The usage of a turn.")

(defun emacs-agent-look-tests--turn (session)
  "Show a turn of two answers and three calls in SESSION."
  (apply #'emacs-agent-test-take session
         `(,(emacs-agent-test-event "prompt" 'id 1 'turn_id "t" 'text "go" 'agent "build" 'source "user")
           ,(emacs-agent-test-event "message" 'id 2 'turn_id "t" 'message_id "m1" 'content "First" 'stop_reason "tool_use")
           ,@(emacs-agent-look-tests--calls 3 "grep" "grep" "read_file")
           ,(emacs-agent-test-event "message" 'id 9 'turn_id "t" 'message_id "m2" 'content "Last" 'stop_reason "end_turn")
           ,(emacs-agent-test-event "turn.end" 'id 10 'turn_id "t" 'outcome "completed" 'duration_ms 5
                                    'usage emacs-agent-look-tests--end))))

;;;; Scaffolding

(ert-deftest emacs-agent-look-scaffolding ()
  "Of a block its language and its code are seen, and of a heading no star; the text is Org all the same."
  (emacs-agent-test-with-session
    (emacs-agent-look-tests--say session "```c\n* x\n,* y\n```\n\n> said\n\n```\nplain\n```")
    (should (string-search "#+BEGIN_SRC c :eval never\n,* x\n,,* y\n#+END_SRC" (emacs-agent-test-output)))
    (let ((shown (emacs-agent-look-tests--shown)))
      (should (string-search "c\n* x\n,* y\n\nsaid\n\nplain\n" shown))
      (should (string-match-p "^Assistant 2026-11-23 [0-9][0-9]:[0-9][0-9]$" shown))
      (should-not (string-match-p "#\\+\\|^\\*\\*" shown)))))

(ert-deftest emacs-agent-look-at-point ()
  "Scaffolding is seen where point is, and only there."
  (emacs-agent-test-with-session
    (emacs-agent-look-tests--say session "```c\nint a;\n```\n\nafter")
    (font-lock-ensure)
    (goto-char (point-min))
    (search-forward "BEGIN_SRC")
    (run-hooks 'post-command-hook)
    (should (string-search "#+BEGIN_SRC c :eval never\n" (emacs-agent-look-tests--shown)))
    (should-not (string-search "#+END_SRC" (emacs-agent-look-tests--shown)))
    ;; Also when the colours come again.
    (font-lock-flush)
    (should (string-search "#+BEGIN_SRC c :eval never\n" (emacs-agent-look-tests--shown)))
    (goto-char (point-max))
    (run-hooks 'post-command-hook)
    (should-not (string-search "#+" (emacs-agent-look-tests--shown)))))

(ert-deftest emacs-agent-look-wrapping ()
  "What is wrapped continues below the text of its list or quotation."
  (emacs-agent-test-with-session
    (emacs-agent-look-tests--say session "- one\n  1. two\n\n> said")
    (font-lock-ensure)
    (let ((prefix (lambda (text)
                    (goto-char (point-min))
                    (search-forward text)
                    (string-width (or (get-text-property (1- (point)) 'wrap-prefix) "")))))
      (should (= 2 (funcall prefix "one")))
      (should (= 5 (funcall prefix "two")))
      (should (= 2 (funcall prefix "said"))))))

(ert-deftest emacs-agent-look-table ()
  "The columns of a table are aligned and together no wider than the window; what is cut is a tooltip."
  (emacs-agent-test-with-session
    (cl-letf (((symbol-function 'emacs-agent-text-room) (lambda () 30)))
      (emacs-agent-look-tests--say session (concat "| a | b |\n|---|---|\n| `x` | " (make-string 50 ?y) " |\n| z | w |"))
      (font-lock-ensure)
      (let ((ends nil))
        (goto-char (point-min))
        (while (re-search-forward "^|[^-].*|$" nil t)
          (push (nth 2 (get-text-property (- (point) 2) 'display)) ends))
        (should (= 3 (length ends)))
        (should (= 1 (length (delete-dups ends))))
        (should (< (car ends) 30)))
      (should (string-search "y…" (emacs-agent-look-tests--shown)))
      (goto-char (point-min))
      (search-forward "yyy")
      (should (equal (make-string 50 ?y) (get-text-property (point) 'help-echo))))))

;;;; Turns

(ert-deftest emacs-agent-look-one-heading ()
  "A turn has one heading of the assistant, however often its model was called."
  (emacs-agent-test-with-session
    (emacs-agent-look-tests--turn session)
    (should (= 1 (cl-count-if (lambda (line) (string-prefix-p "** Assistant" line))
                              (split-string (emacs-agent-test-output) "\n"))))))

(ert-deftest emacs-agent-look-folded-calls ()
  "The calls of a turn are folded into one line when it is done; TAB shows and hides them."
  (emacs-agent-test-with-session
    (emacs-agent-look-tests--turn session)
    (should (string-match-p "First\n3 tool calls: grep ×2, read_file\n\nLast\nDone, " (emacs-agent-look-tests--shown)))
    (goto-char (point-min))
    (re-search-forward "^3 tool calls")
    (emacs-agent-tab)
    (should (string-search "First\n3 tool calls: grep ×2, read_file\n" (emacs-agent-look-tests--shown)))
    (should (= 3 (cl-count-if (lambda (line) (string-match-p "done (1 line)$" line))
                              (split-string (emacs-agent-look-tests--shown) "\n"))))
    (emacs-agent-tab)
    (should-not (string-search "done (1 line)" (emacs-agent-look-tests--shown)))))

(ert-deftest emacs-agent-look-search-opens ()
  "A search finds calls that are folded, and opens them."
  (emacs-agent-test-with-session
    (emacs-agent-look-tests--turn session)
    (font-lock-ensure)
    (goto-char (point-min))
    (search-forward "Tool Call: read_file")
    (should (funcall isearch-filter-predicate (match-beginning 0) (match-end 0)))
    (let ((this-command 'isearch-repeat-forward)) (run-hooks 'post-command-hook))
    (should (string-search "read_file  a  done (1 line)" (emacs-agent-look-tests--shown)))))

(ert-deftest emacs-agent-look-one-call ()
  "A single call stays as it is, and so does one that failed among others: it is counted."
  (emacs-agent-test-with-session
    (apply #'emacs-agent-test-take session
           `(,@(emacs-agent-look-tests--calls 1 "grep")
             ,(emacs-agent-test-event "turn.end" 'id 10 'turn_id "t" 'outcome "completed" 'duration_ms 5
                                      'usage emacs-agent-look-tests--end)))
    (should (string-search "grep  a  done (1 line)" (emacs-agent-look-tests--shown)))
    (should-not (string-search "tool call" (emacs-agent-look-tests--shown)))))

;;;; The start

(ert-deftest emacs-agent-look-welcome ()
  "An empty conversation says what can be done, in less than 40 columns, until something is asked."
  (emacs-agent-test-with-session
    (let ((text (lambda () (mapconcat (lambda (overlay) (or (overlay-get overlay 'before-string) ""))
                                      (overlays-in (point-min) (point-max)) ""))))
      (dolist (part '("Ask about" "C-c C-c" "send what is written" "@" "C-c C-z"))
        (should (string-search part (funcall text))))
      (dolist (line (cdr (split-string (funcall text) "\n")))
        (should (< (string-width line) 40)))
      (should-not (string-search "Ask about" (buffer-string)))
      ;; It stands below the title, and is not swallowed by what is replaced before and after it.
      (emacs-agent-test-take session (emacs-agent-test-event "session.created" 'id 1 'session_id "s1" 'project_path project
                                                             'title "" 'model "m" 'agent "build"))
      (font-lock-ensure)
      (should (= (overlay-start emacs-agent-welcome--overlay) emacs-agent-output-end))
      (should-not (eq (get-text-property emacs-agent-output-end 'display)
                      (get-text-property (1- emacs-agent-output-end) 'display)))
      (emacs-agent-test-take session (emacs-agent-test-event "prompt" 'id 2 'turn_id "t" 'text "go" 'source "user"))
      (should-not (string-search "Ask about" (funcall text))))))

;;;; The header

(ert-deftest emacs-agent-look-header-fits ()
  "The header line starts with the state and is no wider than the window."
  (let ((parts '("thinking" "12s" "$0.50" "build" "claude-sonnet-5-5" "50.0k/200k (25%)" "project")))
    (should (equal parts (emacs-agent-header--fit parts 200)))
    (should (equal '("thinking" "12s" "$0.50" "build" "project") (emacs-agent-header--fit parts 40)))
    (dolist (width '(5 20 40 60))
      (let ((fit (emacs-agent-header--fit parts width)))
        (should (equal "thinking" (car fit)))
        (should (<= (length (string-join (cdr fit) "  ")) width))))))

(ert-deftest emacs-agent-look-header-elapsed ()
  "While a turn runs the header says for how long, and afterwards no more."
  (emacs-agent-test-with-session
    (emacs-agent-test-take session (emacs-agent-test-event "agent.state" 'state "thinking"))
    (setf (emacs-agent-session-since session) (time-subtract nil 75))
    (should (string-match-p " thinking  1m1[5-9]s" (emacs-agent-header-line)))
    (should (timerp emacs-agent-header--clock))
    (emacs-agent-test-take session (emacs-agent-test-event "agent.state" 'state "idle"))
    (should-not (string-search "1m" (emacs-agent-header-line)))
    (should-not emacs-agent-header--clock)))

(ert-deftest emacs-agent-look-header-tooltip ()
  "All of it is in the tooltip."
  (emacs-agent-test-with-session
    (emacs-agent-session-refresh session '((session_id . "s1") (title . "T") (model . "a/b") (agent . "plan")
                                           (usage . ((cost_usd . 0.5) (input_tokens . 1000)))))
    (let ((tooltip (emacs-agent-header--tooltip session)))
      (dolist (line '("^Title +T$" "^Model +a/b$" "^Agent +plan$" "^Cost +\\$0\\.5000$" "^Tokens +1\\.0k in"))
        (should (string-match-p line tooltip))))))

(ert-deftest emacs-agent-look-settled ()
  "A call that is done has no markers, and is found all the same, also when what is above it changes."
  (emacs-agent-test-with-session
    (emacs-agent-look-tests--turn session)
    (let ((first (emacs-agent-section-with-id "c3")) (last (emacs-agent-section-with-id "c7")))
      (should-not (emacs-agent-section-from last))
      (emacs-agent-section-toggle first)
      (should (> (- (emacs-agent-section-end first) (emacs-agent-section-start first)) 60))
      (goto-char (emacs-agent-section-start last))
      (should (eq last (emacs-agent-section-at)))
      (should-not (eq last (emacs-agent-section-at (1- (point)))))
      (emacs-agent-section-toggle last)
      (should (string-search "\"path\": \"a\"" (buffer-substring (emacs-agent-section-start last) (emacs-agent-section-end last)))))))

(provide 'emacs-agent-look-tests)
;;; emacs-agent-look-tests.el ends here
