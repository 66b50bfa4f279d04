;;; emacs-agent-code.el --- The colours of code  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Org colours a source block by its language's mode, while it redisplays.  The first block of a language then loads
;; that mode, which can take longer than one may wait for a key, and so can colouring a large block.  So Org is kept from
;; it: small blocks in a language that was met before are coloured at once, others stay plain until Emacs is idle.

;;; Code:

(require 'emacs-agent-colour)
(require 'emacs-agent-idle)
(require 'org)

(defconst emacs-agent-code--begin "^[ \t]*#\\+BEGIN_SRC[ \t]+\\([^ \t\n]+\\).*$"
  "The first line of a block, and its language.")

(defun emacs-agent-code-colour (start end)
  "Colour the blocks that start between START and END, now or later."
  (when org-src-fontify-natively
    (save-excursion
      (save-match-data
        (goto-char start)
        (let (block)
          (while (setq block (emacs-agent-code--next end))
            (pcase-let ((`(,begin ,lang ,from ,to) block))
              (let ((mode (emacs-agent-colour-language-mode lang)))
                (cond ((> (- to from) emacs-agent-colour-large))
                      ((and (<= (- to from) emacs-agent-colour-small) (emacs-agent-colour-ready-p mode))
                       (emacs-agent-code--colour mode from to))
                      (t (emacs-agent-idle-add begin #'emacs-agent-code--step)))))))))))

(defun emacs-agent-code--next (limit)
  "Go to the end of the next block whose start is before LIMIT.
Return (BEGIN LANG FROM TO), where FROM and TO are around its code, or nil."
  (let ((case-fold-search t))
    (when (and (<= (point) limit) (re-search-forward emacs-agent-code--begin limit t))
      (let ((begin (match-beginning 0)) (from (match-end 0)) (lang (match-string-no-properties 1)))
        (when (re-search-forward "^[ \t]*#\\+END_SRC\\|^\\*+ " nil t)
          (if (or (eq (char-before) ?\s) (emacs-agent-code-growing-p (1- (point))))
              (emacs-agent-code--next limit)
            (list begin lang from (match-beginning 0))))))))

(defun emacs-agent-code--colour (mode from to)
  "Colour the code between FROM and TO as MODE does."
  (let ((text (emacs-agent-colour-text mode (buffer-substring-no-properties from to))))
    (with-silent-modifications
      (put-text-property from to 'face 'org-block)
      (emacs-agent-output-each
       'face 0 (length text)
       (lambda (start end face) (add-face-text-property (+ from start) (+ from end) face))
       text)
      ;; It is coloured as a whole.
      (add-text-properties from to '(fontified t font-lock-multiline t)))))

;;;; Code that is still being written

;; It is a block at any time, and would be coloured again with each line.

(defun emacs-agent-code-grow (tail start end)
  "Note that the text from START to END grows at its end.
Code there is plain until something follows it.  TAIL is nil, or what this
function returned for the same text before; return what it is now."
  (let ((last (and tail (overlay-buffer tail) (overlay-end tail))))
    (when (and last (< last end)) (emacs-agent-code--flush start last))
    (when (< start end)
      (if tail
          (move-overlay tail (1- end) end)
        (setq tail (make-overlay (1- end) end))
        (overlay-put tail 'emacs-agent-growing t)
        (overlay-put tail 'evaporate t)))
    tail))

(defun emacs-agent-code-grown (tail start end)
  "Note that the text from START to END, whose TAIL is given, is whole."
  (when tail
    (delete-overlay tail)
    (emacs-agent-code--flush start end)))

(defun emacs-agent-code-growing-p (position)
  "Whether the text that ends with the character at POSITION grows."
  (cl-some (lambda (overlay) (overlay-get overlay 'emacs-agent-growing)) (overlays-at position)))

(defun emacs-agent-code--flush (start end)
  "Have the block that ends at END, if one does, coloured; it is after START."
  (when (bound-and-true-p font-lock-mode)
    (save-excursion
      (goto-char end)
      (forward-line 0)
      (when (and (looking-at-p "[ \t]*#\\+END_") (search-backward "#+BEGIN_" start t))
        (font-lock-flush (line-beginning-position) end)))))

;;;; Later

(defun emacs-agent-code--step ()
  "Load the mode for the block at point, or colour it; return whether it is done."
  (require 'org-src)
  (pcase (emacs-agent-code--next (line-end-position))
    ('nil t)
    (`(,_ ,lang ,from ,to)
     (let ((mode (emacs-agent-colour-language-mode lang)))
       (if (emacs-agent-colour-ready-p mode)
           (eq 'done (while-no-input (emacs-agent-code--colour mode from to) 'done))
         (emacs-agent-colour-prepare mode)
         nil)))))

(provide 'emacs-agent-code)
;;; emacs-agent-code.el ends here
