;;; emacs.el --- How fast the client is  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Run in a terminal, not in batch, so that redisplay counts:
;;   emacs -Q -nw -L src/emacs -l scripts/bench/emacs.el OUTPUT.json [EXECUTABLE]
;; "Longest" is the longest time, in milliseconds, during which Emacs would not have answered a key: a batch of events
;; and the redisplay after it.  The first block of a language also loads its mode.  Byte-compile the client first.

;;; Code:

(defvar bench-start (float-time))
(require 'emacs-agent)

(defvar bench-results nil)
(defvar bench-longest 0)
(defvar bench-output (pop command-line-args-left))
(setq emacs-agent-program (or (pop command-line-args-left) emacs-agent-program) emacs-agent-notify nil)

(defmacro bench-ms (&rest body)
  "Return how many milliseconds BODY takes."
  `(let ((start (float-time))) ,@body (* 1000 (- (float-time) start))))

(defun bench-event (type &rest fields)
  "Return the frame of an event of TYPE with FIELDS."
  (cons type (decode-coding-string
              (emacs-agent-json-string
               `((type . ,type) (at . "2026-11-23T10:00:00.000Z")
                 ,@(cl-loop for (key value) on fields by #'cddr collect (cons key value))))
              'utf-8)))

(defun bench-feed (frames &optional live)
  "Show FRAMES in a new conversation; return (TOTAL LONGEST) in milliseconds.
LIVE says that they come as they happen, not all at once when a session is opened."
  (let* ((session (make-emacs-agent-session :id "bench" :project "/tmp" :connection 'open :caught-up live))
         (buffer (emacs-agent-mode-buffer session)))
    (switch-to-buffer buffer)
    (goto-char (point-max))
    (redisplay t)
    (garbage-collect)
    (setq bench-longest 0)
    (setf (emacs-agent-session-backlog session) frames)
    (let ((total (bench-ms
                  (while (emacs-agent-session-backlog session)
                    (setq bench-longest
                          (max bench-longest
                               (bench-ms (emacs-agent-session-drain session)
                                         (let ((timer (emacs-agent-session-timer session)))
                                           (when timer (cancel-timer timer))
                                           (setf (emacs-agent-session-timer session) nil))
                                         (redisplay t))))))))
      (kill-buffer buffer)
      (list total bench-longest))))

(defun bench-words (count)
  "Return COUNT pieces of Markdown, as a model would stream them."
  (let ((text "# Part\n\nSome *words* and `code` in a paragraph that goes on for a while, with **strong** words, then a list:\n\n- one [link](src/a.el#L3)\n- two\n  - three\n\n```python\ndef f(x):\n    return x + 1  # a comment\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n")
        (pieces nil) (at 0))
    (dotimes (_ count)
      (let ((end (min (length text) (+ at 4))))
        (push (substring text at end) pieces)
        (setq at (if (= end (length text)) 0 end))))
    (nreverse pieces)))

(defun bench-stream ()
  "Return the frames of an answer of 4,000 tokens."
  (let ((pieces (bench-words 4000)))
    (append (mapcar (lambda (piece) (bench-event "message.delta" 'turn_id "t" 'message_id "m" 'content piece)) pieces)
            (list (bench-event "message" 'turn_id "t" 'message_id "m" 'content (apply #'concat pieces)
                               'tool_calls [] 'stop_reason "end_turn")))))

(defun bench-turns (count)
  "Return the frames of COUNT turns, four events each, and an end."
  (let ((usage '((input_tokens . 1) (output_tokens . 1) (cache_read_tokens . 0) (cache_write_tokens . 0))) (id 0)
        (text (apply #'concat (bench-words 60))))
    (cl-flet ((event (type &rest fields) (apply #'bench-event type 'id (cl-incf id) fields)))
      (cl-loop for n below count nconc
               (list (event "prompt" 'turn_id "t" 'text (format "Prompt %d" n) 'agent "build" 'source "user")
                     (event "tool.call" 'turn_id "t" 'tool_call_id (format "c%d" n) 'tool "read_file" 'category "filesystem"
                            'params '((path . "src/a.el")) 'requires_approval :false 'reason "")
                     (event "tool.result" 'turn_id "t" 'tool_call_id (format "c%d" n) 'tool "read_file" 'status "success"
                            'result '((content . "some\nlines\n") (metadata . nil)) 'message "" 'execution_time_ms 2)
                     (event "message" 'turn_id "t" 'message_id (format "m%d" n) 'content text 'tool_calls []
                            'stop_reason "end_turn")
                     (event "turn.end" 'turn_id "t" 'outcome "completed" 'usage usage 'duration_ms 100))))))

(defun bench-large ()
  "Return the frames of a call whose result is a line of 1 MB."
  (list (bench-event "tool.call" 'turn_id "t" 'tool_call_id "c" 'tool "read_file" 'category "filesystem"
                     'params '((path . "a")) 'requires_approval :false 'reason "")
        (bench-event "tool.result" 'turn_id "t" 'tool_call_id "c" 'tool "read_file" 'status "success"
                     'result `((content . ,(make-string 1000000 ?x)) (metadata . nil)) 'message "" 'execution_time_ms 2)))

(defun bench-start-up ()
  "Return how long it takes until a prompt can be written, and until it can be answered."
  (when (emacs-agent-backend-program)
    (let* ((default-directory temporary-file-directory) session
           (usable (bench-ms (setq session (emacs-agent-start temporary-file-directory))
                             (switch-to-buffer (emacs-agent-session-buffer session))
                             (redisplay t)))
           (answered (bench-ms (while (not (or (eq (emacs-agent-session-connection session) 'open)
                                               (eq (emacs-agent-session-connection session) 'ended)))
                                 (accept-process-output nil 0.005)))))
      (list usable (+ usable answered)))))

(defun bench-run ()
  "Measure everything and write it down."
  (let ((loaded (* 1000 (- (float-time) bench-start))))
    (push `(emacs . ,emacs-version) bench-results)
    (push `(load_ms . ,loaded) bench-results)
    (pcase (bench-start-up)
      (`(,usable ,answered)
       (push `(start_to_prompt_ms . ,usable) bench-results)
       (push `(start_to_session_ms . ,answered) bench-results)))
    (pcase-dolist (`(,name . ,frames)
                   `((stream_4000_tokens . ,(bench-stream)) (result_1mb_line . ,(bench-large))
                     (session_500_turns . ,(bench-turns 500)) (replay_10000_events . ,(bench-turns 2000))))
      (pcase-let ((`(,total ,longest) (bench-feed frames (memq name '(stream_4000_tokens result_1mb_line)))))
        (push `(,name . ((total_ms . ,total) (longest_ms . ,longest))) bench-results)))
    (with-temp-file bench-output
      (insert (emacs-agent-json-pretty (nreverse bench-results)) "\n"))
    (kill-emacs)))

(run-at-time 0.2 nil #'bench-run)
;;; emacs.el ends here
