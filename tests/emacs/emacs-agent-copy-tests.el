;;; emacs-agent-copy-tests.el --- What is copied and found is what was said  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-test)

(defun emacs-agent-copy-tests--say (session text)
  "Show TEXT as an answer in SESSION."
  (emacs-agent-test-take session (emacs-agent-test-event "message" 'id 1 'message_id "m" 'content text)))

(ert-deftest emacs-agent-copy-prose ()
  "Lines that would be syntax are copied as they were said."
  (emacs-agent-test-with-session
    (let ((text "elisp:(pwn) and <<x>> {{{m}}} [fn:1] $x$\nDEADLINE: <2026-01-01 Thu>\n#+TITLE: x\n: fixed"))
      (emacs-agent-copy-tests--say session text)
      (should (string-search "\u200b" (emacs-agent-test-output)))
      (goto-char (point-min))
      (re-search-forward "^elisp")
      (copy-region-as-kill (match-beginning 0) (1- emacs-agent-output-end))
      (should (equal text (substring-no-properties (current-kill 0)))))))

(ert-deftest emacs-agent-copy-code ()
  "Code is copied without the commas and marks that guard it, whole or in part; others of its own stay."
  (let ((code "* star\n#+END_SRC\n,* comma\n,,#+x\n<2026-01-01 Thu>\n  * deep\nplain"))
    (dolist (language '("" "c" "diff"))
      (emacs-agent-test-with-session
        (emacs-agent-copy-tests--say session (format ",* not code\n\n```%s\n%s\n```\nafter" language code))
        (goto-char (point-min))
        (search-forward "comma")
        (emacs-agent-copy-at-point)
        (should (equal code (substring-no-properties (current-kill 0))))
        (copy-region-as-kill (line-beginning-position) (line-end-position))
        (should (equal ",* comma" (substring-no-properties (current-kill 0))))
        (goto-char (point-min))
        (search-forward "not code")
        (copy-region-as-kill (line-beginning-position) (line-end-position))
        (should (equal ",* not code" (substring-no-properties (current-kill 0))))))))

(ert-deftest emacs-agent-copy-answer ()
  "An answer is copied as the Markdown that it was; elsewhere there is nothing to copy."
  (emacs-agent-test-with-session
    (emacs-agent-copy-tests--say session "# Title\n\n*one* [two](http://x.org)\n")
    (goto-char (point-min))
    (should-error (emacs-agent-copy-at-point) :type 'user-error)
    (search-forward "one")
    (emacs-agent-copy-at-point)
    (should (equal "# Title\n\n*one* [two](http://x.org)\n" (substring-no-properties (current-kill 0))))))

(ert-deftest emacs-agent-copy-input ()
  "What the user writes is copied and cut as it is."
  (emacs-agent-test-with-session
    (emacs-agent-input-set ",* a\u200bb")
    (kill-region emacs-agent-input-start (point-max))
    (should (equal ",* a\u200bb" (substring-no-properties (current-kill 0))))
    (should (equal "" (emacs-agent-input-text)))))

(ert-deftest emacs-agent-copy-search ()
  "A search finds what was said, marks or not."
  (emacs-agent-test-with-session
    (emacs-agent-copy-tests--say session "see elisp:(pwn) here")
    (goto-char (point-min))
    (let ((isearch-regexp-function search-default-mode) (isearch-case-fold-search t))
      (should (functionp isearch-regexp-function))
      (should (re-search-forward (funcall isearch-regexp-function "elisp:(pwn) here" nil) nil t)))))

(provide 'emacs-agent-copy-tests)
;;; emacs-agent-copy-tests.el ends here
