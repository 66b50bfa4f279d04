;;; emacs-agent-editor-tests.el --- What the agent asks of Emacs  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-asked)
(require 'flymake)

(defconst emacs-agent-editor-tests--lisp
  ";;; greet.el --- Greets  -*- lexical-binding: t; -*-
(defvar greet-word \"hello\")
(defun greet-someone (name)
  \"Greet NAME.\"
  (concat greet-word name))
(greet-someone \"you\")
")

;;;; Registering

(ert-deftest emacs-agent-editor-registers ()
  "The first turn is offered the tools of Emacs, without eval_elisp unless it is wanted."
  (emacs-agent-asked-with nil
    (emacs-agent-model-says "Hello.")
    (emacs-agent-test-say "hello")
    (let ((offered (emacs-agent-asked-offered 1)))
      (dolist (tool '("diagnostics" "definition" "references" "hover" "symbols" "buffers" "describe" "compile"))
        (should (member tool offered)))
      (should-not (member "eval_elisp" offered)))
    (emacs-agent-test-wait (equal "idle" (emacs-agent-session-state session)))
    (unwind-protect
        (progn
          (customize-set-variable 'emacs-agent-eval-elisp t)
          (setf (emacs-agent-session-editor session) nil)
          (emacs-agent-model-says "Hello again.")
          (emacs-agent-test-say "hello")
          (should (member "eval_elisp" (emacs-agent-asked-offered 2))))
      (customize-set-variable 'emacs-agent-eval-elisp nil))))

(ert-deftest emacs-agent-editor-reconnects ()
  "A stream that was cut is followed again, and the tools are registered over it."
  (emacs-agent-asked-with nil
    (emacs-agent-model-says "Hello.")
    (emacs-agent-test-say "hello")
    (emacs-agent-test-shown "Hello.")
    (let ((first (car (emacs-agent-session-editor session))))
      (delete-process first)
      (emacs-agent-test-wait (and (processp (car (emacs-agent-session-editor session)))
                                  (cdr (emacs-agent-session-editor session))
                                  (not (eq first (car (emacs-agent-session-editor session)))))))
    (should (string-search "Return the car of LIST" (emacs-agent-asked-told "describe" 'name "car")))))

(ert-deftest emacs-agent-editor-once ()
  "A request that comes twice is answered once, and one for a tool that is not offered is refused."
  (emacs-agent-test-with-session
    (let ((event (emacs-agent-test-event "editor.request" 'request_id "er_1" 'tool "describe"
                                         'params '((name . "car")) 'timeout_ms 10000)))
      (cl-letf (((symbol-function 'emacs-agent-backend-ready-p) #'always))
        (setq emacs-agent-editor--known nil)
        (emacs-agent-editor--asked session event)
        (emacs-agent-editor--asked session event)
        (emacs-agent-test-wait sent)
        (should (equal '("/api/sessions/s1/editor/er_1") (mapcar #'cadr sent)))
        (setq sent nil)
        (emacs-agent-editor--asked session (emacs-agent-test-event "editor.request" 'request_id "er_2" 'tool "eval_elisp"
                                                                   'params '((form . "(kill-emacs)")) 'timeout_ms 10000))
        (emacs-agent-test-wait sent)
        (should (alist-get 'error (nth 2 (car sent))))))))

(ert-deftest emacs-agent-editor-gives-way ()
  "Work that the user's typing stops begins again, and never asks in the minibuffer."
  (emacs-agent-test-with-session
    (cl-letf* (((symbol-function 'emacs-agent-backend-ready-p) #'always)
               (request (make-emacs-agent-editor-request :session session :id "er_3" :deadline (+ (float-time) 20)))
               (runs 0))
      (emacs-agent-editor--work request (lambda (_) (cl-incf runs) (if (< runs 3) (throw throw-on-input t) "done")))
      (emacs-agent-test-wait sent)
      (should (= 3 runs))
      (should (equal '((result . "done")) (nth 2 (car sent))))
      (setq sent nil)
      (setf (emacs-agent-editor-request-open request) t)
      (emacs-agent-editor--work request (lambda (_) (signal 'quit nil)) t)
      (should (string-search "stopped it" (format "%S" (nth 2 (car sent)))))
      (setq sent nil)
      (setf (emacs-agent-editor-request-open request) t)
      (emacs-agent-editor--work request (lambda (_) (read-string "What? ")))
      (should (alist-get 'error (nth 2 (car sent)))))))

;;;; Looking things up

(ert-deftest emacs-agent-editor-lookup ()
  "Definitions, references and symbols are found, also in a file that is not visited."
  (emacs-agent-asked-with `(("greet.el" . ,emacs-agent-editor-tests--lisp))
    (load (expand-file-name "greet.el" project) nil t t)
    (should (string-match-p "\\`greet\\.el:3:0 "
                            (emacs-agent-asked-told "definition" 'path "greet.el" 'line 6 'symbol "greet-someone")))
    (should-not (get-file-buffer (expand-file-name "greet.el" project)))
    (should (string-match-p "greet\\.el:6" (emacs-agent-asked-told
                                            "references" 'path "greet.el" 'line 3 'symbol "greet-someone")))
    (should (equal "greet.el:3:0 greet-someone"
                   (emacs-agent-asked-told "symbols" 'path "greet.el" 'query "some")))
    (emacs-agent-asked-visit project "greet.el")
    (should (string-search "greet.el:2:0 Variables/greet-word"
                           (emacs-agent-asked-told "symbols" 'query "greet-w")))
    (should (equal "greet-someone: (NAME)"
                   (emacs-agent-asked-told "hover" 'path "greet.el" 'line 6 'symbol "greet-someone")))))

(ert-deftest emacs-agent-editor-lookup-gone ()
  "A lookup that fails reports why, and no file is left visited."
  (emacs-agent-asked-with '(("a.txt" . "words\n"))
    (should (string-search "Nothing finds definitions"
                           (emacs-agent-asked-told "definition" 'path "a.txt" 'line 1 'symbol "words")))
    (should (string-search "does not exist"
                           (emacs-agent-asked-told "symbols" 'path "missing.el")))
    (should-not (get-file-buffer (expand-file-name "a.txt" project)))))

;;;; Diagnostics

(defun emacs-agent-editor-tests--checker (report &rest _)
  "A checker that REPORTs each \"bad\" a moment later."
  (let ((buffer (current-buffer)))
    (run-at-time
     0.1 nil
     (lambda ()
       (when (buffer-live-p buffer)
         (with-current-buffer buffer
           (save-excursion
             (goto-char (point-min))
             (funcall report
                      (cl-loop while (search-forward "bad" nil t)
                               collect (flymake-make-diagnostic
                                        buffer (match-beginning 0) (match-end 0) :error "This is bad"))))))))))

(ert-deftest emacs-agent-editor-diagnostics ()
  "Flymake's diagnostics are those of the text as it is now, also after the file was changed on the disk."
  (emacs-agent-asked-with '(("a.txt" . "good\n  bad\n") ("b.txt" . ""))
    (should (string-search "does not visit" (emacs-agent-asked-told "diagnostics" 'path "a.txt")))
    (with-current-buffer (emacs-agent-asked-visit project "a.txt")
      (setq-local flymake-diagnostic-functions '(emacs-agent-editor-tests--checker))
      (flymake-mode 1))
    (should (equal "a.txt:2:2 error: This is bad (emacs-agent-editor-tests--checker)"
                   (emacs-agent-asked-told "diagnostics" 'path "a.txt")))
    (should (string-search "a.txt:2:2" (emacs-agent-asked-told "diagnostics")))
    (with-current-buffer (emacs-agent-asked-visit project "a.txt")
      (let ((inhibit-read-only t)) (goto-char (point-min)) (insert "bad\n")))
    (should (string-search "a.txt:1:0" (emacs-agent-asked-told "diagnostics" 'path "a.txt")))))

(ert-deftest emacs-agent-editor-eglot ()
  "Eglot's answer after each edit has clangd's diagnostics of the text after it, never of an older one."
  (skip-unless (and (executable-find "clangd") (require 'eglot nil t)))
  (emacs-agent-asked-with '(("a.c" . "int foo(int x) { return x; }\nint main(void) { return foo(1); }\n"))
    (let ((eglot-server-programs '((c-mode . ("clangd")))) (eglot-sync-connect 60) (count 0)
          (emacs-agent-diagnostics-patience 60))
      (with-current-buffer (emacs-agent-asked-visit project "a.c")
        (apply #'eglot (eglot--guess-contact)))
      (emacs-agent-test-wait (buffer-local-value 'eglot--managed-mode (emacs-agent-asked-visit project "a.c")))
      (should (string-prefix-p "a.c:1:4" (emacs-agent-asked-told "definition" 'path "a.c" 'line 2 'symbol "foo")))
      (should (string-match-p "a\\.c:1:4.*\na\\.c:2:24" (emacs-agent-asked-told
                                                         "references" 'path "a.c" 'line 1 'symbol "foo")))
      (should (string-search "int foo(int x)" (emacs-agent-asked-told "hover" 'path "a.c" 'line 2 'symbol "foo")))
      (should (equal "No diagnostics." (emacs-agent-asked-told "diagnostics" 'path "a.c")))
      (dotimes (_ 3)
        (cl-incf count)
        (emacs-agent-test-write project "a.c" (format "int main(void) { return other%d; }\n" count))
        (should (string-search (format "'other%d'" count) (emacs-agent-asked-told "diagnostics" 'path "a.c"))))
      (emacs-agent-test-write project "a.c" "int main(void) { return 0; }\n")
      (should (equal "No diagnostics." (emacs-agent-asked-told "diagnostics" 'path "a.c")))
      (with-current-buffer (emacs-agent-asked-visit project "a.c")
        (let ((server (eglot-current-server))) (eglot-shutdown server))))))

(ert-deftest emacs-agent-editor-severity ()
  "A diagnostic of Eglot is as severe as one of another checker."
  (should (equal '("error" "error" "error" "warning" "warning" "warning" nil)
                 (mapcar #'emacs-agent-context-severity '(:error flymake-error eglot-error
                                                          :warning flymake-warning eglot-warning :note)))))

(ert-deftest emacs-agent-editor-flycheck ()
  "Flycheck's errors are included; its columns begin with 1."
  (cl-letf (((symbol-function 'flycheck-error-line) (lambda (e) (plist-get e :line)))
            ((symbol-function 'flycheck-error-column) (lambda (e) (plist-get e :column)))
            ((symbol-function 'flycheck-error-level) (lambda (e) (plist-get e :level)))
            ((symbol-function 'flycheck-error-message) (lambda (e) (plist-get e :message)))
            ((symbol-function 'flycheck-error-checker) (lambda (_) 'a-checker)))
    (with-temp-buffer
      (require 'emacs-agent-diagnostics)
      (setq buffer-file-name "/nowhere/x.c")
      (setq-local flycheck-mode t)
      (setq-local flycheck-current-errors '((:line 3 :column 5 :level warning :message "Odd")))
      (should (equal '(((path . "/nowhere/x.c") (line . 3) (column . 4) (severity . "warning") (message . "Odd")
                        (source . "a-checker")))
                     (emacs-agent-diagnostics--of (current-buffer))))
      (set-buffer-modified-p nil)
      (setq buffer-file-name nil))))

(provide 'emacs-agent-editor-tests)
;;; emacs-agent-editor-tests.el ends here
