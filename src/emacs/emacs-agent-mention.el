;;; emacs-agent-mention.el --- What a prompt mentions after @  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Finds, completes and highlights @file, @directory/, @"a name with spaces", @buffer:NAME, @server:uri and @https://….  A name
;; that begins with `buffer:' is the buffer if there is one of that name.

;;; Code:

(require 'emacs-agent-context)
(require 'emacs-agent-served)
(require 'dnd)
(declare-function project-files "project")

(defconst emacs-agent-mention--regexp "@\\(?:\"\\(\\(?:[^\"\\\n]\\|\\\\.\\)+\\)\"\\|\\([^ \t\n\"]+\\)\\)"
  "A mention: in quotation marks, or a word.")

(defvar-local emacs-agent-mention--names nil
  "(TIME . NAMES) of the project's files and directories.")

;;;; Finding them

(defun emacs-agent-mention--boundary-p (position)
  "Whether a mention may begin at POSITION."
  (memq (char-before position) '(nil ?\s ?\t ?\n ?\()))

(defun emacs-agent-mention--next (directory limit)
  "Move point after the next mention before LIMIT and return it, or nil.
It is (KIND VALUE START END), where KIND is `file', `buffer', `resource' or
`url'.  Relative names are those of files in DIRECTORY."
  (let ((found nil))
    (while (and (not found) (< (point) limit) (re-search-forward emacs-agent-mention--regexp limit t))
      (let ((start (match-beginning 0)) (quoted (match-string-no-properties 1)) (word (match-string-no-properties 2)))
        (if (not (emacs-agent-mention--boundary-p start))
            (goto-char (1+ start))
          (setq found
                (cl-loop for name in (if quoted (list (replace-regexp-in-string "\\\\\\(.\\)" "\\1" quoted))
                                       (list word (string-trim-right word "[].,;:!?)'}]+")))
                         for is = (emacs-agent-mention--resolve name directory)
                         when is return (append is (list start (if quoted (point) (+ start 1 (length name))))))))))
    (when found (goto-char (nth 3 found)))
    found))

