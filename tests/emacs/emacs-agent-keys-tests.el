;;; emacs-agent-keys-tests.el --- API keys and where they come from  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)
(require 'auth-source)

(defun emacs-agent-keys-tests--store (file key)
  "Put KEY, of the provider of the model, into FILE."
  (emacs-agent-test-write nil file (format "machine model.example login apikey password %s\n" key)))

(defmacro emacs-agent-keys-tests--with-secrets (&rest body)
  "Run BODY with a key of the provider of the model in `file', of `auth-sources'."
  (declare (indent 0))
  `(let* ((file (make-temp-file "emacs-agent-authinfo" nil ".netrc"))
          (auth-sources (list file))
          (emacs-agent-keys--given nil)
          (emacs-agent-key-hosts '(("test" . "model.example"))))
     (unwind-protect (progn (emacs-agent-keys-tests--store file "the-stored-key")
                            ,@body)
       (auth-source-forget-all-cached)
       (delete-file file))))

(ert-deftest emacs-agent-keys-refused ()
  "A key that is refused is said so with the remedy, and the remedy helps."
  (emacs-agent-test-talking ""
    (emacs-agent-keys-tests--with-secrets
      (emacs-agent-model-says '((status . 401) (body . "{\"error\":{\"message\":\"Incorrect API key\"}}")) "Hello.")
      (emacs-agent-test-say "hello")
      (emacs-agent-test-shown "Error LLM_AUTH: ")
      (emacs-agent-test-shown "M-x emacs-agent-give-key hands over the key of test")
      (emacs-agent-test-idle session)
      (should (equal "Bearer the-key-of-the-test" (alist-get 'key (car (emacs-agent-model-requests)))))
      ;; The provider of this conversation is the one that is offered.
      (cl-letf (((symbol-function 'completing-read) (lambda (&rest args) (nth 6 args))))
        (call-interactively #'emacs-agent-give-key))
      (emacs-agent-test-wait (emacs-agent-test-logged "has the key of test"))
      (emacs-agent-history-previous 1)
      (emacs-agent-send)
      (emacs-agent-test-shown "Hello.")
      (should (equal "Bearer the-stored-key" (alist-get 'key (car (emacs-agent-model-requests)))))
      (should-not (string-search "the-stored-key" (emacs-agent-test-output)))
      (should-not (emacs-agent-test-logged "the-stored-key"))
      ;; Another key in the file, or one that is typed, counts the next time.
      (dolist (case '((nil "another-stored-key") (t "the-typed-key")))
        (emacs-agent-keys-tests--store file "another-stored-key")
        (emacs-agent-model-says "Hello.")
        (cl-letf (((symbol-function 'read-passwd) (lambda (_) "the-typed-key")) (handed nil))
          (emacs-agent-give-key "test" (lambda () (setq handed t)) (car case))
          (emacs-agent-test-wait handed))
        (emacs-agent-test-idle session)
        (let ((count (length (emacs-agent-model-requests))))
          (emacs-agent-test-say "hello")
          (emacs-agent-model-asked (1+ count)))
        (should (equal (concat "Bearer " (cadr case)) (alist-get 'key (car (emacs-agent-model-requests)))))))))

(ert-deftest emacs-agent-keys-none ()
  "A stored key that can be none is said to be, and keeps nothing from going on."
  (emacs-agent-test-with-model ""
    (emacs-agent-keys-tests--with-secrets
      (emacs-agent-keys-tests--store file "\"not a\tkey\"")
      (emacs-agent-model-says "Hello.")
      (with-current-buffer (emacs-agent-session-buffer (emacs-agent-start project))
        (emacs-agent-test-say "hello")
        (emacs-agent-test-shown "Hello."))
      (should (emacs-agent-test-logged "the key of test was refused")))))

(ert-deftest emacs-agent-keys-pinentry ()
  "While `auth-sources' waits for a passphrase, everything else goes on, and it can be quit."
  (emacs-agent-test-talking ""
    (emacs-agent-keys-tests--with-secrets
      (let ((conversation (current-buffer)) (quits nil))
        (emacs-agent-model-says '((text . "Meanwhile.") (hold . t)) "Later.")
        (emacs-agent-test-say "hello")
        (emacs-agent-model-asked 1)
        (cl-letf (((symbol-function 'auth-source-search)
                   (lambda (&rest _)
                     (push inhibit-quit quits)
                     (emacs-agent-model-open)
                     (with-current-buffer conversation (emacs-agent-test-shown "Done, "))
                     (list (list :secret (lambda () "the-typed-key"))))))
          (with-current-buffer (emacs-agent-session-buffer (emacs-agent-start project))
            (emacs-agent-test-say "hello")
            (emacs-agent-test-shown "Later.")))
        (should (equal quits '(nil)))
        (should (equal "Bearer the-typed-key" (alist-get 'key (car (emacs-agent-model-requests)))))))))

(ert-deftest emacs-agent-keys-pinentry-quit ()
  "Who quits the question for a passphrase goes on without the keys."
  (emacs-agent-test-with-model ""
    (emacs-agent-keys-tests--with-secrets
      (cl-letf (((symbol-function 'auth-source-search) (lambda (&rest _) (signal 'quit nil))))
        (emacs-agent-model-says "Hello.")
        (with-current-buffer (emacs-agent-session-buffer (emacs-agent-start project))
          (emacs-agent-test-say "hello")
          (condition-case nil
              (emacs-agent-test-shown "Hello.")
            ;; The quit is passed on to whatever runs.
            (quit (emacs-agent-test-shown "Hello."))))
        (should (equal "Bearer the-key-of-the-test" (alist-get 'key (car (emacs-agent-model-requests)))))))))

(provide 'emacs-agent-keys-tests)
;;; emacs-agent-keys-tests.el ends here
