;;; emacs-agent-ask-tests.el --- Commands from where one works  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)
(require 'emacs-agent-ask)
(require 'flymake)

(defmacro emacs-agent-ask-tests--visiting (text &rest body)
  "Run BODY in a `buffer' that visits a.el with TEXT in the project of a backend."
  (declare (indent 1))
  `(emacs-agent-test-with-model ""
     (emacs-agent-test-write project "a.el" ,text)
     (let ((buffer (find-file-noselect (expand-file-name "a.el" project))))
       (unwind-protect
           (save-window-excursion
             (switch-to-buffer buffer)
             (buffer-enable-undo)
             ,@body)
         (with-current-buffer buffer (set-buffer-modified-p nil))
         (kill-buffer buffer)))))

(defun emacs-agent-ask-tests--proposal ()
  "Wait for a proposal in this buffer and return its overlay."
  (emacs-agent-test-wait
   (cl-find-if (lambda (overlay) (overlay-get overlay 'emacs-agent-after))
               (overlays-in (point-min) (point-max)))))

(ert-deftest emacs-agent-ask-region ()
  "A question about a region goes to the conversation of the project, with the region."
  (emacs-agent-ask-tests--visiting "one\ntwo\nthree\n"
    (emacs-agent-model-says "It is *two*.")
    (emacs-agent-ask-region 5 8 "What is this?")
    (let ((session (car emacs-agent-session-list)))
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-test-shown "It is /two/.")
        (should (string-match-p "^- With region of \\[\\[file:.*a\\.el" (emacs-agent-test-output))))
      (let ((asked (emacs-agent-model-asked 1)))
        (should (emacs-agent-model-heard asked "What is this?"))
        (should (emacs-agent-model-heard asked "two")))
      ;; The next one goes to the same conversation.
      (emacs-agent-model-says "All.")
      (emacs-agent-send-buffer "And this?")
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-test-shown "All."))
      (should (emacs-agent-model-heard (emacs-agent-model-asked 2) "three"))
      (should (= 1 (length emacs-agent-session-list))))))

(ert-deftest emacs-agent-ask-fixes-diagnostic ()
  "What Flymake says about a line goes along, with its place."
  (emacs-agent-ask-tests--visiting "(defun f ()\n  (oops))\n"
    (let ((flymake-no-changes-timeout nil) (flymake-start-on-flymake-mode nil))
      (setq-local flymake-diagnostic-functions
                  (list (lambda (report &rest _)
                          (funcall report (list (flymake-make-diagnostic (current-buffer) 15 21 :error
                                                                         "oops is not known"))))))
      (flymake-mode 1)
      (flymake-start)
      (emacs-agent-test-wait (flymake-diagnostics))
      (goto-char (point-min))
      (should-error (emacs-agent-fix-diagnostic-at-point) :type 'user-error)
      (emacs-agent-model-says "Mended.")
      (forward-line 1)
      (emacs-agent-fix-diagnostic-at-point)
      (with-current-buffer (emacs-agent-session-buffer (car emacs-agent-session-list))
        (emacs-agent-test-shown "Mended.")
        (should (string-search "With 1 diagnostic" (emacs-agent-test-output))))
      (let ((asked (emacs-agent-model-asked 1)))
        (should (emacs-agent-model-heard asked "Fix this problem: oops is not known"))
        (should (emacs-agent-model-heard asked "a.el:2"))))))

(ert-deftest emacs-agent-rewrite-accepted ()
  "A proposal is shown below the text, and changes it only when it is taken; undo takes it back."
  (emacs-agent-ask-tests--visiting "(one)\n(two)\n(three)\n"
    (emacs-agent-model-says "```elisp\n(TWO)\n```")
    (emacs-agent-rewrite-region 7 13 "louder")
    (let ((overlay (emacs-agent-ask-tests--proposal)))
      (should (equal (buffer-string) "(one)\n(two)\n(three)\n"))
      (should (string-prefix-p "(TWO)\n" (overlay-get overlay 'after-string)))
      (let ((asked (emacs-agent-model-asked 1)))
        (should (emacs-agent-model-heard asked "(two)"))
        (should (emacs-agent-model-heard asked "louder"))
        (should-not (alist-get 'tools asked)))
      (goto-char 8)
      (should (eq (key-binding (kbd "C-c C-c")) #'emacs-agent-rewrite-accept))
      (undo-boundary)
      (emacs-agent-rewrite-accept)
      (should (equal (buffer-string) "(one)\n(TWO)\n(three)\n"))
      (should-not (overlay-buffer overlay))
      (undo-boundary)
      (setq last-command nil)
      (undo)
      (should (equal (buffer-string) "(one)\n(two)\n(three)\n")))
    ;; What was asked for once is in no list afterwards.
    (should-not emacs-agent-session-list)))

(ert-deftest emacs-agent-rewrite-of-fences ()
  "Text with fences of its own goes and comes as it is."
  (emacs-agent-ask-tests--visiting "```sh\nls\n```\n"
    (emacs-agent-model-says "````markdown\n```sh\nls -l\n```\n````")
    (emacs-agent-rewrite-region (point-min) (point-max) "longer")
    (emacs-agent-ask-tests--proposal)
    (should (emacs-agent-model-heard (emacs-agent-model-asked 1) "````\\n```sh\\nls\\n```\\n\\n````"))
    (emacs-agent-rewrite-accept)
    (should (equal (buffer-string) "```sh\nls -l\n```\n"))))

(ert-deftest emacs-agent-rewrite-refused ()
  "A proposal that is refused leaves nothing behind."
  (emacs-agent-ask-tests--visiting "one\n"
    (emacs-agent-model-says "ONE")
    (emacs-agent-rewrite-region 1 5 "louder")
    (emacs-agent-ask-tests--proposal)
    (emacs-agent-rewrite-refuse)
    (should (equal (buffer-string) "one\n"))
    (should-not (buffer-modified-p))
    (should-not (overlays-in (point-min) (point-max)))
    (should-error (emacs-agent-rewrite-accept) :type 'user-error)))

(ert-deftest emacs-agent-rewrite-edited-meanwhile ()
  "Text that was changed while the model wrote is replaced only when the user says so."
  (emacs-agent-ask-tests--visiting "one\n"
    (emacs-agent-model-says '((text . "ONE") (hold . t)))
    (emacs-agent-rewrite-region 1 5 "louder")
    (emacs-agent-model-asked 1)
    (goto-char 2)
    (insert "!")
    (emacs-agent-model-open)
    (emacs-agent-ask-tests--proposal)
    (let ((asked 0))
      (cl-letf (((symbol-function 'y-or-n-p) (lambda (_) (cl-incf asked) nil)))
        (should-error (emacs-agent-rewrite-accept) :type 'user-error)
        (should (equal (buffer-string) "o!ne\n")))
      (cl-letf (((symbol-function 'y-or-n-p) (lambda (_) (cl-incf asked) t)))
        (emacs-agent-rewrite-accept)
        (should (equal (buffer-string) "ONE\n")))
      (should (= asked 2)))))

(defun emacs-agent-ask-tests--faces (text face)
  "Return the parts of TEXT that have FACE."
  (cl-loop with start = 0 while (< start (length text))
           for end = (next-single-property-change start 'face text (length text))
           when (memq face (ensure-list (get-text-property start 'face text)))
           collect (substring text start end)
           do (setq start end)))

(ert-deftest emacs-agent-rewrite-by-words ()
  "What is shown of a proposal marks the words by which it differs."
  (skip-unless (executable-find "diff"))
  (emacs-agent-ask-tests--visiting "the quick fox\n"
    (emacs-agent-model-says "the slow fox\n")
    (emacs-agent-rewrite-region (point-min) (point-max) "slower")
    (let ((overlay (emacs-agent-ask-tests--proposal)))
      (should (equal (emacs-agent-ask-tests--faces (overlay-get overlay 'after-string) 'diff-refine-added) '("slow")))
      (should (equal (mapcar (lambda (each) (buffer-substring (overlay-start each) (overlay-end each)))
                             (overlay-get overlay 'emacs-agent-words))
                     '("quick")))
      (emacs-agent-rewrite-refuse)
      (should-not (overlays-in (point-min) (point-max))))))

(ert-deftest emacs-agent-rewrite-again ()
  "A further instruction goes with the proposal before; where it fails, that one stays."
  (emacs-agent-ask-tests--visiting "one\n"
    (emacs-agent-model-says "ONE" "ONE!" '((status . 400) (body . "{\"error\":{\"message\":\"no such thing\"}}")))
    (emacs-agent-rewrite-region (point-min) (point-max) "louder")
    (let ((overlay (emacs-agent-ask-tests--proposal)))
      (emacs-agent-rewrite-again "even louder")
      (emacs-agent-test-wait (equal (overlay-get overlay 'emacs-agent-after) "ONE!\n"))
      (let ((asked (emacs-agent-model-asked 2)))
        (dolist (text '("louder" "ONE" "even louder" "You proposed"))
          (should (emacs-agent-model-heard asked text))))
      (emacs-agent-rewrite-again "still louder")
      (emacs-agent-test-wait (emacs-agent-test-logged "no such thing"))
      (emacs-agent-rewrite-accept)
      (should (equal (buffer-string) "ONE!\n")))))

(ert-deftest emacs-agent-rewrite-several ()
  "Several regions have proposals at once, which are taken together; they do not overlap."
  (emacs-agent-ask-tests--visiting "one\ntwo\nthree\n"
    (emacs-agent-model-says "ONE" "THREE")
    (emacs-agent-rewrite-region 1 5 "louder")
    (emacs-agent-test-wait (= 1 (length (cl-remove-if-not (lambda (each) (overlay-get each 'emacs-agent-after))
                                                          (overlays-in 1 5)))))
    (should-error (emacs-agent-rewrite-region 3 8 "louder") :type 'user-error)
    (emacs-agent-rewrite-region 9 15 "louder")
    (emacs-agent-test-wait (cl-some (lambda (each) (overlay-get each 'emacs-agent-after)) (overlays-in 9 15)))
    (goto-char (point-min))
    (emacs-agent-rewrite-accept t)
    (should (equal (buffer-string) "ONE\ntwo\nTHREE\n"))
    (should-not (overlays-in (point-min) (point-max)))))

(ert-deftest emacs-agent-rewrite-merged ()
  "A merge has a conflict for each change, of which each is resolved by itself."
  (skip-unless (executable-find "diff"))
  (emacs-agent-ask-tests--visiting "one\ntwo\nthree\n"
    (emacs-agent-model-says "ONE\ntwo\nTHREE")
    (emacs-agent-rewrite-region (point-min) (point-max) "louder")
    (emacs-agent-ask-tests--proposal)
    (emacs-agent-rewrite-merge)
    (should smerge-mode)
    (should (equal (buffer-string)
                   "<<<<<<< yours\none\n=======\nONE\n>>>>>>> proposed\ntwo\n\
<<<<<<< yours\nthree\n=======\nTHREE\n>>>>>>> proposed\n"))
    (smerge-keep-lower)
    (smerge-next)
    (smerge-keep-upper)
    (should (equal (buffer-string) "ONE\ntwo\nthree\n"))))

(ert-deftest emacs-agent-rewrite-in-ediff ()
  "What Ediff makes of a proposal is taken, and the windows come back."
  (emacs-agent-ask-tests--visiting "one\n"
    (emacs-agent-model-says "ONE")
    (emacs-agent-rewrite-region (point-min) (point-max) "louder")
    (emacs-agent-ask-tests--proposal)
    (cl-letf (((symbol-function 'emacs-agent-compare)
               (lambda (before after _mode then)
                 (should (equal (list before after) '("one\n" "ONE\n")))
                 (funcall then "One\n" t)))
              ((symbol-function 'y-or-n-p) (lambda (_) t)))
      (emacs-agent-rewrite-ediff))
    (should (equal (buffer-string) "One\n"))))

(ert-deftest emacs-agent-rewrite-read-only ()
  "What cannot be changed is not asked about, and a change that fails leaves the text whole."
  (emacs-agent-ask-tests--visiting "one\ntwo\n"
    (setq buffer-read-only t)
    (should-error (emacs-agent-rewrite-region 1 5 "louder") :type 'buffer-read-only)
    (setq buffer-read-only nil)
    (emacs-agent-model-says "ONE")
    (emacs-agent-rewrite-region 1 5 "louder")
    (emacs-agent-ask-tests--proposal)
    (let ((before-change-functions (list (lambda (start end) (when (< start end) (error "No deletion"))))))
      (should-error (emacs-agent-rewrite-accept)))
    (should (equal (buffer-string) "one\ntwo\n"))))

(ert-deftest emacs-agent-rewrite-that-fails ()
  "Where there is no answer, the text looks as it did, and the reason is said."
  (emacs-agent-ask-tests--visiting "one\n"
    (emacs-agent-model-says '((status . 400) (body . "{\"error\":{\"message\":\"no such thing\"}}")))
    (emacs-agent-rewrite-region 1 5 "louder")
    (emacs-agent-test-wait (emacs-agent-test-logged "no such thing"))
    (should (equal (buffer-string) "one\n"))
    (emacs-agent-test-wait (null (overlays-in (point-min) (point-max))))))

(ert-deftest emacs-agent-commit-message ()
  "A message for what is staged goes into the buffer for it, or into the kill ring."
  (emacs-agent-ask-tests--visiting "(staged)\n"
    (skip-unless (executable-find "git"))
    (let ((default-directory project))
      (call-process "git" nil nil nil "init" "-q")
      (call-process "git" nil nil nil "add" "a.el")
      (emacs-agent-model-says "```\nAdd what is staged\n```")
      (emacs-agent-commit-message)
      (emacs-agent-test-wait (equal (car kill-ring) "Add what is staged\n"))
      (should (emacs-agent-model-heard (emacs-agent-model-asked 1) "+(staged)"))
      (emacs-agent-model-says "Say it again")
      (with-temp-buffer
        (setq default-directory project)
        (insert "# Comment\n")
        (goto-char (point-min))
        (setq-local git-commit-mode t)
        (emacs-agent-commit-message)
        (emacs-agent-test-wait (equal (buffer-string) "Say it again\n# Comment\n")))
      (call-process "git" nil nil nil "reset" "-q")
      (emacs-agent-commit-message)
      (emacs-agent-test-wait (emacs-agent-test-logged "Nothing is staged")))))

(defvar git-commit-mode)

(provide 'emacs-agent-ask-tests)
;;; emacs-agent-ask-tests.el ends here
