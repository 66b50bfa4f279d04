;;; emacs-agent-markdown-tests.el --- Markdown as inert Org  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-test)
(require 'org-element)

(defun emacs-agent-markdown-tests--fixtures ()
  "Return the names of the fixtures that are shared with the backend."
  (let ((directory (expand-file-name "tests/fixtures/markdown-org" emacs-agent-test-root)))
    (and (file-directory-p directory)
         (directory-files directory t "\\.md\\'"))))

(ert-deftest emacs-agent-markdown-fixtures ()
  "Both converters make the same of the same."
  (let ((fixtures (emacs-agent-markdown-tests--fixtures)))
    (unless fixtures (ert-skip "tests/fixtures/markdown-org is not there"))
    (dolist (file fixtures)
      (let ((markdown (emacs-agent-test-read nil file))
            (org (emacs-agent-test-read nil (concat (file-name-sans-extension file) ".org"))))
        (ert-info ((file-name-base file))
          (should (equal (string-trim-right (emacs-agent-markdown-to-org markdown) "\n+")
                         ;; The backend breaks this once, in the whole document.
                         (string-trim-right (emacs-agent-inert-seal org) "\n+"))))))))

(defconst emacs-agent-markdown-tests--texts
  '("# Title\n\nSome *em*, **strong** and `code`, [a link](http://x.org/y) and https://x.org.\n\n- a\n- b\n  - c\n\n1. x\n2. y\n"
    "Before\n\n```python\nprint('* hi')\n* star\n#+x\n\n    deep\n```\nafter\n\n~~~\nplain\n~~~\n"
    "| a | b |\n|---|---|\n| 1 | `x` |\n| 2 | **y** |\n\ntext\n\n> quote\n> more\n\n---\nend"
    "one *two\nthree* four\n\nHead\n====\n\nfive\n---\nsix [ref][r]\n\n[r]: http://e.org/x\n"
    "```\nunclosed\n* heading\n"
    "- item\n\n  para\n\n  ```js\n  x\n  ```\n- next\n\n\n\ntext\r\nwith dos\r\n"
    "```\n```\n\n**a** é 日本 — `b")
  "Texts with every kind of block.")

(defun emacs-agent-markdown-tests--stream (text cuts &optional each)
  "Return what is shown of TEXT when it comes in pieces, cut at CUTS.
It is shown after EACH piece."
  (with-temp-buffer
    (insert "\n")
    (goto-char (point-min))
    (let ((flow (emacs-agent-flow-begin nil)) (start 0))
      (dolist (cut (append cuts (list (length text))))
        (emacs-agent-flow-add flow (substring text start cut))
        (when each (emacs-agent-flow-show flow))
        (setq start cut))
      (emacs-agent-flow-finish flow text)
      (buffer-substring-no-properties 1 (1- (point-max))))))

(ert-deftest emacs-agent-flow-every-split ()
  "What is shown in the end does not depend on where the text was cut."
  (dolist (text emacs-agent-markdown-tests--texts)
    (let ((expected (emacs-agent-markdown-to-org text)))
      (ert-info (text)
        (dotimes (cut (length text))
          (should (equal expected (emacs-agent-markdown-tests--stream text (list cut) t))))
        (should (equal expected (emacs-agent-markdown-tests--stream
                                 text (number-sequence 1 (1- (length text))) t)))))))

(ert-deftest emacs-agent-flow-while-streaming ()
  "At any time nothing that is shown is a heading, a keyword or a drawer of its own."
  (let ((text "Intro\n* star\n** two\n#+TITLE: x\n:PROPERTIES:\n:END:\n```\n* in\n#+END_SRC\n** code\n```\n"))
    (with-temp-buffer
      (insert "\n")
      (goto-char (point-min))
      (let ((flow (emacs-agent-flow-begin nil)) (case-fold-search t))
        (dotimes (at (length text))
          (emacs-agent-flow-add flow (substring text at (1+ at)))
          (emacs-agent-flow-show flow)
          (goto-char (point-min))
          (should-not (re-search-forward "^\\*+ \\|^#\\+title\\|^:properties:" nil t)))))))

