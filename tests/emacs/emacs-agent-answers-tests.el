;;; emacs-agent-answers-tests.el --- Buffers, help, compiling and forms  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-asked)
(require 'emacs-agent-describe)
(require 'emacs-agent-eval)
(require 'emacs-agent-compile)
(require 'info)

;;;; Buffers

(ert-deftest emacs-agent-answers-buffers ()
  "Buffers are listed, those of files in the project are read with their unsaved text, others only once that is approved."
  (emacs-agent-asked-with '(("a.txt" . "one\ntwo\nthree\n") (".env" . "KEY=secret-value\n"))
    (emacs-agent-asked-visit project ".env")
    (with-current-buffer (emacs-agent-asked-visit project "a.txt")
      (goto-char (point-max))
      (insert "unsaved ü\n"))
    (with-current-buffer (get-buffer-create "*notes*") (insert "a note"))
    (unwind-protect
        (let ((list (emacs-agent-asked-told "buffers")))
          (should (string-match-p "^a\\.txt \\[modified\\] a\\.txt$" list))
          (should (string-match-p "^\\*notes\\*$" list))
          (should-not (string-search ".env" list))
          (should (equal "three\nunsaved ü\n" (emacs-agent-asked-told "buffers" 'name "a.txt" 'offset 3)))
          (should (equal "two\n" (emacs-agent-asked-told "buffers" 'name "a.txt" 'offset 2 'limit 1)))
          (should (equal "a note" (emacs-agent-asked-approved session "buffers" 'name "*notes*")))
          (should (string-search "There is no buffer" (emacs-agent-asked-approved session "buffers" 'name "*gone*"))))
      (kill-buffer "*notes*"))))

;;;; Help

(defvar emacs-agent-answers-api-key "not to be told"
  "A key.")
(defvar emacs-agent-answers-plain (make-list 100 'item)
  "A list.")

(ert-deftest emacs-agent-answers-describe ()
  "Functions, variables and keys are described as Emacs does it, in no window; the value of a variable with the name of a secret is withheld."
  (let ((windows (window-list)))
    (cl-flet ((help (name &optional kind)
                (emacs-agent-describe-answer
                 (make-emacs-agent-editor-request :params `((name . ,name) (kind . ,(or kind :null)))))))
      (should (string-search "Trim STRING of leading" (help "string-trim" "function")))
      (let ((plain (help "emacs-agent-answers-plain")))
        (should (string-search "A list." plain))
        (should (string-search "(item item" plain))
        (should (< (length plain) 600)))
      (should-not (string-search "not to be told" (help "emacs-agent-answers-api-key")))
      (should (string-search "runs the command find-file" (help "C-x C-f")))
      (should (string-search "fill-column" (help "fill-colum")))
      (should-error (help "(no-such-manual)Top")))
    (should (equal windows (window-list)))
    (should (= 0 (if (get-buffer "*Help*") (buffer-size (get-buffer "*Help*")) 0)))))

(ert-deftest emacs-agent-answers-info ()
  "A node of a manual is read without showing it."
  (let* ((directory (file-name-as-directory (make-temp-file "emacs-agent-info" t)))
         (Info-directory-list (list directory)))
    (unwind-protect
        (progn
          (emacs-agent-test-write
           directory "tiny.info"
           "This is tiny.info.\n\n\x1f\nFile: tiny.info,  Node: Top,  Next: Two,  Up: (dir)\n\nThe top.\n\x1f\nFile: tiny.info,  Node: Two,  Prev: Top,  Up: Top\n\nThe second node.\n")
          (let ((text (emacs-agent-describe-answer
                       (make-emacs-agent-editor-request :params '((name . "(tiny)Two"))))))
            (should (string-search "The second node." text))
            (should-not (string-search "The top." text)))
          (should-not (get-buffer "*info*")))
      (delete-directory directory t))))

;;;; Compiling

(ert-deftest emacs-agent-answers-compile ()
  "The command is shown before it runs, and its errors are parsed."
  (emacs-agent-asked-with '(("a.c" . "int x\n"))
    (with-current-buffer (emacs-agent-asked-visit project "a.c")
      (setq-local compile-command "printf 'a.c:1:6: error: no semicolon\\n'; exit 2"))
    (let ((told (emacs-agent-asked-approved session "compile")))
      (should (string-search "Command: printf 'a.c:1:6" (string-replace "\u200b" "" emacs-agent-asked-shown)))
      (should (string-match-p "exited abnormally with code 2" told))
      (should (string-match-p "^a\\.c:1:6: a\\.c:1:6: error: no semicolon$" told)))
    (should-not (cl-some (lambda (window)
                           (string-prefix-p "*emacs-agent-compilation*" (buffer-name (window-buffer window))))
                         (window-list)))))

(ert-deftest emacs-agent-answers-compile-changed ()
  "A command that was changed after it was shown does not run."
  (emacs-agent-asked-with '(("a.c" . "int x\n"))
    (with-current-buffer (emacs-agent-asked-visit project "a.c")
      (setq-local compile-command "true"))
    (emacs-agent-model-says (emacs-agent-model-call "compile") "Good.")
    (emacs-agent-test-say "go")
    (emacs-agent-test-go-to-decide session)
    (with-current-buffer (emacs-agent-asked-visit project "a.c")
      (setq-local compile-command "touch made"))
    (let ((emacs-agent-approval-delay 0)) (emacs-agent-approve))
    (should (string-search "was changed after it was shown" (emacs-agent-asked-after 0)))
    (should-not (file-exists-p (expand-file-name "made" project)))))

(ert-deftest emacs-agent-answers-compile-interrupted ()
  "A compilation ends when its turn is interrupted."
  (emacs-agent-asked-with '(("a.c" . "int x\n"))
    (with-current-buffer (emacs-agent-asked-visit project "a.c")
      (setq-local compile-command "echo started; exec sleep 1000"))
    (let ((emacs-agent-compile-pace 0.1) (emacs-agent-approval-delay 0))
      (emacs-agent-model-says (emacs-agent-model-call "compile"))
      (emacs-agent-test-say "go")
      (emacs-agent-test-go-to-decide session)
      (emacs-agent-approve)
      (let ((compilation (emacs-agent-test-wait
                          (cl-find-if (lambda (process)
                                        (string-prefix-p "*emacs-agent-compilation*"
                                                         (buffer-name (or (process-buffer process) (current-buffer)))))
                                      (process-list)))))
        (emacs-agent-test-wait (with-current-buffer (process-buffer compilation)
                                 (string-search "started" (buffer-string))))
        (emacs-agent-interrupt)
        (emacs-agent-test-wait (not (process-live-p compilation)))))))

;;;; Forms

(ert-deftest emacs-agent-answers-eval ()
  "A form is shown before it is evaluated, and the model receives its value, or its error."
  (emacs-agent-asked-with nil
    (unwind-protect
        (progn
          (customize-set-variable 'emacs-agent-eval-elisp t)
          (should (equal "(42)" (emacs-agent-asked-approved session "eval_elisp" 'form "(list (* 6 7))")))
          (should (string-search "(list (* 6 7))" emacs-agent-asked-shown))
          (should (string-search "not good" (emacs-agent-asked-approved
                                             session "eval_elisp" 'form "(error \"not good\")")))
          (should (string-search "inhibited" (emacs-agent-asked-approved
                                              session "eval_elisp" 'form "(read-string \"What? \")"))))
      (customize-set-variable 'emacs-agent-eval-elisp nil))))

(ert-deftest emacs-agent-answers-eval-reads ()
  "Several forms are one; half a form is none."
  (pcase-dolist (`(,text . ,form) '(("1" . 1) ("(a) (b)" . (progn (a) (b))) ("(a) ; why\n" . (a)) ("; why\n(a)" . (a))))
    (should (equal form (emacs-agent-eval--read text))))
  (should-error (emacs-agent-eval--read "(a"))
  (should-error (emacs-agent-eval--read "(a))")))

(provide 'emacs-agent-answers-tests)
;;; emacs-agent-answers-tests.el ends here
