;;; emacs-agent-code.el --- The colours of code  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Org colours a source block by its language's mode, while it redisplays.  The first block of a language then loads
;; that mode, which can take longer than one may wait for a key, and so can colouring a large block.  So Org is kept from
;; it: small blocks in a language that was met before are coloured at once, others stay plain until Emacs is idle.

;;; Code:

(require 'emacs-agent-base)
(require 'org)

(declare-function org-src-font-lock-fontify-block "org-src" (lang start end))
(declare-function org-src-get-lang-mode "org-src" (lang))
(defvar diff-font-lock-syntax)

(defconst emacs-agent-code--small 2000
  "A block with no more characters is coloured while Emacs redisplays.")

(defconst emacs-agent-code--large 20000
  "A block with more characters stays plain.")

(defvar emacs-agent-code--delay 0.5
  "How many seconds Emacs is idle before blocks are coloured.")

(defvar emacs-agent-code--ready nil
  "Modes that were loaded, or could not be.")

(defvar emacs-agent-code--failed nil
  "Modes that failed to colour something, and are left alone.")

(defvar emacs-agent-code--plain nil
  "Markers where blocks start that are still to be coloured, newest first.")

(defvar emacs-agent-code--timer nil
  "The timer that colours them.")

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
              (cond ((> (- to from) emacs-agent-code--large))
                    ((and (<= (- to from) emacs-agent-code--small) (emacs-agent-code--ready-p lang))
                     (emacs-agent-code--colour lang from to))
                    (t (emacs-agent-code--later begin))))))))))

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

(defun emacs-agent-code--ready-p (lang)
  "Whether the mode of LANG needs no loading."
  (and (featurep 'org-src)
       (memq (org-src-get-lang-mode lang) emacs-agent-code--ready)))

(defun emacs-agent-code--colour (lang from to)
  "Colour the code in LANG between FROM and TO.
The mode for diffs may not look at the files that a diff names."
  (let ((diff-font-lock-syntax nil) (mode (org-src-get-lang-mode lang)))
    (unless (memq mode emacs-agent-code--failed)
      (condition-case-unless-debug err
          (with-silent-modifications
            (org-src-font-lock-fontify-block lang from to))
        (error (push mode emacs-agent-code--failed)
               (emacs-agent-log "No colours from %s: %s" mode (error-message-string err)))))))

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

(defun emacs-agent-code--later (begin)
  "Have the block at BEGIN coloured when Emacs is idle."
  (cl-pushnew (copy-marker begin) emacs-agent-code--plain :test #'equal)
  (emacs-agent-code--schedule emacs-agent-code--delay))

(defun emacs-agent-code--schedule (delay)
  "See to it that blocks are coloured when Emacs was idle for DELAY from now."
  (unless emacs-agent-code--timer
    (setq emacs-agent-code--timer
          (run-with-idle-timer (time-add (or (current-idle-time) 0) delay) nil #'emacs-agent-code--idle))))

(defun emacs-agent-code--idle ()
  "Load modes and colour blocks for a moment.
There is time for keys before what is left."
  (setq emacs-agent-code--timer nil)
  (let ((deadline (+ (float-time) 0.01)))
    (while (and emacs-agent-code--plain
                (progn (emacs-agent-code--one) (< (float-time) deadline)))))
  (when emacs-agent-code--plain
    (emacs-agent-code--schedule 0.05)))

(defun emacs-agent-code--one ()
  "Load the mode of the newest plain block, or colour that."
  (let* ((marker (pop emacs-agent-code--plain)) (buffer (marker-buffer marker)))
    (when buffer
      (with-current-buffer buffer
        (unless (emacs-agent-code--step marker)
          (push marker emacs-agent-code--plain))))))

(defun emacs-agent-code--step (begin)
  "Load the mode for the block at BEGIN, or colour it; return whether that is all."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char begin)
      (pcase (emacs-agent-code--next (line-end-position))
        ('nil t)
        ((and `(,_ ,lang ,from ,_) (guard (not (emacs-agent-code--ready-p lang))))
         (emacs-agent-code--load lang from)
         nil)
        (`(,_ ,lang ,from ,to)
         (eq 'done (while-no-input (emacs-agent-code--colour lang from to) 'done)))))))

(defun emacs-agent-code--load (lang position)
  "Load the mode of LANG, as Org does when it colours nothing at POSITION."
  (emacs-agent-collecting-later
    (require 'org-src)
    (push (org-src-get-lang-mode lang) emacs-agent-code--ready)
    (emacs-agent-code--colour lang position position)))

(provide 'emacs-agent-code)
;;; emacs-agent-code.el ends here
