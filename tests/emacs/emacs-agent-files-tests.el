;;; emacs-agent-files-tests.el --- Buffers and files  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-test)

(defmacro emacs-agent-files-tests--visiting (text &rest body)
  "Run BODY in a `buffer' that visits a file with TEXT in the project of a session."
  (declare (indent 1))
  `(emacs-agent-test-with-session
     (emacs-agent-test-write project "a.el" ,text)
     (let* ((file (expand-file-name "a.el" project))
            (conversation (current-buffer))
            (buffer (find-file-noselect file)))
       (ignore conversation)
       (unwind-protect
           (with-current-buffer buffer ,@body)
         (when (buffer-live-p buffer)
           (with-current-buffer buffer (set-buffer-modified-p nil))
           (kill-buffer buffer))))))

(defun emacs-agent-files-tests--change (session file text &optional change)
  "Write TEXT to FILE as the agent would in SESSION, with CHANGE."
  (emacs-agent-test-write nil file text)
  ;; Two writes within the resolution of the clock look like one.
  (set-file-times file (time-add nil 5))
  (emacs-agent-test-take session (emacs-agent-test-event "file.changed" 'turn_id "t1" 'tool_call_id "c1" 'path file
                                                         'operation "edit" 'change (or change "modified"))))

(ert-deftest emacs-agent-files-revert-joins-undo ()
  "A change of the agent is one edit: point and markers stay, undo takes it back, and what was before it too."
  (emacs-agent-files-tests--visiting "one\ntwo\nthree\n"
    (buffer-enable-undo)
    (goto-char (point-max))
    (insert "mine\n")
    (undo-boundary)
    (let ((inhibit-message t)) (save-buffer))
    (goto-char (point-min))
    (search-forward "thr")
    (let ((marker (copy-marker (point))))
      (emacs-agent-files-tests--change session file "zero\none\nTWO\nthree\nmine\n")
      (should (equal (buffer-string) "zero\none\nTWO\nthree\nmine\n"))
      (should (looking-back "thr" (line-beginning-position)))
      (should (= marker (point)))
      (should-not (buffer-modified-p))
      (should (verify-visited-file-modtime buffer))
      (setq last-command nil)
      (undo)
      (should (equal (buffer-string) "one\ntwo\nthree\nmine\n"))
      (should (buffer-modified-p))
      (undo-more 1)
      (should (equal (buffer-string) "one\ntwo\nthree\n")))))

(ert-deftest emacs-agent-files-twice ()
  "Two changes are undone one by one."
  (emacs-agent-files-tests--visiting "a\n"
    (buffer-enable-undo)
    (emacs-agent-files-tests--change session file "a\nb\n")
    (emacs-agent-test-write nil file "a\nb\nc\n")
    (set-file-times file (time-add nil 9))
    (emacs-agent-test-take session (emacs-agent-test-event "file.changed" 'path file 'tool_call_id "c2" 'operation "edit"
                                                           'change "modified"))
    (with-current-buffer buffer
      (should (equal (buffer-string) "a\nb\nc\n"))
      (setq last-command nil)
      (undo)
      (should (equal (buffer-string) "a\nb\n"))
      (undo-more 1)
      (should (equal (buffer-string) "a\n")))))

(ert-deftest emacs-agent-files-run-no-local-code ()
  "Local variables and the mode line of what was written are not heeded."
  (emacs-agent-files-tests--visiting "x\n"
    (let ((enable-local-variables :all) (enable-local-eval t) (mode major-mode))
      (defvar emacs-agent-files-tests--ran nil)
      (emacs-agent-files-tests--change
       session file ";; -*- mode: text; eval: (setq emacs-agent-files-tests--ran t) -*-\nx\n;; Local Variables:\n;; eval: (setq emacs-agent-files-tests--ran t)\n;; End:\n")
      (should (string-search "Local Variables" (buffer-string)))
      (should (eq major-mode mode))
      (should-not emacs-agent-files-tests--ran))))

(ert-deftest emacs-agent-files-keep-unsaved-text ()
  "A buffer with unsaved text is not touched; the user is asked in the conversation."
  (emacs-agent-files-tests--visiting "one\n"
    (buffer-enable-undo)
    (goto-char (point-max))
    (insert "unsaved\n")
    (undo-boundary)
    (emacs-agent-files-tests--change session file "ONE\n")
    (should (equal (buffer-string) "one\nunsaved\n"))
    (should (buffer-modified-p))
    (with-current-buffer conversation
      (should (string-search "has unsaved changes" (emacs-agent-test-output)))
      (goto-char (point-min))
      (search-forward "unsaved")
      (should (eq (key-binding "t") #'emacs-agent-conflict-take-disk))
      (emacs-agent-conflict-take-disk)
      (should (string-search "settled" (emacs-agent-test-output))))
    (should (equal (buffer-string) "ONE\n"))
    (setq last-command nil)
    (undo)
    (should (equal (buffer-string) "one\nunsaved\n"))))

(ert-deftest emacs-agent-files-same-as-unsaved ()
  "Unsaved text that is what was written is simply saved."
  (emacs-agent-files-tests--visiting "one\n"
    (insert "zero\n")
    (emacs-agent-files-tests--change session file "zero\none\n")
    (should-not (buffer-modified-p))
    (should (verify-visited-file-modtime buffer))))

(ert-deftest emacs-agent-files-read-only-and-deleted ()
  "A read-only buffer is updated; one whose file is deleted stays."
  (emacs-agent-files-tests--visiting "one\n"
    (setq buffer-read-only t)
    (emacs-agent-files-tests--change session file "two\n")
    (should (equal (buffer-string) "two\n"))
    (should buffer-read-only)
    (delete-file file)
    (emacs-agent-test-take session (emacs-agent-test-event "file.changed" 'path file 'tool_call_id "c1"
                                                           'operation "delete" 'change "deleted"))
    (should (buffer-live-p buffer))
    (should (equal (with-current-buffer buffer (buffer-string)) "two\n"))))

(ert-deftest emacs-agent-files-encodings ()
  "Text is read as the buffer was: DOS line ends, latin-1."
  (emacs-agent-files-tests--visiting "x\n"
    (set-buffer-file-coding-system 'latin-1-dos)
    (let ((coding-system-for-write 'latin-1-dos)) (write-region "é\nz\n" nil file nil 'silent))
    (set-file-times file (time-add nil 5))
    (set-buffer-modified-p nil)
    (emacs-agent-test-take session (emacs-agent-test-event "file.changed" 'path file 'tool_call_id "c1"
                                                           'operation "edit" 'change "modified"))
    (with-current-buffer buffer
      (should (equal (buffer-string) "é\nz\n"))
      (should-not (buffer-modified-p)))))

(ert-deftest emacs-agent-files-replay-touches-nothing ()
  "Changes that a replay tells of are old news."
  (emacs-agent-files-tests--visiting "one\n"
    (setf (emacs-agent-session-caught-up session) nil)
    (emacs-agent-files-tests--change session file "two\n")
    (should (equal (buffer-string) "one\n"))))

(ert-deftest emacs-agent-files-report-unsaved ()
  "Unsaved text of the project is reported once, when it changes, and when it is saved."
  (emacs-agent-files-tests--visiting "one\n"
    (cl-letf (((symbol-function 'emacs-agent-backend-ready-p) (lambda () t)))
      (emacs-agent-unsaved-report session)
      (should-not sent)
      (insert "é")
      (emacs-agent-unsaved-report session)
      (emacs-agent-unsaved-report session)
      (should (= 1 (length sent)))
      (should (equal (seq-take (car sent) 2) '("PUT" "/api/sessions/s1/buffers")))
      (should (equal (alist-get 'unsaved (nth 2 (car sent))) (vector `((path . ,file) (text . "éone\n")))))
      (insert "x")
      (emacs-agent-unsaved-report session)
      (should (= 2 (length sent)))
      (set-buffer-modified-p nil)
      (emacs-agent-unsaved-report session)
      (should (equal (alist-get 'unsaved (nth 2 (car sent))) [])))))

(ert-deftest emacs-agent-files-changed-region ()
  "What is highlighted is what has changed, whatever is alike before and after it."
  (pcase-dolist (`(,before ,after ,changed) '(("" "" "") ("one" "one" "") ("" "new" "new") ("a b c" "a X c" "X")
                                              ("aaa" "aaaa" "a") ("abab" "ab" "") ("x\ny\n" "x\nz\ny\n" "z\n")
                                              ("ä" "ö" "ö") ("abc" "xyz" "xyz")))
    (with-temp-buffer
      (insert after)
      (pcase-let ((`(,start . ,end) (emacs-agent-files--difference before)))
        (should (equal changed (buffer-substring start end)))))))

(provide 'emacs-agent-files-tests)
;;; emacs-agent-files-tests.el ends here
