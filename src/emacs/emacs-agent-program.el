;;; emacs-agent-program.el --- The executable of the backend  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Where it is, and what it is started with.

;;; Code:

(require 'emacs-agent-base)

(defcustom emacs-agent-program nil
  "The executable of the backend.
If nil, it is looked for beside this file, in `emacs-agent-install-directory',
then in variable `exec-path'."
  :type '(choice (const :tag "Look for it" nil) file)
  :group 'emacs-agent)

(defcustom emacs-agent-program-arguments nil
  "More arguments for the backend, such as (\"--config\" \"/some/file.toml\")."
  :type '(repeat string)
  :group 'emacs-agent)

(defcustom emacs-agent-environment nil
  "More environment variables for the backend, each a string \"NAME=VALUE\".
API keys belong into `auth-sources', not here."
  :type '(repeat string)
  :group 'emacs-agent)

(defcustom emacs-agent-install-directory (locate-user-emacs-file "emacs-agent/bin/")
  "Where \\[emacs-agent-install-program] puts the executable of the backend."
  :type 'directory
  :group 'emacs-agent)

(defconst emacs-agent-program-directory
  (file-name-directory (or load-file-name buffer-file-name default-directory))
  "Where this file is.")

(defconst emacs-agent-program-name
  (if (eq system-type 'windows-nt) "emacs-agent-backend.exe" "emacs-agent-backend")
  "Name of the executable.")

(defun emacs-agent-program-path ()
  "Return the file name of the executable that was downloaded."
  (expand-file-name emacs-agent-program-name emacs-agent-install-directory))

(defun emacs-agent-program-file ()
  "Return the executable, or nil."
  (if emacs-agent-program
      (let ((file (expand-file-name emacs-agent-program)))
        (if (file-executable-p file) file (executable-find emacs-agent-program)))
    (or (cl-loop for directory in '("." ".." "../bin" "../../dist")
                 for file = (expand-file-name emacs-agent-program-name
                                              (expand-file-name directory emacs-agent-program-directory))
                 when (emacs-agent-program--p file) return file)
        (let ((file (emacs-agent-program-path)))
          (and (emacs-agent-program--p file) file))
        (executable-find emacs-agent-program-name))))

(defun emacs-agent-program--p (file)
  "Whether FILE can be started."
  (and (file-executable-p file) (not (file-directory-p file))))

(provide 'emacs-agent-program)
;;; emacs-agent-program.el ends here