(ert-deftest emacs-agent-flow-replaced ()
  "A delta that replaces starts afresh, and another whole text wins."
  (with-temp-buffer
    (insert "\n")
    (goto-char (point-min))
    (let ((flow (emacs-agent-flow-begin nil)))
      (emacs-agent-flow-add flow "old *text*\n\nmore")
      (emacs-agent-flow-show flow)
      (emacs-agent-flow-reset flow "new")
      (emacs-agent-flow-show flow)
      (should (equal (buffer-string) "new\n"))
      (emacs-agent-flow-finish flow "something else")
      (should (equal (buffer-string) "something else\n")))))

(defconst emacs-agent-markdown-tests--hostile
  '("* heading" "** TODO heading :tag:" "#+BEGIN_SRC emacs-lisp\n(delete-file \"x\")\n#+END_SRC" "#+MACRO: m (eval (x))"
    "{{{m}}}" "[[elisp:(message \"x\")][click]]" "[[shell:rm -rf][x]]" "<<target>>" "<elisp:(x)>" ":DRAWER:\nx\n:END:"
    "CLOCK: [2026-01-01 Thu 10:00]" "DEADLINE: <2026-01-01 Thu>" "<2026-01-01 Thu>" "src_emacs-lisp{(x)}"
    "call_foo(x)" "[fn:1] note" "[fn:x:inline]" "%%(org-anniversary 1 2 3)" "| a |" "#+CALL: x()" "mailto:x@y.z"
    "[x](elisp:foo)" "[x](javascript:alert)" "[x](/ssh:host:/etc/passwd)" "![x](shell:ls)" "<script>x</script>"
    "$x$" "\\begin{x}\ny\n\\end{x}" "@@html:x@@" "```emacs-lisp :results silent :eval yes\n(x)\n```"
    "# -*- eval: (x) -*-" "Local Variables:\neval: (x)\nEnd:" "- term :: [[elisp:x]]" "`[[elisp:x]]`"
    "**[[elisp:x]]**" "*[a](elisp:b)*" "\n\f\nLocal Variables:\nmode: x\nEnd:")
  "Texts that would be something in Org.")

(defun emacs-agent-markdown-tests--found (org)
  "Return what Org sees in ORG that text may not be."
  (with-temp-buffer
    (let ((org-inhibit-startup t)) (org-mode))
    (insert "* Ours\n" org "\n")
    (let ((found nil))
      (org-element-map (org-element-parse-buffer)
          '(headline keyword drawer property-drawer node-property clock planning timestamp macro link target radio-target
                     inline-src-block inline-babel-call babel-call footnote-reference footnote-definition
                     diary-sexp export-snippet latex-environment latex-fragment src-block dynamic-block special-block
                     export-block comment-block inlinetask)
        (lambda (element)
          (let ((type (org-element-type element)))
            (unless (or (and (eq type 'headline) (equal (org-element-property :raw-value element) "Ours"))
                        (and (eq type 'link) (member (org-element-property :type element) '("http" "https" "file"))
                             (not (string-prefix-p "/ssh:" (org-element-property :path element))))
                        (and (eq type 'src-block)
                             (equal (org-element-property :parameters element) ":eval never")))
              (push (cons type (substring-no-properties org)) found)))))
      found)))

(ert-deftest emacs-agent-markdown-is-inert ()
  "Nothing in a text is anything in Org but text, source that is never run, and plain links."
  (dolist (text emacs-agent-markdown-tests--hostile)
    (dolist (around '("%s" "before %s after" "before\n%s\nafter" "- %s" "**%s**"))
      (let ((whole (format around text)))
        (should-not (emacs-agent-markdown-tests--found (emacs-agent-markdown-to-org whole)))
        (should-not (emacs-agent-markdown-tests--found (emacs-agent-markdown-prompt whole)))
        (should-not (emacs-agent-markdown-tests--found (emacs-agent-inert-line whole)))
        (should-not (emacs-agent-markdown-tests--found (emacs-agent-inert-block "EXAMPLE" whole)))))))

(ert-deftest emacs-agent-show-all-hides-nothing ()
  (should (equal (emacs-agent-show-all "a\u202eb\u200bc\e[0m") "a<U+202E>b<U+200B>c␛[0m")))

(provide 'emacs-agent-markdown-tests)
;;; emacs-agent-markdown-tests.el ends here
