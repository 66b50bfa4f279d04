;;; emacs-agent-inert.el --- Text that means nothing to Org  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Text from users, models and tools, made so that it can be no heading, keyword, macro, drawer, timestamp, source
;; block or link in an Org buffer.  Where a sequence would be syntax, a zero-width space is put inside, as the Org
;; manual recommends, so that it still reads the same.  The backend writes transcripts by the same rules
;; (src/transcript/org-text.ts), and both are held to the same fixtures.

;;; Code:

(require 'emacs-agent-base)

(defconst emacs-agent-inert-spacer "\u200b"
  "What breaks a sequence that would be syntax.")

(defconst emacs-agent-inert--joiner "\u2060"
  "Counts as part of a word, so that a dollar sign before it ends no formula.
Org takes a zero-width space for the end of one.")

(defconst emacs-agent-inert--rules
  `(("\\[" "[[@]\\|[0-9]\\{4\\}-\\|[0-9]*%\\]\\|[0-9]*/[0-9]*\\]\\|fn:\\|cite")
    ("^\\[" "[ xX-]\\]")
    ("<" "[<%]\\|[0-9]\\{4\\}-\\|[Hh][Tt][Tt][Pp][Ss]?:\\|[Ff][Ii][Ll][Ee]:")
    ("{{" "{")
    ("@" "@")
    ("\\\\" "[A-Za-z([_]\\|\\'")
    ("\\\\\\\\" "[ \t]*$")
    ("[_^]" "[{(*]\\|\\'")
    ("src" "_[^ \t\n[{]\\{0,60\\}\\(?:[[{]\\|\\'\\)\\|_[^ \t\n[{]\\{61\\}")
    ("call" "_[^ \t\n[(]\\{0,60\\}\\(?:[[(]\\|\\'\\)\\|_[^ \t\n[(]\\{61\\}")
    ("\\$" "\\$" ,emacs-agent-inert--joiner)
    ("\\$" "[^[:alnum:]]\\|\\'" ,emacs-agent-inert--joiner " \t\n,."))
  "What to look for, what makes it syntax if it follows, what to put between.
The last element has the characters after which it is harmless.")

(defun emacs-agent-inert--among-p (char string)
  "Whether CHAR, which may be nil, is in STRING."
  (and char (seq-position string char #'eq)))

(defun emacs-agent-inert-text (text &optional followed)
  "Return TEXT of a paragraph without the syntax that its own characters make.
FOLLOWED says that markup of ours comes next, which the text may not reach into.
Emphasis and link types depend on what is around: see `emacs-agent-inert-join'."
  (if (not (string-match-p "[][<{@\\_^$]" text))
      text
    (with-temp-buffer
      (let ((case-fold-search nil))
        (insert text (if followed "" "\n"))
        (mapc #'emacs-agent-inert--apply emacs-agent-inert--rules)
        (buffer-substring (point-min) (if followed (point-max) (1- (point-max))))))))

(defun emacs-agent-inert--apply (rule)
  "Break in this buffer what RULE says."
  (pcase-let ((`(,what ,syntax ,mark ,harmless) rule))
    (goto-char (point-min))
    (while (re-search-forward what nil t)
      (when (and (looking-at-p syntax)
                 (not (emacs-agent-inert--among-p (char-before (match-beginning 0)) harmless)))
        (insert (or mark emacs-agent-inert-spacer))))))

;;;; Emphasis and link types

(defconst emacs-agent-inert--max-emphasis 4000
  "Longer paragraphs have every mark broken.
Emacs matches emphasis with one regexp, which must not meet a novel.")

(defconst emacs-agent-inert--mark "[*/_+=~]"
  "A mark of emphasis.")

(defun emacs-agent-inert--emphasis (pieces)
  "Return PIECES without emphasis that literal text in them would begin.
The space goes after the mark, and makes of it what follows a space."
  (let ((closers (emacs-agent-inert--closers (mapconcat #'car pieces ""))) (start 0))
    (mapcar (lambda (piece)
              (prog1 (if (cdr piece)
                         (cons (emacs-agent-inert--break
                                (car piece) (emacs-agent-inert--openers (car piece) start closers))
                               t)
                       piece)
                (cl-incf start (length (car piece)))))
            pieces)))

(defun emacs-agent-inert--openers (text start closers)
  "Return where marks in TEXT, which starts at START, must be broken.
CLOSERS is what `emacs-agent-inert--closers' returns."
  (let ((at -1) (broken nil))
    (while (setq at (string-match emacs-agent-inert--mark text (1+ at)))
      (when (and (or (= at 0) (eql (car broken) at)
                     (emacs-agent-inert--among-p (aref text (1- at)) " \t\n\f\u00a0\u200b-('\"{"))
                 (not (and (< (1+ at) (length text))
                           (emacs-agent-inert--among-p (aref text (1+ at)) " \t\n\f\u00a0\u200b")))
                 (> (alist-get (aref text at) closers -1) (+ start at)))
        (push (1+ at) broken)))
    (nreverse broken)))

(defun emacs-agent-inert--closers (text)
  "Return where in TEXT each mark could close emphasis for the last time."
  (let ((at -1) (closers nil) (size (length text)))
    (while (setq at (string-match emacs-agent-inert--mark text (1+ at)))
      (let ((before (and (> at 0) (aref text (1- at)))))
        (when (and (not (emacs-agent-inert--among-p before " \t\n\f\u00a0"))
                   (or (= (1+ at) size)
                       (emacs-agent-inert--among-p (aref text (1+ at))
                                                   " \t\n\f\u00a0\u200b-.,:!?;'\")}[]\\|*/_+=~")
                       (emacs-agent-inert--among-p before " \t\n\f\u00a0\u200b-('\"{")
                       (> size emacs-agent-inert--max-emphasis)))
          (setf (alist-get (aref text at) closers) at))))
    closers))

(defun emacs-agent-inert--formulas (pieces)
  "Return PIECES without formulas that begin in text and end in code of ours."
  (let ((open nil))
    (mapcar (lambda (piece)
              (pcase-let ((`(,text . ,literal) piece))
                (prog1 (if (and open (not literal))
                           (cons (emacs-agent-inert--dollars text) nil)
                         piece)
                  (when (or literal (string-prefix-p "[[" text))
                    (setq open (or open (string-search "$" text)))))))
            pieces)))

(defun emacs-agent-inert--dollars (text)
  "Return TEXT with its dollar signs broken that could end a formula."
  (if (not (string-search "$" text))
      text
    (with-temp-buffer
      (insert text)
      (emacs-agent-inert--apply (car (last emacs-agent-inert--rules)))
      (buffer-string))))

(defun emacs-agent-inert--break (text positions)
  "Return TEXT with a zero-width space at each of the ascending POSITIONS."
  (if (null positions)
      text
    (let ((start 0) (parts nil))
      (dolist (position positions)
        (push (substring text start position) parts)
        (push emacs-agent-inert-spacer parts)
        (setq start position))
      (push (substring text start) parts)
      (apply #'concat (nreverse parts)))))

(defconst emacs-agent-inert--link-types
  (let ((table (make-hash-table :test #'equal)))
    (dolist (type (split-string "attachment bbdb bibtex calendar cite coderef contact custom-id doi docview doom
elisp emacs elfeed eshell eval eww file+emacs file+sys fuzzy gnus help id info irc javascript js lisp mailto man matlab
message mew mhe mu4e news nntp notmuch notmuch-search notmuch-tree nov occur org-protocol pdf pdfview rmail roam sh
shell skype ssh tel telnet vbscript vm w3m wl woman zotero"))
      (puthash type t table))
    table)
  "Link types that Org and its packages define.
Others are broken too, unless only a number or a colon follows.")

(defun emacs-agent-inert-join (pieces)
  "Return the PIECES of a paragraph as one text.
Each is a text and whether it is literal, that is, not markup of ours."
  (if (cl-some (lambda (piece) (string-match-p "[*/_+=~:$]" (car piece))) pieces)
      (emacs-agent-inert--types
       (emacs-agent-inert--emphasis (emacs-agent-inert--formulas pieces)))
    (mapconcat #'car pieces "")))

(defun emacs-agent-inert--types (pieces)
  "Return PIECES as one text, with a break in what would be a link."
  (let ((whole (mapconcat #'car pieces "")) (start 0) (broken nil))
    (while pieces
      (pcase-let ((`(,text . ,literal) (pop pieces)))
        (when literal
          ;; A link of an allowed type ends at white space: it must not reach into code of ours.
          (let ((open (if pieces (or (string-match "[ \t\n][^ \t\n]*\\'" text) -1) (length text)))
                (at -1))
            (while (setq at (string-search ":" text (1+ at)))
              (when (emacs-agent-inert--type-at-p whole (+ start at) (< at open))
                (push (+ start at) broken)))))
        (cl-incf start (length text))))
    (emacs-agent-inert--break whole (nreverse broken))))

(defconst emacs-agent-inert--harmless
  (concat "\\`\\(?:[0-9]+\\(?:[:.,-][0-9]+\\)*\\)?"
          "[].,:;!?'\"*_~+=)}>-]*\\(?:[ \t\n]\\|\\'\\)")
  "What makes no path after an unknown type: numbers or marks alone.")

(defun emacs-agent-inert--type-at-p (text at safe)
  "Whether the word before AT, a colon in TEXT, makes a link of what follows.
Or a planning keyword.  SAFE says that links to files and the web may stay."
  (let* ((case-fold-search nil)
         (size (length text))
         (word (substring text (max 0 (- at 40)) at))
         (from (string-match "[[:alnum:]+.-]+\\'" word))
         (type (and from (downcase (substring word from))))
         (last (and type (substring type (string-match "[^.-]*\\'" type))))
         (next (if (< (1+ at) size) (aref text (1+ at)) ?\s))
         (before (- at (length type) 1)))
    (cond ((null type) nil)
          ((member last '("deadline" "scheduled" "closed" "clock")) t)
          ((and safe (member type '("http" "https" "file"))) nil)
          ;; Within angles a path may start with a space.
          ((and (>= before 0) (eq (aref text before) ?<)) t)
          ((memq next '(?\s ?\t ?\n)) nil)
          ((or (gethash type emacs-agent-inert--link-types)
               (gethash last emacs-agent-inert--link-types))
           t)
          ((and (= (length type) 1) (eq next ?\\)) nil)
          (t (not (string-match-p emacs-agent-inert--harmless
                                  (concat (substring text (1+ at) (min size (+ at 41)))
                                          (if (< (+ at 41) size) "…" ""))))))))

;;;; Lines

(defconst emacs-agent-inert--line-start
  (concat "^[ \t]*\\(\\*+\\(?:[ \t]\\|$\\)\\|#\\(?:[ \t+]\\|$\\)\\|[:|]\\|-\\{5\\}\\|[-+]\\(?:[ \t]\\|$\\)\\|\\+-"
          "\\|[0-9]+[.)]\\(?:[ \t]\\|$\\)\\|[A-Za-z][.)]\\(?:[ \t]\\|$\\)\\|&?%%(\\|\\[fn\\|clock:\\)")
  "Starts of lines that would be a heading, keyword, list, table or the like.")

(defun emacs-agent-inert--at-lines (text regexp mark)
  "Return TEXT with MARK before the first group of each match of REGEXP.
MARK is a string or a function that returns one."
  (let ((case-fold-search t))
    (if (not (string-match-p regexp text))
        text
      (with-temp-buffer
        (insert text)
        (goto-char (point-min))
        (while (re-search-forward regexp nil t)
          (goto-char (match-beginning 1))
          (insert (if (stringp mark) mark (funcall mark)))
          (forward-line 1))
        (buffer-string)))))

(defun emacs-agent-inert-lines (text)
  "Return TEXT with no line in it that starts something in Org."
  (emacs-agent-inert--at-lines text emacs-agent-inert--line-start emacs-agent-inert-spacer))

(defun emacs-agent-inert-plain (text)
  "Return TEXT of several lines as it was typed, but inert."
  (mapconcat (lambda (paragraph)
               (emacs-agent-inert-lines
                (emacs-agent-inert-join (list (cons (emacs-agent-inert-text paragraph) t)))))
             (emacs-agent-inert--paragraphs (emacs-agent-show-controls text))
             "\n"))

(defun emacs-agent-inert--paragraphs (text)
  "Split TEXT before each blank line."
  (let ((start 0) (from 0) (parts nil))
    (while (string-match "\n[ \t]*\n" text from)
      (push (substring text start (match-beginning 0)) parts)
      (setq start (1- (match-end 0)) from start))
    (nreverse (cons (substring text start) parts))))

(defun emacs-agent-inert-line (text &optional width)
  "Return TEXT fit to be a part of a line of ours, such as a heading.
With WIDTH, no longer than that."
  (let ((line (emacs-agent-inert-join
               (list (cons (emacs-agent-inert-text (emacs-agent-one-line text width)) t)))))
    (setq line (replace-regexp-in-string ":\\'" (concat ":" emacs-agent-inert-spacer) line t t))
    (emacs-agent-inert-lines
     (replace-regexp-in-string "-\\*-" (concat "-" emacs-agent-inert-spacer "*-") line t t))))

(defun emacs-agent-inert-shown (text width)
  "Return TEXT on one line of at most WIDTH, inert, with nothing hidden in it."
  (emacs-agent-inert-line (emacs-agent-show-all text) width))

(defun emacs-agent-inert-cell (cell)
  "Return CELL, a finished text, fit to be in a table."
  (let ((cell (string-replace "|" "\\vert{}" cell)))
    (if (string-match-p "\\`\\(?::?=\\|[-#*!$/_^]\\'\\|<[lrc]?[0-9]*>\\'\\)" cell)
        (concat emacs-agent-inert-spacer cell)
      cell)))

(defun emacs-agent-inert-block (open text)
  "Return TEXT as a block of Org that starts with OPEN, its lines as they are."
  (let ((guarded (emacs-agent-inert-block-lines (emacs-agent-show-controls text))))
    (format "#+BEGIN_%s\n%s\n#+END_%s" open guarded (car (split-string open " ")))))

(defun emacs-agent-inert-block-lines (text)
  "Return TEXT as lines within a block, none of which can end it.
A comma keeps lines from being headings and keywords; Org takes it away again.
A zero-width space guards against what Emacs finds by searching."
  (emacs-agent-inert-seal
   (emacs-agent-inert--at-lines
    (emacs-agent-inert-dates text)
    (concat "^[ \t]*\\(,*\\(?:\\*\\|#\\+\\)\\|&?%%(\\|:[A-Za-z0-9_-]+:[ \t]*$"
            "\\|\\(?:CLOCK\\|DEADLINE\\|SCHEDULED\\|CLOSED\\):\\)")
    (lambda () (if (looking-at-p ",*\\(?:\\*\\|#\\+\\)") "," emacs-agent-inert-spacer)))))

(defun emacs-agent-inert-dates (text)
  "Return TEXT without dates, ranges and diary entries.
The agenda finds them by searching, blocks or not."
  (if (not (string-match-p "<[0-9%]\\|\\]-" text))
      text
    (replace-regexp-in-string
     "\\(\\]\\)\\(--?-?\\[[0-9]\\{4\\}-\\)" (concat "\\1" emacs-agent-inert-spacer "\\2")
     (replace-regexp-in-string "<\\([0-9]\\{4\\}-\\|%%(\\)" (concat "<" emacs-agent-inert-spacer "\\1") text t)
     t)))

(defun emacs-agent-inert-link (target label)
  "Return a link of Org to TARGET that reads LABEL."
  (format "[[%s][%s]]"
          (replace-regexp-in-string
           "\\(\\\\*\\)\\([][]\\|\\'\\)"
           (lambda (match)
             (let* ((mark (and (string-match-p "[][]\\'" match) (substring match -1)))
                    (slashes (if mark (substring match 0 -1) match)))
               (concat slashes slashes (and mark (concat "\\" mark)))))
           target t t)
          (replace-regexp-in-string
           "\\]\\(\\]\\|\\'\\)" (concat "]" emacs-agent-inert-spacer "\\1") label t)))

(defun emacs-agent-inert-seal (text)
  "Return TEXT without what Emacs takes for a list of local variables.
It finds them by searching, whatever the syntax there."
  (let ((case-fold-search t))
    (if (string-match-p "local[ ]variables:" text)
        (replace-regexp-in-string "\\(local\\)\\([ ]variables:\\)"
                                  (concat "\\1" emacs-agent-inert-spacer "\\2") text t)
      text)))

(provide 'emacs-agent-inert)
;;; emacs-agent-inert.el ends here
