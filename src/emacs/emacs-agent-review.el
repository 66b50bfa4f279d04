;;; emacs-agent-review.el --- What the agent has changed  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The net changes of a session as one diff, file by file, in which hunks, files, or all can be undone.

;;; Code:

(require 'emacs-agent-undo)
(require 'emacs-agent-diff-colour)
(require 'diff-mode)

(defvar-local emacs-agent-review--session nil
  "The session whose changes this buffer shows.")

(defvar emacs-agent-review-mode-map
  (let ((map (make-sparse-keymap)))
    (set-keymap-parent map (make-composed-keymap nil (list diff-mode-shared-map diff-mode-map)))
    (define-key map "k" #'emacs-agent-review-undo-hunk)
    (define-key map "K" #'emacs-agent-review-undo-file)
    (define-key map "U" #'emacs-agent-review-undo-all)
    (define-key map "g" #'revert-buffer)
    (define-key map "q" #'quit-window)
    map)
  "Keys of a review.")

(define-derived-mode emacs-agent-review-mode diff-mode "Agent Review"
  "The changes of a session, each file as it was before and as it is now.

\\[emacs-agent-review-undo-hunk] undoes the hunk at point,
\\[emacs-agent-review-undo-file] what was done to the file at point,
\\[emacs-agent-review-undo-all] everything.

\\{emacs-agent-review-mode-map}"
  :group 'emacs-agent
  (setq buffer-read-only t)
  (emacs-agent-diff-colour-setup)
  (setq-local revert-buffer-function (lambda (&rest _) (emacs-agent-review--refresh (current-buffer)))
              ;; A read-only diff has keys that come before those of its mode.
              minor-mode-overriding-map-alist (list (cons 'buffer-read-only emacs-agent-review-mode-map))
              header-line-format (substitute-command-keys
                                  "\\<emacs-agent-review-mode-map>\
\\[emacs-agent-review-undo-hunk] undo hunk  \\[emacs-agent-review-undo-file] undo file  \
\\[emacs-agent-review-undo-all] undo all  \\[diff-goto-source] go there")))

;;;; Showing them

(defun emacs-agent-review ()
  "Show what this session has changed as one diff, file by file."
  (interactive)
  (let* ((session (emacs-agent-context-session))
         (buffer (get-buffer-create (format "*agent review: %s*" (emacs-agent-session-name session)))))
    (with-current-buffer buffer
      (unless (derived-mode-p 'emacs-agent-review-mode) (emacs-agent-review-mode))
      (setq emacs-agent-review--session session
            default-directory (file-name-as-directory (emacs-agent-session-project session))))
    (pop-to-buffer buffer)
    (emacs-agent-review--refresh buffer)))

(defun emacs-agent-review--refresh (buffer)
  "Fill the review BUFFER again."
  (emacs-agent-request
   "GET" (emacs-agent-session-path (buffer-local-value 'emacs-agent-review--session buffer) "/changes")
   :then (lambda (answer)
           (when (buffer-live-p buffer)
             (with-current-buffer buffer
               (emacs-agent-review--fill (append (alist-get 'files answer) nil)))))))

(defun emacs-agent-review--fill (files)
  "Show FILES, each a net change, leaving point on its line."
  (let ((inhibit-read-only t) (line (line-number-at-pos)))
    (erase-buffer)
    (unless files (insert "Nothing is changed.\n"))
    (dolist (file files)
      (let ((path (alist-get 'path file)))
        (insert (emacs-agent-diff-colour-mark (propertize (emacs-agent-review--text file) 'emacs-agent-review-path path)
                                              path))))
    (set-buffer-modified-p nil)
    (goto-char (point-min))
    (forward-line (1- line))))

(defun emacs-agent-review--text (file)
  "Return the text for FILE, a net change."
  (let-alist file
    (let ((name (emacs-agent-show-all .path)) (diff (emacs-agent-value .diff)))
      (concat (format "Index: %s\n" name)
              (and (emacs-agent-value .from) (format "# moved from %s\n" (emacs-agent-show-all .from)))
              (and (emacs-agent-value .mode)
                   (format "# mode %s, was %s\n" (or (emacs-agent-value .mode.after) "none")
                           (or (emacs-agent-value .mode.before) "none")))
              (pcase .state
                ("edited_since" "# edited since by somebody else\n")
                ("not_undoable" "# cannot be undone\n"))
              (if diff (emacs-agent-review--diff name .change diff) (format "# %s\n" .change))))))

(defun emacs-agent-review--diff (name change diff)
  "Return DIFF, the CHANGE of the file NAME, fit for `diff-mode'.
Each hunk has itself, as it came, as a text property."
  (concat (format "--- %s\n+++ %s\n" (if (equal change "created") "/dev/null" name)
                  (if (equal change "deleted") "/dev/null" name))
          (mapconcat (lambda (hunk)
                       (propertize (emacs-agent-show-all hunk) 'emacs-agent-review-hunk hunk))
                     (emacs-agent-review--hunks diff) "")))

(defun emacs-agent-review--hunks (diff)
  "Return the hunks of DIFF as they stand there."
  (let ((starts nil) (start 0))
    (while (string-match "^@@ " diff start)
      (push (match-beginning 0) starts)
      (setq start (match-end 0)))
    (cl-loop for (from to) on (nreverse starts)
             for text = (substring diff from to)
             collect (if (string-suffix-p "\n" text) text (concat text "\n")))))

;;;; Undoing them

(defun emacs-agent-review--undo (body)
  "Undo BODY, a request, and show what is left."
  (let ((buffer (current-buffer)))
    (emacs-agent-undo-request
     emacs-agent-review--session "undo" body
     (lambda (answer)
       (emacs-agent-undo-report answer)
       (when (buffer-live-p buffer) (emacs-agent-review--refresh buffer))))))

(defun emacs-agent-review--path ()
  "Return the path of the file at point."
  (or (get-text-property (point) 'emacs-agent-review-path) (user-error "There is no file at point")))

(defun emacs-agent-review-undo-hunk ()
  "Undo the hunk at point."
  (interactive)
  (let ((hunk (or (get-text-property (point) 'emacs-agent-review-hunk) (user-error "There is no hunk at point"))))
    (emacs-agent-review--undo `((hunks . [((path . ,(emacs-agent-review--path)) (diff . ,hunk))])))))

(defun emacs-agent-review-undo-file ()
  "Undo all that was done to the file at point."
  (interactive)
  (emacs-agent-review--undo `((paths . [,(emacs-agent-review--path)]))))

(defun emacs-agent-review--paths ()
  "Return the paths of all files in this review."
  (let ((paths nil) (position (point-min)))
    (while (< position (point-max))
      (let ((path (get-text-property position 'emacs-agent-review-path)))
        (when path (cl-pushnew path paths :test #'equal))
        (setq position (next-single-property-change position 'emacs-agent-review-path nil (point-max)))))
    (nreverse paths)))

(defun emacs-agent-review-undo-all ()
  "Undo everything in this review."
  (interactive)
  (let ((paths (or (emacs-agent-review--paths) (user-error "Nothing is changed"))))
    (when (y-or-n-p (format "Undo the changes to %s? " (emacs-agent-plural (length paths) "file")))
      (emacs-agent-review--undo `((paths . ,(vconcat paths)))))))

(provide 'emacs-agent-review)
;;; emacs-agent-review.el ends here
