;;; emacs-agent-install.el --- Downloading the backend  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A package has only the client.  If no executable is found, the one of the same release is offered.  Nothing is downloaded
;; without a confirmation, and an archive is unpacked only if its hash is the one in the list of the release.

;;; Code:

(require 'emacs-agent-program)
(require 'url)

(defcustom emacs-agent-install-url "https://github.com/emacs-agent/emacs-agent-backend/releases"
  "Where releases are: their files are at URL/download/vVERSION."
  :type 'string
  :group 'emacs-agent)

(defconst emacs-agent-install--processors
  '(("x86_64" . "x64") ("amd64" . "x64") ("aarch64" . "arm64") ("arm64" . "arm64"))
  "Names of the processors in releases, by their names in Emacs.")

(defun emacs-agent-install-system ()
  "Return the name of this system in releases, or nil if there is none for it."
  (let* ((name (car (split-string system-configuration "-")))
         (processor (cdr (assoc-string name emacs-agent-install--processors t))))
    (when processor
      (pcase system-type
        ('gnu/linux (concat "linux-" processor (and (string-suffix-p "musl" system-configuration) "-musl")))
        ('darwin (concat "darwin-" processor))
        ('windows-nt (concat "windows-" processor))))))

(defun emacs-agent-install--line (sums system)
  "Return (HASH . ARCHIVE) for SYSTEM of SUMS, the text of SHA256SUMS, or nil.
An xz archive is preferred, since it is smaller, if there is an xz to unpack
it; not on Windows, whose tar reads xz only since Windows 11."
  (cl-some (lambda (format)
             (and (string-match (concat "^\\([0-9a-f]\\{64\\}\\) [ *]\\(emacs-agent-backend-[^ /\n]*-"
                                        (regexp-quote system) "\\." format "\\)$")
                                sums)
                  (cons (match-string 1 sums) (match-string 2 sums))))
           (append (and (not (string-prefix-p "windows" system)) (executable-find "xz") '("tar\\.xz"))
                   '("tar\\.gz" "zip" "tar\\.xz"))))

(defun emacs-agent-install--fetch (url function)
  "Download URL in the background, then call FUNCTION with the bytes and a problem.
One of them is nil."
  (url-retrieve
   url
   (lambda (status)
     (let ((problem (plist-get status :error)) bytes)
       (unless problem
         (goto-char (point-min))
         (when (re-search-forward "\r?\n\r?\n" nil t)
           (setq bytes (buffer-substring-no-properties (point) (point-max)))))
       (kill-buffer)
       (if bytes
           (funcall function bytes nil)
         (funcall function nil (format "%s cannot be downloaded (%s)" url (or problem "no answer"))))))
   nil t t))

(defun emacs-agent-install--unpacking (archive)
  "Return the tar argument for ARCHIVE, since BusyBox does not detect formats.
For a zip, which Windows' tar reads, there is no letter."
  (cond ((string-suffix-p ".xz" archive) "-xJf")
        ((string-suffix-p ".gz" archive) "-xzf")
        (t "-xf")))

(defun emacs-agent-install--unpack (bytes archive)
  "Unpack BYTES of ARCHIVE and put the executable into its place; return the file.
If that fails, signal an error; an earlier executable then stays."
  (let* ((work (make-temp-file "emacs-agent-" t))
         (packed (expand-file-name archive work))
         (name emacs-agent-program-name)
         (coding-system-for-write 'no-conversion))
    (unwind-protect
        (let ((default-directory work))
          (write-region bytes nil packed nil 'quiet)
          (with-temp-buffer
            (unless (eql 0 (call-process "tar" nil t nil (emacs-agent-install--unpacking archive) packed "-C" work))
              (error "%s cannot be unpacked: %s" archive (string-trim (buffer-string)))))
          (let ((found (car (directory-files-recursively work (concat "\\`" (regexp-quote name) "\\'")))))
            (unless found (error "%s has no %s" archive name))
            (make-directory emacs-agent-install-directory t)
            (let ((file (emacs-agent-program-path)))
              (set-file-modes found #o755)
              (rename-file found file t)
              file)))
      (delete-directory work t))))

(defun emacs-agent-install--check (bytes hash archive)
  "Signal an error unless BYTES of ARCHIVE have HASH."
  (let ((found (secure-hash 'sha256 bytes)))
    (unless (equal found hash)
      (error "%s has the hash %s, and the release says %s: nothing was installed" archive found hash))))

(defun emacs-agent-install-download (function)
  "Download the executable of this release.
Then call FUNCTION with a problem, or nil."
  (let ((base (format "%s/download/v%s/" (string-remove-suffix "/" emacs-agent-install-url) emacs-agent-version))
        (system (emacs-agent-install-system)))
    (if (not system)
        (funcall function (format "There is no executable for %s" system-configuration))
      (emacs-agent-install--fetch
       (concat base "SHA256SUMS")
       (lambda (sums problem)
         (pcase (and sums (emacs-agent-install--line sums system))
           ('nil (funcall function (or problem (format "%sSHA256SUMS names nothing for %s" base system))))
           (`(,hash . ,archive)
            (message "Emacs-Agent: downloading %s…" archive)
            (emacs-agent-install--fetch
             (concat base archive)
             (lambda (bytes problem)
               (funcall function
                        (or problem
                            (condition-case err
                                (progn (emacs-agent-install--check bytes hash archive)
                                       (message "Emacs-Agent: installed %s"
                                                (emacs-agent-install--unpack bytes archive))
                                       nil)
                              (error (error-message-string err))))))))))))))

(defun emacs-agent-install-offer (function)
  "Ask whether to download the executable.
Then call FUNCTION with a problem, or nil."
  (if (or noninteractive
          (not (y-or-n-p (format "The backend was not found.  Download version %s from %s to %s? "
                                 emacs-agent-version emacs-agent-install-url
                                 (abbreviate-file-name emacs-agent-install-directory)))))
      (funcall function "The executable emacs-agent-backend was not found; customize `emacs-agent-program'")
    (emacs-agent-install-download function)))

;;;###autoload
(defun emacs-agent-install-program ()
  "Download the executable of the backend that belongs to this client."
  (interactive)
  (emacs-agent-install-download
   (lambda (problem)
     (if problem (message "Emacs-Agent: %s" problem)
       (message "Emacs-Agent: the backend %s is installed" emacs-agent-version)))))

(provide 'emacs-agent-install)
;;; emacs-agent-install.el ends here
