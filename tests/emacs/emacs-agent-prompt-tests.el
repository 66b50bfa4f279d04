;;; emacs-agent-prompt-tests.el --- Writing a prompt and sending it  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-test)

(ert-deftest emacs-agent-input-undo-survives-output ()
  "Undo in the input works however much output came above it."
  (emacs-agent-test-with-session
    (buffer-enable-undo)
    (goto-char (point-max))
    (insert "first ")
    (undo-boundary)
    (insert "second ")
    (undo-boundary)
    (delete-region (- (point) 7) (point))
    (undo-boundary)
    (emacs-agent-test-take session (emacs-agent-test-event "prompt" 'id 1 'turn_id "t" 'text "some output\nmore"
                                                           'agent "build" 'source "user"))
    (setq last-command nil)
    (undo)
    (should (equal (emacs-agent-input-text) "first second "))
    (undo-more 1)
    (should (equal (emacs-agent-input-text) "first "))
    (should (string-search "some output" (emacs-agent-test-output)))))

(ert-deftest emacs-agent-input-output-is-read-only ()
  (emacs-agent-test-with-session
    (emacs-agent-test-take session (emacs-agent-test-event "prompt" 'id 1 'turn_id "t" 'text "text" 'agent "b" 'source "user"))
    (dolist (position (list (point-min) (+ 3 (point-min)) (1- emacs-agent-input-start)))
      (goto-char position)
      (should-error (insert "x") :type 'text-read-only))
    (goto-char (point-max))
    (insert "fine")
    (goto-char emacs-agent-input-start)
    (insert "also ")
    (should (equal (emacs-agent-input-text) "also fine"))))

(ert-deftest emacs-agent-input-hint ()
  "An empty input says what it is for, until something is written there; output does not count."
  (emacs-agent-test-with-session
    (let ((hints (lambda () (cl-count-if (lambda (overlay) (overlay-get overlay 'after-string))
                                         (overlays-in emacs-agent-input-start (point-max))))))
      (emacs-agent-test-take session (emacs-agent-test-event "prompt" 'turn_id "t" 'text "hi" 'source "user"))
      (should (= 1 (funcall hints)))
      (emacs-agent-input-set "a")
      (should (= 0 (funcall hints))))))

(ert-deftest emacs-agent-input-history ()
  (emacs-agent-test-with-session
    (let ((emacs-agent-history nil))
      (emacs-agent-history-add "one")
      (emacs-agent-history-add "two")
      (emacs-agent-input-set "draft")
      (emacs-agent-history-previous 1)
      (should (equal (emacs-agent-input-text) "two"))
      (emacs-agent-history-previous 1)
      (should (equal (emacs-agent-input-text) "one"))
      (should-error (emacs-agent-history-previous 1) :type 'user-error)
      (emacs-agent-history-next 1)
      (emacs-agent-history-next 1)
      (should (equal (emacs-agent-input-text) "draft")))))

(ert-deftest emacs-agent-input-sending ()
  "What is sent goes with its context; what cannot be sent comes back."
  (emacs-agent-test-with-session
    (emacs-agent-test-write project "a.txt" "x")
    (emacs-agent-test-say "look at @a.txt, please")
    (pcase-let ((`(,method ,path ,body ,_ ,else) (car sent)))
      (should (equal (list method path) '("POST" "/api/sessions/s1/prompt")))
      (should (equal (alist-get 'text body) "look at @a.txt, please"))
      (should (equal (alist-get 'files (alist-get 'context body)) (vector (expand-file-name "a.txt" project))))
      (should (equal (emacs-agent-input-text) ""))
      (funcall else '((message . "no")))
      (should (equal (emacs-agent-input-text) "look at @a.txt, please")))))

(ert-deftest emacs-agent-input-interrupt ()
  "What waited to be sent is in the input again after an interrupt."
  (emacs-agent-test-with-session
    (emacs-agent-input-set "half written")
    (emacs-agent-interrupt)
    (funcall (nth 3 (car sent)) '((status . "interrupted") (dropped . [((turn_id . "t2") (text . "queued one"))])))
    (should (equal (emacs-agent-input-text) "queued one\nhalf written"))))

(ert-deftest emacs-agent-stop-one-delegate ()
  "One of several delegated agents is stopped; what has ended is no choice."
  (emacs-agent-test-with-session
    (dolist (event '(((type . "delegate.start") (agent . "plan") (parent_tool_call_id . "tc_1") (task . "look"))
                     ((type . "delegate.start") (agent . "build") (parent_tool_call_id . "tc_2") (task . "write"))
                     ((type . "delegate.start") (agent . "build") (parent_tool_call_id . "tc_3") (task . "write"))
                     ((type . "delegate.end") (agent . "plan") (parent_tool_call_id . "tc_1") (outcome . "completed"))))
      (run-hook-with-args 'emacs-agent-session-event-functions session event))
    (let (offered)
      (cl-letf (((symbol-function 'completing-read)
                 (lambda (_ choices &rest _) (setq offered (mapcar #'car choices)) (cadr offered))))
        (emacs-agent-interrupt t))
      (should (equal offered '("1. build: write" "2. build: write"))))
    (should (equal (nth 2 (car sent)) '((tool_call_id . "tc_3"))))
    (run-hook-with-args 'emacs-agent-session-event-functions session
                        '((type . "delegate.end") (parent_tool_call_id . "tc_3") (outcome . "interrupted")))
    (emacs-agent-interrupt t)
    (should (equal (nth 2 (car sent)) '((tool_call_id . "tc_2"))))
    (run-hook-with-args 'emacs-agent-session-event-functions session
                        '((type . "delegate.end") (parent_tool_call_id . "tc_2") (outcome . "interrupted")))
    (should-error (emacs-agent-interrupt t) :type 'user-error)))

(ert-deftest emacs-agent-input-given-back-once ()
  "A prompt that is given back twice is in the input once; one that is only like it is added."
  (emacs-agent-test-with-session
    (emacs-agent-input-set "a draft")
    (dolist (texts '(("second") ("second") ("a draf" "se.ond")))
      (run-hook-with-args 'emacs-agent-session-dropped-functions session texts))
    (should (equal "a draf\n\nse.ond\nsecond\na draft" (emacs-agent-input-text)))))

(ert-deftest emacs-agent-input-completion ()
  (emacs-agent-test-with-session
    (emacs-agent-input-set "/mo")
    (should (equal (nth 2 (emacs-agent-slash-complete)) (mapcar #'car emacs-agent-slash-commands)))))

(ert-deftest emacs-agent-session-environment ()
  "Only what a project's environment adds goes along."
  (with-temp-buffer
    (should-not (emacs-agent-session-environment))
    (setq-local process-environment (append '("PROJECT_X=1" "PATH=/nix/bin" "BAD-NAME=x" "UNSET") process-environment))
    (should (equal (emacs-agent-session-environment) '((PROJECT_X . "1") (PATH . "/nix/bin"))))))

(provide 'emacs-agent-prompt-tests)
;;; emacs-agent-prompt-tests.el ends here
