;;; emacs-agent-text.el --- Text, numbers and times as people read them  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Control characters and characters that deceive are made visible here; what Org would take for syntax is the business
;; of `emacs-agent-inert'.

;;; Code:

(require 'cl-lib)
(require 'subr-x)

(defconst emacs-agent-text--deceptive
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
    (if (string-match-p emacs-agent-text--deceptive text)
        (replace-regexp-in-string emacs-agent-text--deceptive
                                  (lambda (char) (format "<U+%04X>" (aref char 0))) text t t)
      text)))

(defun emacs-agent-one-line (text &optional width)
  "Return TEXT on one line: any white space becomes one space.
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

(defun emacs-agent-text-room ()
  "Return how many columns a line of this buffer may take."
  (let ((window (get-buffer-window nil t)))
    (max 20 (1- (if window (window-body-width window) 80)))))

(provide 'emacs-agent-text)
;;; emacs-agent-text.el ends here
