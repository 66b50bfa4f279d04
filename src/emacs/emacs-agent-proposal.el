;;; emacs-agent-proposal.el --- What a call would write  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The files that a call would write, in parts that can be refused: the hunks of a diff, or a file as a whole.  The text
;; of a file as the call would leave it, with all of its hunks or some of them.

;;; Code:

(require 'emacs-agent-call)
(require 'emacs-agent-context)

(cl-defstruct (emacs-agent-proposal (:copier nil))
  "A file that a call would write.
ENTRY is its entry in the preview, FIRST the number of its first part.
Without HUNKS it is one part."
  entry hunks first)

(defun emacs-agent-proposal-several-p (call)
  "Whether CALL stands for several edits and is decided file by file."
  (let-alist (emacs-agent-call-event call)
    (and (member .tool '("review_edits" "delegate")) (> (length .preview.files) 0))))

(defun emacs-agent-proposal-files (call)
  "Return the files that CALL would write, if parts of them can be refused.
That is one file whose diff is complete or, if the call is decided file by file,
any number of them.  A file that is deleted or moved is one part."
  (let-alist (emacs-agent-call-event call)
    (let* ((several (emacs-agent-proposal-several-p call)) (first 0)
           (files (mapcar (lambda (entry)
                            (let ((file (make-emacs-agent-proposal
                                         :entry entry :first first :hunks (emacs-agent-proposal--hunks entry))))
                              (cl-incf first (emacs-agent-proposal-size file))
                              file))
                          .preview.files)))
      (and (or several
               (and (equal .category "filesystem")
                    (not (member .tool '("delete_file" "move_file")))
                    (null (cdr files))
                    files (emacs-agent-proposal-hunks (car files))))
           files))))

(defun emacs-agent-proposal--hunks (entry)
  "Return the hunks of ENTRY, a file of a preview, that can be chosen."
  (let ((diff (alist-get 'diff entry)))
    (and (not (string-match-p "^\\+\\+\\+ /dev/null$" diff)) (emacs-agent-diff-hunks diff))))

(defun emacs-agent-proposal-size (file)
  "Return the number of parts of FILE."
  (max 1 (length (emacs-agent-proposal-hunks file))))

(defun emacs-agent-proposal-numbers (file)
  "Return the numbers of the parts of FILE."
  (let ((first (emacs-agent-proposal-first file)))
    (number-sequence first (+ first (emacs-agent-proposal-size file) -1))))

(defun emacs-agent-proposal-parts (call)
  "Return how many parts CALL has that can be refused."
  (apply #'+ (mapcar #'emacs-agent-proposal-size (emacs-agent-proposal-files call))))

(defun emacs-agent-proposal-path (file)
  "Return the path of FILE as the backend has it."
  (alist-get 'path (emacs-agent-proposal-entry file)))

(defun emacs-agent-proposal-file (file)
  "Return the name of FILE in this Emacs."
  (emacs-agent-session-file emacs-agent-session (emacs-agent-proposal-path file)))

(defun emacs-agent-proposal-before (file)
  "Return the text of FILE that would change, on disk or in an unsaved buffer.
The hash in the preview tells which of them it was made from."
  (let* ((name (emacs-agent-proposal-file file))
         (hash (emacs-agent-value (alist-get 'before_hash (emacs-agent-proposal-entry file))))
         (buffer (emacs-agent-buffer-visiting name)))
    (cl-find-if (lambda (text)
                  (or (null hash)
                      (equal hash (concat "sha256:" (secure-hash 'sha256 (encode-coding-string text 'utf-8-unix))))))
                (delq nil (list (if hash (emacs-agent-proposal--disk name) "")
                                (and buffer (buffer-modified-p buffer)
                                     (with-current-buffer buffer
                                       (save-restriction
                                         (widen)
                                         (emacs-agent-context-text (point-min) (point-max))))))))))

(defun emacs-agent-proposal--disk (file)
  "Return the text of FILE, empty if there is none."
  (if (not (file-exists-p file))
      ""
    (with-temp-buffer
      (let ((coding-system-for-read 'utf-8-unix))
        (insert-file-contents file))
      (buffer-string))))

(defun emacs-agent-proposal-content (file &optional refused)
  "Return the text that FILE would have, without its parts in REFUSED."
  (let ((hunks (or (emacs-agent-proposal-hunks file)
                   (user-error "There is no complete diff of %s" (emacs-agent-proposal-path file)))))
    (emacs-agent-proposal-apply
     file (cl-loop for hunk in hunks for number from (emacs-agent-proposal-first file)
                   unless (memq number refused) collect hunk))))

(defun emacs-agent-proposal-apply (file hunks)
  "Return the text that FILE would have with HUNKS only."
  (condition-case nil
      (emacs-agent-diff-apply (or (emacs-agent-proposal-before file)
                                  (signal 'emacs-agent-diff-mismatch nil))
                              hunks)
    (emacs-agent-diff-mismatch
     (user-error "The file is not what this diff was made for: accept all hunks to see it afresh"))))

;;;; The decision

(defun emacs-agent-proposal-decision (call)
  "Return an alist about the files of CALL for its approval.
It is nil if all of them are approved as shown."
  (let ((files (emacs-agent-proposal-files call)) (refused (emacs-agent-call-refused call)))
    (if (emacs-agent-proposal-several-p call)
        (let ((decided (delq nil (mapcar (lambda (file) (emacs-agent-proposal--decision call file)) files))))
          (and decided `((files . ,(vconcat decided)))))
      (and refused `((content . ,(emacs-agent-proposal-content (car files) refused)))))))

(defun emacs-agent-proposal--decision (call file)
  "Return the decision on FILE of CALL, or nil if it is approved as shown."
  (let* ((path (emacs-agent-proposal-path file)) (refused (emacs-agent-call-refused call))
         (text (cdr (assoc path (emacs-agent-call-texts call))))
         (left (cl-set-difference (emacs-agent-proposal-numbers file) refused)))
    (cond (text `((path . ,path) (content . ,text)))
          ((null left) `((path . ,path)))
          ((< (length left) (emacs-agent-proposal-size file))
           `((path . ,path) (content . ,(emacs-agent-proposal-content file refused)))))))

(provide 'emacs-agent-proposal)
;;; emacs-agent-proposal.el ends here
