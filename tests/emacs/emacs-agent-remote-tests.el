;;; emacs-agent-remote-tests.el --- Files on another machine  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-sshd)

(defconst emacs-agent-remote-tests--contents
  `("" "text\n" "a\r\nb\r\n" "no end" "\xff\xfe\0caf\xe9\x1a\x04\x03\n" ,(encode-coding-string "ünï 日本\n" 'utf-8))
  "Contents of files, bytes.")

(defconst emacs-agent-remote-tests--names
  '("plain.txt" "with space" "it's \"quoted\".txt" "a$HOME`id`.txt" "*?[x].txt" "-n" "ünï 日本.txt" "x.gz" "x.tar" "#a#" "a;b&c|d")
  "Names of files.")

(defun emacs-agent-remote-tests--hash (bytes)
  "Return the SHA-256 of BYTES."
  (secure-hash 'sha256 bytes))

(ert-deftest emacs-agent-remote-contents ()
  "Bytes come through as they are, whatever the name."
  (emacs-agent-sshd-with-session
    (cl-loop
     for name in emacs-agent-remote-tests--names for number from 0
     for bytes = (nth (mod number (length emacs-agent-remote-tests--contents)) emacs-agent-remote-tests--contents)
     for path = (concat remote name) for file = (concat local name)
     do (ert-info ((format "%S" name))
          (let-alist (emacs-agent-sshd-file session "look" 'path path)
            (should (equal (list path :null) (list .path .kind))))
          (should (hash-table-p (emacs-agent-sshd-file session "write" 'path path 'data (base64-encode-string bytes)
                                                       'expected :null)))
          (should (equal bytes (let ((file-name-handler-alist nil)) (emacs-agent-sshd-bytes file))))
          (let-alist (emacs-agent-sshd-file session "read" 'path path 'limit 1000)
            (should (equal bytes (base64-decode-string .data)))
            (should (equal (length bytes) .size)))
          (let-alist (emacs-agent-sshd-file session "look" 'path path 'hash t)
            (should (equal (list path "file" (length bytes) (emacs-agent-remote-tests--hash bytes))
                           (list .path .kind .size .hash))))))
    (let-alist (emacs-agent-sshd-file session "list" 'path (directory-file-name remote))
      (should (equal (sort (copy-sequence emacs-agent-remote-tests--names) #'string<)
                     (sort (mapcar (lambda (entry) (alist-get 'name entry)) .entries) #'string<))))))

(ert-deftest emacs-agent-remote-large ()
  "A file of 5 MB comes through; one beyond the limit is refused."
  (emacs-agent-sshd-with-session
    (let ((bytes (apply #'concat (make-list 5 (apply #'unibyte-string
                                                     (cl-loop for i below 1000000 collect (mod (* i 7919) 256))))))
          (path (concat remote "large")))
      (should (hash-table-p (emacs-agent-sshd-file session "write" 'path path 'data (base64-encode-string bytes t)
                                                   'expected :null)))
      (should (equal bytes (emacs-agent-sshd-bytes (concat local "large"))))
      (let-alist (emacs-agent-sshd-file session "read" 'path path 'limit 5000000)
        (should (equal bytes (base64-decode-string .data))))
      (should (string-search "at most 4999999" (cdr (emacs-agent-sshd-file session "read" 'path path 'limit 4999999)))))))

(ert-deftest emacs-agent-remote-links ()
  "Names are true ones; the last part of one is not followed where that is not wanted."
  (emacs-agent-sshd-with-session
    (emacs-agent-sshd-put (concat local "sub/file") "x")
    (make-symbolic-link "sub" (concat local "to-sub"))
    (make-symbolic-link "file" (concat local "sub/to-file"))
    (make-symbolic-link "/nowhere/at all" (concat local "dangling"))
    (make-symbolic-link "loop" (concat local "loop"))
    (cl-flet ((look (name &rest more)
                (let ((answer (apply #'emacs-agent-sshd-file session "look" 'path (concat remote name) more)))
                  (if (eq (car answer) 'error) (cdr answer)
                    (let-alist answer (list (string-remove-prefix remote .path) .kind .target))))))
      (should (equal '("sub/file" "file" nil) (look "to-sub/to-file")))
      (should (equal '("sub/to-file" "link" "file") (look "to-sub/to-file" 'link t)))
      (should (equal '("sub/new/er" :null nil) (look "to-sub/new/er")))
      (should (equal (list (concat emacs-agent-sshd-prefix "/nowhere/at all") :null nil) (look "dangling")))
      (should (equal '("sub" "directory" nil) (look "to-sub")))
      (should (string-search "symbolic links" (look "loop")))
      (should (equal '("loop" "link" "loop") (look "loop" 'link t))))
    (should (equal '("dangling" "link") (let-alist (emacs-agent-sshd-file session "list" 'path (concat remote "."))
                                          (let-alist (cl-find "dangling" .entries :key #'cdar :test #'equal)
                                            (list .name .kind)))))
    (should (string-search "regular file" (cdr (emacs-agent-sshd-file session "read" 'path remote 'limit 10))))
    (should (string-search "No such file" (cdr (emacs-agent-sshd-file session "read" 'path (concat remote "no") 'limit 10))))))

(ert-deftest emacs-agent-remote-writes ()
  "A file is written if it is what was seen; its permissions stay, and nothing is left beside it."
  (emacs-agent-sshd-with-session
    (let ((file (concat local "new/dir/run.sh")) (path (concat remote "new/dir/run.sh")))
      (cl-flet ((write (data &rest more)
                  (let ((answer (apply #'emacs-agent-sshd-file session "write" 'path path
                                       'data (base64-encode-string data) more)))
                    (cond ((hash-table-p answer) 'done) ((assq 'stale answer) 'stale) (t answer)))))
        (should (eq 'done (write "one" 'expected :null)))
        (set-file-modes file #o750)
        (should (eq 'stale (write "two" 'expected :null)))
        (should (eq 'stale (write "two" 'expected (emacs-agent-remote-tests--hash "other"))))
        (should (equal "one" (emacs-agent-sshd-bytes file)))
        (should (eq 'done (write "two" 'expected (emacs-agent-remote-tests--hash "one"))))
        (should (equal '("two" #o750) (list (emacs-agent-sshd-bytes file) (file-modes file))))
        (should (eq 'done (write "three" 'expected (emacs-agent-remote-tests--hash "two") 'mode "600")))
        (should (equal '("three" #o600) (list (emacs-agent-sshd-bytes file) (file-modes file))))
        (delete-file file)
        (should (eq 'stale (write "four" 'expected (emacs-agent-remote-tests--hash "three"))))
        (emacs-agent-sshd-put (concat local "elsewhere") "kept")
        (make-symbolic-link "../../elsewhere" file)
        (should (eq 'stale (write "five" 'expected (emacs-agent-remote-tests--hash "kept"))))
        (should (equal "kept" (emacs-agent-sshd-bytes (concat local "elsewhere"))))
        (should (equal '("." ".." "run.sh") (directory-files (file-name-directory file))))))))

(ert-deftest emacs-agent-remote-moves ()
  "Files and directories are moved, copied and deleted; nothing is overwritten, and a link itself is meant."
  (emacs-agent-sshd-with-session
    (emacs-agent-sshd-put (concat local "a") "A")
    (emacs-agent-sshd-put (concat local "b") "B")
    (set-file-modes (concat local "a") #o755)
    (make-symbolic-link "a" (concat local "link"))
    (cl-flet ((there (&rest names) (mapcar (lambda (name) (concat remote name)) names))
              (done (answer) (hash-table-p answer)))
      (should (string-search "already exists" (cdr (emacs-agent-sshd-file session "move" 'from (concat remote "a")
                                                                          'path (concat remote "b")))))
      (should (string-search "already exists" (cdr (emacs-agent-sshd-file session "copy" 'from (concat remote "a")
                                                                          'path (concat remote "b")))))
      (should (equal '((stale . t)) (emacs-agent-sshd-file session "move" 'from (concat remote "a") 'expected "00"
                                                           'path (concat remote "c"))))
      (should (done (emacs-agent-sshd-file session "copy" 'from (concat remote "a") 'path (concat remote "sub/c")
                                           'expected (emacs-agent-remote-tests--hash "A"))))
      (should (equal '("A" #o755) (list (emacs-agent-sshd-bytes (concat local "sub/c")) (file-modes (concat local "sub/c")))))
      (should (done (emacs-agent-sshd-file session "move" 'from (concat remote "link") 'path (concat remote "link2"))))
      (should (equal "a" (file-symlink-p (concat local "link2"))))
      (should (done (emacs-agent-sshd-file session "delete" 'path (concat remote "link2"))))
      (should (equal "A" (emacs-agent-sshd-bytes (concat local "a"))))
      (should (equal '((stale . t)) (emacs-agent-sshd-file session "delete" 'path (concat remote "a") 'expected "00")))
      (should (eq 'error (car (emacs-agent-sshd-file session "delete" 'path (concat remote "sub")))))
      (should (done (emacs-agent-sshd-file session "make_directory" 'path (concat remote "deep/er"))))
      (should (done (emacs-agent-sshd-file session "delete" 'path (concat remote "deep/er/"))))
      (should (done (emacs-agent-sshd-file session "delete" 'path (concat remote "a"))))
      (should (equal '("b" "deep" "sub") (directory-files local nil "[^.]"))))))

(ert-deftest emacs-agent-remote-elsewhere ()
  "Only files of the project's own machine are served, and nothing for a project on this one."
  (emacs-agent-sshd-with-session
    (emacs-agent-sshd-put (concat local "secret") "kept")
    (let ((others (list (concat local "secret") "/ssh:elsewhere:/secret" "/ssh:there#22:/secret" "/sudo:there:/secret"
                        "/ssh:there:" "/ssh:there:secret" "/ssh:there:~/secret" "/ssh:there|sudo:there:/secret"
                        "" "secret" :null 7 (concat "/:" local "secret") (concat remote "new\nline")
                        (concat remote "\r"))))
      (dolist (path others)
        (dolist (params (list `((op . "look") (path . ,path)) `((op . "read") (path . ,path) (limit . 100))
                              `((op . "list") (path . ,path)) `((op . "delete") (path . ,path))
                              `((op . "write") (path . ,path) (data . "eA==")) `((op . "make_directory") (path . ,path))
                              `((op . "move") (from . ,path) (path . ,(concat remote "stolen")))
                              `((op . "copy") (from . ,(concat remote "secret")) (path . ,path))))
          (ert-info ((format "%S" params))
            (emacs-agent-sshd-send session "remote_files" params)
            (should (string-match-p "not a file on the machine\\|cannot reach" (cdr (emacs-agent-sshd-answer))))))
        (emacs-agent-sshd-send session "remote_process" `((command . ["true"]) (directory . ,path)))
        (should (eq 'error (car (emacs-agent-sshd-answer)))))
      (should (string-search "no operation" (cdr (emacs-agent-sshd-file session "chmod" 'path remote))))
      (setf (emacs-agent-session-project session) (directory-file-name local))
      (should (string-search "does not answer" (cdr (emacs-agent-sshd-file session "read" 'path remote))))
      (should (equal "kept" (emacs-agent-sshd-bytes (concat local "secret"))))
      (should (equal '("secret") (directory-files local nil "[^.]"))))))

(provide 'emacs-agent-remote-tests)
;;; emacs-agent-remote-tests.el ends here
