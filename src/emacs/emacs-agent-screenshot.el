;;; emacs-agent-screenshot.el --- A screenshot in a prompt  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A program of the desktop makes it; most of them let the user choose a part of the screen with the mouse.

;;; Code:

(require 'emacs-agent-image)

(defcustom emacs-agent-screenshot-programs
  '(("screencapture" "-i" file)
    ("gnome-screenshot" "-a" "-f" file)
    ("spectacle" "-b" "-n" "-r" "-o" file)
    ("flameshot" "gui" "-p" file)
    ("maim" "-s" file)
    ("scrot" "-s" "-o" file)
    ("import" file)
    ("grim" file))
  "Programs for screenshots, each with its arguments; the first one there is used.
The symbol `file' stands for the name of the file to write, a PNG."
  :type '(repeat (cons (string :tag "Program")
                       (repeat :tag "Arguments" (choice string (const :tag "The file" file)))))
  :group 'emacs-agent)

(defun emacs-agent-screenshot ()
  "Put a screenshot into the input, made by a program of the desktop.
See `emacs-agent-screenshot-programs'."
  (interactive)
  (unless emacs-agent-session (user-error "This is no conversation"))
  (let* ((program (or (cl-find-if (lambda (program) (executable-find (car program))) emacs-agent-screenshot-programs)
                      (user-error "There is none of %s; see the variable emacs-agent-screenshot-programs"
                                  (mapconcat #'car emacs-agent-screenshot-programs ", "))))
         (directory (make-temp-file "emacs-agent-screenshot" t))
         (file (expand-file-name "screenshot.png" directory))
         (buffer (current-buffer)))
    (message "Choose a part of the screen")
    (make-process :name "emacs-agent-screenshot" :noquery t :connection-type 'pipe
                  :buffer (generate-new-buffer " *emacs-agent-screenshot*")
                  :command (cl-substitute file 'file program)
                  :sentinel (lambda (process _event)
                              (unless (process-live-p process)
                                (emacs-agent-run-safely #'emacs-agent-screenshot--take process file buffer))))))

(defun emacs-agent-screenshot--take (process file buffer)
  "Put FILE, which PROCESS has written, into the input of BUFFER."
  (let ((data (emacs-agent-private-read file 'binary))
        (said (with-current-buffer (process-buffer process) (emacs-agent-one-line (buffer-string) 200))))
    (kill-buffer (process-buffer process))
    (delete-directory (file-name-directory file) t)
    (cond ((null data)
           (emacs-agent-say "No screenshot was made%s" (if (string-empty-p said) "" (concat ": " said))))
          ((buffer-live-p buffer)
           (with-current-buffer buffer (emacs-agent-image-add data))))))

(provide 'emacs-agent-screenshot)
;;; emacs-agent-screenshot.el ends here
