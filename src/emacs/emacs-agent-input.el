;;; emacs-agent-input.el --- Where prompts are written  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The end of a conversation is for its user: several lines, with a history, completion of @files, and undo of its own.

;;; Code:

(require 'emacs-agent-output)
(require 'ring)
(declare-function project-files "project")

(defcustom emacs-agent-return-sends nil
  "Whether RET at the end of the input sends it.
Otherwise it starts a new line, and the command `emacs-agent-send' sends."
  :type 'boolean
  :group 'emacs-agent)

(defvar emacs-agent-input-history (make-ring 100)
  "What was sent, newest first.")

(defvar-local emacs-agent-input-start nil
  "Marker at the start of the input.")

(defvar-local emacs-agent-input--index nil
  "Where in the history the input is from.")

(defvar-local emacs-agent-input--draft ""
  "What was being written before the history was gone through.")

(defvar-local emacs-agent-input--files nil
  "(TIME . NAMES) of the project's files.")

(defun emacs-agent-input-setup ()
  "Put the input into this buffer, which is empty."
  (let ((inhibit-read-only t))
    (insert (propertize (concat (propertize "* " 'display "") "Prompt\n") 'read-only t 'front-sticky '(read-only)
                        'rear-nonsticky t 'emacs-agent-face 'emacs-agent-prompt
                        'emacs-agent-prompt t))
    (setq emacs-agent-output-end (copy-marker (point-min) t)
          emacs-agent-input-start (point-marker)
          buffer-undo-list nil)
    (emacs-agent-input--show-hint)
    (add-hook 'completion-at-point-functions #'emacs-agent-input-complete-file nil t)))

(defun emacs-agent-input--show-hint ()
  "Say what can be written, until something is."
  (let ((hint (make-overlay (point-max) (point-max)))
        (text (propertize "Ask for something: @file, /command, C-c C-c to send" 'face 'emacs-agent-dim)))
    ;; Point stays before the words, not behind them.
    (put-text-property 0 1 'cursor t text)
    (overlay-put hint 'after-string text)
    (letrec ((hide (lambda (_start end _length)
                     (when (> end emacs-agent-input-start)
                       (delete-overlay hint)
                       (remove-hook 'after-change-functions hide t)))))
      (add-hook 'after-change-functions hide nil t))))

(defun emacs-agent-input-p (&optional position)
  "Whether POSITION, or point, is in the input."
  (>= (or position (point)) emacs-agent-input-start))

(defun emacs-agent-input-text ()
  "Return what is written."
  (buffer-substring-no-properties emacs-agent-input-start (point-max)))

(defun emacs-agent-input-set (text)
  "Write TEXT in place of what is written."
  (delete-region emacs-agent-input-start (point-max))
  (save-excursion
    (goto-char emacs-agent-input-start)
    (insert text))
  (goto-char (point-max)))

(defun emacs-agent-input-add (text)
  "Add TEXT before what is written, on lines of its own."
  (let ((old (emacs-agent-input-text)))
    (emacs-agent-input-set (if (string-blank-p old) text (concat text "\n" old)))))

(defun emacs-agent-input-has-p (text)
  "Whether TEXT is written, on lines of its own."
  (let ((case-fold-search nil))
    (string-match-p (concat "\\(?:\\`\\|\n\\)" (regexp-quote text) "\\(?:\n\\|\\'\\)")
                    (emacs-agent-input-text))))

(defun emacs-agent-input-self-insert ()
  "Type into the input, wherever point is."
  (interactive)
  (unless (emacs-agent-input-p) (goto-char (point-max)))
  (call-interactively #'self-insert-command))

(defun emacs-agent-input-yank ()
  "Yank into the input, wherever point is."
  (interactive)
  (unless (emacs-agent-input-p) (goto-char (point-max)))
  (setq this-command 'yank)
  (call-interactively #'yank))

;;;; History

(defun emacs-agent-input-remember (text)
  "Add TEXT to the history."
  (setq emacs-agent-input--index nil)
  (unless (or (string-blank-p text)
              (and (not (ring-empty-p emacs-agent-input-history))
                   (equal text (ring-ref emacs-agent-input-history 0))))
    (ring-insert emacs-agent-input-history text)))

(defun emacs-agent-input-previous (count)
  "Write the COUNTth earlier prompt."
  (interactive "p")
  (let ((size (ring-length emacs-agent-input-history)))
    (when (= size 0) (user-error "Nothing was sent yet"))
    (unless emacs-agent-input--index
      (setq emacs-agent-input--draft (emacs-agent-input-text)))
    (let ((index (+ (or emacs-agent-input--index -1) count)))
      (when (>= index size) (user-error "That was the first one"))
      (setq emacs-agent-input--index (and (>= index 0) index))
      (emacs-agent-input-set (if (>= index 0) (ring-ref emacs-agent-input-history index)
                               emacs-agent-input--draft)))))

(defun emacs-agent-input-next (count)
  "Write the COUNTth later prompt, or what you were writing."
  (interactive "p")
  (unless emacs-agent-input--index (user-error "There is no later one"))
  (emacs-agent-input-previous (- count)))

;;;; Files

(defun emacs-agent-input-word ()
  "Return (START . END) of the word of the input before point, or nil."
  (when (emacs-agent-input-p)
    (cons (save-excursion
            (skip-chars-backward "^ \t\n" emacs-agent-input-start)
            (point))
          (point))))

(defun emacs-agent-input-complete-file ()
  "Complete the name of a file after @, for `completion-at-point-functions'."
  (pcase-let ((`(,start . ,end) (emacs-agent-input-word)))
    (when (and start (eq (char-after start) ?@) (< start end))
      (list (1+ start) end (completion-table-dynamic (lambda (_) (emacs-agent-input--file-names)))
            :exclusive 'no))))

(defun emacs-agent-input--file-names ()
  "Return the names of the project's files, as they were half a minute ago."
  (unless (and emacs-agent-input--files (< (- (float-time) (car emacs-agent-input--files)) 30))
    (let* ((default-directory (file-name-as-directory default-directory))
           (project (project-current))
           (root (expand-file-name default-directory)))
      (setq emacs-agent-input--files
            (cons (float-time)
                  (and project
                       (mapcar (lambda (file) (string-remove-prefix root (expand-file-name file)))
                               (project-files project)))))))
  (cdr emacs-agent-input--files))

(defun emacs-agent-input-mentions (text directory)
  "Return the files that TEXT mentions after @, as absolute names.
Relative names are those of files in DIRECTORY."
  (let ((start 0) (files nil))
    (while (string-match "\\(?:\\`\\|[ \t\n(]\\)@\\([^ \t\n]+\\)" text start)
      (setq start (match-end 0))
      (let ((file (expand-file-name (string-trim-right (match-string 1 text) "[.,;:!?)]+") directory)))
        (when (file-exists-p file) (cl-pushnew file files :test #'equal))))
    (nreverse files)))

(defun emacs-agent-input-image-p (file)
  "Whether FILE is an image that models can look at, by its name."
  (string-match-p "\\.\\(?:png\\|jpe?g\\|gif\\|webp\\)\\'" (downcase file)))

(provide 'emacs-agent-input)
;;; emacs-agent-input.el ends here
