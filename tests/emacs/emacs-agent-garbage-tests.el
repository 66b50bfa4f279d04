;;; emacs-agent-garbage-tests.el --- Garbage waits while events come  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-test)

(defmacro emacs-agent-garbage-tests--with-threshold (bytes &rest body)
  "Run BODY with a threshold of BYTES, and none deferred before."
  (declare (indent 1))
  `(let ((gc-cons-threshold ,bytes) (emacs-agent-garbage--before nil) (emacs-agent-garbage--timer nil))
     (unwind-protect (progn ,@body)
       (when emacs-agent-garbage--timer (cancel-timer emacs-agent-garbage--timer)))))

(ert-deftest emacs-agent-garbage-events ()
  "Events raise the threshold, and it is set back once when they are over."
  (emacs-agent-garbage-tests--with-threshold 800000
    (emacs-agent-test-with-session
      (dotimes (_ 2) (emacs-agent-intake-add session "notice" "{}"))
      (should (= gc-cons-threshold emacs-agent-garbage--threshold))
      (should (memq emacs-agent-garbage--timer timer-list))
      (emacs-agent-garbage--restore)
      (should (= gc-cons-threshold 800000)))))

(ert-deftest emacs-agent-garbage-typing ()
  "While somebody types nothing is collected, nor the threshold set back, unless that lasts."
  (emacs-agent-garbage-tests--with-threshold 800000
    (emacs-agent-garbage-defer)
    (cl-letf (((symbol-function 'current-idle-time) (lambda () '(0 0 100000 0)))
              ((symbol-function 'garbage-collect-maybe) (lambda (_factor) (error "Collected"))))
      (should-not (emacs-agent-garbage-collect-early))
      (emacs-agent-garbage--restore 2)
      (should (= gc-cons-threshold emacs-agent-garbage--threshold))
      (should (equal '(1) (timer--args emacs-agent-garbage--timer)))
      (cl-letf (((symbol-function 'garbage-collect-maybe) #'ignore))
        (emacs-agent-garbage--restore 0))
      (should (= gc-cons-threshold 800000)))))

(ert-deftest emacs-agent-garbage-keys ()
  "Keys in a conversation raise the threshold too."
  (emacs-agent-garbage-tests--with-threshold 800000
    (emacs-agent-test-with-session
      (run-hooks 'pre-command-hook)
      (should (= gc-cons-threshold emacs-agent-garbage--threshold)))))

(ert-deftest emacs-agent-garbage-of-the-user ()
  "A higher threshold of the user stays, and so does one that was set in the meantime."
  (emacs-agent-garbage-tests--with-threshold 640000000
    (emacs-agent-garbage-defer)
    (should (= gc-cons-threshold 640000000))
    (emacs-agent-garbage--restore)
    (should (= gc-cons-threshold 640000000)))
  (emacs-agent-garbage-tests--with-threshold 800000
    (emacs-agent-garbage-defer)
    (setq gc-cons-threshold 5000000)
    (emacs-agent-garbage--restore)
    (should (= gc-cons-threshold 5000000))))

(provide 'emacs-agent-garbage-tests)
;;; emacs-agent-garbage-tests.el ends here
