;;; emacs-agent-scripted-tests.el --- Conversations with a scripted model  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)
(require 'emacs-agent-sessions)

(defmacro emacs-agent-scripted-tests--talking (config &rest body)
  "Run BODY in the buffer of a new `session' with a scripted model and CONFIG."
  (declare (indent 1))
  `(emacs-agent-test-with-model ,config
     (let ((session (emacs-agent-test-start project)))
       (with-current-buffer (emacs-agent-session-buffer session)
         ,@body))))

(defun emacs-agent-scripted-tests--count (text)
  "Return how often this conversation has TEXT."
  (1- (length (split-string (emacs-agent-test-output) (regexp-quote text)))))

(defun emacs-agent-scripted-tests--above ()
  "Return what is shown above the input."
  (and (overlayp emacs-agent-mode--above) (overlay-buffer emacs-agent-mode--above)
       (substring-no-properties (overlay-get emacs-agent-mode--above 'before-string))))

;;;; What the model says

(ert-deftest emacs-agent-scripted-streams ()
  "Text is shown before it is whole, thoughts are folded, and both are there in the end, once."
  (emacs-agent-scripted-tests--talking ""
    (emacs-agent-model-says '((thinking . "Let me see about *that*.") (text . ["Some **bold**" " words,"]) (hold . t)))
    (emacs-agent-test-say "hello")
    (emacs-agent-test-shown "Some *bold* words,")
    (should (string-match-p "^Thinking… ([0-9]+ characters)$" (emacs-agent-test-output)))
    (should-not (string-search "Let me see" (emacs-agent-test-output)))
    (should (string-search "thinking" (emacs-agent-mode-header)))
    (emacs-agent-model-open)
    (emacs-agent-test-shown "Done, ")
    (should (= 1 (emacs-agent-scripted-tests--count "Some *bold* words,")))
    (goto-char (point-min))
    (re-search-forward "^Thought (")
    (beginning-of-line)
    (emacs-agent-tab)
    (should (string-search "Let me see about /that/." (emacs-agent-test-output)))
    (emacs-agent-tab)
    (should-not (string-search "Let me see" (emacs-agent-test-output)))))

(ert-deftest emacs-agent-scripted-plan ()
  "The agent that plans is offered nothing that changes anything, and could not use it."
  (emacs-agent-scripted-tests--talking ""
    (emacs-agent-test-say "/agent plan")
    (emacs-agent-test-wait (equal "plan" (emacs-agent-session-agent session)))
    (emacs-agent-model-says (emacs-agent-model-call "write_file" 'path "a.txt" 'content "a\n") "A plan.")
    (emacs-agent-test-say "plan it")
    (emacs-agent-test-shown "A plan.")
    (should (string-match-p "^\\*\\*\\* Tool Call: write_file .*failed: " (emacs-agent-test-output)))
    (should-not (file-exists-p (expand-file-name "a.txt" project)))
    (let ((tools (mapcar (lambda (tool) (alist-get 'name (alist-get 'function tool)))
                         (alist-get 'tools (emacs-agent-model-asked 1)))))
      (should (member "read_file" tools))
      (should-not (member "write_file" tools)))))

(ert-deftest emacs-agent-scripted-attachment ()
  "An image that is mentioned goes along as one; other files are named."
  (emacs-agent-scripted-tests--talking "[models.\"test/model\"]\nimages = true\n"
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
  (emacs-agent-scripted-tests--talking ""
    (emacs-agent-model-says '((status . 429) (headers . ((retry-after . "1"))) (body . "{}")) "At last.")
    (emacs-agent-test-say "hello")
    (emacs-agent-test-wait (string-search "Trying again in 1 s" (emacs-agent-mode-header)))
    (emacs-agent-test-shown "At last.")
    (should (string-match-p "^Error LLM_RATE_LIMIT: .*(again in 1 s)$" (emacs-agent-test-output)))
    (emacs-agent-test-idle session)
    (should-not (string-search "Trying again" (emacs-agent-mode-header)))))

(defun emacs-agent-scripted-tests--store (file key)
  "Put KEY, of the provider of the model, into FILE."
  (emacs-agent-test-write nil file (format "machine model.example login apikey password %s\n" key)))

(defmacro emacs-agent-scripted-tests--with-secrets (&rest body)
  "Run BODY with a key of the provider of the model in `file', of `auth-sources'."
  (declare (indent 0))
  `(let* ((file (make-temp-file "emacs-agent-authinfo" nil ".netrc"))
          (auth-sources (list file))
          (emacs-agent-settings--given nil)
          (emacs-agent-key-hosts '(("test" . "model.example"))))
     (unwind-protect (progn (emacs-agent-scripted-tests--store file "the-stored-key")
                            ,@body)
       (auth-source-forget-all-cached)
       (delete-file file))))

(ert-deftest emacs-agent-scripted-key ()
  "A key that is refused is said so with the remedy, and the remedy helps."
  (emacs-agent-scripted-tests--talking ""
    (emacs-agent-scripted-tests--with-secrets
      (emacs-agent-model-says '((status . 401) (body . "{\"error\":{\"message\":\"Incorrect API key\"}}")) "Hello.")
      (emacs-agent-test-say "hello")
      (emacs-agent-test-shown "Error LLM_AUTH: ")
      (emacs-agent-test-shown "M-x emacs-agent-give-key hands the key of test to the backend")
      (emacs-agent-test-idle session)
      (should (equal "Bearer the-key-of-the-test" (alist-get 'key (car (emacs-agent-model-requests)))))
      ;; The provider of this conversation is the one that is offered.
      (cl-letf (((symbol-function 'completing-read) (lambda (&rest args) (nth 6 args))))
        (call-interactively #'emacs-agent-give-key))
      (emacs-agent-test-wait (emacs-agent-test-logged "has the key of test"))
      (emacs-agent-input-previous 1)
      (emacs-agent-send)
      (emacs-agent-test-shown "Hello.")
      (should (equal "Bearer the-stored-key" (alist-get 'key (car (emacs-agent-model-requests)))))
      (should-not (string-search "the-stored-key" (emacs-agent-test-output)))
      (should-not (emacs-agent-test-logged "the-stored-key"))
      ;; Another key in the file, or one that is typed, counts the next time.
      (dolist (case '((nil "another-stored-key") (t "the-typed-key")))
        (emacs-agent-scripted-tests--store file "another-stored-key")
        (emacs-agent-model-says "Hello.")
        (cl-letf (((symbol-function 'read-passwd) (lambda (_) "the-typed-key")) (handed nil))
          (emacs-agent-give-key "test" (lambda () (setq handed t)) (car case))
          (emacs-agent-test-wait handed))
        (emacs-agent-test-idle session)
        (let ((count (length (emacs-agent-model-requests))))
          (emacs-agent-test-say "hello")
          (emacs-agent-model-asked (1+ count)))
        (should (equal (concat "Bearer " (cadr case)) (alist-get 'key (car (emacs-agent-model-requests)))))))))

(ert-deftest emacs-agent-scripted-key-that-is-none ()
  "A stored key that can be none is said to be, and keeps nothing from going on."
  (emacs-agent-test-with-model ""
    (emacs-agent-scripted-tests--with-secrets
      (emacs-agent-scripted-tests--store file "\"not a\tkey\"")
      (emacs-agent-model-says "Hello.")
      (with-current-buffer (emacs-agent-session-buffer (emacs-agent-start project))
        (emacs-agent-test-say "hello")
        (emacs-agent-test-shown "Hello."))
      (should (emacs-agent-test-logged "the key of test was refused")))))

(ert-deftest emacs-agent-scripted-pinentry ()
  "While `auth-sources' waits for a passphrase, everything else goes on, and it can be quit."
  (emacs-agent-scripted-tests--talking ""
    (emacs-agent-scripted-tests--with-secrets
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

(ert-deftest emacs-agent-scripted-pinentry-quit ()
  "Who quits the question for a passphrase goes on without the keys."
  (emacs-agent-test-with-model ""
    (emacs-agent-scripted-tests--with-secrets
      (cl-letf (((symbol-function 'auth-source-search) (lambda (&rest _) (signal 'quit nil))))
        (emacs-agent-model-says "Hello.")
        (with-current-buffer (emacs-agent-session-buffer (emacs-agent-start project))
          (emacs-agent-test-say "hello")
          (condition-case nil
              (emacs-agent-test-shown "Hello.")
            ;; The quit is passed on to whatever runs.
            (quit (emacs-agent-test-shown "Hello."))))
        (should (equal "Bearer the-key-of-the-test" (alist-get 'key (car (emacs-agent-model-requests)))))))))

;;;; While it works

(ert-deftest emacs-agent-scripted-steering-and-queueing ()
  "What steers reaches the model in the turn, what waits after it; both are seen until then."
  (emacs-agent-scripted-tests--talking ""
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
    (should (string-search "2 queued" (emacs-agent-mode-header)))
    (emacs-agent-model-open)
    (emacs-agent-test-shown "Second is done.")
    (should (emacs-agent-model-heard (emacs-agent-model-asked 2) "but mind this"))
    (should-not (emacs-agent-model-heard (emacs-agent-model-asked 2) "second"))
    (should (emacs-agent-model-heard (emacs-agent-model-asked 3) "second"))
    (should (string-match-p "^\\*\\* User (while it worked) .*\nbut mind this" (emacs-agent-test-output)))
    (emacs-agent-test-idle session)
    (should-not (emacs-agent-scripted-tests--above))))

(ert-deftest emacs-agent-scripted-in-order ()
  "Prompts arrive in the order in which they were sent, also those sent before there was a session."
  (emacs-agent-test-with-model ""
    (let ((texts (mapcar (lambda (n) (format "prompt %d" n)) (number-sequence 1 6))))
      (apply #'emacs-agent-model-says (mapcar (lambda (text) (concat "To " text ".")) texts))
      (with-current-buffer (emacs-agent-session-buffer (emacs-agent-start project))
        (mapc #'emacs-agent-test-say texts)
        (emacs-agent-test-shown "To prompt 6.")
        (let ((case-fold-search nil) (start 0))
          (dolist (text texts)
            (setq start (string-match (concat "^" text "$") (emacs-agent-test-output) start))
            (should start)))))))

(ert-deftest emacs-agent-scripted-not-sent ()
  "What cannot be sent, for want of a backend, is in the input again."
  (emacs-agent-test-with-backend
    (let ((emacs-agent-program "/nonexistent/emacs-agent-backend"))
      (with-current-buffer (emacs-agent-session-buffer (emacs-agent-start project))
        (dotimes (_ 2)                  ; the first one, and again when the session has ended
          (emacs-agent-test-say "hello")
          (emacs-agent-test-wait (equal "hello" (emacs-agent-input-text))))
        (should (emacs-agent-test-logged "not sent: "))
        (should (string-search "ended" (emacs-agent-mode-header)))))))

(ert-deftest emacs-agent-scripted-notice ()
  "What should be known of a model is said above the input, for as long as it is the model."
  (emacs-agent-scripted-tests--talking "[providers.anthropic]\napi_key = \"a-key-that-nobody-uses\"\n"
    (should-not (emacs-agent-scripted-tests--above))
    (emacs-agent-set-model "claude-sonnet-4.5")
    (emacs-agent-test-wait (emacs-agent-scripted-tests--above))
    (should (string-search "30 November 2026" (emacs-agent-scripted-tests--above)))
    (emacs-agent-set-model "test/model")
    (emacs-agent-test-wait (null (emacs-agent-scripted-tests--above)))))

(ert-deftest emacs-agent-scripted-taken-back ()
  "A prompt that waits can be taken back into the input."
  (emacs-agent-scripted-tests--talking ""
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
  (emacs-agent-scripted-tests--talking ""
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
    (should (= 1 (emacs-agent-scripted-tests--count "Half a …")))
    (emacs-agent-test-say "go on")
    (emacs-agent-test-shown "Going on.")
    (should (emacs-agent-model-heard (emacs-agent-model-asked 2) "Half a …"))))

;;;; Connections

(ert-deftest emacs-agent-scripted-dropped-in-mid-message ()
  "A connection dropped while the model writes loses nothing and shows nothing twice."
  (emacs-agent-scripted-tests--talking ""
    (emacs-agent-model-says '((text . ["The beginning, " "the middle,"]) (hold . t)))
    (emacs-agent-test-say "hello")
    (emacs-agent-test-shown "the middle,")
    (delete-process (emacs-agent-stream-process (emacs-agent-session-stream session)))
    (emacs-agent-test-wait (eq (emacs-agent-session-connection session) 'waiting))
    (emacs-agent-model-open)
    (emacs-agent-test-shown "Done, ")
    (dolist (text '("The beginning, the middle," "** User" "** Assistant" "hello"))
      (should (= 1 (emacs-agent-scripted-tests--count text))))))

(ert-deftest emacs-agent-scripted-killed-in-mid-turn ()
  "A backend that is killed while the model writes is started again; the turn is over, the conversation goes on."
  (emacs-agent-scripted-tests--talking ""
    (emacs-agent-model-says '((text . "Half a …") (hold . t)) "Here again.")
    (emacs-agent-test-say "first")
    (emacs-agent-test-shown "Half a …")
    (emacs-agent-test-say "second")
    (emacs-agent-test-wait (emacs-agent-session-queued session))
    (signal-process (emacs-agent-backend-process emacs-agent-backend) 'SIGKILL)
    (emacs-agent-test-shown "Resumed [")
    (emacs-agent-test-wait (emacs-agent-test-logged "the backend ended"))
    (emacs-agent-test-idle session)
    (should-not (emacs-agent-session-queued session))
    ;; What waited and was lost with the backend is not lost to who wrote it.
    (emacs-agent-test-wait (equal "second" (emacs-agent-input-text)))
    (emacs-agent-input-set "")
    (emacs-agent-test-say "are you there?")
    (emacs-agent-test-shown "Here again.")
    (should (emacs-agent-model-heard (emacs-agent-model-asked 2) "first"))
    (should (= 1 (emacs-agent-scripted-tests--count "\nfirst\n")))))

(ert-deftest emacs-agent-scripted-buffer-killed ()
  "A conversation whose buffer is killed in mid-stream goes on, and can be got back whole."
  (emacs-agent-scripted-tests--talking ""
    (let ((id (emacs-agent-session-id session)) (buffer (current-buffer)))
      (emacs-agent-model-says '((text . "The answer.") (hold . t)))
      (emacs-agent-test-say "hello")
      (emacs-agent-test-shown "The answer.")
      (kill-buffer buffer)
      (should-not emacs-agent-session-list)
      (emacs-agent-model-open)
      (save-window-excursion (emacs-agent-resume-id id project))
      (with-current-buffer (emacs-agent-session-buffer (emacs-agent-session-with-id id))
        (emacs-agent-test-shown "Done, ")
        (should (= 1 (emacs-agent-scripted-tests--count "The answer.")))))))

(ert-deftest emacs-agent-scripted-attach ()
  "A backend that somebody else started is used with its token, and outlives us; another token is refused, in words."
  (emacs-agent-test-with-model ""
    (let* ((process-environment (default-value 'process-environment))
           (started (emacs-agent-model-start (list emacs-agent-test-backend "serve" "--port" "0")))
           (hello (cdr started)))
      (unwind-protect
          (progn
            (emacs-agent-test-write home "wrong" "not-the-token\n")
            (emacs-agent-backend-attach (alist-get 'url hello) (expand-file-name "wrong" home))
            (emacs-agent-test-wait (emacs-agent-test-logged "wants another token"))
            (emacs-agent-backend-attach (alist-get 'url hello) (alist-get 'token_file hello))
            (emacs-agent-test-wait (emacs-agent-backend-ready-p))
            (emacs-agent-model-says "Hello.")
            (with-current-buffer (emacs-agent-session-buffer (emacs-agent-test-start project))
              (emacs-agent-test-say "hello")
              (emacs-agent-test-shown "Hello."))
            (should-not (emacs-agent-backend-process emacs-agent-backend))
            (emacs-agent-backend-stop)
            (should (process-live-p (car started))))
        (signal-process (car started) 'SIGTERM)
        (emacs-agent-test-wait (not (process-live-p (car started))))))))

(provide 'emacs-agent-scripted-tests)
;;; emacs-agent-scripted-tests.el ends here
