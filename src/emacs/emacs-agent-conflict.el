;;; emacs-agent-conflict.el --- Unsaved buffers whose files the agent changed  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The user is asked, in the conversation, which of the two texts is to stay.

;;; Code:

(require 'emacs-agent-section)
(require 'emacs-agent-session)
(require 'emacs-agent-inert)
(declare-function emacs-agent-files-revert "emacs-agent-files")

(cl-defstruct (emacs-agent-conflict (:copier nil))
  "A buffer whose file the agent changed, and whether that is settled."
  buffer settled)

(defvar emacs-agent-conflict-map
  (let ((map (make-sparse-keymap)))
    (define-key map "=" #'emacs-agent-conflict-diff)
    (define-key map "t" #'emacs-agent-conflict-take-disk)
    (define-key map "k" #'emacs-agent-conflict-keep-buffer)
    map)
  "Keys of a conflict, with point on it.")

(defun emacs-agent-conflict-show (session buffer)
  "Ask in the conversation of SESSION what to do with BUFFER, which is unsaved."
  (let ((conversation (emacs-agent-session-buffer session)))
    (emacs-agent-say "The agent changed %s on disk; your unsaved text is untouched" (buffer-name buffer))
    (when (buffer-live-p conversation)
      (with-current-buffer conversation
        (emacs-agent-section-insert
         (make-emacs-agent-section :data (make-emacs-agent-conflict :buffer buffer)
                                   :render #'emacs-agent-conflict--render))))))

(defun emacs-agent-conflict--render (section)
  "Return the text of SECTION, about a conflict."
  (let* ((conflict (emacs-agent-section-data section))
         (buffer (emacs-agent-conflict-buffer conflict))
         (name (emacs-agent-inert-line (if (buffer-live-p buffer) (buffer-name buffer) "a buffer"))))
    (if (emacs-agent-conflict-settled conflict)
        (propertize (format "%s: settled.\n" name) 'emacs-agent-face 'emacs-agent-dim)
      (emacs-agent-output-active
       (concat (propertize (format "%s has unsaved changes, and its file was changed by the agent.\n" name)
                           'emacs-agent-face 'emacs-agent-attention)
               (emacs-agent-output-key "=" "show the difference") "  "
               (emacs-agent-output-key "t" "take the file") "  "
               (emacs-agent-output-key "k" "keep the buffer") "\n")
       'keymap emacs-agent-conflict-map))))

(defun emacs-agent-conflict--at-point ()
  "Return the buffer of the conflict at point."
  (let ((data (and (emacs-agent-section-at) (emacs-agent-section-data (emacs-agent-section-at)))))
    (unless (emacs-agent-conflict-p data) (user-error "There is no conflict at point"))
    (unless (buffer-live-p (emacs-agent-conflict-buffer data)) (user-error "The buffer is gone"))
    (emacs-agent-conflict-buffer data)))

(defun emacs-agent-conflict--settle ()
  "Note that the conflict at point is settled."
  (let ((section (emacs-agent-section-at)))
    (setf (emacs-agent-conflict-settled (emacs-agent-section-data section)) t)
    (emacs-agent-section-update section)))

(defun emacs-agent-conflict-diff ()
  "Show how the buffer at point differs from its file."
  (interactive)
  (diff-buffer-with-file (emacs-agent-conflict--at-point)))

(defun emacs-agent-conflict-take-disk ()
  "Put what the file has into the buffer at point; your text comes back by undo."
  (interactive)
  (let ((buffer (emacs-agent-conflict--at-point)))
    (with-current-buffer buffer (emacs-agent-files-revert))
    (emacs-agent-conflict--settle)))

(defun emacs-agent-conflict-keep-buffer ()
  "Keep the buffer at point as it is; saving it overwrites what the agent did."
  (interactive)
  (with-current-buffer (emacs-agent-conflict--at-point)
    (set-visited-file-modtime))
  (emacs-agent-conflict--settle))

(provide 'emacs-agent-conflict)
;;; emacs-agent-conflict.el ends here
