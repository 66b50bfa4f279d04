;;; emacs-agent-deciding-tests.el --- Decisions that a backend carries out  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)
(require 'emacs-agent-edit)
(require 'ediff)

(defmacro emacs-agent-deciding-tests--waiting (text answers &rest body)
  "Run BODY where a call waits: the first of ANSWERS of the model.
The file a.txt of the `project' has TEXT, point is on the call in the
buffer of `session', and its first half second is over."
  (declare (indent 2))
  `(emacs-agent-test-with-model ""
     (emacs-agent-test-write project "a.txt" ,text)
     (let ((session (emacs-agent-test-start project)) (emacs-agent-approval-delay 0))
       (with-current-buffer (emacs-agent-session-buffer session)
         (apply #'emacs-agent-model-says ,answers)
         (emacs-agent-test-say "go on")
         (emacs-agent-test-go-to-decide session)
         ,@body))))

(defun emacs-agent-deciding-tests--edit (old new)
  "Return an answer that puts NEW in the place of OLD in a.txt."
  (emacs-agent-model-call "edit_file" 'path "a.txt" 'old old 'new new))

(ert-deftest emacs-agent-deciding-stale ()
  "A file that changed while its diff was shown: nothing is written, the diff is shown afresh, and then it is done."
  (emacs-agent-deciding-tests--waiting "one\ntwo\n" (list (emacs-agent-deciding-tests--edit "two" "TWO") "Done it.")
    (emacs-agent-test-write project "a.txt" "zero\none\ntwo\n")
    (emacs-agent-approve)
    (emacs-agent-test-shown "has changed since")
    (emacs-agent-test-shown " zero\n")
    (should (equal (emacs-agent-test-read project "a.txt") "zero\none\ntwo\n"))
    (emacs-agent-next-approval)
    (emacs-agent-approve)
    (emacs-agent-test-shown "Done it.")
    (should (equal (emacs-agent-test-read project "a.txt") "zero\none\nTWO\n"))))

(ert-deftest emacs-agent-deciding-hunk-by-hunk ()
  "Of an edit with three hunks only two are done, and the model receives what was done."
  (let* ((lines (mapcar (lambda (n) (format "line %d\n" n)) (number-sequence 1 60)))
         (before (apply #'concat lines))
         (change (lambda (numbers text)
                   (dolist (number numbers text)
                     (setq text (string-replace (format "line %d\n" number) (format "LINE %d\n" number) text))))))
    (emacs-agent-deciding-tests--waiting before
        (list (emacs-agent-model-call "read_file" 'path "a.txt")
              (emacs-agent-model-call "write_file" 'path "a.txt" 'content (funcall change '(11 31 51) before))
              "Two of three.")
      (goto-char (text-property-any (point-min) (point-max) 'emacs-agent-hunk 1))
      (emacs-agent-toggle-hunk)
      (should (string-search "approve 2 of 3 hunks" (emacs-agent-test-output)))
      (emacs-agent-approve)
      (emacs-agent-test-shown "Two of three.")
      (should (equal (emacs-agent-test-read project "a.txt") (funcall change '(11 51) before)))
      (let ((told (emacs-agent-model-asked 3)))
        (should (emacs-agent-model-heard told "LINE 31"))
        (should (emacs-agent-model-heard told "The user edited this call before approving it."))))))

(ert-deftest emacs-agent-deciding-rejected ()
  "The model learns why it may not."
  (emacs-agent-deciding-tests--waiting "one\n" (list (emacs-agent-deciding-tests--edit "one" "ONE") "I see.")
    (emacs-agent-test-answering '("leave that alone")
      (call-interactively #'emacs-agent-reject))
    (emacs-agent-test-shown "I see.")
    (should (emacs-agent-model-heard (emacs-agent-model-asked 2) "leave that alone"))
    (should (equal (emacs-agent-test-read project "a.txt") "one\n"))))

(ert-deftest emacs-agent-deciding-edited-arguments ()
  "Arguments that are edited are those that count; what is no JSON or no such call keeps waiting."
  (emacs-agent-deciding-tests--waiting "one\n" (list (emacs-agent-deciding-tests--edit "one" "ONE") "Well.")
    (save-window-excursion
      (emacs-agent-edit-params)
      (goto-char (point-min))
      (let ((case-fold-search nil))
        (search-forward "\"ONE\""))
      (replace-match "\"Uno\"" t t)
      (insert "}")
      (should-error (emacs-agent-edit-finish) :type 'user-error)
      (delete-char -1)
      (emacs-agent-edit-finish))
    (emacs-agent-test-shown "Well.")
    (should (equal (emacs-agent-test-read project "a.txt") "Uno\n"))
    (should (emacs-agent-model-heard (emacs-agent-model-asked 2) "Uno"))))

(ert-deftest emacs-agent-deciding-edited-in-vain ()
  "Edited arguments that cannot be done are refused with a reason; the call still waits."
  (emacs-agent-deciding-tests--waiting "one\n" (list (emacs-agent-deciding-tests--edit "one" "ONE") "Well.")
    (let ((conversation (current-buffer)))
      (save-window-excursion
        (emacs-agent-edit-params)
        (erase-buffer)
        (insert "{\"path\":\"../outside.txt\",\"old\":\"a\",\"new\":\"b\"}")
        (emacs-agent-edit-finish)
        (let ((editing (current-buffer)))
          (with-current-buffer conversation
            (emacs-agent-test-wait
             (emacs-agent-call-note (emacs-agent-section-data (emacs-agent-approval-section)))))
          ;; What was written there is not lost.
          (should (buffer-live-p editing))
          (with-current-buffer editing (emacs-agent-edit-abort))))
      (emacs-agent-approve)
      (emacs-agent-test-shown "Well.")
      (should (equal (emacs-agent-test-read project "a.txt") "ONE\n")))))

(ert-deftest emacs-agent-deciding-edited-diff ()
  "A diff that is edited is what is done; one that is broken is not."
  (emacs-agent-deciding-tests--waiting "one\ntwo\n" (list (emacs-agent-deciding-tests--edit "two" "TWO") "Well.")
    (save-window-excursion
      (emacs-agent-edit-diff)
      (let ((inhibit-read-only t))
        (search-forward "+TWO")
        (replace-match "+zwei" t t)
        (goto-char (point-max))
        (insert "+three\n")
        (should-error (emacs-agent-edit-finish) :type 'user-error)
        (delete-region (- (point-max) 7) (point-max)))
      (emacs-agent-edit-finish))
    (emacs-agent-test-shown "Well.")
    (should (equal (emacs-agent-test-read project "a.txt") "one\nzwei\n"))))

(ert-deftest emacs-agent-deciding-ediff ()
  "In Ediff the text can be changed; it stays in its frame, and what is there is approved afterwards."
  (emacs-agent-deciding-tests--waiting "one\ntwo\n" (list (emacs-agent-deciding-tests--edit "two" "TWO") "Well.")
    (let ((frames (frame-list)) (buffers (buffer-list)) (windows (current-window-configuration)))
      (emacs-agent-test-answering '(t)
        (emacs-agent-edit-ediff)
        (let ((control (cl-find-if (lambda (buffer)
                                     (eq 'ediff-mode (buffer-local-value 'major-mode buffer)))
                                   (buffer-list))))
          (should (equal frames (frame-list)))
          (with-current-buffer control
            (should (equal "one\ntwo\n" (with-current-buffer ediff-buffer-A (buffer-string))))
            (with-current-buffer ediff-buffer-B
              (should (equal "one\nTWO\n" (buffer-string)))
              (goto-char (point-min))
              (insert "zero\n"))
            (ediff-really-quit nil)))
        (emacs-agent-test-wait questions)
        (should (equal questions '("Approve the text as you changed it? "))))
      (emacs-agent-test-shown "Well.")
      (should (compare-window-configurations windows (current-window-configuration)))
      (should (equal (emacs-agent-test-read project "a.txt") "zero\none\nTWO\n"))
      (should-not (cl-set-difference
                   (cl-remove-if-not (lambda (buffer)
                                       (string-match-p "before\\|proposed\\|Ediff Control" (buffer-name buffer)))
                                     (buffer-list))
                   buffers)))))

(ert-deftest emacs-agent-deciding-remembered ()
  "The rule that would be remembered is shown before, and holds afterwards."
  (emacs-agent-deciding-tests--waiting "one\n"
      (let ((call (emacs-agent-model-call "shell_exec" 'command "echo hello")))
        (list call call "Twice."))
    (should (string-search "s approve, and for this session: shell_exec(=echo hello)"
                           (string-replace "\u200b" "" (emacs-agent-test-output))))
    (emacs-agent-test-answering '(nil)
      (emacs-agent-approve-for-session)
      (should (string-search "shell_exec(=echo hello)" (car questions))))
    (should (emacs-agent-session-pending session))
    (emacs-agent-test-answering '(t)
      (emacs-agent-approve-for-session))
    (emacs-agent-test-shown "Twice.")
    (should (string-match-p "^Now rule shell_exec(=\u200b?echo hello)" (emacs-agent-test-output)))
    (should (= 3 (length (emacs-agent-model-requests))))))

(ert-deftest emacs-agent-deciding-unsaved ()
  "What is unsaved is warned of, never overwritten, and shown with its difference; the user decides."
  (emacs-agent-test-with-model ""
    (emacs-agent-test-write project "a.txt" "one\ntwo\n")
    (let ((session (emacs-agent-test-start project)) (emacs-agent-approval-delay 0)
          (buffer (find-file-noselect (expand-file-name "a.txt" project))))
      (unwind-protect
          (progn
            (with-current-buffer buffer (insert "unsaved\n"))
            (with-current-buffer (emacs-agent-session-buffer session)
              (emacs-agent-model-says (emacs-agent-deciding-tests--edit "two" "TWO") "Done it.")
              (emacs-agent-test-say "go on")
              (emacs-agent-test-go-to-decide session)
              (should (string-search "Careful: you have unsaved changes" (emacs-agent-test-output)))
              (emacs-agent-approve)
              (emacs-agent-test-shown "Done it.")
              (emacs-agent-test-shown "has unsaved changes, and its file was changed")
              (should (equal "unsaved\none\ntwo\n" (with-current-buffer buffer (buffer-string))))
              (should (buffer-modified-p buffer))
              (goto-char (point-min))
              (search-forward "has unsaved changes, and")
              (save-window-excursion
                (emacs-agent-conflict-diff)
                (with-current-buffer "*Diff*"
                  (emacs-agent-test-wait (string-search "Diff finished" (buffer-string)))
                  (should (string-match-p "^[-+]TWO$" (buffer-string)))))
              (emacs-agent-conflict-take-disk)
              (should (equal (emacs-agent-test-read project "a.txt")
                             (with-current-buffer buffer (buffer-string))))
              (should-not (buffer-modified-p buffer))
              (should (string-search "settled" (emacs-agent-test-output)))))
        (with-current-buffer buffer (set-buffer-modified-p nil))
        (kill-buffer buffer)))))

(ert-deftest emacs-agent-deciding-in-several-conversations ()
  "What waits in all conversations is listed, counted in the mode line, and found one after the other."
  (emacs-agent-test-with-model ""
    (let ((emacs-agent-approval-delay 0)
          (sessions (list (emacs-agent-test-start project) (emacs-agent-test-start project))))
      (emacs-agent-model-says (emacs-agent-model-call "shell_exec" 'command "echo 1")
                              (emacs-agent-model-call "shell_exec" 'command "echo 2") "End." "End.")
      (dolist (session sessions)
        (with-current-buffer (emacs-agent-session-buffer session)
          (emacs-agent-test-say "go on")
          (emacs-agent-test-shown "waits for you")))
      (emacs-agent-test-wait (string-search "2 waiting" emacs-agent-attention-string))
      (should (memq 'emacs-agent-attention-string global-mode-string))
      (save-window-excursion
        (emacs-agent-approvals)
        (should (string-match-p "echo 1" (buffer-string)))
        (should (string-match-p "echo 2" (buffer-string)))
        (search-forward "echo 2")
        (emacs-agent-approvals-visit)
        (should (eq (current-buffer) (emacs-agent-session-buffer (nth 1 sessions))))
        (should (eq (key-binding "a") #'emacs-agent-approve))
        (emacs-agent-approve)
        (emacs-agent-test-shown "End.")
        ;; From anywhere, what waits is found.
        (switch-to-buffer "*scratch*")
        (emacs-agent-next-approval)
        (should (eq (current-buffer) (emacs-agent-session-buffer (nth 0 sessions))))
        (emacs-agent-approve)
        (emacs-agent-test-shown "End.")
        (emacs-agent-test-wait (string-empty-p emacs-agent-attention-string))
        (should-error (emacs-agent-next-approval) :type 'user-error)))))

(provide 'emacs-agent-deciding-tests)
;;; emacs-agent-deciding-tests.el ends here
