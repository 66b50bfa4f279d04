;;; emacs-agent-blocks.el --- Reading the blocks of Markdown  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Reads Markdown as models write it, line by line, with a bound on nesting.  Each reader takes a list of lines and
;; returns nil or (BLOCK . REST).  A block is one of
;;
;;   (paragraph TEXT) (literal TEXT) (heading TEXT) (code LANG TEXT) (quote BLOCKS) (rule)
;;   (list START LOOSE ITEMS) (table HEAD ROWS) (links)
;;
;; START is nil for a list without numbers; an item is (CHECKED . BLOCKS), CHECKED nil, `yes' or `no'.  The backend
;; reads by the same rules (src/transcript/blocks.ts).

;;; Code:

(require 'emacs-agent-base)

(defconst emacs-agent-blocks--max-depth 8
  "Blocks nest no deeper than this.")

(defvar emacs-agent-blocks-links nil
  "Targets of labels in lower case, as far as they were read.")

(defun emacs-agent-blocks-read (lines &optional depth quoted)
  "Return the blocks of LINES, at DEPTH, QUOTED if they are in a quote."
  (if (> (or depth 0) emacs-agent-blocks--max-depth)
      (list (list 'literal (string-join lines "\n")))
    (let ((blocks nil))
      (while lines
        (if (emacs-agent-blocks--blank-p (car lines))
            (pop lines)
          (pcase-let ((`(,block . ,rest) (emacs-agent-blocks-next lines (or depth 0) quoted)))
            (unless (eq (car block) 'links) (push block blocks))
            (setq lines rest))))
      (nreverse blocks))))

(defun emacs-agent-blocks-next (lines &optional depth quoted)
  "Return (BLOCK . REST) of LINES, of which the first is not blank.
DEPTH and QUOTED are as for `emacs-agent-blocks-read'."
  (let ((case-fold-search nil) (depth (or depth 0)) (line (car lines)))
    (or (and (emacs-agent-blocks--prose-p line)
             (or (emacs-agent-blocks--table lines) (emacs-agent-blocks--paragraph lines)))
        (emacs-agent-blocks-fence lines)
        (emacs-agent-blocks--indented lines)
        (emacs-agent-blocks--heading lines)
        (and (emacs-agent-blocks--rule-p line) (cons '(rule) (cdr lines)))
        (and (emacs-agent-blocks--quote-p line) (emacs-agent-blocks--quote lines depth quoted))
        (emacs-agent-blocks--list lines depth quoted)
        (and (emacs-agent-blocks--html-p line) (emacs-agent-blocks--html lines))
        (emacs-agent-blocks--table lines)
        (emacs-agent-blocks--definition lines)
        (emacs-agent-blocks--paragraph lines))))

;;;; Lines

(defun emacs-agent-blocks--prose-p (line)
  "Whether LINE starts with a letter, and so starts nothing but prose or a table."
  (and (not (string-empty-p line))
       (let ((char (aref line 0)))
         (or (<= ?a char ?z) (<= ?A char ?Z)))))

(defun emacs-agent-blocks--blank-p (line)
  "Whether LINE has nothing to see."
  (not (string-match-p "[^ \t\n\r\f\u00a0]" line)))

(defun emacs-agent-blocks--indent (line)
  "Return the column of the first character of LINE that is not white space."
  (let ((column 0) (at 0) (size (length line)))
    (while (and (< at size)
                (pcase (aref line at)
                  (?\s (cl-incf column))
                  (?\t (setq column (* 4 (1+ (/ column 4)))))))
      (cl-incf at))
    column))

(defun emacs-agent-blocks--dedent (line columns)
  "Return LINE without its first COLUMNS columns of white space."
  (let ((column 0) (at 0) (size (length line)))
    (while (and (< at size) (< column columns)
                (pcase (aref line at)
                  (?\s (cl-incf column))
                  (?\t (setq column (* 4 (1+ (/ column 4)))))))
      (cl-incf at))
    (concat (make-string (max 0 (- column columns)) ?\s) (substring line at))))

(defun emacs-agent-blocks--rule-p (line)
  "Whether LINE is a thematic break."
  (string-match-p "\\` \\{0,3\\}\\([-*_]\\)\\(?:[ \t]*\\1\\)\\{2,\\}[ \t]*\\'" line))

(defun emacs-agent-blocks--quote-p (line)
  "Whether LINE starts a quote."
  (string-match-p "\\` \\{0,3\\}>" line))

(defconst emacs-agent-blocks--html-block
  (concat "\\` \\{0,3\\}<\\(?:[!?]\\|/?\\(?:"
          (regexp-opt (split-string "address article aside blockquote body center dd details dialog div dl dt fieldset
figure footer form h1 h2 h3 h4 h5 h6 head header hr html iframe li link main menu nav ol p pre script section style
summary table tbody td textarea tfoot th thead title tr ul"))
          "\\)\\(?:[ \t\n/>]\\|\\'\\)\\)")
  "The start of a block of raw HTML.")

(defun emacs-agent-blocks--html-p (line)
  "Whether LINE starts a block of raw HTML."
  (and (string-match-p "\\` \\{0,3\\}<" line)
       (let ((case-fold-search t))
         (or (string-match-p emacs-agent-blocks--html-block line)
             (string-match-p
              "\\` \\{0,3\\}</?[A-Za-z][A-Za-z0-9-]\\{0,40\\}\\(?:[ \t][^<>]\\{0,2000\\}\\)?/?>[ \t]*\\'"
              line)))))

(defun emacs-agent-blocks--interrupts-p (line)
  "Whether LINE ends the paragraph before it."
  (and
   (not (emacs-agent-blocks--prose-p line))
   (or (emacs-agent-blocks-open-fence line)
       (string-match-p "\\` \\{0,3\\}#\\{1,6\\}\\(?:[ \t]\\|\\'\\)" line)
       (emacs-agent-blocks--rule-p line)
       (emacs-agent-blocks--quote-p line)
       (let ((marker (and (< (emacs-agent-blocks--indent line) 4) (emacs-agent-blocks--marker line))))
         (if marker
             (and (memq (plist-get marker :start) '(nil 1)) (> (length (string-trim line)) 2))
           (emacs-agent-blocks--html-p line))))))

;;;; Fences

(defun emacs-agent-blocks-open-fence (line)
  "Return (MARK LANG INDENT) if LINE opens a fence."
  (when (and (string-match "\\` \\{0,3\\}\\(`\\{3,\\}\\|~\\{3,\\}\\)\\(.*\\)\\'" line)
             (not (and (eq (aref line (match-beginning 1)) ?`)
                       (string-search "`" (match-string 2 line)))))
    (let ((mark (match-string 1 line)) (info (match-string 2 line)))
      (list mark (or (car (split-string info)) "") (emacs-agent-blocks--indent line)))))

(defun emacs-agent-blocks-closes-fence-p (line mark)
  "Whether LINE closes the fence that MARK opened."
  (let ((trimmed (string-trim line)))
    (and (>= (length trimmed) (length mark))
         (< (emacs-agent-blocks--indent line) 4)
         (equal trimmed (make-string (length trimmed) (aref mark 0))))))

(defun emacs-agent-blocks-fence (lines)
  "Read the fence that LINES start with.
Without an end it runs to the end of its container."
  (pcase (emacs-agent-blocks-open-fence (car lines))
    (`(,mark ,lang ,indent)
     (let ((text nil) (rest (cdr lines)))
       (while (and rest (not (emacs-agent-blocks-closes-fence-p (car rest) mark)))
         (push (emacs-agent-blocks-undent (pop rest) indent) text))
       (cons (list 'code lang (string-join (nreverse text) "\n")) (cdr rest))))))

(defun emacs-agent-blocks-undent (line indent)
  "Return LINE of a fence that is indented by INDENT."
  (if (= indent 0) line
    (emacs-agent-blocks--dedent line (min indent (emacs-agent-blocks--indent line)))))

(defun emacs-agent-blocks--indented (lines)
  "Read the indented code that LINES start with."
  (when (>= (emacs-agent-blocks--indent (car lines)) 4)
    (let ((text nil) (rest lines) (after nil))
      (while (and rest (or (emacs-agent-blocks--blank-p (car rest))
                           (>= (emacs-agent-blocks--indent (car rest)) 4)))
        (let ((line (pop rest)))
          (push line text)
          (unless (emacs-agent-blocks--blank-p line) (setq after (cons text rest)))))
      (cons (list 'code ""
                  (mapconcat (lambda (line)
                               (emacs-agent-blocks--dedent line (min 4 (emacs-agent-blocks--indent line))))
                             (reverse (car after)) "\n"))
            rest))))

;;;; Headings, quotes, HTML, paragraphs

(defun emacs-agent-blocks--heading (lines)
  "Read the heading that LINES start with."
  (let ((line (car lines)))
    (when (string-match "\\` \\{0,3\\}#\\{1,6\\}\\(?:[ \t]\\|\\'\\)" line)
      (let* ((text (string-trim (substring line (match-end 0))))
             (bare (string-trim-right text "#+")))
        (cons (list 'heading (if (or (string-empty-p bare) (string-match-p "[ \t]\\'" bare))
                                 (string-trim bare)
                               text))
              (cdr lines))))))

(defun emacs-agent-blocks--quote (lines depth quoted)
  "Read the quote that LINES start with, at DEPTH.
One that is QUOTED itself keeps its marks."
  (let ((inner nil) (rest lines) (done nil))
    (while (and rest (not done))
      (let ((line (car rest)))
        (cond ((string-match "\\` \\{0,3\\}> ?" line) (push (substring line (match-end 0)) inner))
              ((or (emacs-agent-blocks--blank-p line) (emacs-agent-blocks--interrupts-p line)
                   (emacs-agent-blocks--blank-p (car inner)))
               (setq done t))
              (t (push (string-trim-left line) inner)))
        (unless done (pop rest))))
    (setq inner (nreverse inner))
    (cons (if quoted
              (list 'literal (mapconcat (lambda (line) (string-trim-right (concat "> " line))) inner "\n"))
            (list 'quote (emacs-agent-blocks-read inner (1+ depth) t)))
          rest)))

(defun emacs-agent-blocks--html (lines)
  "Read the raw HTML that LINES start with."
  (let ((text nil))
    (while (and lines (not (emacs-agent-blocks--blank-p (car lines))))
      (push (pop lines) text))
    (cons (list 'literal (string-join (nreverse text) "\n")) lines)))

(defun emacs-agent-blocks--definition (lines)
  "Read the target of a label that LINES start with."
  (let ((line (car lines)))
    (when (and (< (length line) 3000)
               (string-match (concat "\\` \\{0,3\\}\\[\\([^]^][^]]\\{0,200\\}\\)\\]:[ \t]*<?"
                                     "\\([^ \t\n<>]\\{1,2000\\}\\)>?\\(?:[ \t]+[\"'(].*\\)?\\'")
                             line)
               ;; `[Note]: text' is prose.
               (string-match-p "[/.#]" (match-string 2 line)))
      (string-match "\\[\\([^]]*\\)\\]:[ \t]*<?\\([^ \t\n<>]*\\)" line)
      (let ((label (downcase (string-trim (match-string 1 line)))) (target (match-string 2 line)))
        (unless (assoc label emacs-agent-blocks-links)
          (push (cons label target) emacs-agent-blocks-links)))
      (cons '(links) (cdr lines)))))

(defun emacs-agent-blocks--paragraph (lines)
  "Read the paragraph, or the underlined heading, that LINES start with."
  (let ((text (list (pop lines))) (heading nil) (done nil))
    (while (and lines (not done) (not (emacs-agent-blocks--blank-p (car lines))))
      (cond ((string-match-p "\\` \\{0,3\\}\\(?:=\\{3,\\}\\|-\\{3,\\}\\)[ \t]*\\'" (car lines))
             (pop lines)
             (setq heading t done t))
            ((emacs-agent-blocks--interrupts-p (car lines)) (setq done t))
            (t (push (pop lines) text))))
    (setq text (nreverse text))
    (cons (if heading
              (list 'heading (mapconcat #'string-trim text " "))
            (list 'paragraph (string-trim-right (mapconcat #'string-trim-left text "\n"))))
          lines)))

;;;; Lists

(defun emacs-agent-blocks--marker (line)
  "Return what LINE starts a list item with, as a plist.
:kind tells lists apart, :start is nil without a number, :content is the column
of the text, :end where the marker ends."
  (when (and (string-match "\\`[ \t]*\\([-+*]\\|[0-9]\\{1,9\\}[.)]\\)\\(?:[ \t]\\|\\'\\)" line)
             (not (emacs-agent-blocks--rule-p line)))
    (string-match "\\`[ \t]*\\([-+*]\\|[0-9]\\{1,9\\}[.)]\\)" line)
    (let* ((end (match-end 0))
           (mark (match-string 1 line))
           (indent (emacs-agent-blocks--indent line))
           (rest (substring line end))
           (gap (emacs-agent-blocks--indent rest)))
      (list :kind (aref mark (1- (length mark)))
            :start (and (> (length mark) 1) (string-to-number mark))
            :indent indent
            :content (+ indent (length mark)
                        (if (or (emacs-agent-blocks--blank-p rest) (> gap 4)) 1 gap))
            :end end))))

(defun emacs-agent-blocks--list (lines depth quoted)
  "Read the list that LINES start with, at DEPTH, QUOTED or not."
  (let ((first (emacs-agent-blocks--marker (car lines))))
    (when first
      (let ((items nil) (loose nil) (kind (plist-get first :kind)) marker)
        (while (and lines
                    (setq marker (emacs-agent-blocks--marker (car lines)))
                    (eq kind (plist-get marker :kind))
                    (<= (plist-get marker :indent) (+ (plist-get first :indent) 3)))
          (pcase-let ((`(,body . ,rest) (emacs-agent-blocks--item-lines lines marker)))
            (when (and rest (emacs-agent-blocks--blank-p (car (last body))))
              (let ((next (emacs-agent-blocks--marker (car rest))))
                (when (eq kind (plist-get next :kind))
                  (setq loose t))))
            (push (emacs-agent-blocks--item body depth quoted) items)
            (setq lines rest)))
        (cons (list 'list (plist-get first :start) loose (nreverse items)) lines)))))

(defun emacs-agent-blocks--item (body depth quoted)
  "Return the item that has the lines BODY, at DEPTH, QUOTED or not."
  (while (and (cdr body) (emacs-agent-blocks--blank-p (car (last body))))
    (setq body (butlast body)))
  (let ((checked nil) (line (car body)))
    (when (string-match "\\`\\[\\([ xX]\\)\\][ \t]+" line)
      (setq checked (if (equal (match-string 1 line) " ") 'no 'yes)
            body (cons (substring line (match-end 0)) (cdr body))))
    (cons checked (emacs-agent-blocks-read body (1+ depth) quoted))))

(defun emacs-agent-blocks--item-lines (lines marker)
  "Return (BODY . REST): the lines of the item that LINES start with.
MARKER is what its first line starts with."
  (let* ((content (plist-get marker :content))
         (first (car lines))
         (text (concat (make-string (emacs-agent-blocks--width first marker) ?\s)
                       (substring first (plist-get marker :end))))
         (body (list (emacs-agent-blocks--dedent text content)))
         (rest (cdr lines))
         (fence (car (emacs-agent-blocks-open-fence (car body))))
         (done nil))
    (while (and rest (not done))
      (let* ((line (car rest)) (indent (emacs-agent-blocks--indent line)))
        (cond ((emacs-agent-blocks--blank-p line) (push "" body))
              ((>= indent content) (push (emacs-agent-blocks--dedent line content) body))
              (fence (setq done t))
              ((and (>= indent (+ (plist-get marker :indent) 2)) (emacs-agent-blocks--marker line))
               (push (string-trim-left line) body))
              ((or (emacs-agent-blocks--blank-p (car body)) (emacs-agent-blocks--interrupts-p line)
                   (emacs-agent-blocks--marker line))
               (setq done t))
              (t (push (string-trim-left line) body)))
        (unless done
          (pop rest)
          (setq fence (if fence
                          (and (not (emacs-agent-blocks-closes-fence-p (car body) fence)) fence)
                        (car (emacs-agent-blocks-open-fence (car body))))))))
    (cons (nreverse body) rest)))

(defun emacs-agent-blocks--width (line marker)
  "Return how many columns MARKER and what is before it take in LINE."
  (+ (plist-get marker :indent)
     (length (string-trim-left (substring line 0 (plist-get marker :end))))))

;;;; Tables

(defun emacs-agent-blocks--row (line)
  "Return the cells of LINE, split at pipes that are not escaped."
  (let* ((trimmed (string-trim line)) (cells nil) (cell nil) (size (length trimmed))
         (at (if (string-prefix-p "|" trimmed) 1 0)))
    (while (< at size)
      (let ((char (aref trimmed at)))
        (cond ((and (eq char ?\\) (< (1+ at) size) (eq (aref trimmed (1+ at)) ?|))
               (push ?| cell)
               (cl-incf at))
              ((eq char ?|)
               (push (string-trim (concat (nreverse cell))) cells)
               (setq cell nil))
              (t (push char cell))))
      (cl-incf at))
    (let ((last (string-trim (concat (nreverse cell)))))
      (when (or (not (string-empty-p last)) (not (string-suffix-p "|" trimmed)))
        (push last cells)))
    (nreverse cells)))

(defun emacs-agent-blocks--columns (line)
  "Return the number of columns if LINE is the dashes under a table's head."
  (if (or (not (string-search "|" line)) (not (string-search "-" line))
          (string-match-p "[^ \t|:-]" line))
      0
    (let ((cells (emacs-agent-blocks--row line)))
      (if (cl-every (lambda (cell) (string-match-p "\\`:?-+:?\\'" cell)) cells) (length cells) 0))))

(defun emacs-agent-blocks--table (lines)
  "Read the table that LINES start with."
  (when (and (cdr lines) (string-search "|" (car lines)))
    (let ((head (emacs-agent-blocks--row (car lines))))
      (when (= (emacs-agent-blocks--columns (cadr lines)) (length head))
        (let ((rows nil) (rest (cddr lines)))
          (while (and rest (not (emacs-agent-blocks--blank-p (car rest)))
                      (not (emacs-agent-blocks--interrupts-p (car rest))))
            (let ((row (emacs-agent-blocks--row (pop rest))))
              (push (cl-loop for column from 0 below (length head) collect (or (nth column row) "")) rows)))
          (cons (list 'table head (nreverse rows)) rest))))))

(provide 'emacs-agent-blocks)
;;; emacs-agent-blocks.el ends here
