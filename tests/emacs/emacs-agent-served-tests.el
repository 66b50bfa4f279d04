;;; emacs-agent-served-tests.el --- Commands of the backend  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)

(ert-deftest emacs-agent-served-command ()
  "A word after a slash is a command; a path is none."
  (should (equal '((name . "review")) (emacs-agent-served-command "/review")))
  (should (equal '((name . "front:page") (arguments . "a \"b c\"\nd"))
                 (emacs-agent-served-command "/front:page  a \"b c\"\nd ")))
  (dolist (text '("/etc/hosts" "/ x" "see /review" "//"))
    (should-not (emacs-agent-served-command text))))

(ert-deftest emacs-agent-served-completion ()
  "Commands of Emacs come first, those of the backend after them; what does not hold is left out."
  (emacs-agent-test-with-session
    (clrhash emacs-agent-served--answers)
    (cl-letf (((symbol-function 'emacs-agent-request)
               (cl-function
                (lambda (_method path &key then &allow-other-keys)
                  (funcall then
                           (if (string-prefix-p "/api/commands" path)
                               '((commands . [((name . "model") (description . "theirs"))
                                              ((name . "fix") (description . "Fixes") (argument_hint . "[file]"))
                                              ((name . "lost") (description . "x") (problem . "second"))]))
                             '((resources . [((server . "lib") (uri . "lib://a"))]))))))))
      (emacs-agent-input-set "/f")
      (let* ((found (emacs-agent-slash-complete))
             (annotate (plist-get (nthcdr 3 found) :annotation-function)))
        (should (equal (nth 2 found) (append (mapcar #'car emacs-agent-slash-commands) '("fix"))))
        (should (equal (funcall annotate "fix") "  [file]  Fixes"))
        (should (equal (funcall annotate "model") "  [PROVIDER/MODEL]  change the model")))
      (emacs-agent-input-set "read @li")
      (pcase-let ((`(,_ ,_ ,table . ,_) (emacs-agent-mention-complete)))
        (should (equal (all-completions "li" table) '("lib:lib://a")))))))

(ert-deftest emacs-agent-served-conversation ()
  "A command of the project is sent as one; one that does nothing but answer is shown; an unknown one stays."
  (emacs-agent-test-with-model ""
    (make-directory (expand-file-name ".claude/commands" project) t)
    (with-temp-file (expand-file-name ".claude/commands/greet.md" project) (insert "Greet $1 for me."))
    (emacs-agent-model-says "Good day.")
    (let ((session (emacs-agent-test-start project)))
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-test-say "/greet Ada")
        (emacs-agent-test-shown "Greet Ada for me.")
        (emacs-agent-test-shown "Done, ")
        (should (assoc "greet" (emacs-agent-served-commands session)))
        (should (string-search "near it: /greet" (cadr (should-error (emacs-agent-test-say "/grete Ada") :type 'user-error))))
        (should (equal (emacs-agent-input-text) "/grete Ada"))
        ;; What has just been written is known, and a path is no command.
        (with-temp-file (expand-file-name ".claude/commands/grete.md" project) (insert "Grete for $1."))
        (emacs-agent-test-wait (ignore-errors (emacs-agent-slash-check "/grete Ada" session) t) 10)
        (emacs-agent-slash-check "/etc/hosts" session)
        (emacs-agent-input-set "")
        (let ((said nil))
          (cl-letf (((symbol-function 'emacs-agent-popup-text) (lambda (_name text) (setq said text))))
            (emacs-agent-test-say "/help")
            (emacs-agent-test-wait said)
            (should (string-search "/greet: Greet $1 for me." said))))))))

(provide 'emacs-agent-served-tests)
;;; emacs-agent-served-tests.el ends here
