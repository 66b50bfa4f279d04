;;; emacs-agent-rewrite.el --- Rewriting a region  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A proposal is shown below the text, with the words that differ, until the user accepts or refuses it, asks for another one
;; by a further instruction, compares it in Ediff, or merges it change by change.  There may be several at once.  The buffer is
;; changed as a whole or not at all.

;;; Code:

(require 'emacs-agent-colour)
(require 'emacs-agent-compare)
(require 'emacs-agent-once)
(require 'emacs-agent-refine)

(defvar emacs-agent-rewrite-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'emacs-agent-rewrite-accept)
    (define-key map (kbd "C-c C-k") #'emacs-agent-rewrite-refuse)
    (define-key map (kbd "C-c C-a") #'emacs-agent-rewrite-again)
    (define-key map (kbd "C-c C-e") #'emacs-agent-rewrite-ediff)
    (define-key map (kbd "C-c C-s") #'emacs-agent-rewrite-merge)
    map)
  "Keys of a proposed rewrite, with point on it.")

(defconst emacs-agent-rewrite--hint
  "\\<emacs-agent-rewrite-map>\\[emacs-agent-rewrite-accept] takes it, \\[emacs-agent-rewrite-refuse] keeps yours, \
\\[emacs-agent-rewrite-again] again, \\[emacs-agent-rewrite-ediff] Ediff, \\[emacs-agent-rewrite-merge] merge\n"
  "Line about the keys, below a proposal.")

;;;; Asking

;;;###autoload
(defun emacs-agent-rewrite-region (start end instruction)
  "Have the text between START and END rewritten by INSTRUCTION.
What is proposed is shown below the text, to be taken or refused."
  (interactive (list (region-beginning) (region-end) (read-string "Rewrite it how: ")))
  (barf-if-buffer-read-only)
  (when (cl-some (lambda (overlay) (overlay-get overlay 'emacs-agent-before)) (overlays-in start end))
    (user-error "Part of this is being rewritten already: take or refuse that first"))
  (let ((overlay (make-overlay start end nil t nil)))
    (overlay-put overlay 'emacs-agent-before (buffer-substring-no-properties start end))
    (overlay-put overlay 'evaporate t)
    (deactivate-mark)
    (emacs-agent-rewrite--ask overlay instruction)))

(defun emacs-agent-rewrite-again (instruction)
  "Ask for the proposal at point again, changed by a further INSTRUCTION."
  (interactive (list (read-string "And how else: ")))
  (emacs-agent-rewrite--ask (emacs-agent-rewrite--overlay) instruction))

(defun emacs-agent-rewrite--ask (overlay instruction)
  "Ask for the text of OVERLAY, rewritten by INSTRUCTION."
  (let ((asked (overlay-get overlay 'emacs-agent-asked)))
    (overlay-put overlay 'face 'emacs-agent-dim)
    (emacs-agent-say "Rewriting…")
    (emacs-agent-once
     (emacs-agent-rewrite--prompt overlay instruction)
     (lambda (answer)
       (overlay-put overlay 'emacs-agent-asked (append asked (list instruction)))
       (emacs-agent-rewrite--propose overlay (emacs-agent-once-code answer)))
     ;; An earlier proposal is kept.
     (lambda () (if asked (emacs-agent-rewrite--show overlay) (delete-overlay overlay))))))

(defun emacs-agent-rewrite--prompt (overlay instruction)
  "Return what to ask about the text of OVERLAY and INSTRUCTION."
  (let ((asked (overlay-get overlay 'emacs-agent-asked))
        (fenced (lambda (text) (emacs-agent-once-fenced text ""))))
    (format "Rewrite the following %s by this instruction: %s\nAnswer with the new text alone, in one fence.\n\n%s"
            (if (derived-mode-p 'prog-mode) (format "%s code" major-mode) "text")
            (or (car asked) instruction)
            (concat (funcall fenced (overlay-get overlay 'emacs-agent-before))
                    (when asked
                      (format "\n\nYou proposed:\n\n%s\n\n%sNow change your proposal by this instruction: %s"
                              (funcall fenced (overlay-get overlay 'emacs-agent-after))
                              (if (cdr asked)
                                  (format "It follows these instructions already:%s\n\n"
                                          (mapconcat (lambda (each) (concat "\n- " each)) (cdr asked) ""))
                                "")
                              instruction))))))

;;;; Showing

(defun emacs-agent-rewrite--propose (overlay text)
  "Show TEXT as what could take the place of OVERLAY's."
  (when (overlay-buffer overlay)
    (with-current-buffer (overlay-buffer overlay)
      (when (and (string-suffix-p "\n" (overlay-get overlay 'emacs-agent-before))
                 (not (string-suffix-p "\n" text)))
        (setq text (concat text "\n")))
      (overlay-put overlay 'emacs-agent-after text)
      (emacs-agent-rewrite--show overlay)
      (emacs-agent-say "There is a proposal in %s" (buffer-name)))))

(defun emacs-agent-rewrite--show (overlay)
  "Show the proposal of OVERLAY, with the words that differ marked."
  (with-current-buffer (overlay-buffer overlay)
    (let* ((before (overlay-get overlay 'emacs-agent-before))
           (after (overlay-get overlay 'emacs-agent-after))
           (words (emacs-agent-refine-words before after))
           (shown (emacs-agent-rewrite--coloured after)))
      (emacs-agent-rewrite--unmark overlay)
      (overlay-put overlay 'face 'diff-removed)
      (overlay-put overlay 'keymap emacs-agent-rewrite-map)
      (when (equal before (buffer-substring-no-properties (overlay-start overlay) (overlay-end overlay)))
        (overlay-put overlay 'emacs-agent-words
                     (cl-loop for (start . end) in (car words)
                              collect (emacs-agent-rewrite--mark (+ (overlay-start overlay) start)
                                                                 (+ (overlay-start overlay) end)))))
      (overlay-put overlay 'after-string
                   (concat (if (string-suffix-p "\n" before) "" "\n")
                           (emacs-agent-show-all (emacs-agent-refine-face shown (cdr words) 'diff-refine-added))
                           (if (string-suffix-p "\n" after) "" "\n")
                           (propertize (substitute-command-keys emacs-agent-rewrite--hint)
                                       'face 'emacs-agent-dim))))))

(defun emacs-agent-rewrite--coloured (text)
  "Return TEXT, which is proposed, as this buffer's mode would colour it."
  (let ((text (if (and (<= (length text) emacs-agent-colour-large) (emacs-agent-colour-for-text-p major-mode))
                  (emacs-agent-colour-text major-mode text)
                (copy-sequence text))))
    (add-face-text-property 0 (length text) 'diff-added t text)
    text))

(defun emacs-agent-rewrite--mark (start end)
  "Mark the words from START to END as removed, and return the overlay."
  (let ((overlay (make-overlay start end)))
    (overlay-put overlay 'face 'diff-refine-removed)
    (overlay-put overlay 'evaporate t)
    overlay))

(defun emacs-agent-rewrite--unmark (overlay)
  "Stop marking words of OVERLAY."
  (mapc #'delete-overlay (overlay-get overlay 'emacs-agent-words)))

(defun emacs-agent-rewrite--end (overlay)
  "Forget the proposal of OVERLAY."
  (emacs-agent-rewrite--unmark overlay)
  (delete-overlay overlay))

;;;; Deciding

(defun emacs-agent-rewrite--all ()
  "Return the proposals of this buffer."
  (cl-remove-if-not (lambda (overlay) (overlay-get overlay 'emacs-agent-after))
                    (overlays-in (point-min) (point-max))))

(defun emacs-agent-rewrite--overlay ()
  "Return the proposal at point, or the only one of this buffer."
  (let ((all (emacs-agent-rewrite--all)))
    (or (cl-find-if (lambda (overlay) (<= (overlay-start overlay) (point) (overlay-end overlay))) all)
        (and (= 1 (length all)) (car all))
        (user-error "There is no proposal here"))))

(defun emacs-agent-rewrite--these (all)
  "Return ALL proposals of this buffer if that is non-nil, else that at point."
  (if all
      (or (emacs-agent-rewrite--all) (user-error "There is no proposal here"))
    (list (emacs-agent-rewrite--overlay))))

(defun emacs-agent-rewrite--replace (overlay text)
  "Put TEXT in the place of OVERLAY's, as one change, and forget the proposal."
  (let ((start (overlay-start overlay)) (end (overlay-end overlay)))
    (unless (equal (overlay-get overlay 'emacs-agent-before) (buffer-substring-no-properties start end))
      (unless (y-or-n-p "The text has changed since; replace it nevertheless? ")
        (user-error "Kept")))
    (atomic-change-group
      (save-excursion
        (goto-char end)
        (insert text)
        (delete-region start end)))
    (emacs-agent-rewrite--end overlay)))

(defun emacs-agent-rewrite-accept (&optional all)
  "Take the proposal at point, or with a prefix argument ALL of this buffer."
  (interactive "P")
  (atomic-change-group
    (dolist (overlay (emacs-agent-rewrite--these all))
      (emacs-agent-rewrite--replace overlay (overlay-get overlay 'emacs-agent-after)))))

(defun emacs-agent-rewrite-refuse (&optional all)
  "Keep the text and forget the proposal at point, or with a prefix argument ALL."
  (interactive "P")
  (mapc #'emacs-agent-rewrite--end (emacs-agent-rewrite--these all)))

(defun emacs-agent-rewrite-ediff ()
  "Compare the proposal at point with the text in Ediff.
What is proposed can be changed there, change by change, and then be taken."
  (interactive)
  (let* ((overlay (emacs-agent-rewrite--overlay)) (buffer (current-buffer)))
    (emacs-agent-compare
     (overlay-get overlay 'emacs-agent-before) (overlay-get overlay 'emacs-agent-after) major-mode
     (lambda (text _changed)
       (when (and text (overlay-buffer overlay) (y-or-n-p "Take the text as it is in Ediff? "))
         (with-current-buffer buffer
           (emacs-agent-rewrite--replace overlay text)))))))

(defun emacs-agent-rewrite-merge ()
  "Put the proposal at point into the text as conflicts, one for each change.
`smerge-mode' keeps one side of each."
  (interactive)
  (let* ((overlay (emacs-agent-rewrite--overlay))
         (start (copy-marker (overlay-start overlay)))
         (newline (eq (char-after (overlay-end overlay)) ?\n))
         (sides (mapcar (lambda (side)
                          (let ((text (overlay-get overlay side)))
                            (if (string-suffix-p "\n" text) text (concat text "\n"))))
                        '(emacs-agent-before emacs-agent-after)))
         (merged (apply #'emacs-agent-refine-conflicts sides)))
    (unless (save-excursion (goto-char start) (bolp))
      (user-error "Only whole lines can be merged: use Ediff"))
    ;; The newline of the last line may be outside the region.
    (when (and newline (not (string-suffix-p "\n" (overlay-get overlay 'emacs-agent-before))))
      (setq merged (string-remove-suffix "\n" merged)))
    (emacs-agent-rewrite--replace overlay merged)
    (smerge-mode 1)
    (goto-char start)
    (unless (looking-at-p "<<<<<<<") (smerge-next))))

(provide 'emacs-agent-rewrite)
;;; emacs-agent-rewrite.el ends here
