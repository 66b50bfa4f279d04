;;; emacs-agent-install-tests.el --- Downloading the backend  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; A release is served by a real server, which sends files of a directory.

;;; Code:

(require 'emacs-agent-test)
(require 'emacs-agent-install)

(defun emacs-agent-install-tests--answer (directory process request)
  "Send the file of DIRECTORY that REQUEST of PROCESS asks for."
  (when (string-match "\\`GET \\([^ ]+\\) " request)
    (let ((file (expand-file-name (substring (match-string 1 request) 1) directory)))
      (process-send-string
       process
       (if (file-regular-p file)
           (with-temp-buffer
             (set-buffer-multibyte nil)
             (insert-file-contents-literally file)
             (format "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                     (buffer-size) (buffer-string)))
         "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
      (process-send-eof process))))

(defun emacs-agent-install-tests--release (directory &optional hash)
  "Make a release for this system in DIRECTORY; its list says HASH, or the right one."
  (let* ((place (expand-file-name (format "download/v%s" emacs-agent-version) directory))
         (archive (format "emacs-agent-backend-%s-%s.tar.gz" emacs-agent-version (emacs-agent-install-system)))
         (default-directory (file-name-as-directory place)))
    (make-directory (expand-file-name "inner" place) t)
    (with-temp-file (expand-file-name (concat "inner/" emacs-agent-program-name) place)
      (insert "#!/bin/sh\necho it runs\n"))
    (should (eql 0 (call-process "tar" nil nil nil "-czf" archive "-C" place "inner")))
    (with-temp-file (expand-file-name "SHA256SUMS" place)
      (insert (format "%s  emacs-agent-backend-%s-other.tar.gz\n" (make-string 64 ?0) emacs-agent-version)
              (or hash (with-temp-buffer
                         (set-buffer-multibyte nil)
                         (insert-file-contents-literally archive)
                         (secure-hash 'sha256 (current-buffer))))
              "  " archive "\n"))))

(defmacro emacs-agent-install-tests--with (release &rest body)
  "Run BODY where RELEASE was made in `directory', and is served; `problem' is what an installation says."
  (declare (indent 1))
  `(let* ((directory (make-temp-file "emacs-agent-release-" t))
          (emacs-agent-install-directory (expand-file-name "bin/" directory))
          (emacs-agent-program nil)
          (server (make-network-process
                   :name "release" :server t :host "127.0.0.1" :service t :family 'ipv4 :coding 'binary
                   :filter (lambda (process request)
                             (emacs-agent-install-tests--answer directory process request))))
          (emacs-agent-install-url
           (format "http://127.0.0.1:%d" (process-contact server :service)))
          (url-proxy-services nil)
          (problem 'none))
     (unwind-protect
         (progn
           ,release
           (emacs-agent-install-download (lambda (result) (setq problem result)))
           (emacs-agent-test-wait (not (eq problem 'none)))
           ,@body)
       (delete-process server)
       (delete-directory directory t))))

(ert-deftest emacs-agent-install-right ()
  "The executable of a release is unpacked, can be started, and is found."
  (emacs-agent-install-tests--with (emacs-agent-install-tests--release directory)
    (should-not problem)
    (should (equal "it runs\n" (with-output-to-string
                                 (call-process (emacs-agent-program-path) nil standard-output))))
    (let ((emacs-agent-program-directory directory) (exec-path nil))
      (should (equal (emacs-agent-program-path) (emacs-agent-program-file))))))

(ert-deftest emacs-agent-install-another-hash ()
  "What has another hash than the release says is not unpacked."
  (emacs-agent-install-tests--with (emacs-agent-install-tests--release directory (make-string 64 ?a))
    (should (string-search "nothing was installed" problem))
    (should-not (file-exists-p (emacs-agent-program-path)))))

(ert-deftest emacs-agent-install-no-release ()
  "Where there is no such release, the address is named."
  (emacs-agent-install-tests--with nil
    (should (string-search "SHA256SUMS" problem))))

(ert-deftest emacs-agent-install-musl ()
  "The system is one of musl when Emacs is, not when musl is there beside glibc."
  (let ((system-type 'gnu/linux))
    (let ((system-configuration "x86_64-pc-linux-gnu"))
      (should (equal (emacs-agent-install-system) "linux-x64")))
    (let ((system-configuration "aarch64-alpine-linux-musl"))
      (should (equal (emacs-agent-install-system) "linux-arm64-musl")))))

(ert-deftest emacs-agent-install-format ()
  "The smaller archive is taken where it can be unpacked: not without xz, and not on Windows."
  (let ((sums (mapconcat (lambda (archive) (format "%s  emacs-agent-backend-1.0.0-%s\n" (make-string 64 ?0) archive))
                         '("linux-x64-musl.tar.xz" "linux-x64.tar.gz" "linux-x64.tar.xz"
                           "windows-x64.tar.xz" "windows-x64.zip")
                         ""))
        (xz t))
    (cl-letf (((symbol-function 'executable-find) (lambda (&rest _) xz)))
      (cl-flet ((taken (system) (string-remove-prefix "emacs-agent-backend-1.0.0-"
                                                      (cdr (emacs-agent-install--line sums system)))))
        (should (equal (taken "windows-x64") "windows-x64.zip"))
        (should (equal (taken "linux-x64") "linux-x64.tar.xz"))
        (setq xz nil)
        (should (equal (taken "windows-x64") "windows-x64.zip"))
        (should (equal (taken "linux-x64") "linux-x64.tar.gz"))
        (should (equal (taken "linux-x64-musl") "linux-x64-musl.tar.xz"))
        (should-not (emacs-agent-install--line sums "darwin-x64"))))))

(ert-deftest emacs-agent-install-other-systems ()
  "A release without an archive for this system says so."
  (emacs-agent-install-tests--with
      (let ((place (expand-file-name (format "download/v%s" emacs-agent-version) directory)))
        (make-directory place t)
        (with-temp-file (expand-file-name "SHA256SUMS" place) (insert "nothing\n")))
    (should (string-search (emacs-agent-install-system) problem))))

(ert-deftest emacs-agent-install-asked-first ()
  "Nothing is downloaded unasked."
  (let (said)
    (emacs-agent-install-offer (lambda (problem) (setq said problem)))
    (should (string-search "customize `emacs-agent-program'" said))))

(provide 'emacs-agent-install-tests)
;;; emacs-agent-install-tests.el ends here
