;;; emacs-agent-rewind-tests.el --- Undo, review, rewind, fork  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)
(require 'emacs-agent-review)
(require 'emacs-agent-rewind)
(require 'emacs-agent-budget)

(defmacro emacs-agent-rewind-tests--with (answers &rest body)
  "Run BODY in the buffer of a `session' whose model gives ANSWERS.
The file a.txt of the `project' has twenty lines; edits do not ask."
  (declare (indent 1))
  `(emacs-agent-test-with-model "[permissions]\nallow = [\"edit_file\", \"write_file\"]\n"
     (emacs-agent-test-write project "a.txt" emacs-agent-rewind-tests--text)
     (let ((session (emacs-agent-test-start project)))
       (with-current-buffer (emacs-agent-session-buffer session)
         (apply #'emacs-agent-model-says ,answers)
         ,@body))))

(defconst emacs-agent-rewind-tests--text
  (mapconcat (lambda (n) (format "line %d\n" n)) (number-sequence 1 20) "")
  "What is in a.txt.")

(defun emacs-agent-rewind-tests--edit (number)
  "Return an answer that changes line NUMBER of a.txt."
  (emacs-agent-model-call "edit_file" 'path "a.txt" 'old (format "line %d\n" number) 'new (format "LINE %d\n" number)))

(defun emacs-agent-rewind-tests--changed (&rest numbers)
  "Return what is in a.txt when the lines NUMBERS are changed."
  (let ((text emacs-agent-rewind-tests--text))
    (dolist (number numbers text)
      (setq text (string-replace (format "line %d\n" number) (format "LINE %d\n" number) text)))))

(defmacro emacs-agent-rewind-tests--answering (answer asked &rest body)
  "Run BODY with each yes-or-no question answered with ANSWER; they go to ASKED."
  (declare (indent 2))
  `(cl-letf (((symbol-function 'y-or-n-p) (lambda (question) (push question ,asked) ,answer)))
     ,@body))

(defun emacs-agent-rewind-tests--turn (session text answer)
  "Send TEXT to SESSION and wait until the turn that ends with ANSWER is done."
  (let ((done (how-many "^Done, " (point-min))))
    (emacs-agent-test-say text)
    (emacs-agent-test-shown answer)
    (emacs-agent-test-wait (> (how-many "^Done, " (point-min)) done))
    (emacs-agent-test-idle session)))

;;;; The output

(ert-deftest emacs-agent-rewind-after-many-turns ()
  "What is written for good has no markers, of which each makes each change slower, and is found where it is then."
  (emacs-agent-test-with-session
    (let ((id 0) (events nil) (starts (lambda () (mapcar #'emacs-agent-turn-start (reverse emacs-agent-turns--list))))
          (seen (lambda () (goto-char (point-min))
                  (cl-loop while (re-search-forward "^\n\\*\\* User" nil t) collect (match-beginning 0)))))
      (cl-flet ((add (type &rest fields)
                  (push (apply #'emacs-agent-test-event type 'id (cl-incf id) fields) events)))
        (dotimes (n 20)
          (let ((turn (format "t%d" n)) (call (format "c%d" n)))
            (add "prompt" 'turn_id turn 'text (format "Prompt %d" n) 'source "user")
            (add "message" 'turn_id turn 'message_id (format "m%d" n) 'thinking "Hm." 'content "So." 'tool_calls [])
            (add "tool.call" 'turn_id turn 'tool_call_id call 'tool "read_file" 'category "filesystem" 'reason ""
                 'params '((path . "a.txt")) 'requires_approval :false)
            (add "tool.result" 'turn_id turn 'tool_call_id call 'tool "read_file" 'status "success" 'message ""
                 'execution_time_ms 1 'result `((content . ,(apply #'concat (make-list 50 (make-string 90 ?x))))))
            (add "turn.end" 'turn_id turn 'outcome "completed"
                 'usage '((input_tokens . 0) (output_tokens . 0) (cache_read_tokens . 0) (cache_write_tokens . 0))))))
      (apply #'emacs-agent-test-take session (reverse events))
      (should (= 1 (cl-count-if #'emacs-agent-turn-from emacs-agent-turns--list)))
      (let ((at (point-min)))
        (while (setq at (next-single-property-change at 'emacs-agent-section))
          (let ((section (emacs-agent-section-at at)))
            (when section (should-not (emacs-agent-section-from section))))))
      (should (= 20 (length (funcall seen))))
      (should (equal (funcall seen) (funcall starts)))
      ;; What stands before them grows and shrinks.
      (dotimes (_ 2)
        (dolist (call '("c1" "c3" "c17")) (emacs-agent-section-toggle (emacs-agent-section-with-id call)))
        (should (equal (funcall seen) (funcall starts))))
      (goto-char (nth 5 (funcall starts)))
      (should (equal "Prompt 5" (emacs-agent-turn-text (emacs-agent-turns-at (point)))))
      (emacs-agent-test-take session (emacs-agent-test-event "session.rewound" 'id (1+ id) 'to_event_id 50 'turn_id "t10"))
      (should (= 10 (length (funcall seen))))
      (should (equal (funcall seen) (funcall starts)))
      (should (emacs-agent-section-with-id "c9"))
      (should-not (emacs-agent-section-with-id "c10"))
      (should (string-match-p "^Rewound \\[.*\\]\n\\'" (emacs-agent-test-output))))))

(ert-deftest emacs-agent-rewind-cuts-the-output ()
  "What was rewound goes, with its sections; what comes then stands where it was."
  (emacs-agent-test-with-session
    (cl-flet ((prompt (id turn text) (emacs-agent-test-event "prompt" 'id id 'turn_id turn 'text text 'source "user"))
              (call (id turn call) (emacs-agent-test-event "tool.call" 'id id 'turn_id turn 'tool_call_id call 'tool "read_file"
                                                           'category "filesystem" 'params '((path . "a.txt"))
                                                           'requires_approval :false 'reason "reads")))
      (emacs-agent-test-take session (prompt 2 "t1" "First") (call 3 "t1" "c1"))
      (let ((kept (emacs-agent-test-output)))
        (emacs-agent-test-take session (call 5 "t2" "c2") (prompt 6 "t2" "Second") (call 7 "t2" "c3") (prompt 8 "t3" "Third"))
        (emacs-agent-input-set "a draft")
        (should (equal (mapcar #'emacs-agent-turn-text (emacs-agent-turns-all)) '("Third" "Second" "First")))
        ;; Even where what is cut was to be written again.
        (emacs-agent-test-take session
                               (emacs-agent-test-event "tool.result" 'id 9 'turn_id "t2" 'tool_call_id "c3" 'tool "read_file"
                                                       'status "success" 'message "read" 'execution_time_ms 1)
                               (emacs-agent-test-event "session.rewound" 'id 10 'to_event_id 4 'turn_id "t2")
                               (prompt 11 "t4" "Fourth"))
        (should (string-prefix-p kept (emacs-agent-test-output)))
        (should (string-match-p "\\`Rewound \\[.*\\]\n\n\\*\\* User .*\nFourth\n"
                                (substring (emacs-agent-test-output) (length kept))))
        (should-not (string-match-p "Second\\|Third" (emacs-agent-test-output)))
        (should (emacs-agent-section-with-id "c1"))
        (should-not (emacs-agent-section-with-id "c2"))
        (should (equal (emacs-agent-input-text) "a draft"))
        (should (equal (mapcar #'emacs-agent-turn-text (emacs-agent-turns-all)) '("Fourth" "First")))))))

;;;; With the backend

(ert-deftest emacs-agent-rewind-live ()
  "A prompt goes back into the input, the files with it; buffers follow, and undo in them."
  (emacs-agent-rewind-tests--with (list (emacs-agent-rewind-tests--edit 3) "First is done." (emacs-agent-rewind-tests--edit 7)
                                        "Second is done." "Edited is done.")
    (let ((file (find-file-noselect (expand-file-name "a.txt" project))) (asked nil))
      (unwind-protect
          (progn
            (emacs-agent-rewind-tests--turn session "one" "First is done.")
            (emacs-agent-rewind-tests--turn session "two" "Second is done.")
            (emacs-agent-test-wait (equal (with-current-buffer file (buffer-string))
                                          (emacs-agent-rewind-tests--changed 3 7)))
            (goto-char (point-min))
            (search-forward "\ntwo\n")
            (emacs-agent-rewind-tests--answering t asked
              (call-interactively #'emacs-agent-rewind)
              (emacs-agent-test-wait (equal (emacs-agent-input-text) "two")))
            (should (equal asked '("Also undo what was changed since: a.txt? ")))
            (emacs-agent-test-shown "Rewound:\n- ")
            (should (equal (emacs-agent-test-read project "a.txt") (emacs-agent-rewind-tests--changed 3)))
            (with-current-buffer file
              (should (equal (buffer-string) (emacs-agent-rewind-tests--changed 3)))
              (should-not (buffer-modified-p))
              (undo-boundary)
              (let ((last-command nil)) (undo))
              (should (equal (buffer-string) (emacs-agent-rewind-tests--changed 3 7)))
              (set-buffer-modified-p nil))
            (should-not (string-match-p "^two\\|Second" (emacs-agent-test-output)))
            (emacs-agent-rewind-tests--turn session "two, but otherwise" "Edited is done."))
        (with-current-buffer file (set-buffer-modified-p nil))
        (kill-buffer file)))))

(ert-deftest emacs-agent-rewind-chosen ()
  "From the input a prompt is chosen; what is written there stays, and so do files when nothing was changed."
  (emacs-agent-rewind-tests--with '("First is done." "Second is done.")
    (emacs-agent-rewind-tests--turn session "one" "First is done.")
    (emacs-agent-rewind-tests--turn session "two" "Second is done.")
    (emacs-agent-input-set "a draft")
    (cl-letf (((symbol-function 'completing-read)
               (lambda (_prompt collection &rest _)
                 (cl-find-if (lambda (name) (string-suffix-p "one" name)) (all-completions "" collection)))))
      (call-interactively #'emacs-agent-rewind))
    (emacs-agent-test-wait (equal (emacs-agent-input-text) "one\na draft"))
    (emacs-agent-test-shown "Rewound [")
    (should-not (emacs-agent-turns-all))))

(ert-deftest emacs-agent-undo-live ()
  "The last turn is undone after a look at its files, and redone; an unsaved buffer stays as it is."
  (emacs-agent-rewind-tests--with
      (list (emacs-agent-rewind-tests--edit 3) (emacs-agent-model-call "write_file" 'path "b.txt" 'content "b\n") "It is done.")
    (emacs-agent-rewind-tests--turn session "change" "It is done.")
    (let ((asked nil))
      (emacs-agent-rewind-tests--answering nil asked
        (emacs-agent-undo)
        (emacs-agent-test-wait asked))
      (should (equal asked '("Undo in a.txt, by deleting b.txt? ")))
      (should (equal (emacs-agent-test-read project "a.txt") (emacs-agent-rewind-tests--changed 3)))
      (emacs-agent-rewind-tests--answering t asked
        (emacs-agent-undo)
        (emacs-agent-test-shown "Undone:\n- "))
      (should (equal (emacs-agent-test-read project "a.txt") emacs-agent-rewind-tests--text))
      (should-not (file-exists-p (expand-file-name "b.txt" project)))
      (emacs-agent-redo)
      (emacs-agent-test-shown "Redone:\n- ")
      (should (equal (emacs-agent-test-read project "a.txt") (emacs-agent-rewind-tests--changed 3)))
      (let ((file (find-file-noselect (expand-file-name "a.txt" project))))
        (unwind-protect
            (progn
              (with-current-buffer file (goto-char (point-max)) (insert "mine"))
              (emacs-agent-test-forget-log)
              (emacs-agent-rewind-tests--answering t asked
                (emacs-agent-undo)
                (emacs-agent-test-wait (emacs-agent-test-logged "a.txt stays")))
              (should (equal (car asked) "Undo by deleting b.txt (a.txt stays as it is)? "))
              (should (equal (emacs-agent-test-read project "a.txt") (emacs-agent-rewind-tests--changed 3)))
              (should (string-suffix-p "mine" (with-current-buffer file (buffer-string)))))
          (with-current-buffer file (set-buffer-modified-p nil))
          (kill-buffer file))))))

(ert-deftest emacs-agent-review-live ()
  "The review is one diff of the net changes; hunks, files, and all of them are undone in it."
  (emacs-agent-rewind-tests--with
      (list (emacs-agent-rewind-tests--edit 3) (emacs-agent-rewind-tests--edit 17)
            (emacs-agent-model-call "write_file" 'path "b.txt" 'content "b\n")
            (emacs-agent-model-call "write_file" 'path "c.txt" 'content "c\n") "It is done.")
    (emacs-agent-rewind-tests--turn session "change" "It is done.")
    (let ((asked nil))
      (save-window-excursion
        (emacs-agent-review)
        (should (derived-mode-p 'diff-mode))
        (cl-flet ((shows (text) (emacs-agent-test-wait (string-search text (buffer-string))))
                  (press (key) (call-interactively (key-binding (kbd key)))))
          (shows "Index: c.txt\n--- /dev/null\n+++ c.txt\n@@ -0,0 +1 @@\n+c\n")
          (should (string-prefix-p "Index: a.txt\n--- a.txt\n+++ a.txt\n@@ -1,6 +1,6 @@\n line 1\n line 2\n-line 3\n+LINE 3\n"
                                   (buffer-string)))
          (goto-char (point-min))
          (search-forward "+LINE 17")
          (press "k")
          (emacs-agent-test-wait (not (string-search "LINE 17" (buffer-string))))
          (should (equal (emacs-agent-test-read project "a.txt") (emacs-agent-rewind-tests--changed 3)))
          (goto-char (point-min))
          (search-forward "Index: b.txt")
          (press "K")
          (emacs-agent-test-wait (not (string-search "b.txt" (buffer-string))))
          (should-not (file-exists-p (expand-file-name "b.txt" project)))
          (emacs-agent-rewind-tests--answering t asked
            (press "U")
            (shows "Nothing is changed."))
          (should (equal asked '("Undo the changes to 2 files? ")))
          (should (equal (emacs-agent-test-read project "a.txt") emacs-agent-rewind-tests--text))
          (goto-char (point-min))
          (should-error (press "k") :type 'user-error)
          (should-error (press "U") :type 'user-error))
        (kill-buffer)))))

(ert-deftest emacs-agent-fork-retry-compact-context-live ()
  "A conversation is tried again, forked at a turn, measured and summarised."
  (emacs-agent-rewind-tests--with '("First is done." "Second is done." "Again is done." "A SUMMARY" "Third is done.")
    (emacs-agent-rewind-tests--turn session "one" "First is done.")
    (emacs-agent-rewind-tests--turn session "two" "Second is done.")
    (emacs-agent-retry)
    (emacs-agent-test-shown "Again is done.")
    (emacs-agent-test-idle session)
    (should-not (string-search "Second is done." (emacs-agent-test-output)))
    (goto-char (point-min))
    (search-forward "\none\n")
    (let ((conversation (current-buffer)) (before (length emacs-agent-session-list)))
      (save-window-excursion
        (call-interactively #'emacs-agent-fork)
        (emacs-agent-test-wait (> (length emacs-agent-session-list) before))
        (let ((fork (car emacs-agent-session-list)))
          (emacs-agent-test-wait (buffer-live-p (emacs-agent-session-buffer fork)))
          (with-current-buffer (emacs-agent-session-buffer fork)
            (emacs-agent-test-shown "First is done.")
            (emacs-agent-test-idle fork)
            (should-not (string-search "Again is done." (emacs-agent-test-output))))))
      (with-current-buffer conversation
        (save-window-excursion
          (emacs-agent-context)
          (emacs-agent-test-wait (string-match-p "█.* system\n" (buffer-string)))
          (should (string-match-p "\\`[0-9.k]+ tokens" (buffer-string)))
          (kill-buffer))
        (emacs-agent-compact "birds")
        (emacs-agent-test-shown "was summarised")
        (should (emacs-agent-model-heard (emacs-agent-model-asked 4) "The user asks of this summary: birds"))
        (emacs-agent-test-idle session)
        (emacs-agent-rewind-tests--turn session "three" "Third is done.")))))

(provide 'emacs-agent-rewind-tests)
;;; emacs-agent-rewind-tests.el ends here
