;;; emacs-agent-two-tests.el --- Two Emacsen on one session  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)

(defun emacs-agent-two-tests--emacs ()
  "Return the program of this Emacs."
  (let ((given (getenv "EMACS")))
    (cond ((null given) (expand-file-name invocation-name invocation-directory))
          ((file-name-absolute-p given) given)
          ((file-name-directory given) (expand-file-name given emacs-agent-test-root))
          (t given))))

(defun emacs-agent-two-tests--start (session file forms)
  "Start another Emacs that follows SESSION and then runs FORMS in its buffer.
What the last of them returns is written to FILE, which has the token before."
  (let ((endpoint (emacs-agent-backend-endpoint emacs-agent-backend)))
    (write-region (emacs-agent-endpoint-token endpoint) nil file nil 'silent)
    (make-process
     :name "other" :buffer (generate-new-buffer " *other*") :noquery t :connection-type 'pipe :sentinel #'ignore
     :command
     (list (emacs-agent-two-tests--emacs) "-Q" "--batch"
           "-L" (file-name-directory (locate-library "emacs-agent"))
           "-L" (expand-file-name "tests/emacs/support" emacs-agent-test-root)
           "-l" "emacs-agent-test" "-l" "emacs-agent-fleet" "--eval"
           (format "%S"
                   `(progn
                      (setq emacs-agent-approval-delay 0)
                      (emacs-agent-backend-attach
                       ,(format "http://%s:%s" (emacs-agent-endpoint-host endpoint) (emacs-agent-endpoint-port endpoint))
                       ,file)
                      (emacs-agent-test-wait (eq 'ready (emacs-agent-backend-state emacs-agent-backend)))
                      (let ((data nil))
                        (emacs-agent-request "GET" ,(emacs-agent-session-path session) :then (lambda (got) (setq data got)))
                        (emacs-agent-test-wait data)
                        (let ((session (emacs-agent-sessions-open data)))
                          (with-current-buffer (emacs-agent-session-buffer session)
                            (write-region (progn ,@forms) nil ,file nil 'silent))))))))))

(defun emacs-agent-two-tests--said (process file)
  "Wait for the end of PROCESS and return what it wrote to FILE."
  (emacs-agent-test-wait (not (process-live-p process)))
  (unless (= 0 (process-exit-status process))
    (ert-fail (with-current-buffer (process-buffer process) (buffer-string))))
  (kill-buffer (process-buffer process))
  (emacs-agent-test-read (file-name-directory file) (file-name-nondirectory file)))

(ert-deftest emacs-agent-two-emacsen ()
  "What waits is decided in another Emacs; both show the same, to the letter, and neither decides twice."
  (emacs-agent-test-talking ""
                            (emacs-agent-test-write project "a.txt" "one\n")
                            (emacs-agent-model-says (emacs-agent-model-call "edit_file" 'path "a.txt" 'old "one" 'new "ONE")
                                                    (emacs-agent-model-call "ask_user" 'question "Which?" 'options ["left" "right"])
                                                    "The end.")
                            (emacs-agent-test-say "go on")
                            (emacs-agent-test-shown "waits for you")
                            (let* ((file (expand-file-name "other" home))
                                   (other (emacs-agent-two-tests--start
                                           session file
                                           '((emacs-agent-test-shown "waits for you")
                                             (goto-char (point-max))
                                             ;; The window is too small to show it: the first key goes there, the second decides.
                                             (should-error (call-interactively (key-binding "a")) :type 'user-error)
                                             (should (eq (key-binding "a") #'emacs-agent-approve))
                                             (call-interactively (key-binding "a"))
                                             (emacs-agent-test-shown "Question of The agent  waits for you")
                                             (emacs-agent-next-approval)
                                             (emacs-agent-question-choose 2)
                                             (emacs-agent-test-shown "The end.")
                                             (emacs-agent-test-idle session)
                                             (emacs-agent-test-output)))))
                              (emacs-agent-test-shown "The end.")
                              (emacs-agent-test-idle session)
                              (should (equal "ONE\n" (emacs-agent-test-read project "a.txt")))
                              (should (= 0 (emacs-agent-session-waiting session)))
                              (should-error (emacs-agent-tray-accept) :type 'user-error)
                              (let ((shown (emacs-agent-test-output)))
                                (should (string-search "answered\nWhich?\n- answer = right\n" shown))
                                (should (equal shown (emacs-agent-two-tests--said other file)))))))

(provide 'emacs-agent-two-tests)
;;; emacs-agent-two-tests.el ends here
