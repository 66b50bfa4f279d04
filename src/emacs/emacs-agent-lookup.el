;;; emacs-agent-lookup.el --- Definitions, references and symbols, for the agent  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Xref finds definitions and references, whatever is behind it: Eglot, lsp-mode, tags, Emacs Lisp itself.  Eldoc has the
;; documentation of what is at a place, and Imenu the symbols of a file.

;;; Code:

(require 'emacs-agent-editor)
(require 'xref)
(require 'project)
(require 'imenu)

(declare-function slot-value "eieio")
(defvar tags-file-name)
(defvar tags-table-list)

(defvar emacs-agent-lookup-most 500
  "Places in an answer, at most.")

(defvar emacs-agent-lookup-largest 2000000
  "Bytes of a file that is visited for an answer, at most.")

(defvar emacs-agent-lookup-patience 3
  "Seconds that documentation may take.")

;;;; Files

(defmacro emacs-agent-lookup--in (path &rest body)
  "Evaluate BODY in a buffer that visits PATH, at its beginning and widened.
If there is none yet, one is made for it alone, without questions and without
code that the file brings along."
  (declare (indent 1))
  `(emacs-agent-lookup--with ,path (lambda () ,@body)))

(defun emacs-agent-lookup--with (path function)
  "Call FUNCTION in a buffer that visits PATH.
An empty result is an error if the file was not open: it may not be indexed."
  (let* ((there (emacs-agent-buffer-visiting path))
         (buffer (or there
                     (if (file-remote-p path)
                         (error "%s is not open in Emacs" path)
                       (emacs-agent-lookup--visit path)))))
    (unwind-protect
        (with-current-buffer buffer
          (save-excursion
            (save-restriction
              (widen)
              (goto-char (point-min))
              (let ((result (funcall function)))
                (if (or there (not (member result '("" []))))
                    result
                  (error "Nothing is found in %s, which is not open in Emacs" path))))))
      (unless (or there (get-buffer-window buffer t) (buffer-modified-p buffer))
        (let ((kill-buffer-query-functions nil)) (kill-buffer buffer))))))

(defun emacs-agent-lookup--visit (path)
  "Return a buffer, which is not displayed, that visits PATH."
  (let ((size (file-attribute-size (or (file-attributes path) (error "%s does not exist" path)))))
    (when (> size emacs-agent-lookup-largest) (error "%s is too large" path))
    (let ((enable-local-variables :safe) (enable-local-eval nil) (inhibit-message t) (vc-handled-backends nil))
      (find-file-noselect path t))))

(defun emacs-agent-lookup--go (line column)
  "Go to LINE and COLUMN of this buffer."
  (forward-line (1- line))
  (forward-char (min (or column 0) (- (line-end-position) (point)))))

(defun emacs-agent-lookup--spot (path line column text)
  "Return a place: PATH, LINE, COLUMN (or nil) and TEXT."
  (emacs-agent-present 'path (expand-file-name path) 'line line 'column column
                       'text (emacs-agent-one-line (emacs-agent-clean-text text) 300)))

;;;; Xref

(defun emacs-agent-lookup-definition (request)
  "Answer REQUEST for where something is defined."
  (emacs-agent-lookup--xref request #'xref-backend-definitions))

(defun emacs-agent-lookup-references (request)
  "Answer REQUEST for where something is used."
  (emacs-agent-lookup--xref request #'xref-backend-references))

(defun emacs-agent-lookup--xref (request find)
  "Answer REQUEST by FIND, a function of Xref."
  (emacs-agent-lookup--in (emacs-agent-editor-param request 'path)
    (emacs-agent-lookup--go (emacs-agent-editor-param request 'line) (emacs-agent-editor-param request 'column))
    (let* ((root (emacs-agent-editor-project request))
           ;; Xref would ask for the project if it found none.
           (project-find-functions (append (remq t project-find-functions) (list (lambda (_) (cons 'transient root)))))
           (backend (or (emacs-agent-lookup--backend) (error "Nothing finds definitions in %s" buffer-file-name)))
           (_ (when (and (file-remote-p root) (eq find #'xref-backend-references) (not (memq backend '(eglot xref-lsp))))
                (error "On another machine, references are found by a language server alone")))
           (identifier (or (xref-backend-identifier-at-point backend)
                           (emacs-agent-editor-param request 'symbol)
                           (error "There is nothing to look up"))))
      ;; The user did not choose this project, so it is not added to the known ones.
      (cl-letf (((symbol-function 'project-remember-project) #'ignore))
        (emacs-agent-lookup--spots (funcall find backend identifier))))))

(defun emacs-agent-lookup--backend ()
  "Return the backend of Xref in this buffer.
Return nil for tags if no table is loaded, since Xref would ask for one."
  (let ((backend (xref-find-backend)))
    (unless (and (eq backend 'etags)
                 (not (bound-and-true-p tags-file-name)) (not (bound-and-true-p tags-table-list)))
      backend)))

(defun emacs-agent-lookup--spots (items)
  "Return ITEMS of Xref as a vector of places."
  (vconcat (delq nil (mapcar #'emacs-agent-lookup--item (seq-take items emacs-agent-lookup-most)))))

(defun emacs-agent-lookup--item (item)
  "Return ITEM of Xref as a place, or nil for one without a file."
  (let* ((location (xref-item-location item))
         (line (xref-location-line location))
         (file (and line (xref-location-group location))))
    (if (and file (file-name-absolute-p file))
        (emacs-agent-lookup--spot file line (emacs-agent-lookup--column location) (xref-item-summary item))
      (let ((marker (ignore-errors (xref-location-marker location))))
        (and marker (buffer-file-name (marker-buffer marker))
             (with-current-buffer (marker-buffer marker)
               (save-excursion
                 (goto-char marker)
                 (emacs-agent-lookup--spot
                  buffer-file-name (line-number-at-pos nil t) (- (point) (line-beginning-position))
                  (buffer-substring-no-properties (line-beginning-position) (line-end-position))))))))))

(defun emacs-agent-lookup--column (location)
  "Return the column of LOCATION, or nil.
It is a structure since Emacs 29, and an object before."
  (ignore-errors
    (if (fboundp 'xref-file-location-column)
        (funcall 'xref-file-location-column location)
      (slot-value location (intern "column")))))

;;;; Documentation

(defun emacs-agent-lookup-hover (request)
  "Answer REQUEST for the documentation of what is at a place."
  (let ((texts nil) (waiting 0) (timer nil))
    (cl-labels
        ((text () (emacs-agent-editor-text (string-join (reverse texts) "\n\n")))
         (finish ()
           (when timer (cancel-timer timer))
           (emacs-agent-editor-answer request (text)))
         (take (text &optional thing)
           (when (and (stringp text) (not (string-blank-p text)))
             (push (if thing (format "%s: %s" thing text) text) texts)))
         ;; What Eldoc's functions return: a text, nil for nothing, anything else for a text that comes later, or has come.
         (ask (function)
           (let* ((came nil)
                  (value (funcall function (lambda (text &rest plist)
                                             (unless came
                                               (setq came t)
                                               (take text (plist-get plist :thing))
                                               (cl-decf waiting)
                                               (when (and timer (<= waiting 0)) (finish)))))))
             (cond ((stringp value) (take value))
                   ((or value came) (cl-incf waiting))))))
      (emacs-agent-lookup--in (emacs-agent-editor-param request 'path)
        (emacs-agent-lookup--go (emacs-agent-editor-param request 'line) (emacs-agent-editor-param request 'column))
        (run-hook-wrapped 'eldoc-documentation-functions
                          (lambda (function)
                            (unless (eq function 'flymake-eldoc-function)
                              (ignore-errors (ask function)))
                            nil))
        (if (<= waiting 0)
            (text)
          (setq timer (run-at-time emacs-agent-lookup-patience nil #'finish))
          'later)))))

;;;; Symbols

(defun emacs-agent-lookup-symbols (request)
  "Answer REQUEST for the symbols of a file, or of the project."
  (let ((path (emacs-agent-editor-param request 'path))
        (query (or (emacs-agent-editor-param request 'query) "")))
    (if path
        (emacs-agent-lookup--in path (vconcat (emacs-agent-lookup--imenu query)))
      (emacs-agent-lookup--everywhere (emacs-agent-editor-project request) query))))

(defun emacs-agent-lookup--everywhere (project query)
  "Return the symbols of PROJECT whose names have QUERY in them."
  (let* ((buffers (cl-remove-if-not (lambda (buffer)
                                      (with-current-buffer buffer (emacs-agent-context-inside-p project)))
                                    (buffer-list)))
         (visited (mapcan (lambda (buffer)
                            (with-current-buffer buffer
                              (save-excursion (save-restriction (widen) (emacs-agent-lookup--imenu query)))))
                          buffers))
         (others (and buffers (not (string-empty-p query))
                      (with-current-buffer (car buffers)
                        (let ((backend (emacs-agent-lookup--backend)))
                          (and backend
                               (append (emacs-agent-lookup--spots
                                        (ignore-errors (xref-backend-apropos backend query)))
                                       nil)))))))
    (unless (or visited others)
      (error "No file that is open in Emacs has such a symbol"))
    (vconcat (seq-take (cl-remove-duplicates (append visited others) :from-end t :test #'equal
                                             :key (lambda (spot)
                                                    (list (alist-get 'path spot) (alist-get 'line spot))))
                       emacs-agent-lookup-most))))

(defun emacs-agent-lookup--imenu (query)
  "Return the symbols of this buffer whose names have QUERY in them, as a list."
  (let ((imenu-auto-rescan t) (imenu-max-item-length nil) (case-fold-search t) (found nil))
    (cl-labels ((walk (alist group)
                  (pcase-dolist (`(,name . ,rest) alist)
                    (if (and (consp rest) (consp (car rest)))
                        (walk rest (concat group name "/"))
                      (let ((position (if (consp rest) (car rest) rest)))
                        (when (overlayp position) (setq position (overlay-start position)))
                        (when (and (number-or-marker-p position) (> position 0)
                                   (string-match-p (regexp-quote query) name))
                          (goto-char position)
                          (push (emacs-agent-lookup--spot buffer-file-name (line-number-at-pos nil t)
                                                          (- (point) (line-beginning-position)) (concat group name))
                                found)))))))
      (walk (ignore-errors (imenu--make-index-alist t)) "")
      (nreverse found))))

(provide 'emacs-agent-lookup)
;;; emacs-agent-lookup.el ends here
