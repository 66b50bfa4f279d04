;;; remote.el --- What calls of tools cost on another machine  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; The same calls in a session about a project here and in one about it behind ssh; and what TRAMP has for a process.
;; Writes one line of JSON: names and milliseconds.

;;; Code:

(require 'emacs-agent-asked)
(require 'emacs-agent-sshd)

(defvar remote-bench-rounds (string-to-number (or (getenv "REMOTE_CALLS") "15")))

;; Functions that are measured take the number of the call.  The first call, which makes connections, is not counted.

(defun remote-bench-median (function)
  "Return the median of what calls of FUNCTION return."
  (funcall function 0)
  (nth (/ remote-bench-rounds 2) (sort (mapcar function (number-sequence 1 remote-bench-rounds)) #'<)))

(defun remote-bench-timed (function)
  "Return the median time of a call of FUNCTION, in ms."
  (remote-bench-median (lambda (round)
                         (let ((start (float-time)))
                           (funcall function round)
                           (* 1000 (- (float-time) start))))))

(defun remote-bench-call (session tool &rest params)
  "Have the model of SESSION call TOOL with PARAMS, and return how long that took."
  (let* ((time nil)
         (watch (lambda (_session event)
                  (when (equal (alist-get 'type event) "tool.result")
                    (setq time (alist-get 'execution_time_ms event))))))
    (add-hook 'emacs-agent-session-event-functions watch)
    (apply #'emacs-agent-asked-told tool params)
    (emacs-agent-test-idle session)
    (remove-hook 'emacs-agent-session-event-functions watch)
    time))

(defun remote-bench-tools (project)
  "Return the times of calls in a session on PROJECT."
  (let ((session (emacs-agent-test-start project)))
    (with-current-buffer (emacs-agent-session-buffer session)
      (prog1 `((read . ,(remote-bench-median (lambda (_) (remote-bench-call session "read_file" 'path "a.txt"))))
               (edit . ,(remote-bench-median (lambda (n) (remote-bench-call session "edit_file" 'path "a.txt"
                                                                            'old (format "count %d" n)
                                                                            'new (format "count %d" (1+ n))))))
               (shell . ,(remote-bench-median (lambda (_) (remote-bench-call session "shell_exec" 'command "echo hello")))))
        (kill-buffer (emacs-agent-session-buffer session))))))

(defun remote-bench-run (_)
  "Run a process in `default-directory' to its end."
  (let ((process (make-process :name "x" :command '("echo" "hello") :connection-type 'pipe :noquery t
                               :file-handler t :buffer (generate-new-buffer " x") :sentinel #'ignore)))
    (while (process-live-p process) (accept-process-output process 0.01))))

(defun remote-bench-connect-directly ()
  "Have TRAMP run processes by an ssh of their own, and close its connections."
  (connection-local-set-profile-variables 'direct '((tramp-direct-async-process . t)))
  (connection-local-set-profiles '(:application tramp :protocol "ssh") 'direct)
  (push (list (regexp-quote "/ssh:there:") "direct-async-process" t) tramp-connection-properties)
  (let ((inhibit-message t)) (tramp-cleanup-all-connections)))

(defun remote-bench-process (remote)
  "Return what a process in REMOTE takes, by the ways that TRAMP has."
  (let ((default-directory remote))
    `((process_file . ,(remote-bench-timed (lambda (_) (process-file "echo" nil nil nil "hello"))))
      (make_process . ,(remote-bench-timed #'remote-bench-run))
      (direct . ,(progn (remote-bench-connect-directly) (remote-bench-timed #'remote-bench-run))))))

(let (figures)
  (emacs-agent-test-with-model "[permissions]\nallow = [\"edit_file\", \"shell_exec(echo *)\"]\n"
    (emacs-agent-sshd-with
      (dolist (directory (list local project))
        (emacs-agent-sshd-put (expand-file-name "a.txt" directory)
                              (concat "count 0\n" (apply #'concat (make-list 100 "A line of the file\n")))))
      (setq figures `((here . ,(remote-bench-tools project)) (there . ,(remote-bench-tools remote))
                      (ways . ,(remote-bench-process remote))))))
  (princ (concat "\n" (decode-coding-string (emacs-agent-json-string figures) 'utf-8) "\n")))
;;; remote.el ends here
