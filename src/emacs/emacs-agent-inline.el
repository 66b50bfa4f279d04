;;; emacs-agent-inline.el --- Reading the inline markup of Markdown  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; `emacs-agent-inline-parse' makes a flat list of tokens of one paragraph, in linear time:
;;
;;   (text STRING) (code STRING) (break) (open STYLE) (close STYLE) (link HREF LABEL BARE)
;;
;; STYLE is `strong', `em' or `del', LABEL a list of tokens, and BARE says that the link was a mere address.  HTML
;; is text.  The backend reads by the same rules (src/transcript/inlines.ts).

;;; Code:

(require 'emacs-agent-base)

(defconst emacs-agent-inline--special "[]\\`*_~[!<&\n]\\|https?://"
  "Where text may stop being text.")

(defconst emacs-agent-inline--punctuation "[!-/:-@[-`{-~]"
  "What a backslash can escape.")

(defconst emacs-agent-inline--max-brackets 32
  "Open brackets that are remembered; more than these come from nobody.")

(cl-defstruct (emacs-agent-inline--run (:copier nil))
  "A run of `*', `_' or `~~', and the styles it turns out to begin and end."
  char length count open close (opens nil) (closes nil))

(defvar emacs-agent-inline--tokens nil "What was read, newest first.")
(defvar emacs-agent-inline--pieces nil "Text that is no token yet, newest first.")
(defvar emacs-agent-inline--brackets nil "Tokens of open brackets, newest first.")
(defvar emacs-agent-inline--links nil "Targets of labels, an alist.")
(defvar emacs-agent-inline--ticks nil "Where runs of backticks start, by length.")

