;;; emacs-agent-connection-tests.el --- Conversations whose backend comes and goes  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)
(require 'emacs-agent-resume)
(require 'emacs-agent-problems)

(ert-deftest emacs-agent-connection-in-order ()
  "Prompts arrive in the order in which they were sent, also those sent before there was a session."
  (emacs-agent-test-with-model ""
    (let ((texts (mapcar (lambda (n) (format "prompt %d" n)) (number-sequence 1 6))))
      (apply #'emacs-agent-model-says (mapcar (lambda (text) (concat "To " text ".")) texts))
      (with-current-buffer (emacs-agent-session-buffer (emacs-agent-start project))
        (mapc #'emacs-agent-test-say texts)
        (emacs-agent-test-shown "To prompt 6.")
        (let ((case-fold-search nil) (start 0))
          (dolist (text texts)
            (setq start (string-match (concat "^" text "$") (emacs-agent-test-output) start))
            (should start)))))))

(ert-deftest emacs-agent-connection-not-sent ()
  "What cannot be sent, for want of a backend, is in the input again."
  (emacs-agent-test-with-backend
    (let ((emacs-agent-program "/nonexistent/emacs-agent-backend"))
      (with-current-buffer (emacs-agent-session-buffer (emacs-agent-start project))
        (dotimes (_ 2)                  ; the first one, and again when the session has ended
          (emacs-agent-test-say "hello")
          (emacs-agent-test-wait (equal "hello" (emacs-agent-input-text))))
        (should (emacs-agent-test-logged "not sent: "))
        (should (string-search "ended" (emacs-agent-header-line)))))))

(ert-deftest emacs-agent-connection-dropped-in-mid-message ()
  "A connection dropped while the model writes loses nothing and shows nothing twice."
  (emacs-agent-test-talking ""
    (emacs-agent-model-says '((text . ["The beginning, " "the middle,"]) (hold . t)))
    (emacs-agent-test-say "hello")
    (emacs-agent-test-shown "the middle,")
    (delete-process (emacs-agent-stream-process (emacs-agent-session-stream session)))
    (emacs-agent-test-wait (eq (emacs-agent-session-connection session) 'waiting))
    (emacs-agent-model-open)
    (emacs-agent-test-shown "Done, ")
    (dolist (text '("The beginning, the middle," "** User" "** Assistant" "hello"))
      (should (= 1 (emacs-agent-test-count text))))))

(ert-deftest emacs-agent-connection-killed-in-mid-turn ()
  "A backend that is killed while the model writes is started again; the turn is over, the conversation goes on."
  (emacs-agent-test-talking ""
    (emacs-agent-model-says '((text . "Half a …") (hold . t)) "Here again.")
    (emacs-agent-test-say "first")
    (emacs-agent-test-shown "Half a …")
    (emacs-agent-test-say "second")
    (emacs-agent-test-wait (emacs-agent-session-queued session))
    (signal-process (emacs-agent-backend-process emacs-agent-backend) 'SIGKILL)
    (emacs-agent-test-shown "Resumed [")
    (emacs-agent-test-wait (emacs-agent-test-logged "the backend ended"))
    (emacs-agent-test-idle session)
    (should-not (emacs-agent-session-queued session))
    ;; What waited and was lost with the backend is not lost to who wrote it.
    (emacs-agent-test-wait (equal "second" (emacs-agent-input-text)))
    (emacs-agent-input-set "")
    (emacs-agent-test-say "are you there?")
    (emacs-agent-test-shown "Here again.")
    (should (emacs-agent-model-heard (emacs-agent-model-asked 2) "first"))
    (should (= 1 (emacs-agent-test-count "\nfirst\n")))))

(ert-deftest emacs-agent-connection-buffer-killed ()
  "A conversation whose buffer is killed in mid-stream goes on, and can be got back whole."
  (emacs-agent-test-talking ""
    (let ((id (emacs-agent-session-id session)) (buffer (current-buffer)))
      (emacs-agent-model-says '((text . "The answer.") (hold . t)))
      (emacs-agent-test-say "hello")
      (emacs-agent-test-shown "The answer.")
      (kill-buffer buffer)
      (should-not emacs-agent-session-list)
      (emacs-agent-model-open)
      (save-window-excursion (emacs-agent-resume-id id project))
      (with-current-buffer (emacs-agent-session-buffer (emacs-agent-session-with-id id))
        (emacs-agent-test-shown "Done, ")
        (should (= 1 (emacs-agent-test-count "The answer.")))))))

(ert-deftest emacs-agent-connection-attach ()
  "A backend that somebody else started is used with its token, and outlives us; another token is refused, in words."
  (emacs-agent-test-with-model ""
    (let* ((process-environment (default-value 'process-environment))
           (started (emacs-agent-model-start (list emacs-agent-test-backend "serve" "--port" "0")))
           (hello (cdr started)))
      (unwind-protect
          (progn
            (emacs-agent-test-write home "wrong" "not-the-token\n")
            (emacs-agent-backend-attach (alist-get 'url hello) (expand-file-name "wrong" home))
            (emacs-agent-test-wait (emacs-agent-test-logged "wants another token"))
            (cl-letf (((symbol-function 'read-string) (lambda (_prompt initial &rest _) initial))
                      ((symbol-function 'read-file-name) (lambda (_prompt _directory _default _must initial) initial)))
              (call-interactively #'emacs-agent-backend-attach))
            (emacs-agent-test-wait (emacs-agent-backend-ready-p))
            (emacs-agent-model-says "Hello.")
            (with-current-buffer (emacs-agent-session-buffer (emacs-agent-test-start project))
              (emacs-agent-test-say "hello")
              (emacs-agent-test-shown "Hello."))
            (should-not (emacs-agent-backend-process emacs-agent-backend))
            (emacs-agent-backend-stop)
            (should (process-live-p (car started))))
        (signal-process (car started) 'SIGTERM)
        (emacs-agent-test-wait (not (process-live-p (car started))))))))

;;;; What is left out of the configuration

(ert-deftest emacs-agent-connection-tells-problems ()
  "Broken entries are warned of with their place, once, when the backend starts; without any there is no warning."
  (dolist (case '(("" 0) ("[agents.a]\ndescription = \"\"\nx = 1\n\n[models.\"test/b\"]\ncontext_window = \"much\"\n" 1)))
    (pcase-let ((warned nil) (`(,config ,count) case))
      (cl-letf (((symbol-function 'display-warning) (lambda (_type message &rest _) (push message warned))))
        (emacs-agent-test-with-model config
          (emacs-agent-test-start project)
          (let (known)
            (emacs-agent-request "GET" "/health" :then (lambda (_) (setq known t)))
            (emacs-agent-test-wait known))))
      (should (= count (length warned)))
      (dolist (message warned)
        (should (string-match-p "/emacs-agent.toml:[0-9]+: agents\\.a\\.x .+\n.*/emacs-agent.toml:[0-9]+: models\\." message))))))

(provide 'emacs-agent-connection-tests)
;;; emacs-agent-connection-tests.el ends here
