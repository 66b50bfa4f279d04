;;; emacs-agent-live-tests.el --- Against the real backend  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-test)
(require 'emacs-agent-resume)
(require 'emacs-agent-fleet)
(require 'emacs-agent-ask)

(ert-deftest emacs-agent-live-conversation ()
  "A whole conversation: reading, an approval, a change that reaches a buffer, and the end."
  (emacs-agent-test-with-backend
    (emacs-agent-test-write project "README.md" "hello\n* world\n")
    (let ((session (emacs-agent-start project)))
      (with-current-buffer (emacs-agent-session-buffer session)
        ;; Sent before there is a session, or even a backend.
        (emacs-agent-test-say "read README.md")
        (emacs-agent-test-shown "Done, ")
        (should (string-match-p "^- Tool Call: read_file  README.md  done" (emacs-agent-test-output)))
        (should-not (string-match-p "^\\* world" (emacs-agent-test-output)))
        (emacs-agent-test-say "create file new.txt with some text")
        (emacs-agent-test-approve session)
        (emacs-agent-test-shown "Created [[file:")
        (emacs-agent-test-idle session)
        (should (string-search "some text" (emacs-agent-test-read project "new.txt")))
        (should (string-search "ready" (emacs-agent-header-line)))
        (emacs-agent-close)
        (emacs-agent-test-wait (eq (emacs-agent-session-connection session) 'ended))
        (emacs-agent-test-shown "Closed [")
        ;; A prompt brings it back.
        (emacs-agent-test-say "read new.txt")
        (emacs-agent-test-shown "Tool Call: read_file  new.txt  done")
        (should (string-match-p "^Resumed \\[" (emacs-agent-test-output)))))))

(ert-deftest emacs-agent-live-rejection-and-interrupt ()
  "A rejection, an interrupt while something waits, and a prompt that waited comes back."
  (emacs-agent-test-with-backend
    (let ((session (emacs-agent-test-start project)))
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-test-say "create file x.txt with a")
        (emacs-agent-test-wait (emacs-agent-session-pending session))
        (emacs-agent-test-shown "waits for you")
        (emacs-agent-next-approval)
        (emacs-agent-reject "not now")
        (emacs-agent-test-shown "rejected")
        (emacs-agent-test-idle session)
        (should-not (file-exists-p (expand-file-name "x.txt" project)))
        (emacs-agent-test-say "create file y.txt with b")
        (emacs-agent-test-wait (emacs-agent-session-pending session))
        (emacs-agent-test-say "read y.txt")
        (emacs-agent-test-wait (emacs-agent-session-queued session))
        (emacs-agent-interrupt)
        (emacs-agent-test-wait (equal (emacs-agent-input-text) "read y.txt"))
        (emacs-agent-test-idle session)
        (should-not (emacs-agent-session-queued session))
        (should-not (emacs-agent-session-pending session))
        (should-not (string-search "waits for you" (emacs-agent-test-output)))))))

(ert-deftest emacs-agent-live-dropped-connection ()
  "After a connection is dropped, what was missed comes, once."
  (emacs-agent-test-with-backend
    (emacs-agent-test-write project "a.txt" "a\n")
    (let ((session (emacs-agent-test-start project)))
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-test-turn session "read a.txt")
        (let ((emacs-agent-sse-delays '(0.5)))
          (delete-process (emacs-agent-stream-process (emacs-agent-session-stream session)))
          (emacs-agent-test-wait (eq (emacs-agent-session-connection session) 'waiting))
          (emacs-agent-test-say "read a.txt again please")
          (emacs-agent-test-shown "again please"))
        (emacs-agent-test-idle session)
        (emacs-agent-test-wait (eq (emacs-agent-session-connection session) 'open))
        (let ((prompts 0) (start 0))
          (while (string-match "^\\*\\* User" (emacs-agent-test-output) start)
            (cl-incf prompts)
            (setq start (match-end 0)))
          (should (= 2 prompts)))))))

(ert-deftest emacs-agent-live-killed-backend ()
  "After the backend was killed it is started again, and the session resumed."
  (emacs-agent-test-with-backend
    (emacs-agent-test-write project "a.txt" "a\n")
    (let ((session (emacs-agent-test-start project)))
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-test-turn session "read a.txt")
        (let ((old (emacs-agent-backend-process emacs-agent-backend)))
          (signal-process old 'SIGKILL)
          (emacs-agent-test-wait (not (process-live-p old)))
          (emacs-agent-test-shown "Resumed [")
          (emacs-agent-test-wait (eq (emacs-agent-session-connection session) 'open))
          (should-not (eq old (emacs-agent-backend-process emacs-agent-backend))))
        (emacs-agent-test-say "read a.txt once more")
        (emacs-agent-test-wait (= 2 (cl-count-if (lambda (line) (string-prefix-p "Done, " line))
                                                 (split-string (emacs-agent-test-output) "\n"))))))))

(ert-deftest emacs-agent-live-resume-shows-everything ()
  "A session resumed in another buffer shows the whole conversation again."
  (emacs-agent-test-with-backend
    (emacs-agent-test-write project "a.txt" "a\n")
    (let* ((session (emacs-agent-test-start project))
           (id (emacs-agent-session-id session))
           shown)
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-test-turn session "read a.txt")
        (emacs-agent-close)
        (emacs-agent-test-shown "Closed [")
        (setq shown (emacs-agent-test-output))
        (kill-buffer))
      (save-window-excursion (emacs-agent-resume-id id project))
      (let ((again (emacs-agent-session-with-id id)))
        (with-current-buffer (emacs-agent-session-buffer again)
          (emacs-agent-test-shown "Resumed [")
          (emacs-agent-test-wait (eq (emacs-agent-session-connection again) 'open))
          (should (string-prefix-p shown (emacs-agent-test-output))))))))

(ert-deftest emacs-agent-live-unsaved-buffers ()
  "The agent reads what is unsaved, and what it would write there asks and leaves the buffer alone."
  (emacs-agent-test-with-backend
    (emacs-agent-test-write project "a.txt" "on disk\n")
    (let* ((session (emacs-agent-test-start project))
           (buffer (find-file-noselect (expand-file-name "a.txt" project))))
      (unwind-protect
          (progn
            (with-current-buffer buffer (insert "unsaved "))
            (with-current-buffer (emacs-agent-session-buffer session)
              (emacs-agent-test-say "read a.txt")
              (emacs-agent-test-shown "Done, ")
              (should (string-search "unsaved on disk" (emacs-agent-test-output)))
              (emacs-agent-test-idle session)
              (should (equal (emacs-agent-test-read project "a.txt") "on disk\n"))))
        (with-current-buffer buffer (set-buffer-modified-p nil))
        (kill-buffer buffer)))))

(ert-deftest emacs-agent-live-lists ()
  "Sessions, transcripts and search are listed; a deleted one is gone."
  (emacs-agent-test-with-backend
    (emacs-agent-test-write project "a.txt" "a\n")
    (let* ((session (emacs-agent-test-start project)))
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-test-turn session "read a.txt"))
      (save-window-excursion
        (let ((name (file-name-nondirectory (directory-file-name project))))
          (emacs-agent-sessions)
          (emacs-agent-test-wait (string-search name (buffer-string)))
          (emacs-agent-search "read a.txt")
          (emacs-agent-test-wait (string-search name (buffer-string)))
          (with-current-buffer (emacs-agent-session-buffer session)
            (emacs-agent-close)
            (emacs-agent-test-shown "Closed ["))
          (emacs-agent-transcripts)
          (emacs-agent-test-wait (string-search name (buffer-string)))
          (let ((list (current-buffer)))
            (goto-char (point-min))
            (emacs-agent-transcripts-open)
            (emacs-agent-test-wait (with-current-buffer (window-buffer) (derived-mode-p 'org-mode)))
            (with-current-buffer (window-buffer)
              (should (string-search "Agent Session" (buffer-string)))
              (kill-buffer))
            (set-buffer list)
            (goto-char (point-min))
            (cl-letf (((symbol-function 'yes-or-no-p) (lambda (_) t)))
              (emacs-agent-transcripts-delete))
            (emacs-agent-test-wait (not (string-search name (buffer-string))))
            (kill-buffer)))))))

(ert-deftest emacs-agent-live-settings ()
  "Model, agent and title change by name, and the header says so."
  (emacs-agent-test-with-backend
    (let ((session (emacs-agent-test-start project)))
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-test-say "/agent plan")
        (emacs-agent-test-wait (equal (emacs-agent-session-agent session) "plan"))
        (emacs-agent-test-say "/title Some title")
        (emacs-agent-test-wait (equal (emacs-agent-session-title session) "Some title"))
        (should (string-search "plan" (emacs-agent-header-line)))))))

(ert-deftest emacs-agent-live-modes ()
  "One key goes through the modes that there are, and the header says which it is."
  (emacs-agent-test-with-backend
    (let ((session (emacs-agent-test-start project)))
      (with-current-buffer (emacs-agent-session-buffer session)
        (should (equal "ask" (emacs-agent-session-mode session)))
        (dolist (mode '("accept-edits" "plan" "ask"))
          (call-interactively (key-binding (kbd "C-c C-v")))
          (emacs-agent-test-wait (equal mode (emacs-agent-session-mode session)))
          (should (string-search (concat "  " mode "  ") (emacs-agent-header-line))))
        (emacs-agent-test-say "/mode plan")
        (emacs-agent-test-shown "Now mode plan")))))

(ert-deftest emacs-agent-live-ended-elsewhere ()
  "A session that is deleted elsewhere is ended, and said so."
  (emacs-agent-test-with-backend
    (let ((session (emacs-agent-test-start project)))
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-request "DELETE" (emacs-agent-session-path session))
        (emacs-agent-test-wait (eq (emacs-agent-session-connection session) 'ended))
        (should (string-search "ended" (emacs-agent-header-line)))))))

(ert-deftest emacs-agent-live-attention ()
  "The mode line says that a session waits, and that it does not any more."
  (emacs-agent-test-with-backend
    (let ((session (emacs-agent-test-start project)))
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-test-say "create file x.txt with a")
        (emacs-agent-test-wait (string-search "1 waiting" emacs-agent-attention-string))
        (emacs-agent-test-approve session)
        (emacs-agent-test-wait (string-empty-p emacs-agent-attention-string))))))

(ert-deftest emacs-agent-live-hunk-by-hunk ()
  "What is written is the accepted hunk alone, byte for byte."
  (emacs-agent-test-with-backend
    (let ((before (concat "foo é\n" (apply #'concat (make-list 30 "line\n")) "foo\n"))
          (session (emacs-agent-test-start project)))
      (emacs-agent-test-write project "a.txt" before)
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-test-say "replace all \"foo\" with \"bar\" in a.txt")
        (emacs-agent-test-wait (emacs-agent-session-pending session))
        (emacs-agent-test-shown "waits for you")
        (let ((emacs-agent-approval-delay 0))
          (goto-char (text-property-any (point-min) (point-max) 'emacs-agent-hunk 1))
          (emacs-agent-toggle-hunk)
          (emacs-agent-approve))
        (emacs-agent-test-shown "Modified [[file:")
        (emacs-agent-test-idle session)
        (should (equal (emacs-agent-test-read project "a.txt")
                       (concat "bar" (substring before 3))))))))

;;;; Bad backends

(defmacro emacs-agent-live-tests--with-script (script &rest body)
  "Run BODY with an executable that is the shell SCRIPT."
  (declare (indent 1))
  `(let* ((emacs-agent-program (make-temp-file "emacs-agent-script"))
          (emacs-agent-backend (make-emacs-agent-backend))
          (emacs-agent-session-list nil)
          (emacs-agent-backend-timeout 8)
          (reason nil))
     (unwind-protect
         (progn
           (write-region (concat "#!/bin/sh\n" ,script) nil emacs-agent-program nil 'silent)
           (set-file-modes emacs-agent-program #o700)
           ,@body)
       (emacs-agent-backend-stop)
       (delete-file emacs-agent-program))))

(ert-deftest emacs-agent-live-bad-backends ()
  "Whatever the executable does, there is a clear message and Emacs goes on."
  (pcase-dolist (`(,script ,words)
                 '(("echo garbage; exec sleep 60" "instead of a handshake")
                   ("echo '{\"url\":\"http://127.0.0.1:1\",\"port\":1,\"version\":\"9.0.0\",\"protocol\":7}'; exec sleep 60" "protocol 7")
                   ("echo nope >&2; exit 2" "nope")
                   ("exec sleep 60" "did not say where it listens")
                   ("head -c 50000 /dev/zero | tr '\\0' x; exec sleep 60" "does not behave")))
    (emacs-agent-live-tests--with-script script
      (emacs-agent-backend-ensure (lambda (why) (setq reason why)))
      (emacs-agent-test-wait reason)
      (should (string-search words reason)))))

(ert-deftest emacs-agent-live-no-backend ()
  (let ((emacs-agent-program "/nonexistent/emacs-agent-backend")
        (emacs-agent-backend (make-emacs-agent-backend)) (failure nil))
    (emacs-agent-request "GET" "/health" :else (lambda (why) (setq failure why)))
    (emacs-agent-test-wait failure)
    (should (string-search "not found" (alist-get 'message failure)))))

(ert-deftest emacs-agent-live-vanishing-port ()
  "A backend that listens nowhere any more is said to be unreachable."
  (emacs-agent-live-tests--with-script
      "echo '{\"url\":\"http://127.0.0.1:1\",\"port\":1,\"version\":\"0.1.0\",\"protocol\":1,\"token\":\"x\"}'; exec sleep 60"
    (let ((failure nil))
      (emacs-agent-request "GET" "/api/sessions" :else (lambda (why) (setq failure why)))
      (emacs-agent-test-wait failure)
      (should (equal "UNREACHABLE" (alist-get 'code failure))))))

(ert-deftest emacs-agent-live-keeps-dying ()
  "A backend that keeps dying is given up."
  (emacs-agent-live-tests--with-script
      "echo '{\"url\":\"http://127.0.0.1:1\",\"port\":1,\"version\":\"0.1.0\",\"protocol\":1,\"token\":\"x\"}'; sleep 0.1"
    (emacs-agent-backend-ensure #'ignore)
    (emacs-agent-test-wait (eq (emacs-agent-backend-state emacs-agent-backend) 'failed))))

(provide 'emacs-agent-live-tests)
;;; emacs-agent-live-tests.el ends here
