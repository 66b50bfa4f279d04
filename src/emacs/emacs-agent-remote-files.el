;;; emacs-agent-remote-files.el --- Files of projects on other machines  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The backend finds, reads and writes files on another machine through this Emacs.  Contents are bytes, in Base64.  A request
;; to change a file may name the SHA-256 of the content that the backend expects; if it is another one, nothing is changed.

;;; Code:

(require 'emacs-agent-remote)

(defconst emacs-agent-remote-files--most 10000
  "Entries of a directory in an answer, at most.")

(defconst emacs-agent-remote-files--operations
  '(("look" . emacs-agent-remote-files--look)
    ("read" . emacs-agent-remote-files--read)
    ("list" . emacs-agent-remote-files--list)
    ("write" . emacs-agent-remote-files--write)
    ("make_directory" . emacs-agent-remote-files--make-directory)
    ("delete" . emacs-agent-remote-files--delete)
    ("move" . emacs-agent-remote-files--move)
    ("copy" . emacs-agent-remote-files--copy))
  "The function of each operation.
It is called with a request, and returns its result.")

(defconst emacs-agent-remote-files--done (make-hash-table)
  "The result of an operation that succeeded: an empty object.")

(defconst emacs-agent-remote-files--stale '((stale . t))
  "The result if the content of a file is not the expected one.")

(defun emacs-agent-remote-files-answer (request)
  "Answer REQUEST for a file on another machine."
  (let ((operation (emacs-agent-editor-param request 'op)))
    (emacs-agent-remote-serve
     request (or (cdr (assoc operation emacs-agent-remote-files--operations))
                 (error "There is no operation %s on remote files" operation)))))

;;;; Looking

(defun emacs-agent-remote-files--kind (attributes)
  "Return the kind of a file with ATTRIBUTES as the API names it, nil for no file."
  (cond ((null attributes) nil)
        ((eq (file-attribute-type attributes) t) "directory")
        ((file-attribute-type attributes) "link")
        ((string-prefix-p "-" (file-attribute-modes attributes)) "file")
        (t "other")))

(defun emacs-agent-remote-files--mode (attributes)
  "Return the permissions in ATTRIBUTES, a number."
  (logand #o7777 (tramp-mode-string-to-int (file-attribute-modes attributes))))

(defun emacs-agent-remote-files--look (request)
  "Return the properties of the file at the path of REQUEST, links followed."
  (let* ((given (directory-file-name (emacs-agent-remote-file request 'path)))
         (path (if (emacs-agent-editor-param request 'link)
                   (expand-file-name (file-name-nondirectory given) (file-truename (file-name-directory given)))
                 (file-truename given)))
         (attributes (file-attributes path)))
    `((path . ,(emacs-agent-remote-files--name path))
      (kind . ,(or (emacs-agent-remote-files--kind attributes) :null))
      ,@(and attributes
             (emacs-agent-present
              'size (file-attribute-size attributes)
              'mode (format "%o" (emacs-agent-remote-files--mode attributes))
              'hash (and (emacs-agent-editor-param request 'hash)
                         (equal "file" (emacs-agent-remote-files--kind attributes))
                         (emacs-agent-remote-files--hash path))
              'target (let ((type (file-attribute-type attributes)))
                        (and (stringp type) (emacs-agent-clean-text type))))))))

(defun emacs-agent-remote-files--name (path)
  "Return PATH as it is sent, without the quotation of TRAMP."
  (emacs-agent-clean-text (if (file-name-quoted-p path) (file-name-unquote path) path)))

(defun emacs-agent-remote-files--regular (path)
  "Return the attributes of PATH.
Signal an error if it is no regular file."
  (let ((attributes (file-attributes path)))
    (unless attributes (signal 'file-missing (list "Opening input file" "No such file or directory" path)))
    (unless (equal "file" (emacs-agent-remote-files--kind attributes))
      (error "Not a regular file: %s" path))
    attributes))

(defun emacs-agent-remote-files--read (request)
  "Return the content of the file at the path of REQUEST."
  (let* ((path (file-truename (emacs-agent-remote-file request 'path)))
         (limit (emacs-agent-editor-param request 'limit))
         (attributes (emacs-agent-remote-files--regular path))
         (size (file-attribute-size attributes)))
    (when (and limit (> size limit))
      (error "%s has %d bytes, and at most %d are read" path size limit))
    (let ((content (emacs-agent-file-bytes path)))
      `((data . ,(base64-encode-string content t))
        (size . ,(length content))
        (mode . ,(format "%o" (emacs-agent-remote-files--mode attributes)))))))

(defun emacs-agent-remote-files--list (request)
  "Return the entries of the directory at the path of REQUEST."
  (let* ((path (emacs-agent-remote-file request 'path))
         (all (cl-remove-if (lambda (entry) (member (car entry) '("." "..")))
                            (directory-files-and-attributes path nil nil t)))
         (entries (seq-take all emacs-agent-remote-files--most)))
    `((entries . ,(vconcat (mapcar #'emacs-agent-remote-files--entry entries)))
      ,@(and (cdr (nthcdr (1- emacs-agent-remote-files--most) all)) '((cut . t))))))

(defun emacs-agent-remote-files--entry (entry)
  "Return ENTRY of a directory as it is sent."
  `((name . ,(emacs-agent-clean-text (car entry)))
    (kind . ,(emacs-agent-remote-files--kind (cdr entry)))
    (size . ,(file-attribute-size (cdr entry)))))

;;;; Changing

(defun emacs-agent-remote-files--hash (path)
  "Return the SHA-256 of the file at PATH.
Return `none' if there is none, `other' if it is not a regular file."
  (let ((attributes (file-attributes path)))
    (cond ((null attributes) 'none)
          ((not (equal "file" (emacs-agent-remote-files--kind attributes))) 'other)
          ((emacs-agent-remote-files--hash-there path))
          (t (secure-hash 'sha256 (emacs-agent-file-bytes path))))))

(defun emacs-agent-remote-files--hash-there (path)
  "Return the SHA-256 of the file at PATH, computed there, or nil if that fails."
  (with-temp-buffer
    (let ((default-directory (file-name-directory path)))
      (and (eql 0 (process-file "sha256sum" nil t nil "--" (file-local-name path)))
           (progn (goto-char (point-min))
                  ;; A backslash precedes it if the name has one.
                  (looking-at "\\\\?\\([0-9a-f]\\{64\\}\\) "))
           (match-string 1)))))

(defun emacs-agent-remote-files--seen-p (request path)
  "Whether PATH has the content that REQUEST expects, if it expects any."
  (let ((expected (alist-get 'expected (emacs-agent-editor-request-params request) 'any)))
    (or (eq expected 'any)
        (equal (if (eq expected :null) 'none expected) (emacs-agent-remote-files--hash path)))))

(defun emacs-agent-remote-files--write (request)
  "Write the content in REQUEST to the file at its path, completely or not at all."
  (let* ((path (directory-file-name (emacs-agent-remote-file request 'path)))
         (bytes (base64-decode-string (emacs-agent-editor-param request 'data)))
         (before (file-attributes path))
         (given (emacs-agent-editor-param request 'mode))
         (mode (cond (given (string-to-number given 8))
                     (before (emacs-agent-remote-files--mode before))))
         (new (emacs-agent-remote-files--beside path)))
    (make-directory (file-name-directory path) t)
    (unwind-protect
        (progn
          (emacs-agent-remote-files--put bytes new mode)
          (if (not (emacs-agent-remote-files--seen-p request path))
              emacs-agent-remote-files--stale
            (rename-file new path t)
            (setq new nil)
            emacs-agent-remote-files--done))
      (when new (ignore-errors (delete-file new))))))

(defun emacs-agent-remote-files--beside (path)
  "Return a new name in the directory of PATH."
  (expand-file-name (format ".emacs-agent-%s.tmp" (substring (secure-hash 'sha1 (format "%s%s" path (random))) 0 12))
                    (file-name-directory path)))

(defun emacs-agent-remote-files--put (bytes path mode)
  "Write BYTES into the new file PATH, with the permissions MODE unless it is nil."
  (let ((coding-system-for-write 'binary) (write-region-annotate-functions nil) (write-region-post-annotation-function nil))
    (with-temp-buffer
      (set-buffer-multibyte nil)
      (insert bytes)
      (write-region nil nil path nil 'silent)))
  (when mode (set-file-modes path mode)))

(defun emacs-agent-remote-files--make-directory (request)
  "Make the directory at the path of REQUEST, and its parents."
  (make-directory (emacs-agent-remote-file request 'path) t)
  emacs-agent-remote-files--done)

(defun emacs-agent-remote-files--delete (request)
  "Delete the file, link or empty directory at the path of REQUEST."
  (let* ((path (directory-file-name (emacs-agent-remote-file request 'path)))
         (attributes (file-attributes path)))
    (cond ((not (emacs-agent-remote-files--seen-p request path)) emacs-agent-remote-files--stale)
          ((not attributes) (signal 'file-missing (list "Removing old name" "No such file or directory" path)))
          (t (if (eq (file-attribute-type attributes) t) (delete-directory path) (delete-file path))
             emacs-agent-remote-files--done))))

(defun emacs-agent-remote-files--move (request)
  "Rename a file, as REQUEST wants it."
  (emacs-agent-remote-files--transfer request #'rename-file))

(defun emacs-agent-remote-files--copy (request)
  "Copy a file or directory, as REQUEST wants it."
  (emacs-agent-remote-files--transfer
   request (lambda (from path)
             (if (eq t (file-attribute-type (file-attributes from)))
                 (copy-directory from path nil nil t)
               (copy-file from path)))))

(defun emacs-agent-remote-files--transfer (request function)
  "Call FUNCTION with the two names in REQUEST, of which the second must be new."
  (let ((from (directory-file-name (emacs-agent-remote-file request 'from)))
        (path (directory-file-name (emacs-agent-remote-file request 'path))))
    (cond ((not (emacs-agent-remote-files--seen-p request from)) emacs-agent-remote-files--stale)
          ((file-attributes path) (signal 'file-already-exists (list "File already exists" path)))
          (t (make-directory (file-name-directory path) t)
             (funcall function from path)
             emacs-agent-remote-files--done))))

(provide 'emacs-agent-remote-files)
;;; emacs-agent-remote-files.el ends here
