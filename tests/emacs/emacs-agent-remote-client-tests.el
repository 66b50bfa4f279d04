;;; emacs-agent-remote-client-tests.el --- Buffers of another machine  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-sshd)

(defmacro emacs-agent-remote-client-tests--with (files &rest body)
  "Run BODY in the conversation of a `session' on another machine that has FILES.
FILES is a list of (NAME . BYTES)."
  (declare (indent 1))
  `(emacs-agent-sshd-with-session
     (let ((emacs-agent-directory (expand-file-name "kept/" emacs-agent-sshd--directory)) (before (buffer-list)))
       (pcase-dolist (`(,name . ,bytes) ,files) (emacs-agent-sshd-put (concat local name) bytes))
       (file-exists-p remote)
       (unwind-protect
           (with-current-buffer (emacs-agent-mode-buffer session) ,@body)
         (dolist (buffer (cl-set-difference (buffer-list) before))
           (unless (string-prefix-p " " (buffer-name buffer))
             (with-current-buffer buffer (set-buffer-modified-p nil))
             (unless (string-match-p "tramp" (buffer-name buffer)) (kill-buffer buffer))))))))

(ert-deftest emacs-agent-remote-client-names ()
  "What an event names is on the machine of the project, whatever it looks like."
  (let ((there (make-emacs-agent-session :project "/ssh:u@h#22:/home/u/p")) (here (make-emacs-agent-session :project "/p")))
    (should (equal "/ssh:u@h#22:" (emacs-agent-session-remote there)))
    (should-not (emacs-agent-session-remote here))
    (pcase-dolist (`(,path ,file ,short)
                   '(("a b.txt" "/ssh:u@h#22:/home/u/p/a b.txt" "a b.txt")
                     ("/home/u/p/x" "/ssh:u@h#22:/home/u/p/x" "x")
                     ("/etc/hosts" "/ssh:u@h#22:/etc/hosts" "/etc/hosts")
                     ("/ssh:u@h#22:/home/u/p/x" "/ssh:u@h#22:/home/u/p/x" "x")
                     ("/ssh:other:/x" "/ssh:u@h#22:/ssh:other:/x" "/ssh:other:/x")))
      (should (equal file (emacs-agent-session-file there path)))
      (should (equal short (emacs-agent-session-short-name there path))))
    (should (equal '("/p/a" "/etc/hosts") (mapcar (lambda (path) (emacs-agent-session-file here path)) '("a" "/etc/hosts"))))
    (should-not (file-remote-p (emacs-agent-session-file here "/ssh:other:/x")))
    (should (equal '("p@h#22" "p") (mapcar #'emacs-agent-project-name '("/ssh:u@h#22:/home/u/p" "/home/u/p"))))
    (with-temp-buffer
      (setq emacs-agent-session there)
      (should (equal '("file" . "/ssh:u@h#22:/etc/x") (emacs-agent-mode--link "file" "/etc/x")))
      (should (equal '("https" . "//x") (emacs-agent-mode--link "https" "//x"))))))

(ert-deftest emacs-agent-remote-client-registers ()
  "Files and processes are offered for a project on another machine alone."
  (emacs-agent-remote-client-tests--with nil
    (emacs-agent-editor-register session)
    (should (cl-subsetp '("remote_files" "remote_process") (append (alist-get 'tools (car emacs-agent-sshd-answers)) nil)
                        :test #'equal))
    (setf (emacs-agent-session-project session) local)
    (emacs-agent-editor-register session)
    (should-not (cl-intersection '("remote_files" "remote_process")
                                 (append (alist-get 'tools (car emacs-agent-sshd-answers)) nil) :test #'equal))))

(ert-deftest emacs-agent-remote-client-context ()
  "Buffers there belong to the project, and those of the same name here do not."
  (emacs-agent-remote-client-tests--with '(("a.txt" . "one\n"))
    (should (equal remote (emacs-agent-context-project)))
    (let ((create-lockfiles nil) (here (find-file-noselect (concat local "a.txt"))) (there (find-file-noselect (concat remote "a.txt")))
          (project (emacs-agent-session-project session)))
      (dolist (buffer (list here there)) (with-current-buffer buffer (insert "new ")))
      (should (equal (list there) (emacs-agent-unsaved--buffers session)))
      (should (equal `((path . ,(concat remote "a.txt")) (text . "new one\n")) (emacs-agent-unsaved--entry there)))
      (should (eq there (emacs-agent-context-buffer project)))
      (should (equal (concat remote "a.txt") (alist-get 'current_file (emacs-agent-context-of there))))
      (should (equal (list here) (let ((emacs-agent-session-list nil))
                                   (emacs-agent-unsaved--buffers (make-emacs-agent-session :project local))))))
    (let ((process-environment (cons "OF_THIS_BUFFER=x" process-environment)))
      (should-not (emacs-agent-session-environment)))))

(ert-deftest emacs-agent-remote-client-mentions ()
  "Files there are mentioned; one of this machine is not, but for the bytes of an image."
  (emacs-agent-remote-client-tests--with '(("a b.txt" . "one\n") ("sub/c" . "two\n") ("shot.png" . "\x89PNG\r\n\x1a\nthere"))
    (let ((image (emacs-agent-sshd--file "here.png")) (text (emacs-agent-sshd--file "here.txt" "text")))
      (emacs-agent-sshd-put image "\x89PNG\r\n\x1a\nhere")
      (let-alist (emacs-agent-send--enclose session (format "see @\"a b.txt\", @sub, @nothing, @%ssub/c and @shot.png @%s" local image))
        (should (equal (mapcar (lambda (name) (concat remote name)) '("a b.txt" "sub/" "sub/c")) (append .files nil)))
        (should (equal '("there" "here")
                       (mapcar (lambda (attachment) (substring (base64-decode-string (alist-get 'data attachment)) 8))
                               .attachments))))
      ;; Both machines have the same files here: there it is as if these were not.
      (cl-letf (((symbol-function 'emacs-agent-mention--there) #'ignore))
        (should (string-search "is on this machine" (cadr (should-error (emacs-agent-send--enclose session (concat "@" text))))))
        (let-alist (emacs-agent-send--enclose session (concat "@" image))
          (should (equal "here" (substring (base64-decode-string (alist-get 'data (aref .attachments 0))) 8))))))
    (should (equal '("@\"a b.txt\"" "@/etc/hosts")
                   (mapcar #'emacs-agent-mention-of (list (concat remote "a b.txt") (concat emacs-agent-sshd-prefix "/etc/hosts")))))
    (should (member "./sub/" (emacs-agent-mention--listing "./")))
    ;; While the user types, that machine is not called.
    (emacs-agent-input-set "see @sub/c and @nothing ")
    (emacs-agent-sshd-drop)
    (should (equal (list (concat remote "sub/c"))
                   (mapcar #'cadr (emacs-agent-mention-between (point-min) (point-max)))))
    (should-not (emacs-agent-remote--connection emacs-agent-sshd-prefix))))

(ert-deftest emacs-agent-remote-client-changes ()
  "A file that the agent changed is reverted in its buffer; unsaved text stays, and the user is asked."
  (emacs-agent-remote-client-tests--with '(("a.txt" . "one\n") ("b.txt" . "one\n"))
    (let ((create-lockfiles nil) (a (find-file-noselect (concat remote "a.txt"))) (b (find-file-noselect (concat remote "b.txt")))
          (change (lambda (name) (emacs-agent-test-event "file.changed" 'path (concat local name) 'operation "edit"
                                                         'change "modified" 'turn_id "t1" 'tool_call_id "tc_1"))))
      (with-current-buffer b (insert "mine "))
      (dolist (name '("a.txt" "b.txt")) (emacs-agent-sshd-put (concat local name) "one, changed\n"))
      (emacs-agent-test-take session (funcall change "a.txt") (funcall change "b.txt"))
      (should (equal "one, changed\n" (with-current-buffer a (buffer-string))))
      (should-not (buffer-modified-p a))
      (should (equal "mine one\n" (with-current-buffer b (buffer-string))))
      (should (string-search "b.txt has unsaved changes" (emacs-agent-test-output)))
      ;; Without a connection, none is opened for that.
      (emacs-agent-sshd-put (concat local "a.txt") "changed again\n")
      (emacs-agent-sshd-drop)
      (emacs-agent-test-take session (funcall change "a.txt"))
      (should (equal "one, changed\n" (with-current-buffer a (buffer-string))))
      (should-not (emacs-agent-remote--connection emacs-agent-sshd-prefix)))))

(provide 'emacs-agent-remote-client-tests)
;;; emacs-agent-remote-client-tests.el ends here
