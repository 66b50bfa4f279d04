;;; emacs-agent-code-tests.el --- Code blocks, coloured  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-test)
(require 'org-src)

(defmacro emacs-agent-code-tests--with-code (&rest body)
  "Run BODY in a conversation that shows code whose mode was never loaded.
Python stands for it, with a mode that counts its calls in `loads'."
  (declare (indent 0))
  `(let ((loads 0) (org-src-lang-modes '(("python" . emacs-agent-code-tests--code)))
         (emacs-agent-colour--ready nil) (emacs-agent-colour--failed nil) (emacs-agent-idle--tasks nil) (emacs-agent-idle--timer nil))
     (put 'emacs-agent-code-tests--code-mode 'derived-mode-parent 'prog-mode)
     (cl-letf (((symbol-function 'emacs-agent-code-tests--code-mode)
                (lambda ()
                  (cl-incf loads)
                  (kill-all-local-variables)
                  (setq major-mode 'emacs-agent-code-tests--code-mode
                        font-lock-defaults '((("return" . 'font-lock-keyword-face)))))))
       (unwind-protect
           (emacs-agent-test-with-session
             (emacs-agent-test-take
              session (emacs-agent-test-event "message.delta" 'turn_id "t1" 'message_id "m1" 'role "assistant"
                                              'content "Text\n\n```python\nreturn 1\n```\nMore"))
             (font-lock-ensure)
             ,@body)
         (when emacs-agent-idle--timer (cancel-timer emacs-agent-idle--timer))
         (let ((buffer (get-buffer " *emacs-agent colours: emacs-agent-code-tests--code-mode*")))
           (when buffer (kill-buffer buffer)))))))

(defun emacs-agent-code-tests--face ()
  "Return the faces of the code."
  (goto-char (point-min))
  (search-forward "return")
  (ensure-list (get-text-property (1- (point)) 'face)))

(ert-deftest emacs-agent-code-later ()
  "Code in a language that was not met before is coloured in idle time, then at once."
  (emacs-agent-code-tests--with-code
    (should (= loads 0))
    (should-not (memq 'font-lock-keyword-face (emacs-agent-code-tests--face)))
    (should (memq emacs-agent-idle--timer timer-idle-list))
    (while emacs-agent-idle--tasks (emacs-agent-idle--run))
    (should (= loads 1))
    (should (memq 'font-lock-keyword-face (emacs-agent-code-tests--face)))
    (font-lock-ensure)
    (should-not emacs-agent-idle--tasks)
    (should (memq 'font-lock-keyword-face (emacs-agent-code-tests--face)))
    (should (= loads 1))))

(ert-deftest emacs-agent-code-large ()
  "A large block is coloured in idle time, whatever its language."
  (emacs-agent-code-tests--with-code
    (let ((emacs-agent-colour-small 3))
      (while emacs-agent-idle--tasks (emacs-agent-idle--run))
      (font-lock-ensure)
      (should-not (memq 'font-lock-keyword-face (emacs-agent-code-tests--face)))
      (should (= 1 (length emacs-agent-idle--tasks)))
      (emacs-agent-idle--run)
      (should (memq 'font-lock-keyword-face (emacs-agent-code-tests--face))))))

(ert-deftest emacs-agent-code-killed ()
  "A buffer that is killed before its code is coloured causes no error."
  (emacs-agent-code-tests--with-code
    (kill-buffer)
    (emacs-agent-idle--run)
    (should-not emacs-agent-idle--tasks)
    (should (= loads 0))))

(ert-deftest emacs-agent-code-gone ()
  "Code that was replaced before Emacs is idle causes no error."
  (emacs-agent-code-tests--with-code
    (emacs-agent-test-take session (emacs-agent-test-event "message.delta" 'turn_id "t1" 'message_id "m1"
                                                           'role "assistant" 'content "Other text" 'replace t))
    (emacs-agent-idle--run)
    (should-not emacs-agent-idle--tasks)
    (should (= loads 0))))

(ert-deftest emacs-agent-code-failing ()
  "A mode that fails is tried once, and its code stays plain."
  (emacs-agent-code-tests--with-code
    (fset 'emacs-agent-code-tests--code-mode (lambda () (cl-incf loads) (error "No such thing")))
    (let ((debug-on-error nil))
      (dotimes (_ 3) (emacs-agent-idle--run))
      (font-lock-ensure))
    (should-not emacs-agent-idle--tasks)
    (should (= loads 1))
    (should-not (memq 'font-lock-keyword-face (emacs-agent-code-tests--face)))))

(provide 'emacs-agent-code-tests)
;;; emacs-agent-code-tests.el ends here
