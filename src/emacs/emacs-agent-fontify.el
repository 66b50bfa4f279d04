;;; emacs-agent-fontify.el --- The colours of conversations  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Org colours the buffer; faces and properties of ours are put back on top of that.

;;; Code:

(require 'org)
(require 'emacs-agent-code)
(require 'emacs-agent-diff-colour)
(require 'emacs-agent-session)
(require 'emacs-agent-dress)

(defvar-local emacs-agent-fontify--skipped nil
  "Whether what was read again is still to be fontified.")

(defun emacs-agent-fontify-region (start end &optional loudly)
  "Fontify from START to END as Org does, LOUDLY or not, and add our faces.
While a conversation is being read again nothing is: that would be done over
and over."
  (if (and emacs-agent-session (emacs-agent-session-backlog emacs-agent-session)
           (not (emacs-agent-session-caught-up emacs-agent-session)))
      (setq emacs-agent-fontify--skipped t)
    (let ((last (emacs-agent-fontify--growing start end)))
      (if last
          (emacs-agent-fontify--plain start last end)
        (emacs-agent-fontify--colour start end loudly)))))

(defun emacs-agent-fontify--growing (start end)
  "Return where the last line of the block begins that START and END are in.
Return nil unless that block is still being written."
  (save-excursion
    (goto-char start)
    (let ((case-fold-search nil))
      (when (and (re-search-forward "^#\\+\\(BEGIN\\|END\\)_" (min (point-max) (+ end 20000)) t)
                 (equal (match-string 1) "END")
                 (<= end (1+ (line-end-position)))
                 (emacs-agent-code-growing-p (1- (line-end-position))))
        (line-beginning-position)))))

(defun emacs-agent-fontify--plain (start last end)
  "Fontify from START to END what is in a block whose last line begins at LAST.
Org would colour all of the block with each piece of it that comes."
  (with-silent-modifications
    (when (< start last)
      (put-text-property start (min last end) 'face 'org-block))
    (when (< last end)
      (put-text-property (max start last) end 'face 'org-block-end-line))))

(defun emacs-agent-fontify--colour (start end loudly)
  "Fontify from START to END as Org does, LOUDLY or not, and add our faces."
  (let ((bounds (let ((org-src-fontify-natively nil))
                  (font-lock-default-fontify-region start end loudly))))
    ;; Org may have fontified more than that.
    (pcase bounds
      (`(jit-lock-bounds ,from . ,to) (setq start (min start from) end (max end to))))
    (emacs-agent-code-colour start end)
    (setq start (emacs-agent-fontify--block-edge start #'re-search-backward "BEGIN")
          end (emacs-agent-fontify--block-edge end #'re-search-forward "END"))
    (with-silent-modifications
      (emacs-agent-output-each 'emacs-agent-properties start end #'add-text-properties)
      (emacs-agent-output-each 'emacs-agent-face start end
                               (lambda (from to face) (put-text-property from to 'face face)))
      (emacs-agent-diff-colour-region start end)
      (emacs-agent-dress-region start end))
    bounds))

(defun emacs-agent-fontify-skipped (session)
  "Fontify what was left out while SESSION, of this buffer, was read again."
  (when (and emacs-agent-fontify--skipped (not (emacs-agent-session-backlog session)))
    (setq emacs-agent-fontify--skipped nil)
    (font-lock-flush)))

(defun emacs-agent-fontify--block-edge (position search edge)
  "Return the EDGE of the block around POSITION, or POSITION outside of any.
SEARCH is the function that looks for it.  Org colours blocks as a whole."
  (save-excursion
    (goto-char position)
    (let ((case-fold-search nil) (limit (if (equal edge "END") 20000 -20000)))
      (if (and (funcall search "^#\\+\\(BEGIN\\|END\\)_"
                        (max (point-min) (min (point-max) (+ position limit))) t)
               (equal (match-string 1) edge))
          (point)
        position))))

(provide 'emacs-agent-fontify)
;;; emacs-agent-fontify.el ends here
