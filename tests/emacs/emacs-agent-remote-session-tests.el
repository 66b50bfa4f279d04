;;; emacs-agent-remote-session-tests.el --- Conversations about another machine  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; The whole way: a model, the backend, this Emacs, TRAMP, ssh, and a project behind it.

;;; Code:

(require 'emacs-agent-asked)
(require 'emacs-agent-sshd)

(defmacro emacs-agent-remote-session-tests--with (files &rest body)
  "Run BODY in a `session' on a project on another machine that has FILES.
FILES is a list of (NAME . BYTES).  The session is begun by `emacs-agent'."
  (declare (indent 1))
  `(emacs-agent-test-with-model ""
     (emacs-agent-sshd-with
       (pcase-dolist (`(,name . ,bytes) ,files) (emacs-agent-sshd-put (concat local name) bytes))
       (let* ((before (buffer-list))
              (session (with-temp-buffer
                         (setq default-directory remote)
                         (save-window-excursion (emacs-agent))
                         (car emacs-agent-session-list))))
         (unwind-protect
             (with-current-buffer (emacs-agent-session-buffer session)
               (emacs-agent-test-wait (eq (emacs-agent-session-connection session) 'open))
               ,@body)
           (dolist (buffer (cl-set-difference (buffer-list) before))
             (when (buffer-file-name buffer)
               (with-current-buffer buffer (set-buffer-modified-p nil))
               (kill-buffer buffer))))))))

(defun emacs-agent-remote-session-tests--git (directory &rest args)
  "Run git in DIRECTORY with ARGS."
  (let ((default-directory directory))
    (should (eql 0 (apply #'call-process "git" nil nil nil "-c" "user.name=A" "-c" "user.email=a@b" args)))))

(ert-deftest emacs-agent-remote-session-tools ()
  "Files are read, searched and changed there, and commands run there."
  (emacs-agent-remote-session-tests--with '(("a.txt" . "one\ntwo\n") ("sub/b c.txt" . "needle\n"))
    (should (equal (directory-file-name remote) (emacs-agent-session-project session)))
    (should (equal remote default-directory))
    (should (string-search "two" (emacs-agent-asked-told "read_file" 'path "a.txt")))
    (should (string-search "b c.txt" (emacs-agent-asked-told "grep" 'pattern "need.e")))
    (should (string-search "a.txt" (emacs-agent-asked-told "list_directory" 'path ".")))
    (should (string-search "b c.txt" (emacs-agent-asked-told "search_files" 'pattern "**/b*.txt")))
    (set-file-modes (concat local "a.txt") #o751)
    (let ((buffer (find-file-noselect (concat remote "a.txt"))))
      (emacs-agent-asked-approved session "edit_file" 'path "a.txt" 'old "two" 'new "zwei")
      (should (string-search "zwei" emacs-agent-asked-shown))
      (should (equal '("one\nzwei\n" #o751) (list (emacs-agent-sshd-bytes (concat local "a.txt"))
                                                  (file-modes (concat local "a.txt")))))
      (emacs-agent-test-wait (with-current-buffer buffer (equal "one\nzwei\n" (buffer-string))))
      (should-not (buffer-modified-p buffer)))
    (should (string-search "said there" (emacs-agent-asked-approved session "shell_exec" 'command "pwd >where; echo said there")))
    (should (equal (concat (directory-file-name local) "\n") (emacs-agent-sshd-bytes (concat local "where"))))))

;;;; Git, stale files, connections that drop

(ert-deftest emacs-agent-remote-session-git ()
  "Git runs there."
  (unless (executable-find "git") (ert-skip "there is no git"))
  (emacs-agent-remote-session-tests--with '(("a.txt" . "one\n"))
    (emacs-agent-remote-session-tests--git local "init" "-q")
    (emacs-agent-remote-session-tests--git local "add" ".")
    (emacs-agent-remote-session-tests--git local "commit" "-qm" "The first one")
    (emacs-agent-sshd-put (concat local "a.txt") "two\n")
    (should (string-match-p "M.*a\\.txt" (emacs-agent-asked-told "git_status")))
    (should (string-search "+two" (emacs-agent-asked-told "git_diff")))
    (should (string-search "The first one" (emacs-agent-asked-told "git_log")))))

(ert-deftest emacs-agent-remote-session-stale ()
  "A file that changed since it was read, or since its preview, is not overwritten."
  (emacs-agent-remote-session-tests--with '(("a.txt" . "one\n"))
    (emacs-agent-asked-told "read_file" 'path "a.txt")
    (emacs-agent-sshd-put (concat local "a.txt") "theirs\n")
    (let ((told (emacs-agent-asked-told "write_file" 'path "a.txt" 'content "ours\n")))
      (should (string-match-p "changed" told)))
    (emacs-agent-model-says (emacs-agent-model-call "edit_file" 'path "a.txt" 'old "theirs" 'new "ours") "Done it.")
    (emacs-agent-test-say "go")
    (emacs-agent-test-go-to-decide session)
    (emacs-agent-sshd-put (concat local "a.txt") "more\ntheirs\n")
    (let ((emacs-agent-approval-delay 0)) (emacs-agent-approve))
    (emacs-agent-test-shown "has changed since")
    (emacs-agent-test-shown " more\n")
    (should (equal "more\ntheirs\n" (emacs-agent-sshd-bytes (concat local "a.txt"))))
    (emacs-agent-next-approval)
    (let ((emacs-agent-approval-delay 0)) (emacs-agent-approve))
    (emacs-agent-test-shown "Done it.")
    (should (equal "more\nours\n" (emacs-agent-sshd-bytes (concat local "a.txt"))))))

(ert-deftest emacs-agent-remote-session-dropped ()
  "A connection that drops while a command runs is opened again; a machine that is gone fails the call."
  (emacs-agent-remote-session-tests--with '(("a.txt" . "one\n"))
    (emacs-agent-asked-told "read_file" 'path "a.txt")
    (emacs-agent-model-says (emacs-agent-model-call "shell_exec" 'command
                                                    "echo begun >on; while [ ! -e go ]; do sleep 0.1; done; echo the rest")
                            "Good.")
    (let ((count (length (emacs-agent-model-requests))))
      (emacs-agent-test-say "go")
      (emacs-agent-test-go-to-decide session)
      (let ((emacs-agent-approval-delay 0)) (emacs-agent-approve))
      (emacs-agent-test-wait (file-exists-p (concat local "on")))
      (emacs-agent-sshd-drop)
      (emacs-agent-sshd-put (concat local "go") "")
      (should (string-search "the rest" (emacs-agent-asked-after count))))
    (emacs-agent-sshd-stop)
    (emacs-agent-sshd-drop)
    (should (string-search "The connection to there is gone: visit a file there" (emacs-agent-asked-told "read_file" 'path "a.txt")))
    (emacs-agent-sshd-start)
    (should (string-search "one" (emacs-agent-asked-told "read_file" 'path "a.txt")))))

(ert-deftest emacs-agent-remote-session-interrupted ()
  "A command that is interrupted ends there."
  (emacs-agent-remote-session-tests--with nil
    (emacs-agent-model-says (emacs-agent-model-call "shell_exec" 'command "echo $$ >pid; sleep 600"))
    (emacs-agent-test-say "go")
    (emacs-agent-test-go-to-decide session)
    (let ((emacs-agent-approval-delay 0)) (emacs-agent-approve))
    (emacs-agent-test-wait (and (file-exists-p (concat local "pid"))
                                (> (string-to-number (emacs-agent-test-read local "pid")) 0)))
    (emacs-agent-interrupt)
    (emacs-agent-test-wait (not (eql 0 (signal-process (string-to-number (emacs-agent-test-read local "pid")) 0))))
    (emacs-agent-test-idle session)))

;;;; Properties of files

(ert-deftest emacs-agent-remote-session-files ()
  "Line ends, names, permissions and links of files there stay as they are, and so do bytes that are no UTF-8."
  (emacs-agent-remote-session-tests--with
      `(("crlf.txt" . "one\r\ntwo\r\n") ("empty" . "") ("it's \"odd\" ü.txt" . "x\n") ("latin" . "caf\xe9\n")
        ("large" . ,(concat (apply #'concat (make-list 50000 (concat (make-string 99 ?a) "\n"))) "last line\n")))
    (make-symbolic-link "crlf.txt" (concat local "link"))
    (emacs-agent-asked-told "read_file" 'path "crlf.txt")
    (emacs-agent-asked-approved session "edit_file" 'path "link" 'old "two" 'new "zwei")
    (should (equal '("one\r\nzwei\r\n" "crlf.txt") (list (emacs-agent-sshd-bytes (concat local "crlf.txt"))
                                                         (file-symlink-p (concat local "link")))))
    (emacs-agent-asked-told "read_file" 'path "empty")
    (emacs-agent-asked-approved session "write_file" 'path "empty" 'content "full\n")
    (should (equal "full\n" (emacs-agent-sshd-bytes (concat local "empty"))))
    (emacs-agent-asked-told "read_file" 'path "it's \"odd\" ü.txt")
    (emacs-agent-asked-approved session "move_file" 'source "it's \"odd\" ü.txt" 'dest "new dir/é.txt")
    (should (equal "x\n" (emacs-agent-sshd-bytes (concat local "new dir/é.txt"))))
    (emacs-agent-asked-approved session "delete_file" 'path "link")
    (should-not (file-symlink-p (concat local "link")))
    (emacs-agent-asked-told "read_file" 'path "latin")
    (emacs-agent-asked-approved session "edit_file" 'path "latin" 'old "caf" 'new "kaf")
    (should (equal "kaf\xe9\n" (emacs-agent-sshd-bytes (concat local "latin"))))
    (should (string-search "last line" (emacs-agent-asked-told "read_file" 'path "large" 'offset 50001)))))

(provide 'emacs-agent-remote-session-tests)
;;; emacs-agent-remote-session-tests.el ends here
