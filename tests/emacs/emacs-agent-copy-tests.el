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

;; Each line would be something else in Org, in prose and in code.
(defconst emacs-agent-copy-tests--hostile
  "* heading\n#+TITLE: x\n,* comma\n,,#+x\n[[elisp:(pwn)]] {{{m}}} <2026-01-01 Thu> name_of_it a_{b} $x$ =v= ~c~ -- ..."
  "Text that must be copied, inserted and exported unchanged.")

(ert-deftest emacs-agent-copy-hostile-code ()
  "Hostile code is copied, inserted elsewhere, found and exported as it was said."
  (emacs-agent-test-with-session
    (emacs-agent-copy-tests--say session (format "Look:\n\n```text\n%s\n```" emacs-agent-copy-tests--hostile))
    (font-lock-ensure)
    (goto-char (point-min))
    (search-forward "TITLE")
    (search-forward "comma")
    (emacs-agent-copy-code)
    (should (equal emacs-agent-copy-tests--hostile (substring-no-properties (current-kill 0))))
    (with-temp-buffer
      (let ((other (current-buffer)))
        (insert "a b")
        (goto-char 3)
        (with-current-buffer (emacs-agent-session-buffer session) (emacs-agent-insert-code other))
        (should (equal (format "a %sb" emacs-agent-copy-tests--hostile) (buffer-string)))))
    (require 'ox-md)
    (let ((exported (org-export-as 'md nil nil t)))
      (should (string-search (replace-regexp-in-string "^" "    " emacs-agent-copy-tests--hostile) exported)))))

(ert-deftest emacs-agent-copy-exported ()
  "A conversation is exported in every format without the input and without invisible characters."
  (emacs-agent-test-with-session
    (emacs-agent-copy-tests--say session "see elisp:(pwn) of name_of_it -- and *so* on ...")
    (emacs-agent-input-set "my draft")
    (dolist (backend '(html md latex ascii))
      (require (intern (format "ox-%s" backend)))
      (let ((exported (org-export-as backend nil nil nil)))
        (should-not (string-match-p "[\u200b\u2060]\\|my draft\\|Prompt" exported))
        (should (string-match-p "elisp:(pwn) of name.?_of.?_it -- and .*so.* on \\.\\.\\." exported))))
    ;; And the conversation is as it was.
    (should (equal "my draft" (emacs-agent-input-text)))
    (should-error (progn (goto-char (point-min)) (insert "x")) :type 'text-read-only)))

(ert-deftest emacs-agent-copy-broken-links ()
  "A link to a line of a file, which Org cannot resolve, is marked, and the rest is exported."
  (emacs-agent-test-with-session
    (emacs-agent-test-write project "a.txt" "one\n")
    (emacs-agent-copy-tests--say session (format "before [x](%sa.txt#L12) after" project))
    (should (string-search (format "[[file:%sa.txt::12][x]]" project) (emacs-agent-test-output)))
    (require 'ox-html)
    (should (string-match-p "before \\[BROKEN LINK: [^]]+\\] after" (org-export-as 'html nil nil t)))))

(ert-deftest emacs-agent-copy-formulas ()
  "Formulas are copied as they were said, previewed, and exported as formulas; what is none is exported as text."
  (emacs-agent-test-with-session
    (let ((formulas '("\\(E = mc^2\\)" "$a_1$" "\\[ \\frac{a}{b} \\]" "$$x$$")) (previewed nil))
      (emacs-agent-copy-tests--say
       session (concat (string-join formulas " and ") " but $5 and $6, \\(\\input{x}\\)"))
      (let ((text (filter-buffer-substring (point-min) emacs-agent-output-end)))
        (dolist (formula formulas) (should (string-search formula text)))
        (should (string-search "but $5 and $6, \\(\\input{x}\\)" text)))
      (cl-letf (((symbol-function 'org-create-formula-image)
                 (lambda (formula file &rest _) (push formula previewed) (write-region "" nil file nil 'silent))))
        (org-format-latex "ltx/" (point-min) emacs-agent-output-end project 'overlays nil 'forbuffer 'dvipng))
      (should (equal formulas (reverse previewed)))
      (require 'ox-html)
      (let ((exported (org-export-as 'html nil nil t)))
        (dolist (formula '("\\(E = mc^2\\)" "\\(a_1\\)" "\\[ \\frac{a}{b} \\]" "\\[x\\]" "but $5 and $6, \\(\\input{x}\\)"))
          (should (string-search formula exported))))
      (require 'ox-latex)
      (should (string-search "but \\$5 and \\$6, $\\backslash$($\\backslash$input\\{x\\}$\\backslash$)"
                             (org-export-as 'latex nil nil t))))))

(ert-deftest emacs-agent-copy-last-answer ()
  "Where there is no answer at point the last one is copied."
  (emacs-agent-test-with-session
    (should-error (emacs-agent-copy-answer) :type 'user-error)
    (emacs-agent-copy-tests--say session "the *answer*")
    (goto-char (point-max))
    (emacs-agent-copy-answer)
    (should (equal "the *answer*" (substring-no-properties (current-kill 0))))))

(ert-deftest emacs-agent-copy-occur ()
  "Lines are listed by the text that was said, and by regexps that match it."
  (emacs-agent-test-with-session
    (emacs-agent-copy-tests--say session "see elisp:(pwn) here\n\nand $x$ there")
    (dolist (regexp '("elisp:(pwn) here" "^see elisp:(p[v-x]n)" "\\$x\\$ there$" "\\(?:elisp\\|lisp\\):(pw+n)" "se\\{2\\} e"))
      (emacs-agent-occur regexp)
      (with-current-buffer "*Occur*"
        (should (string-match-p "\\`1 match" (buffer-string)))
        (kill-buffer)))
    (should-not (progn (emacs-agent-occur "nowhere") (get-buffer "*Occur*")))))

(ert-deftest emacs-agent-copy-saved ()
  "Saving writes the transcript, in the format of the file name's extension."
  (emacs-agent-test-with-backend
    (let ((session (emacs-agent-test-start project)))
      (with-current-buffer (emacs-agent-session-buffer session)
        (should-error (emacs-agent-save (expand-file-name "a.txt" project)) :type 'user-error)
        (emacs-agent-test-turn session "say *this* elisp:(pwn)")
        (dolist (name '("a.md" "a.org" "a.json"))
          (let ((file (expand-file-name name project)))
            (emacs-agent-save file)
            (emacs-agent-test-wait (emacs-agent-test-logged (concat "Saved " file)))
            (should (string-search "say" (emacs-agent-test-read project name)))))
        (should (string-search "say *this* elisp:(pwn)" (emacs-agent-test-read project "a.md")))))))

(provide 'emacs-agent-copy-tests)
;;; emacs-agent-copy-tests.el ends here
