;;; emacs-agent-rewrite.el --- Rewriting a region  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A proposal is shown below the text until its user takes or refuses it.

;;; Code:

(require 'emacs-agent-once)

(defvar emacs-agent-rewrite-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'emacs-agent-rewrite-accept)
    (define-key map (kbd "C-c C-k") #'emacs-agent-rewrite-refuse)
    map)
  "Keys of a proposed rewrite, with point on it.")

;;;###autoload
(defun emacs-agent-rewrite-region (start end instruction)
  "Have the text between START and END rewritten by INSTRUCTION.
What is proposed is shown below the text, to be taken or refused."
  (interactive (list (region-beginning) (region-end) (read-string "Rewrite it how: ")))
  (let ((overlay (make-overlay start end nil t nil))
        (text (buffer-substring-no-properties start end)))
    (overlay-put overlay 'face 'emacs-agent-dim)
    (overlay-put overlay 'emacs-agent-before text)
    (overlay-put overlay 'evaporate t)
    (deactivate-mark)
    (emacs-agent-say "Rewriting…")
    (emacs-agent-once
     (format "Rewrite the following %s by this instruction: %s\nAnswer with the new text alone, in one fence.\n\n%s"
             (if (derived-mode-p 'prog-mode) (format "%s code" major-mode) "text") instruction
             (emacs-agent-once-fenced text ""))
     (lambda (answer) (emacs-agent-rewrite--propose overlay (emacs-agent-once-code answer)))
     (lambda () (delete-overlay overlay)))))

(defun emacs-agent-rewrite--propose (overlay text)
  "Show TEXT as what could take the place of OVERLAY's."
  (when (overlay-buffer overlay)
    (with-current-buffer (overlay-buffer overlay)
      (when (and (string-suffix-p "\n" (overlay-get overlay 'emacs-agent-before))
                 (not (string-suffix-p "\n" text)))
        (setq text (concat text "\n")))
      (overlay-put overlay 'emacs-agent-after text)
      (overlay-put overlay 'face 'diff-removed)
      (overlay-put overlay 'keymap emacs-agent-rewrite-map)
      (overlay-put overlay 'after-string
                   (concat (if (string-suffix-p "\n" (overlay-get overlay 'emacs-agent-before)) "" "\n")
                           (propertize (emacs-agent-show-all text) 'face 'diff-added)
                           (propertize (substitute-command-keys
                                        "\\<emacs-agent-rewrite-map>\\[emacs-agent-rewrite-accept] takes it, \
\\[emacs-agent-rewrite-refuse] keeps yours\n")
                                       'face 'emacs-agent-dim)))
      (emacs-agent-say "There is a proposal in %s" (buffer-name)))))

(defun emacs-agent-rewrite--overlay ()
  "Return the proposal at point, or the only one of this buffer."
  (let ((all (cl-remove-if-not (lambda (overlay) (overlay-get overlay 'emacs-agent-after))
                               (overlays-in (point-min) (point-max)))))
    (or (cl-find-if (lambda (overlay) (<= (overlay-start overlay) (point) (overlay-end overlay))) all)
        (and (= 1 (length all)) (car all))
        (user-error "There is no proposal here"))))

(defun emacs-agent-rewrite-accept ()
  "Take the proposal at point."
  (interactive)
  (let* ((overlay (emacs-agent-rewrite--overlay))
         (start (overlay-start overlay)) (end (overlay-end overlay))
         (after (overlay-get overlay 'emacs-agent-after)))
    (unless (equal (overlay-get overlay 'emacs-agent-before) (buffer-substring-no-properties start end))
      (unless (y-or-n-p "The text has changed since; replace it nevertheless? ")
        (user-error "Kept")))
    (delete-overlay overlay)
    (save-excursion
      (goto-char start)
      (delete-region start end)
      (insert after))))

(defun emacs-agent-rewrite-refuse ()
  "Keep the text and forget the proposal at point."
  (interactive)
  (delete-overlay (emacs-agent-rewrite--overlay)))

(provide 'emacs-agent-rewrite)
;;; emacs-agent-rewrite.el ends here
