;;; emacs-agent-remote-process-tests.el --- Processes on another machine  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-sshd)

(defmacro emacs-agent-remote-process-tests--with (&rest body)
  "Run BODY with a `session' on another machine, on which no files of processes are left then."
  `(emacs-agent-sshd-with-session
     ,@body
     (emacs-agent-remote-process-tests--wait)))

(defun emacs-agent-remote-process-tests--wait ()
  "Wait until no files of processes are left on that machine, so that nothing else calls it."
  (emacs-agent-test-wait (not (directory-files (emacs-agent-sshd--file "tmp") nil "\\`emacs-agent"))))

(defun emacs-agent-remote-process-tests--shown ()
  "Return the output that was reported."
  (mapconcat (lambda (body) (let-alist body (or .progress.output ""))) (reverse emacs-agent-sshd-answers) ""))

(defun emacs-agent-remote-process-tests--running (file)
  "Return the process whose number is in FILE, if it runs."
  (let ((pid (string-to-number (emacs-agent-test-read default-directory file))))
    (and (> pid 0) (eql 0 (signal-process pid 0)) pid)))

(ert-deftest emacs-agent-remote-process-result ()
  "A command has its directory, its input and its environment; its outputs are apart, and bytes."
  (emacs-agent-remote-process-tests--with
   (setenv "OF_THIS_MACHINE" "yes")
   (unwind-protect
       (cl-flet ((run (&rest words) (emacs-agent-sshd-run session words)))
         (should (equal (list 3 (concat (directory-file-name local) "\n") "oops\n")
                        (run "sh" "-c" "pwd; echo oops >&2; exit 3")))
         (should (equal '(0 "a\xff\0b\r\n.\n" "") (run "printf" "a\\377\\000b\\r\\n.\\n")))
         (should (equal '(0 "<$HOME 'x'\n\ty\">\n" "") (run "printf" "<%s>\\n" "$HOME 'x'\n\ty\"")))
         (should (equal (list 0 (encode-coding-string "ünï" 'utf-8) "") (run "printf" "ünï")))
         (should (equal '(0 "two words,-\n" "")
                        (emacs-agent-sshd-run session '("sh" "-c" "echo \"$GIVEN,${OF_THIS_MACHINE:--}\"")
                                              'env '((GIVEN . "two words")))))
         (should (equal '(0 "line\4\xff\0" "")
                        (emacs-agent-sshd-run session '("cat") 'input (base64-encode-string "line\4\xff\0"))))
         (should (equal '(0 "" "") (run "cat")))
         (let ((long (mapconcat (lambda (n) (format "it's %d\n" n)) (number-sequence 1 2000) "")))
           (should (equal (list 0 long "") (run "printf" "%s" long))))
         (should (equal 127 (car (run "no-such-program"))))
         (should (equal 137 (car (run "sh" "-c" "kill -9 $$")))))
     (setenv "OF_THIS_MACHINE" nil))
   (emacs-agent-sshd-send session "remote_process" `((command . ["true"]) (directory . ,(concat remote "nowhere"))))
   (should (string-search "No such file or directory" (cdr (emacs-agent-sshd-answer))))))

(ert-deftest emacs-agent-remote-process-output ()
  "Output is reported as it comes, in whole characters, and kept up to the limit."
  (emacs-agent-remote-process-tests--with
   (emacs-agent-sshd-send
    session "remote_process"
    (emacs-agent-sshd--process session '("sh" "-c" "printf 'begun \\303'; while [ ! -e go ]; do sleep 0.05; done; printf '\\274.'")
                               nil))
   (emacs-agent-test-wait (equal "begun " (emacs-agent-remote-process-tests--shown)))
   (emacs-agent-sshd-put (concat local "go") "")
   (should (equal '(0 "begun \303\274." "") (emacs-agent-sshd-decoded (emacs-agent-sshd-answer))))
   (should (equal 3000000 (length (nth 1 (emacs-agent-sshd-run session '("head" "-c" "3000000" "/dev/zero"))))))
   (emacs-agent-sshd-send session "remote_process"
                          `((command . ["sh" "-c" "yes | head -c 2000000; echo end >&2"])
                            (directory . ,(directory-file-name remote)) (output_limit . 1000)))
   (let-alist (emacs-agent-sshd-answer)
     (should (equal (list t 1000 "end\n")
                    (list .cut (length (base64-decode-string .stdout)) (base64-decode-string .stderr)))))
   ;; A job: all of its output is in the reports, in order, before the answer.
   (emacs-agent-sshd-send session "remote_process"
                          `((command . ["sh" "-c" "seq 1 100000"]) (directory . ,(directory-file-name remote))
                            (output_limit . 0)))
   (let-alist (emacs-agent-sshd-answer)
     (should (equal '("" nil) (list .stdout .cut))))
   (should (equal (mapconcat (lambda (n) (format "%d\n" n)) (number-sequence 1 100000) "") (emacs-agent-remote-process-tests--shown)))
   ;; What is asked with `quiet' is not reported.
   (emacs-agent-sshd-send session "remote_process"
                          `((command . ["sh" "-c" "echo a; sleep 0.5; echo b"]) (directory . ,(directory-file-name remote))
                            (output_limit . 100) (quiet . t)))
   (should (equal '(0 "a\nb\n" "") (emacs-agent-sshd-decoded (emacs-agent-sshd-answer))))
   (should (equal "" (emacs-agent-remote-process-tests--shown)))))

(ert-deftest emacs-agent-remote-process-ended ()
  "A process for which nobody waits is ended, with what it started; so is what one leaves behind."
  (emacs-agent-remote-process-tests--with
   (let ((default-directory local))
     (emacs-agent-sshd-run session '("sh" "-c" "sleep 600 & echo $! >left"))
     (emacs-agent-test-wait (not (emacs-agent-remote-process-tests--running "left")))
     (emacs-agent-sshd-send
      session "remote_process"
      (emacs-agent-sshd--process session '("sh" "-c" "sleep 600 & echo $! >inner; echo $$ >outer; echo on; wait") nil))
     (emacs-agent-test-wait (and emacs-agent-sshd-answers (file-exists-p (concat local "outer"))))
     (should (emacs-agent-remote-process-tests--running "inner"))
     (setq emacs-agent-sshd-gone t)
     (emacs-agent-test-wait (not (or (emacs-agent-remote-process-tests--running "inner")
                                     (emacs-agent-remote-process-tests--running "outer")))))))

(ert-deftest emacs-agent-remote-process-dropped ()
  "A connection that drops in mid-call is opened again, and nothing is lost."
  (emacs-agent-remote-process-tests--with
   (emacs-agent-sshd-send
    session "remote_process"
    (emacs-agent-sshd--process session '("sh" "-c" "echo one; while [ ! -e go ]; do sleep 0.05; done; echo two; exit 4") nil))
   (emacs-agent-test-wait emacs-agent-sshd-answers)
   (emacs-agent-sshd-drop)
   (emacs-agent-sshd-put (concat local "go") "")
   (should (equal '(4 "one\ntwo\n" "") (emacs-agent-sshd-decoded (emacs-agent-sshd-answer))))
   (emacs-agent-sshd-drop)
   (should (equal "directory" (alist-get 'kind (emacs-agent-sshd-file session "look" 'path remote))))))

(ert-deftest emacs-agent-remote-process-killed-call ()
  "A call whose connection is killed while Emacs waits for the answer fails, and the next one succeeds."
  (emacs-agent-sshd-with-session
    (emacs-agent-sshd-file session "look" 'path remote)
    (let ((pid (process-id (emacs-agent-remote--connection emacs-agent-sshd-prefix))))
      (should-error (emacs-agent-remote-reach
                     emacs-agent-sshd-prefix
                     (lambda () (let ((default-directory remote))
                                  (call-process "sh" nil 0 nil "-c" (format "sleep 0.3; kill -9 %d" pid))
                                  (process-file "sleep" nil nil nil "5"))))))
    (should (equal "directory" (alist-get 'kind (emacs-agent-sshd-file session "look" 'path remote))))))

(ert-deftest emacs-agent-remote-process-silent ()
  "A call to a machine that does not answer ends at the time limit, and its connection is closed."
  (emacs-agent-sshd-with-session
    (emacs-agent-sshd-file session "look" 'path remote)
    (let ((emacs-agent-remote-patience 1))
      (should (equal '(error "there does not answer")
                     (condition-case err
                         (emacs-agent-remote-reach
                          emacs-agent-sshd-prefix
                          (lambda () (let ((default-directory remote)) (process-file "sleep" nil nil nil "20"))))
                       (error err)))))
    (should (equal "directory" (alist-get 'kind (emacs-agent-sshd-file session "look" 'path remote))))))

(ert-deftest emacs-agent-remote-process-unreachable ()
  "A machine that is gone, or asks something, is reported with the remedy; nothing is asked."
  (emacs-agent-sshd-with-session
    (let ((fails (lambda () (should (string-search "The connection to there is gone: visit a file there, then go on"
                                                   (cdr (emacs-agent-sshd-file session "look" 'path remote))))
                   (should (string-search "is gone" (cdr (emacs-agent-sshd-run session '("true")))))))
          (works (lambda ()
                   (should (equal '(0 "" "") (emacs-agent-sshd-run session '("true"))))
                   (emacs-agent-remote-process-tests--wait))))
      (funcall works)
      (emacs-agent-sshd-drop)
      (rename-file (emacs-agent-sshd--file "known_hosts") (emacs-agent-sshd--file "known"))
      (funcall fails)
      (rename-file (emacs-agent-sshd--file "known") (emacs-agent-sshd--file "known_hosts") t)
      (funcall works)
      (emacs-agent-sshd-stop)
      (emacs-agent-sshd-drop)
      (funcall fails)
      (emacs-agent-sshd-start)
      (funcall works))))

(ert-deftest emacs-agent-remote-process-waits ()
  "What comes while Emacs is in mid-call to that machine is answered afterwards, by that machine."
  (emacs-agent-sshd-with-session
    (emacs-agent-sshd-put (concat local "there") "")
    (let ((remote-file-name-inhibit-cache t))
      (file-exists-p remote)
      ;; A call that the user began: its timers run while it waits, on Emacs 28.
      (run-at-time 0.1 nil #'emacs-agent-sshd-send session "remote_files"
                   `((op . "look") (path . ,(concat remote "there"))))
      (let ((default-directory remote)) (process-file "sleep" nil nil nil "0.5")))
    (should (equal "file" (alist-get 'kind (emacs-agent-sshd-answer))))))

(provide 'emacs-agent-remote-process-tests)
;;; emacs-agent-remote-process-tests.el ends here
