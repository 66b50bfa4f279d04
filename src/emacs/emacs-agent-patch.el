;;; emacs-agent-patch.el --- Org that comes in patches  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The backend sends what a model says as Org: each delta appends to the Org of its message, or replaces it from some
;; character on, where its last block has become another one.  A patch adds such deltas up, so that a batch of them is
;; one change of the buffer.

;;; Code:

(require 'cl-lib)

(cl-defstruct (emacs-agent-patch (:copier nil))
  "What is to be done to a text, of which the first FROM characters stay."
  (from 0)
  (length 0)                            ; of the text then
  (pieces nil))                         ; what follows what stays, newest first

(defun emacs-agent-patch-add (patch delta)
  "Add what DELTA, an event with Org, does to PATCH."
  (let ((org (or (alist-get 'org delta) "")) (from (alist-get 'org_from delta)))
    (when from (emacs-agent-patch--cut patch from))
    (push org (emacs-agent-patch-pieces patch))
    (cl-incf (emacs-agent-patch-length patch) (length org))))

(defun emacs-agent-patch--cut (patch from)
  "Have PATCH make a text of the first FROM characters of what it would make."
  (let ((piece nil))
    (while (and (emacs-agent-patch-pieces patch) (> (emacs-agent-patch-length patch) from))
      (setq piece (pop (emacs-agent-patch-pieces patch)))
      (cl-decf (emacs-agent-patch-length patch) (length piece)))
    (cond ((> (emacs-agent-patch-length patch) from)
           (setf (emacs-agent-patch-from patch) from (emacs-agent-patch-length patch) from))
          ((and piece (< (emacs-agent-patch-length patch) from))
           (push (substring piece 0 (- from (emacs-agent-patch-length patch))) (emacs-agent-patch-pieces patch))
           (setf (emacs-agent-patch-length patch) from)))))

(defun emacs-agent-patch-text (patch)
  "Return what follows the characters that stay by PATCH."
  (apply #'concat (reverse (emacs-agent-patch-pieces patch))))

(defun emacs-agent-patch-pending-p (patch length)
  "Whether PATCH has an effect on a text of LENGTH characters."
  (or (emacs-agent-patch-pieces patch) (< (emacs-agent-patch-from patch) length)))

(defun emacs-agent-patch-clear (patch length)
  "Make of PATCH one without an effect on a text of LENGTH characters."
  (setf (emacs-agent-patch-from patch) length
        (emacs-agent-patch-length patch) length
        (emacs-agent-patch-pieces patch) nil))

(provide 'emacs-agent-patch)
;;; emacs-agent-patch.el ends here