(defun emacs-agent-inline-parse (text &optional links)
  "Return the tokens of TEXT, a paragraph.
LINKS is an alist of labels in lower case and their targets."
  (if (string-match-p emacs-agent-inline--special text)
      (emacs-agent-inline--scan text links)
    (and (not (string-empty-p text)) (list (list 'text text)))))

(defun emacs-agent-inline--scan (text links)
  "Return the tokens of TEXT, which has markup; LINKS are targets of labels."
  (with-temp-buffer
    (insert text)
    (goto-char (point-min))
    (let ((case-fold-search nil)
          (emacs-agent-inline--tokens nil) (emacs-agent-inline--pieces nil)
          (emacs-agent-inline--brackets nil) (emacs-agent-inline--links links)
          (emacs-agent-inline--ticks (emacs-agent-inline--backticks)))
      (while (not (eobp))
        (let ((start (point)))
          (if (re-search-forward emacs-agent-inline--special nil t)
              (goto-char (match-beginning 0))
            (goto-char (point-max)))
          (emacs-agent-inline--say (buffer-substring start (point))))
        (unless (or (eobp) (emacs-agent-inline--at-special (char-after)))
          (emacs-agent-inline--take 1)))
      (emacs-agent-inline--flush)
      (emacs-agent-inline--pair (mapcar #'emacs-agent-inline--settle
                                        (reverse emacs-agent-inline--tokens))))))

(defun emacs-agent-inline--backticks ()
  "Return an alist of lengths and the starts of runs of backticks of each."
  (let ((runs nil))
    (save-excursion
      (goto-char (point-max))
      (while (search-backward "`" nil t)
        (let ((end (1+ (point))))
          (skip-chars-backward "`")
          (push (point) (alist-get (- end (point)) runs)))))
    runs))

(defun emacs-agent-inline--at-special (char)
  "Read what CHAR at point starts; return nil if that is nothing."
  (pcase char
    (?\\ (emacs-agent-inline--escape))
    (?` (emacs-agent-inline--code))
    (?\n (emacs-agent-inline--newline))
    (?< (or (emacs-agent-inline--autolink) (emacs-agent-inline--break-tag)))
    (?& (emacs-agent-inline--entity))
    (?h (emacs-agent-inline--url))
    ((or ?\[ ?!) (emacs-agent-inline--open-bracket))
    (?\] (emacs-agent-inline--close-bracket))
    ((or ?* ?_ ?~) (emacs-agent-inline--delimiter char))))

(defun emacs-agent-inline--say (text)
  "Add TEXT to what is no token yet."
  (unless (string-empty-p text)
    (push text emacs-agent-inline--pieces)))

(defun emacs-agent-inline--flush ()
  "Make a token of the text so far."
  (when emacs-agent-inline--pieces
    (push (list 'text (apply #'concat (reverse emacs-agent-inline--pieces)))
          emacs-agent-inline--tokens)
    (setq emacs-agent-inline--pieces nil)))

(defun emacs-agent-inline--emit (token end)
  "Add TOKEN and go to END."
  (emacs-agent-inline--flush)
  (push token emacs-agent-inline--tokens)
  (goto-char end)
  t)

(defun emacs-agent-inline--take (count)
  "Take COUNT characters as text."
  (emacs-agent-inline--say (buffer-substring (point) (+ (point) count)))
  (forward-char count)
  t)

(defun emacs-agent-inline--escape ()
  "Read a backslash and what it escapes."
  (forward-char)
  (cond ((eq (char-after) ?\n) (emacs-agent-inline--emit '(break) (1+ (point))))
        ((looking-at-p emacs-agent-inline--punctuation) (emacs-agent-inline--take 1))
        (t (backward-char) nil)))

(defun emacs-agent-inline--code ()
  "Read a code span, or backticks that start none."
  (let* ((start (point))
         (end (progn (skip-chars-forward "`") (point)))
         (cell (assq (- end start) emacs-agent-inline--ticks)))
    (while (and (cdr cell) (< (cadr cell) end)) (pop (cdr cell)))
    ;; A run that lost its start to a backslash is in no list.
    (let ((close (and cell (pop (cdr cell)))))
      (if (null close)
          (progn (goto-char start) (emacs-agent-inline--take (- end start)))
        (let ((code (string-replace "\n" " " (buffer-substring end close))))
          (when (and (string-prefix-p " " code) (string-suffix-p " " code)
                     (string-match-p "[^ ]" code))
            (setq code (substring code 1 -1)))
          (emacs-agent-inline--emit (list 'code code) (+ close (- end start))))))))

(defun emacs-agent-inline--newline ()
  "Read a line end: two spaces before it break the line."
  (let* ((last (or (pop emacs-agent-inline--pieces) ""))
         (bare (string-trim-right last " +")))
    (emacs-agent-inline--say bare)
    (if (>= (- (length last) (length bare)) 2)
        (emacs-agent-inline--emit '(break) (1+ (point)))
      (emacs-agent-inline--take 1))))

(defun emacs-agent-inline--autolink ()
  "Read an address in angle brackets."
  (when (looking-at "<\\([A-Za-z][A-Za-z0-9+.-]\\{1,31\\}:[^ \t\n<>]\\{0,2000\\}\\)>")
    (emacs-agent-inline--emit (emacs-agent-inline--bare-link (match-string 1)) (match-end 0))))

(defun emacs-agent-inline--break-tag ()
  "Read a br tag."
  (let ((case-fold-search t))
    (when (looking-at "<br[ \t]\\{0,9\\}/?>[ \t]\\{0,99\\}\n?")
      (emacs-agent-inline--emit '(break) (match-end 0)))))

(defun emacs-agent-inline--bare-link (url)
  "Return a link to URL that reads as it."
  (list 'link url (list (list 'text url)) t))

(defun emacs-agent-inline--url ()
  "Read an address in running text."
  (unless (and (> (point) (point-min))
               (string-match-p "[[:alnum:]_]" (string (char-before))))
    (when (looking-at "https?://[^] \t\n<>[`\"|\\]\\{1,2000\\}")
      (let ((url (emacs-agent-inline--trim-url (match-string 0))))
        (when (> (length url) (length "https://"))
          (emacs-agent-inline--emit (emacs-agent-inline--bare-link url) (+ (point) (length url))))))))

(defun emacs-agent-inline--trim-url (url)
  "Return URL without what ends the sentence around it."
  (let ((surplus (- (cl-count ?\) url) (cl-count ?\( url)))
        (end (length url)))
    (while (and (> end 0)
                (let ((char (aref url (1- end))))
                  (cond ((and (eq char ?\)) (> surplus 0)) (cl-decf surplus))
                        (t (memq char '(?? ?! ?. ?, ?: ?\; ?* ?_ ?~ ?' ?\" ?}))))))
      (cl-decf end))
    (substring url 0 end)))

;;;; Entities

(defconst emacs-agent-inline--entities
  '(("amp" . "&") ("lt" . "<") ("gt" . ">") ("quot" . "\"") ("apos" . "'") ("nbsp" . "\u00a0")
    ("hellip" . "…") ("mdash" . "—") ("ndash" . "–") ("lsquo" . "‘") ("rsquo" . "’") ("ldquo" . "“")
    ("rdquo" . "”") ("copy" . "©") ("times" . "×") ("rarr" . "→") ("larr" . "←") ("le" . "≤")
    ("ge" . "≥") ("ne" . "≠") ("bull" . "•") ("middot" . "·"))
  "The entities that models use.")

(defconst emacs-agent-inline--entity
  "&\\(?:#\\([0-9]\\{1,7\\}\\)\\|#[xX]\\([0-9a-fA-F]\\{1,6\\}\\)\\|\\([A-Za-z]\\{2,6\\}\\)\\);"
  "A character reference.")

(defun emacs-agent-inline--decoded (decimal hex name)
  "Return the text of the entity with DECIMAL, HEX or NAME, or nil."
  (if name
      (cdr (assoc name emacs-agent-inline--entities))
    (let ((code (if decimal (string-to-number decimal) (string-to-number hex 16))))
      (if (and (< 0 code #x110000) (not (<= #xd800 code #xdfff))) (string code) "\ufffd"))))

(defun emacs-agent-inline--entity ()
  "Read a character reference."
  (when (looking-at emacs-agent-inline--entity)
    (let ((text (emacs-agent-inline--decoded (match-string 1) (match-string 2) (match-string 3))))
      (when text
        (emacs-agent-inline--say text)
        (goto-char (match-end 0))))))

;;;; Brackets

(defun emacs-agent-inline--open-bracket ()
  "Read the opening bracket of a link or an image."
  (let ((image (eq (char-after) ?!)))
    (unless (and image (not (eq (char-after (1+ (point))) ?\[)))
      (emacs-agent-inline--flush)
      (let ((bracket (list 'bracket image t)))
        (setq emacs-agent-inline--brackets
              (cons bracket (seq-take emacs-agent-inline--brackets
                                      (1- emacs-agent-inline--max-brackets))))
        (emacs-agent-inline--emit bracket (+ (point) (if image 2 1)))))))

(defun emacs-agent-inline--close-bracket ()
  "Read a closing bracket and the target after it."
  (let ((bracket (pop emacs-agent-inline--brackets)))
    (when bracket
      (emacs-agent-inline--flush)
      (pcase-let* ((`(,_ ,image ,active) bracket)
                   (from (memq bracket emacs-agent-inline--tokens))
                   (inside (mapcar #'emacs-agent-inline--settle
                                   (reverse (butlast emacs-agent-inline--tokens (length from)))))
                   (target (and active (emacs-agent-inline--target inside))))
        (when target
          (let ((label (emacs-agent-inline--pair inside)))
            (setq emacs-agent-inline--tokens (cdr from))
            (unless image
              ;; Links hold no links; an image may still become one.
              (dolist (outer emacs-agent-inline--brackets)
                (setf (nth 2 outer) (and (nth 2 outer) (nth 1 outer)))))
            (emacs-agent-inline--emit
             (list 'link (car target)
                   (if image (list (list 'text (emacs-agent-inline-text label))) label) nil)
             (cdr target))))))))

(defun emacs-agent-inline--settle (token)
  "Return TOKEN; a bracket that led to no link is the text it was."
  (if (eq (car-safe token) 'bracket)
      (list 'text (if (nth 1 token) "![" "["))
    token))

(defun emacs-agent-inline--target (label)
  "Return (HREF .
END) of what follows the bracket at point, which closes LABEL.  That is a
target in parentheses, a reference, or LABEL itself as a reference."
  (save-excursion
    (forward-char)
    (or (and (eq (char-after) ?\()
             (save-excursion (forward-char) (emacs-agent-inline--read-target)))
        (and emacs-agent-inline--links
             (let* ((reference (and (looking-at "\\[\\([^][]\\{0,200\\}\\)\\]") (match-string 1)))
                    (end (if reference (match-end 0) (point)))
                    (name (if (member reference '(nil ""))
                              (emacs-agent-inline-text (seq-take label 19))
                            reference))
                    (href (cdr (assoc (downcase (string-trim name)) emacs-agent-inline--links))))
               (and href (cons href end)))))))

(defun emacs-agent-inline--read-target ()
  "Return (HREF . END) of the target at point, which is after a parenthesis."
  (let ((href (cond ((looking-at "[ \t\n]\\{0,100\\}<\\([^<>\n]\\{0,2000\\}\\)>")
                     (goto-char (match-end 0))
                     (match-string 1))
                    (t (emacs-agent-inline--bare-target)))))
    (when (and href
               (looking-at (concat "[ \t\n]\\{0,100\\}\\(?:\"[^\"]\\{0,500\\}\"\\|'[^']\\{0,500\\}'"
                                   "\\|([^()]\\{0,500\\})\\)?[ \t\n]\\{0,100\\})")))
      (cons (emacs-agent-inline--unescape href) (match-end 0)))))

(defun emacs-agent-inline--bare-target ()
  "Read a target without angle brackets at point."
  (let ((start (point)) (limit (min (point-max) (+ (point) 2000))) (depth 0) (done nil))
    (skip-chars-forward " \t\n" limit)
    (while (and (not done) (< (point) limit))
      (let ((char (char-after)))
        (cond ((and (eq char ?\\)
                    (save-excursion (forward-char) (looking-at-p emacs-agent-inline--punctuation)))
               (forward-char 2))
              ((eq char ?\() (cl-incf depth) (forward-char) (when (> depth 16) (setq done 'none)))
              ((eq char ?\)) (if (= depth 0) (setq done t) (cl-decf depth) (forward-char)))
              ((or (<= char ?\s) (eq char ?\u00a0)) (setq done t))
              (t (forward-char)))))
    (unless (eq done 'none)
      (string-trim (buffer-substring start (point))))))

(defun emacs-agent-inline--unescape (href)
  "Return HREF without backslashes and entities."
  (replace-regexp-in-string
   emacs-agent-inline--entity
   (lambda (all)
     (string-match emacs-agent-inline--entity all)
     (or (emacs-agent-inline--decoded (match-string 1 all) (match-string 2 all) (match-string 3 all)) all))
   (replace-regexp-in-string (format "\\\\\\(%s\\)" emacs-agent-inline--punctuation) "\\1" href t)
   t t))

(defun emacs-agent-inline-text (tokens)
  "Return the words of TOKENS alone."
  (mapconcat (lambda (token)
               (cond ((emacs-agent-inline--run-p token) "")
                     ((memq (car token) '(text code)) (nth 1 token))
                     ((eq (car token) 'link) (emacs-agent-inline-text (nth 2 token)))
                     (t "")))
             tokens ""))

;;;; Emphasis

(defun emacs-agent-inline--mark-p (char)
  "Whether CHAR is punctuation or a symbol."
  (if (< char 128)
      (and (> char ?\s) (< char 127)
           (not (or (<= ?a char ?z) (<= ?A char ?Z) (<= ?0 char ?9))))
    (memq (get-char-code-property char 'general-category)
          '(Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So))))

(defun emacs-agent-inline--delimiter (char)
  "Read the run of CHAR at point."
  (let* ((start (point))
         (before (or (char-before) ?\s))
         (count (skip-chars-forward (string char)))
         (after (or (char-after) ?\s))
         (space-before (memq before '(?\s ?\t ?\n ?\f ?\u00a0)))
         (space-after (memq after '(?\s ?\t ?\n ?\f ?\u00a0)))
         (mark-before (emacs-agent-inline--mark-p before))
         (mark-after (emacs-agent-inline--mark-p after))
         (left (and (not space-after) (or (not mark-after) space-before mark-before)))
         (right (and (not space-before) (or (not mark-before) space-after mark-after)))
         (open (if (eq char ?_) (and left (or (not right) mark-before)) left))
         (close (if (eq char ?_) (and right (or (not left) mark-after)) right)))
    (goto-char start)
    (if (or (not (or open close)) (and (eq char ?~) (/= count 2)))
        (emacs-agent-inline--take count)
      (emacs-agent-inline--emit
       (make-emacs-agent-inline--run :char char :length count :count count
                                     :open (and open t) :close (and close t))
       (+ start count)))))

(defun emacs-agent-inline--pair (tokens)
  "Return TOKENS with their runs paired, by the rules of CommonMark."
  (let ((stack nil) (floor nil))
    (dolist (token tokens)
      (when (emacs-agent-inline--run-p token)
        (when (emacs-agent-inline--run-close token)
          (pcase-setq `(,stack . ,floor) (emacs-agent-inline--close token stack floor)))
        (when (and (emacs-agent-inline--run-open token) (> (emacs-agent-inline--run-count token) 0))
          (push token stack))))
    (mapcan (lambda (token)
              (if (emacs-agent-inline--run-p token)
                  (emacs-agent-inline--unfold token)
                (list token)))
            tokens)))

(defun emacs-agent-inline--close (closer stack floor)
  "Pair CLOSER with runs on STACK; return the new stack and FLOOR.
FLOOR remembers how much of the stack a kind of closer has searched in vain,
which keeps this linear."
  (let ((key (list (emacs-agent-inline--run-char closer) (emacs-agent-inline--run-open closer)
                   (% (emacs-agent-inline--run-length closer) 3)))
        (searching t))
    (while (and searching (> (emacs-agent-inline--run-count closer) 0))
      (let* ((height (length stack))
             (bottom (or (cdr (assoc key floor)) 0))
             (rest stack))
        (while (and (> height bottom) (not (emacs-agent-inline--pairs-p (car rest) closer)))
          (setq rest (cdr rest) height (1- height)))
        (if (<= height bottom)
            (setf (alist-get key floor nil nil #'equal) (length stack)
                  searching nil)
          (emacs-agent-inline--marry (car rest) closer)
          (setq stack (if (> (emacs-agent-inline--run-count (car rest)) 0) rest (cdr rest)))
          (let ((now (length stack)))
            (dolist (entry floor)
              (when (> (cdr entry) now) (setcdr entry now)))))))
    (cons stack floor)))

(defun emacs-agent-inline--pairs-p (opener closer)
  "Whether OPENER and CLOSER can pair."
  (and (eq (emacs-agent-inline--run-char opener) (emacs-agent-inline--run-char closer))
       (let ((one (emacs-agent-inline--run-length opener))
             (two (emacs-agent-inline--run-length closer)))
         (or (not (or (emacs-agent-inline--run-close opener) (emacs-agent-inline--run-open closer)))
             (/= 0 (% (+ one two) 3))
             (= 0 (% one 3) (% two 3))))))

(defun emacs-agent-inline--marry (opener closer)
  "Make a style of what is between OPENER and CLOSER."
  (let* ((tilde (eq (emacs-agent-inline--run-char closer) ?~))
         (used (if (or tilde (and (>= (emacs-agent-inline--run-count opener) 2)
                                  (>= (emacs-agent-inline--run-count closer) 2)))
                   2 1))
         (style (cond (tilde 'del) ((= used 2) 'strong) (t 'em))))
    (push style (emacs-agent-inline--run-opens opener))
    (push style (emacs-agent-inline--run-closes closer))
    (cl-decf (emacs-agent-inline--run-count opener) used)
    (cl-decf (emacs-agent-inline--run-count closer) used)))

(defun emacs-agent-inline--unfold (run)
  "Return RUN as tokens.
Closings come first, innermost first, then what is left over, then openings."
  (let ((count (emacs-agent-inline--run-count run)))
    (nconc (mapcar (lambda (style) (list 'close style)) (reverse (emacs-agent-inline--run-closes run)))
           (and (> count 0)
                (list (list 'text (make-string count (emacs-agent-inline--run-char run)))))
           (mapcar (lambda (style) (list 'open style)) (emacs-agent-inline--run-opens run)))))

(provide 'emacs-agent-inline)
;;; emacs-agent-inline.el ends here
