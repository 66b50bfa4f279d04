;;; emacs-agent-markdown.el --- Markdown as inert Org  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Models write Markdown, conversations are Org.  Headings become bold lines, fences source or example blocks that
;; are never evaluated, and nothing in the text can be Org syntax of its own.  The backend converts by the same rules
;; (src/transcript/org-blocks.ts); tests/fixtures/markdown-org holds both to them.

;;; Code:

(require 'emacs-agent-blocks)
(require 'emacs-agent-inline)
(require 'emacs-agent-inert)

(defvar emacs-agent-markdown-base nil
  "The directory where relative paths in links start; nil keeps them relative.")

(defconst emacs-agent-markdown-max 200000
  "Longer texts than this many characters are shown as they are.")

(defun emacs-agent-markdown-to-org (text)
  "Return TEXT, Markdown, as Org."
  (if (> (length text) emacs-agent-markdown-max)
      (emacs-agent-inert-block "EXAMPLE" text)
    (let* ((emacs-agent-blocks-links nil)
           (blocks (emacs-agent-blocks-read
                    (emacs-agent-markdown-lines (replace-regexp-in-string "\r\n?" "\n" text t t)))))
      (emacs-agent-markdown-write blocks))))

(defun emacs-agent-markdown-lines (text)
  "Return the lines of TEXT, whose last one may end in a newline or not."
  (split-string (string-remove-suffix "\n" text) "\n"))

(defun emacs-agent-markdown-write (blocks)
  "Return BLOCKS as Org."
  (string-join (delete "" (mapcar #'emacs-agent-markdown-write-block blocks)) "\n\n"))

(defun emacs-agent-markdown-write-block (block)
  "Return BLOCK as Org."
  (emacs-agent-inert-seal
   (pcase block
     (`(paragraph ,text) (emacs-agent-markdown--paragraph text))
     (`(literal ,text) (emacs-agent-inert-plain text))
     (`(heading ,text) (if (string-empty-p text) "" (emacs-agent-markdown--bold text)))
     (`(code ,lang ,text) (emacs-agent-markdown-code lang text))
     (`(quote ,blocks) (format "#+BEGIN_QUOTE\n%s\n#+END_QUOTE" (emacs-agent-markdown-write blocks)))
     (`(list ,start ,loose ,items) (emacs-agent-markdown--list start loose items))
     (`(table ,head ,rows) (emacs-agent-markdown--table head rows))
     ('(rule) "-----")
     (_ ""))))

(defun emacs-agent-markdown-prompt (text)
  "Return TEXT, a prompt as it was typed, as Org: only its fences become blocks."
  (let ((lines (split-string (emacs-agent-show-controls text) "\n")) (plain nil) (parts nil))
    (cl-flet ((flush () (when plain
                          (push (emacs-agent-inert-plain (string-join (nreverse plain) "\n")) parts)
                          (setq plain nil))))
      (while lines
        (let ((fence (emacs-agent-blocks-fence lines)))
          (if (and fence (emacs-agent-markdown--closed-p lines (cdr fence)))
              (pcase-let ((`((,_ ,lang ,code) . ,rest) fence))
                (flush)
                (push (emacs-agent-markdown-code lang code) parts)
                (setq lines rest))
            (push (pop lines) plain)
            ;; A fence without an end is text to the end.
            (when fence
              (setq plain (nconc (reverse lines) plain) lines nil)))))
      (flush)
      (string-join (nreverse parts) "\n"))))

(defun emacs-agent-markdown--closed-p (lines rest)
  "Whether the fence that LINES start with has its end before REST."
  (let ((mark (car (emacs-agent-blocks-open-fence (car lines))))
        (count (- (length lines) (length rest))))
    (and (> count 1) (emacs-agent-blocks-closes-fence-p (nth (1- count) lines) mark))))

;;;; Lists, tables, code

(defun emacs-agent-markdown--list (start loose items)
  "Return a list of ITEMS, LOOSE or not, numbered from START if that is non-nil."
  (let ((number start) (first t) (written nil))
    (dolist (item items)
      (push (emacs-agent-markdown--item item number (and first start (/= start 1))) written)
      (setq first nil)
      (when number (cl-incf number)))
    (string-join (nreverse written) (if loose "\n\n" "\n"))))

(defun emacs-agent-markdown--item (item number numbered)
  "Return ITEM with NUMBER, which Org is told of if NUMBERED."
  (let ((bullet (if number (format "%d." number) "-")) (body nil))
    (dolist (block (cdr item))
      (let ((text (emacs-agent-markdown-write-block block)))
        (setq body (cond ((null body)
                          (concat (if (memq (car block) '(paragraph heading)) " " "\n") text))
                         ((eq (car block) 'list) (concat body "\n" text))
                         (t (concat body "\n\n" text))))))
    (concat bullet
            (and numbered (format " [@%d]" number))
            (pcase (car item) ('yes " [X]") ('no " [ ]"))
            (emacs-agent-markdown--indent (emacs-agent-markdown--no-tag (or body ""))
                                          (1+ (length bullet))))))

(defun emacs-agent-markdown--no-tag (body)
  "Return BODY of an item, whose first line makes no term of a description."
  (let* ((end (or (string-search "\n" body) (length body)))
         (line (substring body 0 end)))
    (concat (replace-regexp-in-string "\\([ \t]:\\)\\(:\\(?:[ \t]\\|\\'\\)\\)"
                                      (concat "\\1" emacs-agent-inert-spacer "\\2") line t)
            (substring body end))))

(defun emacs-agent-markdown--indent (text columns)
  "Return TEXT with its lines, but for the first, indented by COLUMNS."
  (replace-regexp-in-string "\n\\([^\n]\\)" (concat "\n" (make-string columns ?\s) "\\1") text t))

(defun emacs-agent-markdown--table (head rows)
  "Return a table with HEAD and ROWS."
  (emacs-agent-markdown-rows
   (mapcar (lambda (row) (mapcar #'emacs-agent-markdown--cell row)) (cons head rows))))

(defun emacs-agent-markdown-rows (rows)
  "Return ROWS of finished cells as a table, the first one its head."
  (let* ((columns (length (car rows)))
         (shown (seq-take rows 1001))
         (widths (cl-loop for column below columns
                          collect (min 40 (cl-loop for row in shown
                                                   maximize (max 1 (emacs-agent-markdown--width
                                                                    (or (nth column row) ""))))))))
    (cl-flet ((line (row)
                (concat "| "
                        (string-join
                         (cl-loop for width in widths for column from 0
                                  for cell = (or (nth column row) "")
                                  collect (concat cell (make-string (max 0 (- width (emacs-agent-markdown--width cell)))
                                                                    ?\s)))
                         " | ")
                        " |")))
      (string-join
       `(,(line (car rows))
         ,(concat "|" (mapconcat (lambda (width) (make-string (+ 2 width) ?-)) widths "+") "|")
         ,@(mapcar #'line (cdr rows)))
       "\n"))))

(defun emacs-agent-markdown--width (text)
  "Return how many characters of TEXT take a column."
  (if (not (string-match-p "[^[:ascii:]]" text))
      (length text)
    (cl-count-if-not (lambda (char)
                       (or (memq char '(#x200b #x2060))
                           (and (> char 127)
                                (memq (get-char-code-property char 'general-category) '(Mn Mc Me)))))
                     text)))

(defconst emacs-agent-markdown--languages
  (let ((table (make-hash-table :test #'equal)))
    (dolist (name (split-string "awk c clojure css diff elixir erlang go graphql haskell html java json kotlin lua
makefile nix ocaml perl php python r ruby rust scala scheme sql swift terraform toml typescript xml yaml zig"))
      (puthash name name table))
    (pcase-dolist (`(,name . ,mode)
                   '(("bash" . "sh") ("cs" . "csharp") ("csharp" . "csharp") ("c++" . "C++") ("cpp" . "C++")
                     ("docker" . "dockerfile") ("dockerfile" . "dockerfile") ("elisp" . "emacs-lisp")
                     ("emacs-lisp" . "emacs-lisp") ("golang" . "go") ("javascript" . "js") ("js" . "js")
                     ("jsx" . "js") ("jsonc" . "json") ("lisp" . "lisp") ("make" . "makefile") ("mjs" . "js")
                     ("patch" . "diff") ("py" . "python") ("rb" . "ruby") ("rs" . "rust") ("sh" . "sh")
                     ("shell" . "sh") ("ts" . "typescript") ("tsx" . "typescript") ("yml" . "yaml") ("zsh" . "sh")))
      (puthash name mode table))
    table)
  "Languages that may head a source block, as Org calls them.
Emacs calls a function named after the language to colour a block: only
harmless ones are let through.")

(defun emacs-agent-markdown-code-open (lang)
  "Return what a block of code in LANG starts with, after #+BEGIN_."
  (let ((known (gethash (downcase lang) emacs-agent-markdown--languages)))
    (if known (format "SRC %s :eval never" known) "EXAMPLE")))

(defun emacs-agent-markdown-code (lang text)
  "Return TEXT as a block of code in LANG."
  (emacs-agent-inert-block (emacs-agent-markdown-code-open lang) text))

;;;; Inline markup

(defvar emacs-agent-markdown--pieces nil "Pieces of a paragraph, newest first.")
(defvar emacs-agent-markdown--literal nil "Text that is no piece yet, newest first.")
(defvar emacs-agent-markdown--active nil "Styles that are open.")
(defvar emacs-agent-markdown--end 'opened
  "How the last piece ends.
An opening mark may be followed by any markup; after a closing one Org must see
the end.")
(defvar emacs-agent-markdown--where 'paragraph
  "What is written: `paragraph', `line', `cell' or `label'.")

(defun emacs-agent-markdown--paragraph (text)
  "Return TEXT, a paragraph of Markdown, as Org."
  (emacs-agent-inert-lines
   (emacs-agent-markdown--inline
    (emacs-agent-inline-parse (emacs-agent-show-controls text) emacs-agent-blocks-links))))

(defun emacs-agent-markdown--bold (text)
  "Return TEXT, the words of a heading, as a bold line."
  (emacs-agent-inert-lines
   (emacs-agent-markdown--inline
    `((open strong)
      ,@(emacs-agent-inline-parse (emacs-agent-one-line text) emacs-agent-blocks-links)
      (close strong))
    'line)))

(defun emacs-agent-markdown--cell (text)
  "Return TEXT, a cell of a table in Markdown, as Org."
  (emacs-agent-inert-cell
   (emacs-agent-markdown--inline
    (emacs-agent-inline-parse (emacs-agent-one-line text) emacs-agent-blocks-links) 'cell)))

(defun emacs-agent-markdown--inline (tokens &optional where)
  "Return TOKENS as Org that is to stand WHERE."
  (let ((emacs-agent-markdown--pieces nil) (emacs-agent-markdown--literal nil)
        (emacs-agent-markdown--active nil) (emacs-agent-markdown--end 'opened)
        (emacs-agent-markdown--where (or where 'paragraph))
        (unfit (emacs-agent-markdown--unfit tokens)))
    (cl-loop
     for (token . rest) on tokens
     unless (memq token unfit) do
      (pcase token
        (`(text ,text) (push (if (emacs-agent-markdown--joins-p)
                                 (replace-regexp-in-string "[ \t\u00a0]*\n[ \t\n\u00a0]*" " " text t t)
                               text)
                             emacs-agent-markdown--literal))
        (`(code ,code) (emacs-agent-markdown--code (emacs-agent-one-line code)))
        ('(break) (emacs-agent-markdown--break))
        (`(link . ,_) (emacs-agent-markdown--link token (emacs-agent-markdown--ends-url-p rest)))
        (`(open ,style) (emacs-agent-markdown--open style))
        (`(close ,style) (emacs-agent-markdown--close style))))
    (emacs-agent-markdown--flush t)
    (emacs-agent-inert-join (nreverse emacs-agent-markdown--pieces))))

(defun emacs-agent-markdown--joins-p ()
  "Whether lines are joined: emphasis, labels and cells hold no line end."
  (or emacs-agent-markdown--active (not (eq emacs-agent-markdown--where 'paragraph))))

(defun emacs-agent-markdown--mark (style)
  "Return the mark of STYLE."
  (pcase style ('strong "*") ('em "/") ('del "+")))

(defun emacs-agent-markdown--flush (&optional last)
  "Make a piece of the literal text so far, which is the LAST one or not."
  (let ((text (apply #'concat (reverse emacs-agent-markdown--literal))))
    (setq emacs-agent-markdown--literal nil)
    (unless (string-empty-p text)
      (setq text (emacs-agent-markdown--guard-marks (emacs-agent-inert-text text (not last))))
      (when (and (eq emacs-agent-markdown--end 'closed)
                 (not (string-match-p "\\`[ \t\n\u00a0\u200b.,:!?;'\")}[-]" text)))
        (setq text (concat emacs-agent-inert-spacer text)))
      (push (cons text t) emacs-agent-markdown--pieces)
      (setq emacs-agent-markdown--end 'free))))

(defun emacs-agent-markdown--guard-marks (text)
  "Return TEXT with a space before marks that could end the open styles.
Within a word they cannot."
  (dolist (style (reverse emacs-agent-markdown--active))
    (let ((mark (emacs-agent-markdown--mark style)))
      (when (string-search mark text)
        (setq text (with-temp-buffer
                     (insert text)
                     (goto-char (point-min))
                     (while (search-forward mark nil t)
                       (unless (and (looking-at-p "[[:alnum:]]")
                                    (string-match-p "[[:alnum:]]" (string (or (char-before (1- (point))) ?\s))))
                         (backward-char)
                         (insert emacs-agent-inert-spacer)
                         (forward-char)))
                     (buffer-string))))))
  text)

(defun emacs-agent-markdown--add (text end)
  "Add TEXT, markup of ours, after which things are as END says.
A zero-width space goes before it where Org would not see it otherwise."
  (emacs-agent-markdown--flush)
  (push (cons (if (or (eq emacs-agent-markdown--end 'opened)
                      (string-match-p "[ \t\n\u00a0\u200b('\"{-]\\'"
                                      (or (caar emacs-agent-markdown--pieces) "")))
                  text
                (concat emacs-agent-inert-spacer text))
              nil)
        emacs-agent-markdown--pieces)
  (setq emacs-agent-markdown--end end))

(defun emacs-agent-markdown--open (style)
  "Begin STYLE."
  (emacs-agent-markdown--add (emacs-agent-markdown--mark style) 'opened)
  (push style emacs-agent-markdown--active))

(defun emacs-agent-markdown--close (style)
  "End STYLE."
  (emacs-agent-markdown--flush)
  (setq emacs-agent-markdown--active (delq style emacs-agent-markdown--active)
        emacs-agent-markdown--end 'closed)
  (push (cons (emacs-agent-markdown--mark style) nil) emacs-agent-markdown--pieces))

(defun emacs-agent-markdown--code (code)
  "Add CODE as code, or as text where Org cannot show it so."
  (let ((mark (cond ((not (string-search "~" code)) "~")
                    ((and (not (string-search "=" code)) (not (eq emacs-agent-markdown--where 'cell))) "="))))
    (if (and mark
             (not (string-empty-p code))
             (<= (length code) 1000)
             (not (emacs-agent-markdown--invisible-p (aref code 0)))
             (not (emacs-agent-markdown--invisible-p (aref code (1- (length code)))))
             (not (and (eq emacs-agent-markdown--where 'cell) (string-search "|" code)))
             (not (and (eq emacs-agent-markdown--where 'label) (string-search "]" code))))
        (emacs-agent-markdown--add (concat mark (emacs-agent-inert-dates code) mark) 'closed)
      (push code emacs-agent-markdown--literal))))

(defun emacs-agent-markdown--invisible-p (char)
  "Whether CHAR is a separator or nothing to see."
  (if (< char 127)
      (<= char ?\s)
    (memq (get-char-code-property char 'general-category)   '(Zs Zl Zp Cc Cf Cs Co Cn))))

(defun emacs-agent-markdown--break ()
  "Add a line break."
  (if (emacs-agent-markdown--joins-p)
      (push " " emacs-agent-markdown--literal)
    (setq emacs-agent-markdown--literal
          (list (string-trim-right (apply #'concat (reverse emacs-agent-markdown--literal)) "[ \t\n\u00a0]+")))
    (emacs-agent-markdown--flush)
    (push (cons "\\\\\n" nil) emacs-agent-markdown--pieces)
    (setq emacs-agent-markdown--end 'opened)))

(defun emacs-agent-markdown--ends-url-p (tokens)
  "Whether a plain address before TOKENS would end where it should.
Org reads on to white space, and would take in markup of ours."
  (pcase tokens
    ('nil t)
    (`((text ,text) . ,more)
     (or (string-match-p "\\`[.,;:!?'\")]*[ \t\n\u00a0]" text)
         (and (null more) (string-match-p "\\`[.,;:!?'\")]*\\'" text))))))

(defun emacs-agent-markdown--link (token ends)
  "Add TOKEN as a link, or its words where it may not be one.
ENDS says that it may be a plain address."
  (pcase-let* ((`(,_ ,target ,label ,bare) token)
               (in-label (eq emacs-agent-markdown--where 'label))
               (href (and (not in-label) (emacs-agent-markdown-target target))))
    (if (null href)
        (push (if (or in-label bare)
                  (emacs-agent-inline-text label)
                (format "%s (%s)" (emacs-agent-inline-text label) (emacs-agent-one-line target)))
              emacs-agent-markdown--literal)
      (emacs-agent-markdown--flush)
      (let* ((plain (and bare ends (emacs-agent-markdown--plain-url-p href)))
             (text (if plain href
                     (emacs-agent-inert-link href (emacs-agent-markdown--label label target)))))
        (push (cons (if (and plain (eq emacs-agent-markdown--end 'closed))
                        (concat emacs-agent-inert-spacer text)
                      text)
                    nil)
              emacs-agent-markdown--pieces)
        (setq emacs-agent-markdown--end 'free)))))

(defun emacs-agent-markdown--label (label target)
  "Return LABEL of a link to TARGET as Org."
  (let ((text (string-trim (emacs-agent-markdown--inline label 'label))))
    (if (string-empty-p text)
        (emacs-agent-inert-join (list (cons (emacs-agent-inert-text (emacs-agent-one-line target)) t)))
      text)))

(defun emacs-agent-markdown--unfit (tokens)
  "Return those of TOKENS that open and close styles which cannot be written.
That is a style within itself, one whose mark is in a link or in code inside it,
where Org would take it for the end, and one that Org would not see at all: it
would set free what is in code just inside."
  (let ((unfit nil) (opens nil) (live nil) (last nil) (followers (emacs-agent-markdown--followers tokens)))
    (dolist (token tokens)
      (let ((next (pop followers)))
        (pcase token
          (`(open ,style)
           (let ((open (list style token (not (or (assq style live)
                                                  (emacs-agent-markdown--loose-p next nil))))))
             (push open opens)
             (when (nth 2 open) (push open live))))
          (`(close ,style)
           (let ((open (pop opens)))
             (when (emacs-agent-markdown--loose-p last t) (setf (nth 2 open) nil))
             (when (eq (assq style live) open) (setq live (delq open live)))
             (unless (nth 2 open)
               (push token unfit)
               (push (nth 1 open) unfit))))
          (_
           (setq last token)
           (when (memq (car token) '(code link))
             (dolist (open live)
               (when (string-search (emacs-agent-markdown--mark (car open)) (nth 1 token))
                 (setf (nth 2 open) nil))))))))
    unfit))

(defun emacs-agent-markdown--followers (tokens)
  "Return for each of TOKENS the first one from there on that is no mark."
  (let ((next nil) (followers nil))
    (dolist (token (reverse tokens) followers)
      (unless (memq (car token) '(open close)) (setq next token))
      (push next followers))))

(defun emacs-agent-markdown--loose-p (token end)
  "Whether no mark may be beside TOKEN, at its END or else its start.
It is white space there, or might get a zero-width space to make it inert."
  (pcase token
    ((or `(text ,text) `(link ,text ,_ t))
     (let ((char (and (not (string-empty-p text)) (aref text (if end (1- (length text)) 0)))))
       (and char
            (or (string-search (string char) (if end "*/_+=~\\^$" "*/_+=~"))
                (memq (get-char-code-property char 'general-category) '(Zs Zl Zp Cc Cf Cs Co Cn))))))))

;;;; Targets

(defun emacs-agent-markdown--plain-url-p (url)
  "Whether Org sees all of URL as a link in running text."
  (let ((case-fold-search nil))
    (string-match-p (concat "\\`https?://[A-Za-z0-9]\\(?:[A-Za-z0-9./_~%?=&#+,;@!-]\\|:[0-9]\\)*"
                            "[A-Za-z0-9/]\\'")
                    url)))

(defun emacs-agent-markdown-target (href)
  "Return HREF as Org links to it, or nil for what may not be a link.
That may be http, https and files, but no other scheme and no remote file."
  (let ((target (string-trim href)) (case-fold-search t))
    (cond ((or (string-empty-p target) (string-match-p "[\0-\x1f\x7f\u00a0\u200b]" target)) nil)
          ((string-match-p "\\`https?://[^/]" target) (emacs-agent-markdown--encode target))
          (t (emacs-agent-markdown--file-target target)))))

(defun emacs-agent-markdown--file-target (target)
  "Return TARGET as a link to a file, or nil."
  (let ((local (if (string-prefix-p "file:" target t)
                   (replace-regexp-in-string "\\`///" "/" (substring target 5) t t)
                 target)))
    (when (string-match "\\`\\([^#]+?\\)\\(?:#L\\([0-9]\\{1,9\\}\\)[^#]*\\|#[^#]*\\)?\\'" local)
      (let ((path (match-string 1 local)) (line (match-string 2 local)))
        (unless (string-match-p "\\`//\\|:\\|\\`\\?" path)
          (setq path (emacs-agent-markdown--decode path))
          (when (and emacs-agent-markdown-base (not (string-match-p "\\`[/~]" path)))
            (setq path (concat (string-remove-suffix "/" emacs-agent-markdown-base) "/" path)))
          (unless (string-match-p "::\\|[|\0-\x1f]\\|\\$\\(?:[^[:alnum:]]\\|\\'\\)" path)
            (concat "file:" path (and line (format "::%d" (string-to-number line))))))))))

(defun emacs-agent-markdown--encode (url)
  "Return URL with what means something in Org as percent escapes."
  (replace-regexp-in-string
   "[^]!#%&'(),./:;=?@_~[:alnum:]+-]\\|\\]"
   (lambda (char) (mapconcat (lambda (byte) (format "%%%02X" byte)) (encode-coding-string char 'utf-8) ""))
   url t t))

(defun emacs-agent-markdown--decode (path)
  "Return PATH without percent escapes, unless they hide something."
  (if (string-match-p "%\\(?:[^0-9a-fA-F]\\|.[^0-9a-fA-F]\\|.?\\'\\)" path)
      path
    (let ((decoded (decode-coding-string (url-unhex-string path) 'utf-8)))
      (if (string-match-p "[\0-\x1f\x7f:]\\|[\x3fff80-\x3fffff]" decoded) path decoded))))

(autoload 'url-unhex-string "url-util")

(provide 'emacs-agent-markdown)
;;; emacs-agent-markdown.el ends here
