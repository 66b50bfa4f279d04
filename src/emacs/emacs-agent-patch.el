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
  (pieces nil))                         ; what follows these, newest first

(defun emacs-agent-patch-add (patch delta)
  "Add what DELTA, an event with Org, does to PATCH."
  (let ((org (or (alist-get 'org delta) "")) (from (alist-get 'org_from delta)))
    (cond ((null from) (push org (emacs-agent-patch-pieces patch)))
          ((<= from (emacs-agent-patch-from patch))
           (setf (emacs-agent-patch-from patch) from
                 (emacs-agent-patch-pieces patch) (list org)))
          (t (setf (emacs-agent-patch-pieces patch)
                   (let ((text (emacs-agent-patch-text patch)))
                     (list org (substring text 0 (min (length text) (- from (emacs-agent-patch-from patch)))))))))))

(defun emacs-agent-patch-text (patch)
  "Return what follows the characters that stay by PATCH."
  (apply #'concat (reverse (emacs-agent-patch-pieces patch))))

(defun emacs-agent-patch-pending-p (patch length)
  "Whether PATCH changes a text of LENGTH characters."
  (or (emacs-agent-patch-pieces patch) (< (emacs-agent-patch-from patch) length)))

(defun emacs-agent-patch-clear (patch length)
  "Make of PATCH one that changes nothing of a text of LENGTH characters."
  (setf (emacs-agent-patch-from patch) length
        (emacs-agent-patch-pieces patch) nil))

(provide 'emacs-agent-patch)
;;; emacs-agent-patch.el ends here
