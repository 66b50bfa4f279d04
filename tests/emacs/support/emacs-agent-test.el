;;; emacs-agent-test.el --- What the tests of the client share  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; A server inside this Emacs whose every byte a test decides about; sessions without a backend; and the real executable.

;;; Code:

(require 'ert)
(require 'ert-x)
(require 'emacs-agent)

(defvar emacs-agent-test-root
  (expand-file-name "../../.." (file-name-directory (or load-file-name buffer-file-name)))
  "The root of the repository.")

(setq emacs-agent-notify nil
      emacs-agent-sse-delays '(0.02 0.05))

;;;; Waiting

(defmacro emacs-agent-test-wait (condition &optional seconds)
  "Wait until CONDITION is true, SECONDS at most, and return its value."
  `(let ((deadline (+ (float-time) ,(or seconds 90))) value)
     (while (and (not (setq value ,condition)) (< (float-time) deadline))
       (accept-process-output nil 0.01))
     (unless value (ert-fail (list "Waited in vain for" ',condition)))
     value))

;;;; A server

(defvar emacs-agent-test-requests nil
  "Requests that the server got, newest first: (PROCESS . TEXT).")

(defmacro emacs-agent-test-with-server (&rest body)
  "Run BODY with a server in this Emacs; `endpoint' is where it listens."
  (declare (indent 0))
  `(let* ((emacs-agent-test-requests nil)
          (server (make-network-process
                   :name "test-server" :server t :host "127.0.0.1" :service t :family 'ipv4
                   :coding 'binary :noquery t
                   :filter (lambda (process text)
                             (let ((old (assq process emacs-agent-test-requests)))
                               (if old (setcdr old (concat (cdr old) text))
                                 (push (cons process text) emacs-agent-test-requests))))))
          (endpoint (make-emacs-agent-endpoint
                     :host "127.0.0.1" :port (process-contact server :service) :token "secret")))
     (ignore endpoint)
     (unwind-protect (progn ,@body)
       (pcase-dolist (`(,process) emacs-agent-test-requests)
         (set-process-sentinel process #'ignore)
         (delete-process process))
       (delete-process server))))

(defun emacs-agent-test-request (count)
  "Wait for COUNT requests and return the process of the last one."
  (emacs-agent-test-wait (and (>= (length emacs-agent-test-requests) count)
                              (string-search "\r\n\r\n" (cdar emacs-agent-test-requests))))
  (caar emacs-agent-test-requests))

(defconst emacs-agent-test-stream-head
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
  "What a stream starts with.")

;;;; Sessions without a backend

(defun emacs-agent-test-event (type &rest fields)
  "Return an event of TYPE with FIELDS, a plist of symbols and values."
  `((type . ,type) (at . "2026-11-23T10:00:00.000Z")
    ,@(cl-loop for (key value) on fields by #'cddr collect (cons key value))))

(defmacro emacs-agent-test-with-session (&rest body)
  "Run BODY in the buffer of a new `session' on a temporary `project'.
What is sent to the backend is in `sent', newest first: (METHOD PATH BODY THEN
ELSE)."
  (declare (indent 0))
  `(let* ((project (file-name-as-directory (file-truename (make-temp-file "emacs-agent-project" t))))
          (emacs-agent-session-list nil)
          (emacs-agent-directory (file-name-as-directory (make-temp-file "emacs-agent-kept" t)))
          (sent nil)
          (session (make-emacs-agent-session :id "s1" :project (directory-file-name project)
                                             :connection 'open :caught-up t :editor (cons nil t))))
     (cl-letf (((symbol-function 'emacs-agent-request)
                (cl-function (lambda (method path &key body timeout then else)
                               (ignore timeout)
                               (push (list method path body then else) sent)))))
       (push session emacs-agent-session-list)
       (unwind-protect
           (with-current-buffer (emacs-agent-mode-buffer session)
             ,@body)
         (let ((buffer (emacs-agent-session-buffer session)))
           (when (buffer-live-p buffer) (kill-buffer buffer)))
         (delete-directory emacs-agent-directory t)
         (delete-directory project t)))))

(defun emacs-agent-test-take (session &rest events)
  "Take EVENTS, with the Org that the backend makes of them, into SESSION as one batch."
  (mapc (lambda (event)
          (push (cons (alist-get 'type event)
                      (decode-coding-string (emacs-agent-json-string event) 'utf-8))
                (emacs-agent-session-inbox session)))
        (emacs-agent-test-render (emacs-agent-session-project session) events))
  (emacs-agent-intake-drain session t))

(defun emacs-agent-test-bun ()
  "Return the Bun that the repository brings along, or skip the test."
  (let ((bun (expand-file-name "node_modules/.bin/bun" emacs-agent-test-root)))
    (if (file-executable-p bun) bun (ert-skip "there is no Bun: npm install"))))

(defvar emacs-agent-test--renderer nil
  "The process of render.ts, beside this file.")

(defun emacs-agent-test-render (project events)
  "Return EVENTS, of a session on PROJECT, as a stream of Org has them."
  (unless (process-live-p emacs-agent-test--renderer)
    (setq emacs-agent-test--renderer
          (make-process
           :name "emacs-agent-render" :connection-type 'pipe :noquery t :coding 'utf-8-unix
           :buffer (generate-new-buffer " *render*") :stderr (get-buffer-create " *render stderr*") :sentinel #'ignore
           :command (list (emacs-agent-test-bun)
                          (expand-file-name "tests/emacs/support/render.ts" emacs-agent-test-root)))))
  (let ((request `((project . ,(directory-file-name project)) (events . ,(vconcat events)))))
    (with-current-buffer (process-buffer emacs-agent-test--renderer)
      (erase-buffer)
      (process-send-string emacs-agent-test--renderer
                           (concat (decode-coding-string (emacs-agent-json-string request) 'utf-8) "\n"))
      (while (not (eq (char-before (point-max)) ?\n))
        (unless (process-live-p emacs-agent-test--renderer)
          (ert-fail (with-current-buffer " *render stderr*" (buffer-string))))
        (accept-process-output emacs-agent-test--renderer 1))
      (append (emacs-agent-json-parse (buffer-string)) nil))))

(defun emacs-agent-test-output ()
  "Return the output of this conversation."
  (buffer-substring-no-properties (point-min) emacs-agent-output-end))

;;;; What was said

(defun emacs-agent-test-forget-log ()
  "Forget what was said so far."
  (when (get-buffer "*emacs-agent-log*") (kill-buffer "*emacs-agent-log*")))

(defun emacs-agent-test-logged (text)
  "Whether TEXT was said since this test began."
  (let ((log (get-buffer "*emacs-agent-log*")))
    (and log (with-current-buffer log (string-search text (buffer-string))))))

;;;; The executable

(defvar emacs-agent-test-backend
  (let ((given (getenv "EMACS_AGENT_BACKEND"))
        (built (expand-file-name "dist/emacs-agent-backend" emacs-agent-test-root)))
    (cond ((and given (file-executable-p given)) given)
          ((file-executable-p built) built)))
  "The executable that tests drive.")

(defmacro emacs-agent-test-with-backend (&rest body)
  "Run BODY with the real backend, in a temporary home, on a `project'."
  (declare (indent 0))
  `(progn
     (unless emacs-agent-test-backend
       (ert-skip "the executable is not built: npm run build"))
     (emacs-agent-test-forget-log)
     (let* ((home (file-truename (make-temp-file "emacs-agent-home" t)))
            (project (file-name-as-directory (file-truename (make-temp-file "emacs-agent-project" t))))
            (default-directory project)
            (saved (default-value 'process-environment))
            (emacs-agent-program emacs-agent-test-backend)
            (emacs-agent-directory (expand-file-name "kept/" home))
            (emacs-agent-session-list nil)
            (emacs-agent-backend (make-emacs-agent-backend)))
       (unwind-protect
           (progn
             (setq-default process-environment
                           (append (list (concat "HOME=" home) (concat "XDG_STATE_HOME=" home "/state")
                                         (concat "XDG_CONFIG_HOME=" home "/config")
                                         "ANTHROPIC_API_KEY" "OPENAI_API_KEY" "GEMINI_API_KEY")
                                   saved))
             ,@body)
         (setq-default process-environment saved)
         (let ((process (emacs-agent-backend-process emacs-agent-backend)))
           (dolist (session emacs-agent-session-list)
             (when (buffer-live-p (emacs-agent-session-buffer session))
               (kill-buffer (emacs-agent-session-buffer session))))
           (emacs-agent-backend-stop)
           (when process
             (emacs-agent-test-wait (not (process-live-p process)) 10)))
         (delete-directory project t)
         (delete-directory home t)))))

(defun emacs-agent-test-write (directory name text)
  "Write TEXT to the file NAME in DIRECTORY."
  (let ((coding-system-for-write 'utf-8-unix) (inhibit-message t))
    (write-region text nil (expand-file-name name directory) nil 'silent)))

(defun emacs-agent-test-read (directory name)
  "Return the text of the file NAME in DIRECTORY."
  (with-temp-buffer
    (insert-file-contents (expand-file-name name directory))
    (buffer-string)))

(defun emacs-agent-test-say (text)
  "Send TEXT from this conversation."
  (emacs-agent-input-set text)
  (emacs-agent-send))

(defun emacs-agent-test-shown (text)
  "Wait until this conversation shows TEXT."
  (unless (ignore-errors (emacs-agent-test-wait (string-search text (emacs-agent-test-output))))
    (ert-fail (list "It never showed" text "but" (emacs-agent-test-output)))))

(defun emacs-agent-test-start (project)
  "Start a conversation on PROJECT and return its session, ready."
  (let ((session (emacs-agent-start project)))
    (emacs-agent-test-wait (eq (emacs-agent-session-connection session) 'open))
    session))

(defun emacs-agent-test-idle (session)
  "Wait until SESSION has shown everything and is idle."
  (emacs-agent-test-wait (and (emacs-agent-session-caught-up session)
                              (not (emacs-agent-session-busy-p session))
                              (not (emacs-agent-session-inbox session))
                              (not (emacs-agent-session-backlog session)))))

(defun emacs-agent-test-turn (session text)
  "Send TEXT to SESSION, shown in this buffer, and wait until its turn is done."
  (emacs-agent-test-say text)
  (emacs-agent-test-shown "Done, ")
  (emacs-agent-test-idle session))

(defun emacs-agent-test-approve (session)
  "Wait until SESSION waits for a decision, and go there."
  (emacs-agent-test-wait (emacs-agent-session-pending session))
  (emacs-agent-test-shown "waits for you")
  (let ((emacs-agent-approval-delay 0))
    (emacs-agent-next-approval)
    (emacs-agent-approve)))

(provide 'emacs-agent-test)
;;; emacs-agent-test.el ends here
