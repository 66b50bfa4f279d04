;;; emacs-agent-doctor.el --- A check of the installation  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Checks the Emacs side, then runs the check of the executable.

;;; Code:

(require 'emacs-agent)

(defun emacs-agent-doctor--checks ()
  "Return the results, as lists of whether it is well, a name and a text."
  (let ((program (emacs-agent-program-file)) (backend emacs-agent-backend))
    (list
     (list (version<= "28.1" emacs-version) "Emacs" emacs-version)
     (list (fboundp 'json-parse-string) "JSON"
           (if (fboundp 'json-parse-string) "native"
             "in Lisp, which is slow: this Emacs was built without it"))
     (list program "Executable"
           (or program "not found; customize `emacs-agent-program' or put it into PATH"))
     (list (memq (emacs-agent-backend-state backend) '(ready stopped)) "Backend"
           (format "%s%s" (emacs-agent-backend-state backend)
                   (if (emacs-agent-backend-version backend)
                       (format ", version %s" (emacs-agent-backend-version backend)) "")))
     (list (or (null (emacs-agent-backend-version backend))
               (equal emacs-agent-version (emacs-agent-backend-version backend)))
           "Client" (format "version %s in %s%s" emacs-agent-version
                            (abbreviate-file-name emacs-agent-program-directory)
                            (if (member (emacs-agent-backend-version backend) (list nil emacs-agent-version)) ""
                              "; M-x emacs-agent-update installs the executable's")))
     (list t "Sessions" (format "%d shown" (length emacs-agent-session-list)))
     (list (executable-find "git") "git" (or (executable-find "git") "not found: git tools will fail")))))

;;;###autoload
(defun emacs-agent-doctor ()
  "Show the result of each check, here and in the executable."
  (interactive)
  (let ((buffer (get-buffer-create "*emacs-agent doctor*")) (program (emacs-agent-program-file)))
    (with-current-buffer buffer
      (let ((inhibit-read-only t))
        (special-mode)
        (erase-buffer)
        (pcase-dolist (`(,well ,name ,text) (emacs-agent-doctor--checks))
          (insert (propertize (if well "ok   " "FAIL ") 'face (if well 'emacs-agent-success 'emacs-agent-failure))
                  (format "%-12s %s\n" name text)))
        (insert "\n")
        (let ((words (emacs-agent-backend-last-words)))
          (when words (insert "The backend's last line: " words "\n\n")))
        (setq default-directory (file-name-as-directory (expand-file-name "~")))
        (when program (emacs-agent-doctor--run program buffer))))
    (pop-to-buffer buffer)))

(defun emacs-agent-doctor--run (program buffer)
  "Add the report of PROGRAM about itself to BUFFER."
  (make-process
   :name "emacs-agent-doctor" :noquery t :connection-type 'pipe :command (list program "doctor")
   :filter (lambda (_process text)
             (when (buffer-live-p buffer)
               (with-current-buffer buffer
                 (let ((inhibit-read-only t))
                   (save-excursion
                     (goto-char (point-max))
                     (insert (emacs-agent-show-controls text)))))))
   :sentinel #'ignore))

(provide 'emacs-agent-doctor)
;;; emacs-agent-doctor.el ends here
