;;; emacs-agent-scripted-tests.el --- Conversations with a scripted model  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)
(require 'imenu)

(defun emacs-agent-scripted-tests--above ()
  "Return what is shown above the input."
  (and (overlayp emacs-agent-header--above) (overlay-buffer emacs-agent-header--above)
       (substring-no-properties (overlay-get emacs-agent-header--above 'before-string))))

;;;; What the model says

(ert-deftest emacs-agent-scripted-streams ()
  "Text is shown before it is whole, thoughts are folded, and both are there in the end, once."
  (emacs-agent-test-talking ""
    (emacs-agent-model-says '((thinking . "Let me see about *that*.") (text . ["Some **bold**" " words,"]) (hold . t)))
    (emacs-agent-test-say "hello")
    (emacs-agent-test-shown "Some *bold* words,")
    (should (string-match-p "^Thinking… ([0-9]+ characters)$" (emacs-agent-test-output)))
    (should-not (string-search "Let me see" (emacs-agent-test-output)))
    (should (string-search "thinking" (emacs-agent-header-line)))
    (emacs-agent-model-open)
    (emacs-agent-test-shown "Done, ")
    (should (= 1 (emacs-agent-test-count "Some *bold* words,")))
    (goto-char (point-min))
    (re-search-forward "^Thought (")
    (beginning-of-line)
    (emacs-agent-tab)
    (should (string-search "Let me see about /that/." (emacs-agent-test-output)))
    (emacs-agent-tab)
    (should-not (string-search "Let me see" (emacs-agent-test-output)))))

(ert-deftest emacs-agent-scripted-is-org ()
  "The conversation is an Org document: imenu finds its prompts, and its headings fold."
  (emacs-agent-test-talking ""
    (emacs-agent-model-says "# A title\n\nSome text.\n\n```python\nprint(1)\n```")
    (emacs-agent-test-say "hello")
    (emacs-agent-test-shown "#+END_SRC")
    (emacs-agent-test-shown "Done, ")
    (should (derived-mode-p 'org-mode))
    (let ((names (format "%S" (imenu--make-index-alist t))))
      (should (string-match-p "hello" names)))
    (goto-char (point-min))
    (re-search-forward "^\\*\\* Assistant")
    (beginning-of-line)
    (emacs-agent-tab)
    (search-forward "Some text.")
    (should (invisible-p (match-beginning 0)))))

(ert-deftest emacs-agent-scripted-environment ()
  "Commands have the environment of the project, the backend has Emacs' own, and runs outside of the project."
  (emacs-agent-test-with-model "[permissions]\nallow = [\"shell_exec(printenv *)\"]\n"
    (emacs-agent-model-says (emacs-agent-model-call "shell_exec" 'command "printenv OF_THE_PROJECT") "Seen.")
    (with-temp-buffer
      (setq default-directory project)
      (setq-local process-environment (cons "OF_THE_PROJECT=by direnv" (default-value 'process-environment)))
      (let ((session (emacs-agent-test-start project)))
        (with-current-buffer (emacs-agent-session-buffer session)
          (emacs-agent-test-say "hello")
          (emacs-agent-test-shown "Seen."))))
    (should (emacs-agent-model-heard (emacs-agent-model-asked 2) "by direnv"))
    (let ((proc (format "/proc/%d/" (process-id (emacs-agent-backend-process emacs-agent-backend)))))
      (skip-unless (file-exists-p proc))
      (should (equal home (file-truename (concat proc "cwd"))))
      (should-not (string-search "OF_THE_PROJECT" (with-temp-buffer
                                                    (insert-file-contents-literally (concat proc "environ"))
                                                    (buffer-string)))))))

(ert-deftest emacs-agent-scripted-plan ()
  "The agent that plans is offered nothing that changes anything, and could not use it."
  (emacs-agent-test-talking ""
    (emacs-agent-test-say "/agent plan")
    (emacs-agent-test-wait (equal "plan" (emacs-agent-session-agent session)))
    (emacs-agent-model-says (emacs-agent-model-call "write_file" 'path "a.txt" 'content "a\n") "A plan.")
    (emacs-agent-test-say "plan it")
    (emacs-agent-test-shown "A plan.")
    (should (string-match-p "^- Tool Call: write_file .*failed: " (emacs-agent-test-output)))
    (should-not (file-exists-p (expand-file-name "a.txt" project)))
    (let ((tools (mapcar (lambda (tool) (alist-get 'name (alist-get 'function tool)))
                         (alist-get 'tools (emacs-agent-model-asked 1)))))
      (should (member "read_file" tools))
      (should-not (member "write_file" tools)))))

(ert-deftest emacs-agent-scripted-attachment ()
  "An image that is mentioned goes along as one; other files are named."
  (emacs-agent-test-talking "[models.\"test/model\"]\nimages = true\n"
    (let ((coding-system-for-write 'binary)
          (png (base64-decode-string "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")))
      (write-region png nil (expand-file-name "dot.png" project) nil 'silent))
    (emacs-agent-test-write project "a.txt" "a\n")
    (emacs-agent-model-says "A dot.")
    (emacs-agent-test-say "what is @dot.png, and @a.txt?")
    (emacs-agent-test-shown "A dot.")
    (should (string-match-p "^- Attached \\[\\[file:.*dot\\.png\\]" (emacs-agent-test-output)))
    (should (string-search "With 1 file" (emacs-agent-test-output)))
    (should (emacs-agent-model-heard (emacs-agent-model-asked 1) "data:image/png;base64,iVBOR"))))

;;;; What goes wrong

(ert-deftest emacs-agent-scripted-retry ()
  "The header says when a call is tried again, the conversation why."
  (emacs-agent-test-talking ""
    (emacs-agent-model-says '((status . 429) (headers . ((retry-after . "1"))) (body . "{}")) "At last.")
    (let* ((headers nil)
           (emacs-agent-session-changed-functions
            (append emacs-agent-session-changed-functions
                    (list (lambda (_) (push (emacs-agent-header-line) headers))))))
      (emacs-agent-test-say "hello")
      (emacs-agent-test-shown "At last.")
      (should (cl-some (lambda (header) (string-search "Trying again in 1 s" header)) headers)))
    (should (string-match-p "^Error LLM_RATE_LIMIT: .*(again in 1 s)$" (emacs-agent-test-output)))
    (emacs-agent-test-idle session)
    (should-not (string-search "Trying again" (emacs-agent-header-line)))))

;;;; While it works

(ert-deftest emacs-agent-scripted-steering-and-queueing ()
  "What steers reaches the model in the turn, what waits after it; both are seen until then."
  (emacs-agent-test-talking ""
    (emacs-agent-test-write project "a.txt" "a\n")
    (emacs-agent-model-says (append '((hold . t)) (emacs-agent-model-call "read_file" 'path "a.txt"))
                            "First is done." "Second is done.")
    (emacs-agent-test-say "first")
    (emacs-agent-model-asked 1)
    (emacs-agent-test-wait (emacs-agent-session-busy-p session))
    (emacs-agent-test-say "second")
    (emacs-agent-test-wait (string-search "Waits: second" (or (emacs-agent-scripted-tests--above) "")))
    (emacs-agent-input-set "but mind this")
    (emacs-agent-send t)
    (emacs-agent-test-wait (string-search "Steers: but mind this" (emacs-agent-scripted-tests--above)))
    (should (string-search "2 queued" (emacs-agent-header-line)))
    (emacs-agent-model-open)
    (emacs-agent-test-shown "Second is done.")
    (should (emacs-agent-model-heard (emacs-agent-model-asked 2) "but mind this"))
    (should-not (emacs-agent-model-heard (emacs-agent-model-asked 2) "second"))
    (should (emacs-agent-model-heard (emacs-agent-model-asked 3) "second"))
    (should (string-match-p "^\\*\\* User (while it worked) .*\nbut mind this" (emacs-agent-test-output)))
    (emacs-agent-test-idle session)
    (should-not (emacs-agent-scripted-tests--above))))

(ert-deftest emacs-agent-scripted-notice ()
  "What should be known of a model is said above the input, for as long as it is the model."
  (emacs-agent-test-talking "[providers.anthropic]\napi_key = \"a-key-that-nobody-uses\"\n"
    (should-not (emacs-agent-scripted-tests--above))
    (let ((note nil))
      (cl-letf (((symbol-function 'completing-read)
                 (lambda (_ table &rest _)
                   (let ((annotate (alist-get 'annotation-function (cdr (funcall table "" nil 'metadata)))))
                     (setq note (funcall annotate "anthropic/claude-sonnet-4-5"))
                     "anthropic/claude-sonnet-4-5"))))
        (emacs-agent-set-model)
        (emacs-agent-test-wait note))
      (should (string-search "30 November 2026" note)))
    (emacs-agent-test-wait (emacs-agent-scripted-tests--above))
    (should (string-search "30 November 2026" (emacs-agent-scripted-tests--above)))
    (emacs-agent-set-model "test/model")
    (emacs-agent-test-wait (null (emacs-agent-scripted-tests--above)))))

(ert-deftest emacs-agent-scripted-taken-back ()
  "A prompt that waits can be taken back into the input."
  (emacs-agent-test-talking ""
    (emacs-agent-model-says '((text . "One.") (hold . t)))
    (emacs-agent-test-say "first")
    (emacs-agent-model-asked 1)
    (emacs-agent-test-say "second")
    (emacs-agent-test-wait (emacs-agent-session-queued session))
    (emacs-agent-edit-queue)
    (emacs-agent-test-wait (equal "second" (emacs-agent-input-text)))
    (emacs-agent-test-wait (null (emacs-agent-session-queued session)))
    (emacs-agent-model-open)
    (emacs-agent-test-shown "Done, ")
    (should (= 1 (length (emacs-agent-model-requests))))))

(ert-deftest emacs-agent-scripted-interrupt ()
  "An interrupt keeps what was said, and gives all that waited back above what is being written."
  (emacs-agent-test-talking ""
    (emacs-agent-model-says '((text . "Half a …") (hold . t)) "Going on.")
    (emacs-agent-test-say "first")
    (emacs-agent-test-shown "Half a …")
    (emacs-agent-test-say "second")
    (emacs-agent-test-say "third\nwith two lines")
    (emacs-agent-test-wait (= 2 (length (emacs-agent-session-queued session))))
    (emacs-agent-input-set "a draft")
    (emacs-agent-interrupt)
    (emacs-agent-test-wait (equal "second\n\nthird\nwith two lines\na draft" (emacs-agent-input-text)))
    (emacs-agent-test-shown "Interrupted, ")
    (should (= 1 (emacs-agent-test-count "Half a …")))
    (emacs-agent-test-say "go on")
    (emacs-agent-test-shown "Going on.")
    (should (emacs-agent-model-heard (emacs-agent-model-asked 2) "Half a …"))))

(provide 'emacs-agent-scripted-tests)
;;; emacs-agent-scripted-tests.el ends here
