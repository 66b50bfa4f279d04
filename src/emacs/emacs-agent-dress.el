;;; emacs-agent-dress.el --- Markup of Org, hidden on display  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A conversation is an Org document, but its markup, such as `#+BEGIN_SRC python :eval never', makes it hard to read.
;; Stars, the first and last lines of blocks, commas before code and today's date are replaced on display.  The text of the
;; buffer does not change, and on the line of point it is shown as it is.

;;; Code:

(require 'emacs-agent-output)
(require 'emacs-agent-table)

(defconst emacs-agent-dress--marks
  (concat "^\\(?1:\\*+ \\)\\(?10:Conversation\n\\)?"                                   ; 1 stars, 10 the first heading
          "\\|\\(?2:\\[[0-9]\\{4\\}-[0-9][0-9]-[0-9][0-9] [0-9:]\\{8\\}\\]\\)"        ; 2 a time
          "\\|^[ \t]*\\(?3:#\\+BEGIN_\\(?4:[A-Z]+\\)\\(?: +\\(?5:[^ \n]+\\).*\\)?\\)\n" ; 3 the first line of a block
          "\\|^[ \t]*\\(?6:#\\+END_[A-Z]+\\)\\(?:\n\\|\\'\\)"                         ; 6 its last line
          "\\|^[ \t]*,*\\(?7:,\\)\\(?:\\*\\|#\\+\\)"                                  ; 7 the comma before code
          "\\|^\\(?8:- Tool Call: \\)"
          "\\|^\\(?9:#\\+TITLE: \\)")
  "What is replaced on display.")

(defvar-local emacs-agent-dress--shown nil
  "(START . END), markers around the markup that is shown because point is there.")

(defun emacs-agent-dress-setup ()
  "Have this buffer show its markup only where point is."
  ;; Without a theme Org has code in grey.
  (unless (face-background 'org-block nil t)
    (setq-local face-remapping-alist (cons '(org-block emacs-agent-block) face-remapping-alist)))
  (setq-local glyphless-char-display (copy-sequence glyphless-char-display))
  ;; Those of `emacs-agent-inert-marks': a terminal would show them.
  (dolist (char '(#x200b #x2060)) (aset glyphless-char-display char 'zero-width))
  (add-hook 'post-command-hook #'emacs-agent-dress--follow nil t))

