;;; emacs-agent-approval-tests.el --- Deciding  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-test)
(require 'emacs-agent-edit)

(defconst emacs-agent-approval-tests--before
  (mapconcat (lambda (n) (format "line %d\n" n)) (number-sequence 1 30) ""))

(defconst emacs-agent-approval-tests--diff
  "--- a/a.txt
+++ b/a.txt
@@ -1,4 +1,4 @@
-line 1
+LINE 1
 line 2
 line 3
 line 4
@@ -13,7 +13,8 @@
 line 13
 line 14
 line 15
-line 16
+LINE 16
+line 16b
 line 17
 line 18
 line 19
@@ -27,4 +28,3 @@
 line 27
 line 28
 line 29
-line 30
")

(defun emacs-agent-approval-tests--hash (text)
  "Return the hash of TEXT as the backend writes it."
  (concat "sha256:" (secure-hash 'sha256 (encode-coding-string text 'utf-8))))

(defun emacs-agent-approval-tests--call (diff before &rest more)
  "Return a tool.call that asks, with DIFF of a file that had BEFORE, and MORE."
  (append (emacs-agent-test-event
           "tool.call" 'id 1 'turn_id "t1" 'tool_call_id "c1" 'tool "edit_file" 'category "filesystem"
           'params '((path . "a.txt")) 'requires_approval t 'reason "Edit a.txt"
           'preview `((hash . "h1")
                      (files . ,(vector `((path . "a.txt")
                                          (before_hash . ,(if before (emacs-agent-approval-tests--hash before) :null))
                                          (diff . ,diff)))))
           'remember '((session . "edit_file(a.txt)") (project . "edit_file(a.txt)")))
          more))

(defmacro emacs-agent-approval-tests--with (call &rest body)
  "Run BODY with CALL waiting, point on it, and its first half second over."
  (declare (indent 1))
  `(emacs-agent-test-with-session
     (emacs-agent-test-write project "a.txt" emacs-agent-approval-tests--before)
     (emacs-agent-test-take session ,call)
     (setf (emacs-agent-call-shown-at (emacs-agent-section-data (emacs-agent-section-with-id "c1")))
           (- (float-time) 1))
     (emacs-agent-next-approval)
     ,@body))

(defun emacs-agent-approval-tests--hunk (number)
  "Go to hunk NUMBER."
  (goto-char (text-property-any (point-min) (point-max) 'emacs-agent-hunk number)))

(ert-deftest emacs-agent-diff-applies ()
  "Any choice of hunks gives the text with those alone."
  (let ((hunks (emacs-agent-diff-hunks emacs-agent-approval-tests--diff))
        (before emacs-agent-approval-tests--before))
    (should (= 3 (length hunks)))
    (should (equal before (emacs-agent-diff-apply before nil)))
    (dolist (case '(((0) "line 1\n" "LINE 1\n") ((1) "line 16\n" "LINE 16\nline 16b\n") ((2) "line 30\n" "")))
      (pcase-let ((`(,numbers ,old ,new) case))
        (should (equal (emacs-agent-diff-apply before (mapcar (lambda (number) (nth number hunks)) numbers))
                       (replace-regexp-in-string (concat "^" old) new before t t)))))
    (should (equal (emacs-agent-diff-apply before hunks)
                   (concat "LINE 1\n" (mapconcat (lambda (n) (format "line %d\n" n)) (number-sequence 2 15) "")
                           "LINE 16\nline 16b\n"
                           (mapconcat (lambda (n) (format "line %d\n" n)) (number-sequence 17 29) ""))))
    (should-error (emacs-agent-diff-apply "other\n" hunks) :type 'emacs-agent-diff-mismatch)))

(ert-deftest emacs-agent-diff-ends ()
  "New and emptied files, missing last newlines, line ends of DOS."
  (dolist (case '(("" "--- /dev/null\n+++ b/a\n@@ -0,0 +1,2 @@\n+a\n+b\n" "a\nb\n")
                  ("" "--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n" "a")
                  ("a\n" "--- a/a\n+++ b/a\n@@ -1 +0,0 @@\n-a\n" "")
                  ("a" "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n" "b\n")
                  ("a\nb" "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n-a\n+A\n b\n\\ No newline at end of file\n" "A\nb")
                  ("a\r\nb\r\n" "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n" "a\r\nc\r\n")))
    (pcase-let ((`(,before ,diff ,after) case))
      (should (equal after (emacs-agent-diff-apply before (emacs-agent-diff-hunks diff))))
      (should (equal before (emacs-agent-diff-apply after (mapcar #'emacs-agent-diff-reverse
                                                                  (emacs-agent-diff-hunks diff))))))))

(ert-deftest emacs-agent-diff-that-was-cut ()
  (should-not (emacs-agent-diff-hunks "--- a/a\n+++ b/a\n@@ -1,9 +1,9 @@\n a\n-b\n\\ 7 more lines of this diff not shown\n")))

(ert-deftest emacs-agent-approval-shows-what-it-does ()
  (emacs-agent-approval-tests--with (emacs-agent-approval-tests--call emacs-agent-approval-tests--diff
                                                                      emacs-agent-approval-tests--before
                                                                      '(danger . "sensitive_path"))
    (let ((shown (emacs-agent-test-output)))
      (dolist (text '("waits for you" "Edit a.txt" "Careful: sensitive path" "+LINE 16" "a approve" "r reject"
                      "for this session: edit_file(a.txt)"))
        (should (string-search text shown))))))

(ert-deftest emacs-agent-approval-not-at-once ()
  "Nothing is decided in the first half second, nor with point elsewhere."
  (emacs-agent-test-with-session
    (emacs-agent-test-take session (emacs-agent-approval-tests--call "" nil))
    (emacs-agent-next-approval)
    (dolist (command (list #'emacs-agent-approve #'emacs-agent-approve-for-session #'emacs-agent-edit-params
                           (lambda () (interactive) (call-interactively #'emacs-agent-reject))))
      (should-error (call-interactively command) :type 'user-error))
    (goto-char (point-max))
    (setf (emacs-agent-call-shown-at (emacs-agent-section-data (emacs-agent-section-with-id "c1"))) 0)
    (insert "and")
    (should-error (emacs-agent-approve) :type 'user-error)
    (should-not sent)
    (should-not (eq (key-binding "a") #'emacs-agent-approve))
    (emacs-agent-next-approval)
    (should (eq (key-binding "a") #'emacs-agent-approve))
    (emacs-agent-approve)
    (should (= 1 (length sent)))))

(ert-deftest emacs-agent-approval-of-all ()
  (emacs-agent-approval-tests--with (emacs-agent-approval-tests--call emacs-agent-approval-tests--diff
                                                                      emacs-agent-approval-tests--before)
    (emacs-agent-approve)
    (should (equal (seq-take (car sent) 3)
                   '("POST" "/api/sessions/s1/approve" ((tool_call_id . "c1") (preview_hash . "h1")))))))

(ert-deftest emacs-agent-approval-hunk-by-hunk ()
  "What is sent is exactly the hunks that are accepted."
  (emacs-agent-approval-tests--with (emacs-agent-approval-tests--call emacs-agent-approval-tests--diff
                                                                      emacs-agent-approval-tests--before)
    (emacs-agent-approval-tests--hunk 1)
    (emacs-agent-toggle-hunk)
    (should (string-search "approve 2 of 3 hunks" (emacs-agent-test-output)))
    (should (string-match-p "^@@ -13,7 \\+13,8 @@  refused" (emacs-agent-test-output)))
    (emacs-agent-approval-tests--hunk 0)
    (emacs-agent-toggle-hunk)
    (emacs-agent-approval-tests--hunk 2)
    (should-error (emacs-agent-toggle-hunk) :type 'user-error)
    (emacs-agent-approval-tests--hunk 0)
    (emacs-agent-toggle-hunk)
    (should-error (emacs-agent-approve-for-session) :type 'user-error)
    (emacs-agent-approve)
    (should (equal (alist-get 'content (nth 2 (car sent)))
                   (emacs-agent-diff-apply emacs-agent-approval-tests--before
                                           (let ((hunks (emacs-agent-diff-hunks emacs-agent-approval-tests--diff)))
                                             (list (nth 0 hunks) (nth 2 hunks))))))
    (should (equal (alist-get 'preview_hash (nth 2 (car sent))) "h1"))))

(ert-deftest emacs-agent-approval-of-unsaved-text ()
  "Hunks are applied to the text that the diff was made from: here, the buffer's."
  (emacs-agent-approval-tests--with
      (let ((unsaved (concat "line 0\n" emacs-agent-approval-tests--before)))
        (emacs-agent-approval-tests--call
         "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n-line 0\n+LINE 0\n line 1\n line 2\n@@ -28,4 +28,3 @@\n line 27\n line 28\n line 29\n-line 30\n"
         unsaved))
    (let ((buffer (find-file-noselect (expand-file-name "a.txt" project))))
      (unwind-protect
          (progn
            (with-current-buffer buffer (goto-char (point-min)) (insert "line 0\n"))
            (emacs-agent-approval-tests--hunk 1)
            ;; The counts of this diff are those of the buffer's text.
            (should-not (emacs-agent-diff-hunks "@@ -1 +1 @@\n"))
            (emacs-agent-toggle-hunk)
            (emacs-agent-approve)
            (should (string-prefix-p "LINE 0\nline 1\n" (alist-get 'content (nth 2 (car sent))))))
        (with-current-buffer buffer (set-buffer-modified-p nil))
        (kill-buffer buffer)))))

(ert-deftest emacs-agent-approval-of-a-changed-file ()
  "Hunks of a file that has changed are not sent."
  (emacs-agent-approval-tests--with (emacs-agent-approval-tests--call emacs-agent-approval-tests--diff
                                                                      emacs-agent-approval-tests--before)
    (emacs-agent-test-write project "a.txt" (concat emacs-agent-approval-tests--before "more\n"))
    (emacs-agent-approval-tests--hunk 1)
    (emacs-agent-toggle-hunk)
    (should-error (emacs-agent-approve) :type 'user-error)
    (should-not sent)))

(ert-deftest emacs-agent-approval-stale ()
  "A stale preview is shown afresh, and takes no decision at once."
  (emacs-agent-approval-tests--with (emacs-agent-approval-tests--call emacs-agent-approval-tests--diff
                                                                      emacs-agent-approval-tests--before)
    (emacs-agent-approve)
    (funcall (nth 4 (car sent)) '((status . 409) (code . "STALE_PREVIEW") (message . "changed")))
    (emacs-agent-test-take
     session
     (let ((again (emacs-agent-approval-tests--call "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-fresh\n+FRESH\n" nil)))
       (setf (alist-get 'id again) 2 (alist-get 'hash (alist-get 'preview again)) "h2")
       again))
    (should (= 1 (emacs-agent-session-waiting session)))
    (should (string-search "+FRESH" (emacs-agent-test-output)))
    (should (string-search "has changed since" (emacs-agent-test-output)))
    (should-error (emacs-agent-approve) :type 'user-error)
    (setf (emacs-agent-call-shown-at (emacs-agent-section-data (emacs-agent-section-with-id "c1"))) 0)
    (emacs-agent-approve)
    (should (equal (alist-get 'preview_hash (nth 2 (car sent))) "h2"))))

(ert-deftest emacs-agent-approval-rejects-and-remembers ()
  (emacs-agent-approval-tests--with (emacs-agent-approval-tests--call emacs-agent-approval-tests--diff
                                                                      emacs-agent-approval-tests--before)
    (emacs-agent-reject "not so")
    (should (equal (seq-take (car sent) 3)
                   '("POST" "/api/sessions/s1/reject" ((tool_call_id . "c1") (reason . "not so")))))
    (let ((asked nil))
      (cl-letf (((symbol-function 'y-or-n-p) (lambda (prompt) (setq asked prompt) t)))
        (emacs-agent-approve-for-project))
      (should (string-search "edit_file(a.txt)" asked)))
    (should (equal (alist-get 'remember (nth 2 (car sent))) "project"))))

(ert-deftest emacs-agent-approval-edited ()
  "Arguments, text and diff can be edited; what is sent is what the buffer has."
  (emacs-agent-approval-tests--with (emacs-agent-approval-tests--call emacs-agent-approval-tests--diff
                                                                      emacs-agent-approval-tests--before)
    (let ((conversation (current-buffer)))
      (save-window-excursion
        (emacs-agent-edit-params)
        (should (string-search "\"path\": \"a.txt\"" (buffer-string)))
        (erase-buffer)
        (insert "{\"path\":\"b.txt\",\"all\":false}")
        (emacs-agent-edit-finish)
        (should (equal (alist-get 'params (nth 2 (car sent))) '((path . "b.txt") (all . :false))))
        (funcall (nth 3 (car sent)) nil)
        (set-buffer conversation)
        (emacs-agent-edit-content)
        (should (string-prefix-p "LINE 1\n" (buffer-string)))
        (goto-char (point-min))
        (insert "mine\n")
        (emacs-agent-edit-finish)
        (should (string-prefix-p "mine\nLINE 1\nline 2" (alist-get 'content (nth 2 (car sent)))))
        (funcall (nth 3 (car sent)) nil)
        (set-buffer conversation)
        (emacs-agent-edit-diff)
        (let ((inhibit-read-only t))
          (goto-char (point-min))
          (search-forward "+LINE 1\n")
          (replace-match "+Line one\n" t t))
        (emacs-agent-edit-finish)
        (should (string-prefix-p "Line one\nline 2" (alist-get 'content (nth 2 (car sent)))))
        (funcall (nth 3 (car sent)) nil)))))

(ert-deftest emacs-agent-approval-escapes ()
  "Nothing in a call can hide what it does."
  (emacs-agent-test-with-session
    (emacs-agent-test-take
     session
     (emacs-agent-test-event "tool.call" 'id 1 'turn_id "t1" 'tool_call_id "c1" 'tool "shell_exec" 'category "shell"
                             'params '((command . "echo safe\u202e\u200b\r\n* rm -rf x\n#+END_EXAMPLE")) 'requires_approval t
                             'reason "Run \e[2Jx\u202e\n** heading"))
    (let ((shown (emacs-agent-test-output)))
      (should (string-search "echo safe<U+202E><U+200B>\n,* rm -rf x\n,#+END_EXAMPLE" shown))
      (should-not (string-match-p "[\e\u202e]" shown))
      (should (= 0 (cl-count-if (lambda (line) (string-match-p "^\\*" line)) (split-string shown "\n")))))))

(ert-deftest emacs-agent-approval-decided-elsewhere ()
  "A decision made elsewhere, or a timeout, takes the keys away."
  (emacs-agent-approval-tests--with (emacs-agent-approval-tests--call emacs-agent-approval-tests--diff
                                                                      emacs-agent-approval-tests--before)
    (emacs-agent-test-take session (emacs-agent-test-event "approval" 'id 2 'turn_id "t1" 'tool_call_id "c1"
                                                           'decision "timeout" 'by "config"))
    (should-not (string-search "waits for you" (emacs-agent-test-output)))
    (should-error (emacs-agent-approve) :type 'user-error)
    (should (= 0 (emacs-agent-session-waiting session)))))

(ert-deftest emacs-agent-approvals-list ()
  (emacs-agent-approval-tests--with (emacs-agent-approval-tests--call emacs-agent-approval-tests--diff
                                                                      emacs-agent-approval-tests--before)
    (save-window-excursion
      (emacs-agent-approvals)
      (should (string-match-p "edit_file +a\\.txt" (buffer-string)))
      (emacs-agent-approvals-visit)
      (should (looking-at-p "- Tool Call")))))

(ert-deftest emacs-agent-questions ()
  "A question of a server is asked field by field, and answered by types."
  (emacs-agent-test-with-session
    (emacs-agent-test-take
     session
     (emacs-agent-test-event "question" 'id 1 'question_id "q1" 'kind "elicitation" 'server "srv" 'message "Who?\n* you"
                             'schema '((type . "object")
                                       (properties . ((name . ((type . "string"))) (age . ((type . "integer")))
                                                      (ok . ((type . "boolean")))))
                                       (required . ["name"]))))
    (should (string-search "Question of srv  waits for you" (emacs-agent-test-output)))
    (emacs-agent-next-approval)
    (setf (emacs-agent-question-shown-at (emacs-agent-section-data (emacs-agent-section-at))) 0)
    (cl-letf (((symbol-function 'read-string) (lambda (prompt &rest _) (if (string-match-p "age" prompt) "42" "Ann")))
              ((symbol-function 'completing-read) (lambda (&rest _) "no"))
              ((symbol-function 'y-or-n-p) #'always))
      (emacs-agent-answer))
    (should (equal (nth 2 (car sent))
                   '((question_id . "q1") (action . "accept")
                     (content . ((name . "Ann") (age . 42) (ok . :false))))))
    (emacs-agent-test-take session (emacs-agent-test-event "answer" 'id 2 'question_id "q1" 'action "accept"))
    (should (string-search "answered" (emacs-agent-test-output)))))

(provide 'emacs-agent-approval-tests)
;;; emacs-agent-approval-tests.el ends here
