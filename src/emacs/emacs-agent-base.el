;;; emacs-agent-base.el --- What every part of Emacs-Agent uses  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The customization group, the faces, JSON, and text that can do no harm when it is shown.  Everything that came
;; over the wire is an alist with symbol keys, arrays are vectors, `:false' and `:null' stay apart from nil, so
;; that what a model sent can be sent back unchanged.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'json)

(defgroup emacs-agent nil
  "An agent that works on your projects."
  :group 'tools
  :prefix "emacs-agent-"
  :link '(url-link "https://github.com/emacs-agent/emacs-agent-backend"))

(defgroup emacs-agent-faces nil
  "Faces of Emacs-Agent."
  :group 'emacs-agent
  :group 'faces)

(defconst emacs-agent-version "0.1.0"
  "Version of this client.
It is installed from an executable of the same version.")

(defconst emacs-agent-protocol 1
  "The protocol that this client speaks.")

;;;; Faces

(defface emacs-agent-dim '((t :inherit shadow))
  "Things that matter less: summaries, counters, folded text."
  :group 'emacs-agent-faces)

(defface emacs-agent-user '((t :inherit (bold outline-2)))
  "Headings of what you said."
  :group 'emacs-agent-faces)

(defface emacs-agent-assistant '((t :inherit outline-1))
  "Headings of what the model said."
  :group 'emacs-agent-faces)

(defface emacs-agent-tool '((t :inherit outline-3))
  "Headings of tool calls."
  :group 'emacs-agent-faces)

(defface emacs-agent-running '((t :inherit warning))
  "A call or a session that is at work."
  :group 'emacs-agent-faces)

(defface emacs-agent-success '((t :inherit success))
  "A call that succeeded."
  :group 'emacs-agent-faces)

(defface emacs-agent-failure '((t :inherit error))
  "A call that failed, and errors."
  :group 'emacs-agent-faces)

(defface emacs-agent-attention '((t :inherit (bold warning)))
  "What waits for you."
  :group 'emacs-agent-faces)

(defface emacs-agent-danger '((t :inherit (bold error)))
  "What is dangerous about a call."
  :group 'emacs-agent-faces)

(defface emacs-agent-time '((t :inherit shadow :weight normal))
  "Times in headings."
  :group 'emacs-agent-faces)

(defface emacs-agent-refused '((t :inherit shadow :strike-through t))
  "Hunks that are refused."
  :group 'emacs-agent-faces)

(defface emacs-agent-key '((t :inherit help-key-binding))
  "Keys that can be pressed on an approval."
  :group 'emacs-agent-faces)

(defface emacs-agent-prompt '((t :inherit minibuffer-prompt))
  "The line above the input."
  :group 'emacs-agent-faces)

;;;; Garbage

(defmacro emacs-agent-collecting-later (&rest body)
  "Run BODY, which makes or loads much at once, and let garbage wait for its end.
Collecting it several times within can take longer than BODY itself."
  (declare (indent 0) (debug t))
  `(let ((gc-cons-threshold (max gc-cons-threshold 32000000)))
     ,@body))

;;;; Errors

(define-error 'emacs-agent-error "Emacs-Agent")

;;;; JSON

(defun emacs-agent-json-parse (text)
  "Return TEXT, a string of JSON, as Lisp.
Objects are alists, arrays vectors.  Signals an error for what is not JSON."
  (if (fboundp 'json-parse-string)
      (json-parse-string text :object-type 'alist :array-type 'array
                         :null-object :null :false-object :false)
    (let ((json-object-type 'alist) (json-array-type 'vector) (json-key-type 'symbol)
          (json-null :null) (json-false :false))
      (json-read-from-string text))))

(defun emacs-agent-json-string (value)
  "Return VALUE as a unibyte string of JSON in UTF-8."
  (if (fboundp 'json-serialize)
      (encode-coding-string (json-serialize value :null-object :null :false-object :false) 'utf-8)
    (let ((json-null :null) (json-false :false))
      (encode-coding-string (if value (json-encode value) "{}") 'utf-8))))

(defun emacs-agent-json-pretty (value)
  "Return VALUE as indented JSON."
  (with-temp-buffer
    (insert (decode-coding-string (emacs-agent-json-string value) 'utf-8))
    (let ((json-null :null) (json-false :false))
      (json-pretty-print-buffer))
    (string-trim (buffer-string))))

(defun emacs-agent-value (value)
  "Return VALUE, or nil where JSON has null or false."
  (if (memq value '(:null :false)) nil value))

(defun emacs-agent-present (&rest plist)
  "Return an alist of the keys and values in PLIST that have a value.
A key is a symbol; nil is no value, `:false' is."
  (cl-loop for (key value) on plist by #'cddr
           when value collect (cons key value)))

(defun emacs-agent-clean-text (text)
  "Return TEXT without properties and as Unicode, so that JSON can hold it."
  (let ((text (substring-no-properties text)))
    (if (string-match-p "[^\0-\x10ffff]\\|[\xd800-\xdfff]" text)
        (replace-regexp-in-string "[^\0-\x10ffff]\\|[\xd800-\xdfff]" "\ufffd" text t t)
      text)))

;;;; Text to show

(defconst emacs-agent-base--deceptive
  "[\u0080-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
  "Characters that cannot be seen, or change the order in which others are.")

(defun emacs-agent-show-controls (text)
  "Return TEXT with control characters made visible, line ends of one kind.
Tabs and newlines stay."
  (let ((case-fold-search nil))
    (when (string-search "\r" text)
      (setq text (replace-regexp-in-string "\r\n?" "\n" text t t)))
    (when (string-match-p "[\0-\x8\xb-\x1f\x7f]" text)
      (setq text (replace-regexp-in-string
                  "[\0-\x8\xb-\x1f\x7f]"
                  (lambda (char) (string (if (= (aref char 0) #x7f) #x2421 (+ #x2400 (aref char 0)))))
                  text t t)))
    text))

(defun emacs-agent-show-all (text)
  "Return TEXT with what could deceive who decides by it made visible.
Besides control characters, those that change the order of others or are
nothing to see are shown by their code."
  (let ((text (emacs-agent-show-controls text)))
    (if (string-match-p emacs-agent-base--deceptive text)
        (replace-regexp-in-string emacs-agent-base--deceptive
                                  (lambda (char) (format "<U+%04X>" (aref char 0))) text t t)
      text)))

(defun emacs-agent-one-line (text &optional width)
  "Return TEXT on one line: runs of white space become one space.
With WIDTH, no longer than that."
  (let ((line (string-trim (replace-regexp-in-string
                            "[ \t\n\f\u00a0]+" " "
                            (emacs-agent-show-controls
                             (if (and width (> (length text) (* 8 width))) (substring text 0 (* 8 width)) text))
                            t t))))
    (if (and width (> (length line) width))
        (concat (substring line 0 (max 0 (1- width))) "…")
      line)))

(defun emacs-agent-count (number)
  "Return NUMBER as people read it: 950, 12.3k, 1.2M."
  (cond ((< number 1000) (format "%d" number))
        ((< number 99950) (format "%.1fk" (/ number 1000.0)))
        ((< number 1000000) (format "%dk" (round number 1000)))
        (t (format "%.1fM" (/ number 1000000.0)))))

(defun emacs-agent-plural (count word)
  "Return COUNT and WORD, which gets an s unless there is one."
  (format "%d %s%s" count word (if (= count 1) "" "s")))

(defun emacs-agent-time (at)
  "Return AT, a time as the backend writes it (UTC), as a Lisp time or nil."
  (and (stringp at)
       (string-match "\\`\\([0-9]+\\)-\\([0-9]+\\)-\\([0-9]+\\)T\\([0-9]+\\):\\([0-9]+\\):\\([0-9]+\\)" at)
       (let ((part (lambda (n) (string-to-number (match-string n at)))))
         (encode-time (list (funcall part 6) (funcall part 5) (funcall part 4)
                            (funcall part 3) (funcall part 2) (funcall part 1) nil nil t)))))

(defun emacs-agent-clock (at)
  "Return AT, a time as the backend writes it, as local date and time."
  (let ((time (emacs-agent-time at)))
    (if time (format-time-string "%Y-%m-%d %H:%M:%S" time) "")))

;;;; The log

(defun emacs-agent-log (format &rest args)
  "Write FORMAT with ARGS to the log buffer, which keeps its last lines."
  (with-current-buffer (get-buffer-create "*emacs-agent-log*")
    (let ((inhibit-read-only t) (buffer-undo-list t))
      (goto-char (point-max))
      (insert (format-time-string "%T ") (emacs-agent-show-controls (apply #'format format args)) "\n")
      (when (> (buffer-size) 200000)
        (delete-region (point-min) (- (point-max) 100000))))
    (unless (derived-mode-p 'special-mode) (special-mode))))

(defun emacs-agent-say (format &rest args)
  "Show FORMAT with ARGS in the echo area, as text, and keep it in the log."
  (let ((text (apply #'format format args)))
    (emacs-agent-log "%s" text)
    (unless (active-minibuffer-window)
      (message "%s" (emacs-agent-show-controls text)))))

(provide 'emacs-agent-base)
;;; emacs-agent-base.el ends here