(defun emacs-agent-dress-region (start end)
  "Replace markup on display between START and END, whole lines."
  (save-excursion
    (save-match-data
      (goto-char start)
      (setq start (line-beginning-position))
      (goto-char end)
      (setq end (min (if (bolp) (point) (line-beginning-position 2)) (or emacs-agent-output-end 0)))
      (when (< start end)
        (emacs-agent-dress--strip start end)
        (let ((case-fold-search nil))
          (goto-char start)
          (while (re-search-forward emacs-agent-dress--marks end t)
            (emacs-agent-dress--mark))
          (emacs-agent-dress--lines start end))
        (emacs-agent-table-fit start end #'emacs-agent-dress--put)))))

(defun emacs-agent-dress--strip (start end)
  "Remove what is replaced on display, and prefixes, between START and END."
  (emacs-agent-dress--bare start end)
  (remove-text-properties start end '(emacs-agent-display nil wrap-prefix nil line-prefix nil)))

(defun emacs-agent-dress--put (start end display)
  "Replace the text from START to END by DISPLAY, unless point is there."
  ;; Emacs would display it in place of text that is invisible, too.
  (when (and (< start end) (not (get-text-property start 'invisible)))
    (put-text-property start end 'emacs-agent-display display)
    (unless (and emacs-agent-dress--shown
                 (< start (cdr emacs-agent-dress--shown)) (> end (car emacs-agent-dress--shown)))
      (put-text-property start end 'display display))))

;;;; What is replaced

(defun emacs-agent-dress--mark ()
  "Replace what was matched by `emacs-agent-dress--marks'."
  (let ((whole (lambda () (emacs-agent-dress--put (match-beginning 0) (match-end 0) "")))
        (next (or (match-end 3) (match-end 0))))
    (cond
     ((match-beginning 10) (funcall whole))
     ((match-beginning 1) (emacs-agent-dress--put (match-beginning 1) (match-end 1) ""))
     ((match-beginning 2)
      (when (eq (get-text-property (match-beginning 2) 'emacs-agent-face) 'emacs-agent-time)
        (emacs-agent-dress--put (match-beginning 2) (match-end 2)
                                (emacs-agent-dress--time (match-string-no-properties 2)))))
     ((match-beginning 3)
      (if (match-beginning 5)
          (emacs-agent-dress--put (match-beginning 3) (match-end 3)
                                  (propertize (match-string-no-properties 5) 'face 'emacs-agent-label))
        (funcall whole))
      (emacs-agent-dress--background (match-beginning 0) (match-string-no-properties 4)))
     ((match-beginning 6) (funcall whole))
     ((match-beginning 7)
      (when (emacs-agent-dress--code-p (match-beginning 7))
        (emacs-agent-dress--put (match-beginning 7) (match-end 7) "")))
     ((match-beginning 8) (emacs-agent-dress--put (match-beginning 8) (match-end 8) (emacs-agent-dress--icon)))
     ((match-beginning 9) (emacs-agent-dress--put (match-beginning 9) (match-end 9) "")))
    (goto-char next)))

(defun emacs-agent-dress--time (time)
  "Return TIME, as [2026-11-23 10:00:00], as it is shown."
  (let ((date (substring time 1 11)))
    (if (equal date (format-time-string "%F")) (substring time 12 17)
      (concat date " " (substring time 12 17)))))

(defun emacs-agent-dress--icon ()
  "Return what a call is shown with."
  (if (char-displayable-p ?▸) "▸ " "> "))

(defun emacs-agent-dress--code-p (position)
  "Whether POSITION is in a block of code."
  (get-text-property position 'emacs-agent-block))

(defun emacs-agent-dress--background (start kind)
  "Give the block of KIND that begins at START a background, a quotation a bar."
  (save-excursion
    (goto-char start)
    (when (re-search-forward (format "^[ \t]*#\\+END_%s" kind) (min (point-max) (+ start 200000)) t)
      (let ((end (line-beginning-position)))
        (if (equal kind "QUOTE")
            (put-text-property start end 'emacs-agent-quote
                               (propertize (if (char-displayable-p ?▎) "▎ " "> ") 'face 'emacs-agent-dim))
          (put-text-property start end 'emacs-agent-block t)
          (unless (eq 'org-block (get-text-property start 'face))
            (put-text-property start (save-excursion (goto-char start) (line-beginning-position 2)) 'face 'org-block)))))))

;;;; Lines

(defun emacs-agent-dress--lines (start end)
  "Give the lines between START and END the prefixes of their continuations."
  (goto-char start)
  (while (< (point) end)
    (let ((bar (get-text-property (point) 'emacs-agent-quote)))
      (cond (bar (add-text-properties (point) (min end (line-beginning-position 2))
                                      `(line-prefix ,bar wrap-prefix ,bar)))
            ((get-text-property (point) 'emacs-agent-block))
            ((looking-at "[ \t]*\\(?:[-+]\\|[0-9]+[.)]\\)[ \t]+")
             (put-text-property (point) (min end (line-beginning-position 2)) 'wrap-prefix
                                (make-string (string-width (match-string-no-properties 0)) ?\s)))))
    (forward-line 1)))

;;;; Where point is

(defun emacs-agent-dress--follow ()
  "Show the markup where point is, and hide it where point was."
  (when emacs-agent-output-end
    (let* ((place (and (< (point) emacs-agent-output-end) (emacs-agent-dress--around (point))))
           (shown emacs-agent-dress--shown))
      (unless (if place (and shown (= (car place) (car shown)) (= (cdr place) (cdr shown)))
                (null shown))
        (with-silent-modifications
          (setq emacs-agent-dress--shown nil)
          (when shown
            (emacs-agent-dress--again (car shown) (cdr shown))
            (set-marker (car shown) nil)
            (set-marker (cdr shown) nil))
          (when place
            (setq emacs-agent-dress--shown (cons (copy-marker (car place)) (copy-marker (cdr place))))
            (emacs-agent-dress--bare (car place) (cdr place))))))))

(defun emacs-agent-dress--around (position)
  "Return (START . END) of the line of POSITION if it has markup, or nil.
Hidden lines before it are included."
  (save-excursion
    (goto-char position)
    (let ((start (line-beginning-position)) (end (min emacs-agent-output-end (line-beginning-position 2))))
      (while (and (> start (point-min)) (equal "" (get-text-property (1- start) 'emacs-agent-display)))
        (setq start (progn (goto-char (1- start)) (line-beginning-position))))
      (and (text-property-not-all start end 'emacs-agent-display nil)
           (cons start end)))))

(defun emacs-agent-dress--bare (start end)
  "Show the markup between START and END."
  (emacs-agent-output-each 'emacs-agent-display start end
                           (lambda (from to _display) (remove-text-properties from to '(display nil)))))

(defun emacs-agent-dress--again (start end)
  "Replace the markup between START and END on display again."
  (emacs-agent-output-each 'emacs-agent-display start end
                           (lambda (from to display) (put-text-property from to 'display display))))

(provide 'emacs-agent-dress)
;;; emacs-agent-dress.el ends here
