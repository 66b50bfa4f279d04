;;; emacs-agent-json.el --- JSON as Lisp, and Lisp as JSON  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Objects are alists with symbol keys, arrays are vectors, `:false' and `:null' stay apart from nil, so that what a model
;; sent can be sent back unchanged.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'json)

(defun emacs-agent-json-parse (text)
  "Return TEXT, a string of JSON, as Lisp.
Objects are alists, arrays vectors, and the null character, which the parser
of Emacs refuses, is its symbol.  Signals an error for what is not JSON."
  (when (string-search "\\u0000" text)
    (setq text (replace-regexp-in-string "\\\\\\\\\\|\\\\u0000"
                                         (lambda (escape) (if (equal escape "\\u0000") "\\u2400" escape))
                                         text t t)))
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

(provide 'emacs-agent-json)
;;; emacs-agent-json.el ends here
