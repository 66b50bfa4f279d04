;;; emacs-agent-sshd.el --- Another machine for tests  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; An sshd of our own on loopback, as the user that we are, with its keys and configuration in a temporary directory.  To
;; TRAMP it is the machine `there', since the `ssh' that it finds has a configuration that says so.

;;; Code:

(require 'emacs-agent-test)
(require 'emacs-agent-remote-files)
(require 'emacs-agent-remote-process)

(setq tramp-verbose 0
      tramp-histfile-override t
      tramp-persistency-file-name nil)

(defvar emacs-agent-sshd--directory nil
  "The directory of the sshd.")

(defvar emacs-agent-sshd-process nil
  "The sshd that listens.")

(defconst emacs-agent-sshd-prefix "/ssh:there:"
  "What the names of files there begin with.")

(defun emacs-agent-sshd--program (name)
  "Return the program NAME, or skip the test."
  (or (executable-find name)
      (let ((file (concat "/usr/sbin/" name))) (and (file-executable-p file) file))
      (ert-skip (format "there is no %s: openssh-server" name))))

(defun emacs-agent-sshd--file (name &rest lines)
  "Write LINES to the file NAME of the sshd, and return it."
  (let ((file (expand-file-name name emacs-agent-sshd--directory)))
    (when lines
      (make-directory (file-name-directory file) t)
      (with-temp-file file (insert (string-join lines "\n") "\n")))
    file))

(defun emacs-agent-sshd--free-port ()
  "Return a port on which nothing listens, below those that connections are given."
  (let ((port (+ 20000 (random 12000))))
    (condition-case nil
        (progn (delete-process (make-network-process :name "port" :server t :host "127.0.0.1" :service port :family 'ipv4))
               port)
      (file-error (emacs-agent-sshd--free-port)))))

(defun emacs-agent-sshd--make ()
  "Write the keys and the configuration of an sshd, and return the port for it."
  (let ((port (emacs-agent-sshd--free-port)) (ssh (emacs-agent-sshd--program "ssh")))
    (dolist (key '("host_key" "user_key"))
      (call-process (emacs-agent-sshd--program "ssh-keygen") nil nil nil "-q" "-t" "ed25519" "-N" ""
                    "-f" (emacs-agent-sshd--file key)))
    (copy-file (emacs-agent-sshd--file "user_key.pub") (emacs-agent-sshd--file "authorized_keys"))
    (emacs-agent-sshd--file
     "sshd_config"
     (format "Port %d" port) "ListenAddress 127.0.0.1" (concat "HostKey " (emacs-agent-sshd--file "host_key"))
     "PidFile none" (concat "SetEnv TMPDIR=" (emacs-agent-sshd--file "tmp")) (concat "AuthorizedKeysFile " (emacs-agent-sshd--file "authorized_keys"))
     "StrictModes no" "UsePAM no" "PermitRootLogin yes" "PasswordAuthentication no" "KbdInteractiveAuthentication no")
    (emacs-agent-sshd--file
     "known_hosts" (format "there %s" (with-temp-buffer
                                        (insert-file-contents (emacs-agent-sshd--file "host_key.pub"))
                                        (string-trim (buffer-string)))))
    (emacs-agent-sshd--file
     "ssh_config" "Host there" "HostName 127.0.0.1" "HostKeyAlias there" (format "Port %d" port)
     (concat "User " (user-login-name)) (concat "IdentityFile " (emacs-agent-sshd--file "user_key")) "IdentitiesOnly yes"
     (concat "UserKnownHostsFile " (emacs-agent-sshd--file "known_hosts")) "StrictHostKeyChecking ask")
    (set-file-modes (emacs-agent-sshd--file "bin/ssh" "#!/bin/sh"
                                            (format "exec %s -F %s \"$@\"" ssh (emacs-agent-sshd--file "ssh_config")))
                    #o755)
    port))

(defun emacs-agent-sshd-start ()
  "Start the sshd, and wait until it listens."
  (with-current-buffer (get-buffer-create " *sshd*") (erase-buffer))
  (setq emacs-agent-sshd-process
        (make-process :name "sshd" :buffer " *sshd*" :noquery t :connection-type 'pipe :sentinel #'ignore
                      :command (list (emacs-agent-sshd--program "sshd") "-D" "-e"
                                     "-f" (emacs-agent-sshd--file "sshd_config"))))
  (emacs-agent-test-wait (or (with-current-buffer " *sshd*" (string-search "Server listening" (buffer-string)))
                             (not (process-live-p emacs-agent-sshd-process))))
  (unless (process-live-p emacs-agent-sshd-process)
    (ert-fail (with-current-buffer " *sshd*" (buffer-string)))))

(defun emacs-agent-sshd-stop ()
  "End the sshd that listens, and wait for that."
  (interrupt-process emacs-agent-sshd-process)
  (emacs-agent-test-wait (not (process-live-p emacs-agent-sshd-process))))

(defun emacs-agent-sshd-drop ()
  "Kill the connection to the sshd, and wait until Emacs knows."
  (let ((process (emacs-agent-remote--connection emacs-agent-sshd-prefix)))
    (signal-process (process-id process) 'SIGKILL)
    (emacs-agent-test-wait (not (process-live-p process)))))

(defmacro emacs-agent-sshd-with (&rest body)
  "Run BODY with another machine, `there', whose directory `remote' is `local' on this one."
  (declare (indent 0))
  `(let* ((emacs-agent-sshd--directory (file-name-as-directory (file-truename (make-temp-file "emacs-agent-sshd" t))))
          (saved (default-value 'process-environment))
          (local (expand-file-name "project/" emacs-agent-sshd--directory))
          (remote (concat emacs-agent-sshd-prefix local))
          (emacs-agent-sshd-process nil))
     (ignore remote)
     (unwind-protect
         (progn
           (when (= (user-uid) 0) (make-directory "/run/sshd" t))
           (emacs-agent-sshd--make)
           (make-directory local)
           (make-directory (emacs-agent-sshd--file "tmp"))
           (setq-default process-environment
                         (cons (format "PATH=%sbin:%s" emacs-agent-sshd--directory (getenv "PATH")) saved))
           (emacs-agent-sshd-start)
           ,@body)
       (let ((inhibit-message t)) (tramp-cleanup-all-connections))
       (setq-default process-environment saved)
       (when (process-live-p emacs-agent-sshd-process) (emacs-agent-sshd-stop))
       (delete-directory emacs-agent-sshd--directory t))))

;;;; Requests without a backend

(defvar emacs-agent-sshd-answers nil
  "What was answered, and reported, newest first.")

(defvar emacs-agent-sshd-gone nil
  "Whether the backend no longer waits for answers.")

(defmacro emacs-agent-sshd-with-session (&rest body)
  "Run BODY as `emacs-agent-sshd-with', in a `session' on that directory without a backend."
  (declare (indent 0))
  `(emacs-agent-sshd-with
     (let ((emacs-agent-sshd-answers nil) (emacs-agent-sshd-gone nil) (emacs-agent-session-list nil)
           (session (make-emacs-agent-session :id "s1" :project (directory-file-name remote)
                                              :connection 'open :caught-up t :editor (cons nil t))))
       (push session emacs-agent-session-list)
       (cl-letf (((symbol-function 'emacs-agent-backend-ready-p) #'always)
                 ((symbol-function 'emacs-agent-request)
                  (cl-function (lambda (_method _path &key body timeout then else)
                                 (ignore timeout)
                                 (push body emacs-agent-sshd-answers)
                                 (run-at-time 0 nil (if emacs-agent-sshd-gone else then)
                                              (and emacs-agent-sshd-gone '((status . 404))))))))
         ,@body))))

(defun emacs-agent-sshd-send (session tool params)
  "Have the backend of SESSION ask for TOOL with PARAMS."
  (setq emacs-agent-sshd-answers nil)
  (emacs-agent-editor--asked
   session (emacs-agent-test-event "editor.request" 'request_id (format "er_%s" (random)) 'tool tool
                                   'params params 'timeout_ms 30000)))

(defun emacs-agent-sshd-answer ()
  "Wait for an answer and return it: a result, or (error . MESSAGE)."
  (let ((answer (emacs-agent-test-wait
                 (cl-find-if-not (lambda (answer) (assq 'progress answer)) emacs-agent-sshd-answers))))
    (if (assq 'error answer) (cons 'error (alist-get 'message (alist-get 'error answer)))
      (alist-get 'result answer))))

(defun emacs-agent-sshd-file (session operation &rest params)
  "Have SESSION do OPERATION on files, with PARAMS, a plist, and return the answer."
  (emacs-agent-sshd-send session "remote_files"
                         `((op . ,operation) ,@(cl-loop for (key value) on params by #'cddr collect (cons key value))))
  (emacs-agent-sshd-answer))

(defun emacs-agent-sshd-run (session command &rest params)
  "Have SESSION run COMMAND with PARAMS, a plist, and return the answer, decoded."
  (emacs-agent-sshd-send session "remote_process" (emacs-agent-sshd--process session command params))
  (emacs-agent-sshd-decoded (emacs-agent-sshd-answer)))

(defun emacs-agent-sshd--process (session command params)
  "Return the parameters of a process of SESSION that runs COMMAND, with PARAMS."
  `((command . ,(vconcat command))
    ,@(cl-loop for (key value) on params by #'cddr collect (cons key value))
    (directory . ,(emacs-agent-session-project session)) (output_limit . 10000000)))

(defun emacs-agent-sshd-decoded (answer)
  "Return ANSWER, of a process, as (EXIT-CODE OUT ERR), or as it is if it is an error."
  (if (eq (car answer) 'error) answer
    (let-alist answer (list .exit_code (base64-decode-string .stdout) (base64-decode-string .stderr)))))

(defun emacs-agent-sshd-bytes (file)
  "Return the bytes of FILE."
  (with-temp-buffer
    (set-buffer-multibyte nil)
    (insert-file-contents-literally file)
    (buffer-string)))

(defun emacs-agent-sshd-put (file bytes)
  "Write BYTES to FILE."
  (make-directory (file-name-directory file) t)
  (let ((coding-system-for-write 'binary) (file-name-handler-alist nil))
    (write-region bytes nil file nil 'silent)))

(provide 'emacs-agent-sshd)
;;; emacs-agent-sshd.el ends here