(defun emacs-agent-mention--resolve (name directory)
  "Return what NAME is, seen from DIRECTORY, as (KIND VALUE), or nil."
  (let ((case-fold-search nil))
    (cond ((string-empty-p name) nil)
          ((string-match-p "\\`https?://." name) (list 'url name))
          ((and (string-prefix-p "buffer:" name) (get-buffer (substring name 7)))
           (list 'buffer (get-buffer (substring name 7))))
          ((emacs-agent-mention--file name directory))
          ((string-match-p "\\`[[:alnum:]_.-]+:[[:alpha:]][[:alnum:]+.-]*:" name) (list 'resource name)))))

(defun emacs-agent-mention--file (name directory)
  "Return (file FILE) if NAME is a file or directory, seen from DIRECTORY.
The name of a directory ends with a slash."
  (or (emacs-agent-mention--there name directory)
      ;; Without handlers no name reaches another machine.
      (let* ((file-name-handler-alist nil)
             (file (ignore-errors (expand-file-name name directory))))
        (cond ((null file) nil)
              ((file-directory-p file) (list 'file (file-name-as-directory file)))
              ((file-exists-p file) (list 'file file))))))

;; While the user types, no request is sent to another machine.

(defvar emacs-agent-mention--asking nil
  "Whether another machine may be called to look for files.")

(defvar emacs-agent-mention--kinds (make-hash-table :test #'equal)
  "Kinds of files on other machines, as last seen: `file', `directory' or nil.")

(defun emacs-agent-mention--there (name directory)
  "Return (file FILE) if NAME is a file or directory, seen from DIRECTORY.
Return nil if DIRECTORY is on this machine."
  (let ((remote (file-remote-p directory)))
    (when remote
      (let* ((given (if (string-match-p "\\`[/~]" name) (concat remote name)
                      (concat (file-name-as-directory directory) name)))
             (file (if emacs-agent-mention--asking (expand-file-name given) given))
             (kind (cond (emacs-agent-mention--asking
                          (puthash given (cond ((file-directory-p file) 'directory) ((file-exists-p file) 'file))
                                   emacs-agent-mention--kinds))
                         ((gethash given emacs-agent-mention--kinds))
                         ((member name (cdr emacs-agent-mention--names)) 'file))))
        (and kind (list 'file (if (eq kind 'directory) (file-name-as-directory file) file)))))))

(defun emacs-agent-mention-all (text directory)
  "Return what TEXT mentions, in order, each once, as (KIND VALUE).
KIND is `file', `buffer', `resource' or `url'; VALUE is an absolute name, a
buffer or a text.  Relative names are those of files in DIRECTORY."
  (with-temp-buffer
    (insert text)
    (goto-char (point-min))
    (let ((all nil) (emacs-agent-mention--asking t) mention)
      (while (setq mention (emacs-agent-mention--next directory (point-max)))
        (cl-pushnew (seq-take mention 2) all :test #'equal))
      (nreverse all))))

(defun emacs-agent-mention-between (start end)
  "Return the mentions of the input between START and END.
Each is (KIND VALUE START END)."
  (save-excursion
    (save-match-data
      (goto-char (max start emacs-agent-input-start))
      (let ((all nil) mention)
        (while (setq mention (emacs-agent-mention--next default-directory end))
          (push mention all))
        (nreverse all)))))

(defun emacs-agent-mention--highlight (limit)
  "Find the next mention of the input before LIMIT, for font-lock."
  (when emacs-agent-input-start
    (goto-char (min limit (max (point) emacs-agent-input-start)))
    (let ((mention (emacs-agent-mention--next default-directory limit)))
      (when mention
        (set-match-data (nthcdr 2 mention))
        t))))

;;;; Writing them

(defun emacs-agent-mention--quoted-p (name)
  "Whether NAME must be quoted."
  (string-match-p "[ \t\"]" name))

(defun emacs-agent-mention--escape (name)
  "Return NAME with escapes, fit for a quoted mention."
  (replace-regexp-in-string "[\"\\]" "\\\\\\&" name))

(defun emacs-agent-mention-of (file)
  "Return the mention of FILE in this conversation."
  (let* ((file (expand-file-name file))
         (root (expand-file-name default-directory))
         (remote (file-remote-p root))
         (name (cond ((string-prefix-p root file) (substring file (length root)))
                     ((and remote (string-prefix-p remote file)) (substring file (length remote)))
                     (t (abbreviate-file-name file)))))
    (if (emacs-agent-mention--quoted-p name)
        (concat "@\"" (emacs-agent-mention--escape name) "\"")
      (concat "@" name))))

(defun emacs-agent-mention-insert (file)
  "Mention FILE in the input: at point, or at the end."
  (unless (emacs-agent-input-p) (goto-char (point-max)))
  (unless (emacs-agent-mention--boundary-p (point)) (insert " "))
  (insert (emacs-agent-mention-of file) " "))

(defun emacs-agent-mention-drop (url _action)
  "Mention the file at URL that was dropped here, for `dnd-protocol-alist'."
  (emacs-agent-mention-insert (or (dnd-get-local-file-name url t)
                                  (user-error "This is no file of this machine: %s" url)))
  'private)

;;;; Completion

(defun emacs-agent-mention--start ()
  "Return where the name begins that is being written after @, or nil."
  (when (emacs-agent-input-p)
    (let ((end (point)) (bound (max emacs-agent-input-start (line-beginning-position))) (start nil))
      (save-excursion
        (while (and (not start) (search-backward "@" bound t))
          (when (emacs-agent-mention--boundary-p (point))
            (setq start (1+ (point))))))
      (when start
        (let* ((quoted (and (< start end) (eq (char-after start) ?\")))
               (start (if quoted (1+ start) start))
               (text (buffer-substring-no-properties start end)))
          (and (not (string-search "\"" text))
               (or quoted
                   (not (string-match-p "[ \t]" text))
                   ;; A part of a name with spaces may be completed already.
                   (cl-some (lambda (name) (string-prefix-p text name)) (emacs-agent-mention--project)))
               start))))))

(defun emacs-agent-mention-complete ()
  "Complete a mention, for `completion-at-point-functions'."
  (let ((start (emacs-agent-mention--start)) (session emacs-agent-session))
    (when start
      (list start (point)
            (completion-table-dynamic (lambda (string) (emacs-agent-mention--candidates string session)))
            :exclusive 'no
            :exit-function #'emacs-agent-mention--finish))))

(defun emacs-agent-mention--candidates (string session)
  "Return the names that STRING may begin in SESSION."
  (let ((ours (append (if (or (string-match-p "\\`\\(?:[/~]\\|\\.\\.?/\\)" string)
                              (null (emacs-agent-mention--project)))
                          (emacs-agent-mention--listing string)
                        (emacs-agent-mention--project))
                      (emacs-agent-mention--buffers))))
    (append ours
            (and session (emacs-agent-served-resources
                          session (not (cl-some (lambda (name) (string-prefix-p string name)) ours)))))))

(defun emacs-agent-mention--project ()
  "Return the project's files and directories, as they were half a minute ago."
  (unless (and emacs-agent-mention--names (< (- (float-time) (car emacs-agent-mention--names)) 30))
    (let* ((default-directory (file-name-as-directory default-directory))
           (root (expand-file-name default-directory))
           (project (project-current))
           (files (and project
                       (mapcar (lambda (file) (string-remove-prefix root (expand-file-name file)))
                               (project-files project))))
           (names (cl-remove-if (lambda (name) (string-search "\n" name)) files)))
      (setq emacs-agent-mention--names
            (cons (float-time) (append names (emacs-agent-mention--directories names))))))
  (cdr emacs-agent-mention--names))

(defun emacs-agent-mention--directories (names)
  "Return the directories that the files with NAMES are in."
  (let ((seen (make-hash-table :test #'equal)))
    (dolist (name names)
      (let ((directory (file-name-directory name)))
        (while (and directory (not (equal directory "/")) (not (gethash directory seen)))
          (puthash directory t seen)
          (setq directory (file-name-directory (directory-file-name directory))))))
    (hash-table-keys seen)))

(defun emacs-agent-mention--listing (string)
  "Return the files of the directory that STRING names, as it names them."
  (let* ((remote (file-remote-p default-directory))
         (file-name-handler-alist (and remote file-name-handler-alist))
         (directory (or (file-name-directory string) ""))
         (there (if (and remote (string-match-p "\\`[/~]" directory)) (concat remote directory)
                  (expand-file-name directory default-directory))))
    (and (file-directory-p there)
         (mapcar (lambda (name) (concat directory name))
                 (cl-remove-if (lambda (name) (member name '("./" "../")))
                               (ignore-errors (file-name-all-completions "" there)))))))

(defun emacs-agent-mention--buffers ()
  "Return the names of buffers with text that is not in a file, as mentions."
  (cl-loop for buffer in (buffer-list)
           unless (or (eq buffer (current-buffer)) (string-prefix-p " " (buffer-name buffer))
                      (and (buffer-file-name buffer) (not (buffer-modified-p buffer))))
           collect (concat "buffer:" (buffer-name buffer))))

(defun emacs-agent-mention--finish (name status)
  "Quote NAME, which was completed before point, where it must be.
With the STATUS `exact' the name may continue: point stays before the closing
quotation mark."
  (let* ((start (- (point) (length name))) (open (eq (char-before start) ?\")))
    (when (or open (emacs-agent-mention--quoted-p name))
      (delete-region start (point))
      (insert (if open "" "\"") (emacs-agent-mention--escape name))
      (unless (eq (char-after) ?\") (save-excursion (insert "\"")))
      (unless (eq status 'exact) (forward-char)))))

(defun emacs-agent-mention-setup ()
  "Complete and highlight mentions in this buffer, and accept dropped files."
  (setq-local dnd-protocol-alist (cons '("\\`file:" . emacs-agent-mention-drop) dnd-protocol-alist))
  (add-hook 'completion-at-point-functions #'emacs-agent-mention-complete nil t)
  (font-lock-add-keywords nil '((emacs-agent-mention--highlight 0 'emacs-agent-mention prepend)) t))

(provide 'emacs-agent-mention)
;;; emacs-agent-mention.el ends here
