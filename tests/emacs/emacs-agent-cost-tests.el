;;; emacs-agent-cost-tests.el --- The table of costs  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)
(require 'emacs-agent-cost)

(ert-deftest emacs-agent-cost-table ()
  "What a turn used is in the table, summed by what is asked for; a model without a price says so."
  (emacs-agent-test-with-model ""
    (let ((session (emacs-agent-test-start project)))
      (emacs-agent-model-says "Hello.")
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-test-turn session "hello there"))
      (save-window-excursion
        (emacs-agent-cost)
        (emacs-agent-test-wait (= 2 (length tabulated-list-entries)))
        (should (string-match-p "^ total +1 .*cost: unknown" (buffer-string)))
        (let ((model (car (cadr tabulated-list-entries))))
          (should (equal model (emacs-agent-session-model session))))
        (emacs-agent-cost-by "agent")
        (emacs-agent-test-wait (equal "build" (car (cadr tabulated-list-entries))))
        (emacs-agent-cost-since "2999-01-01")
        (emacs-agent-test-wait (= 1 (length tabulated-list-entries)))
        (should (string-search "since 2999-01-01" mode-name))
        (kill-buffer)))))

(ert-deftest emacs-agent-cost-words ()
  "Dollars, and what is missing from them."
  (should (equal "cost: unknown" (emacs-agent-cost-text nil 2)))
  (should (equal "$0.00" (emacs-agent-cost-text nil 0)))
  (should (equal "$0.0123" (emacs-agent-cost-text 0.0123 0)))
  (should (equal "$1.50 + 3 unknown" (emacs-agent-cost-text 1.5 3))))

;;; emacs-agent-cost-tests.el ends here
