;;; emacs-agent-faces.el --- The faces of Emacs-Agent  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; All faces, in the group `emacs-agent-faces'.  With fewer than 88 colours those that they inherit from are hard to read:
;; yellow and cyan on white, and green or yellow for what should be grey.

;;; Code:

(require 'emacs-agent-base)

(defface emacs-agent-dim
  '((((class color grayscale) (min-colors 88)) :inherit shadow)
    (((type tty) (class color) (min-colors 16)) :foreground "brightblack")
    (t :slant italic))
  "Things that matter less: summaries, counters, folded text."
  :group 'emacs-agent-faces)

(defface emacs-agent-user
  '((((class color) (min-colors 88)) :inherit (bold font-lock-keyword-face))
    (((class color) (background light)) :foreground "blue" :weight bold)
    (t :inherit (bold font-lock-keyword-face)))
  "Headings of what you said."
  :group 'emacs-agent-faces)

(defface emacs-agent-assistant
  '((((class color) (min-colors 88)) :inherit (bold font-lock-function-name-face))
    (t :inherit bold))
  "Headings of what the model said."
  :group 'emacs-agent-faces)

(defface emacs-agent-tool
  '((((class color) (min-colors 88)) :inherit outline-3)
    (((class color) (background light)) :foreground "blue")
    (t :inherit outline-3))
  "Headings of tool calls."
  :group 'emacs-agent-faces)

(defface emacs-agent-running
  '((((class color) (min-colors 88)) :inherit warning)
    (((class color) (background light)) :foreground "magenta" :weight bold)
    (t :inherit warning))
  "A call or a session that is at work."
  :group 'emacs-agent-faces)

(defface emacs-agent-success '((t :inherit success))
  "A call that succeeded."
  :group 'emacs-agent-faces)

(defface emacs-agent-failure '((t :inherit error))
  "A call that failed, and errors."
  :group 'emacs-agent-faces)

(defface emacs-agent-attention '((t :inherit (bold emacs-agent-running)))
  "What waits for you."
  :group 'emacs-agent-faces)

(defface emacs-agent-danger '((t :inherit (bold error)))
  "What is dangerous about a call."
  :group 'emacs-agent-faces)

(defface emacs-agent-refused '((t :inherit emacs-agent-dim :strike-through t))
  "Hunks that are refused."
  :group 'emacs-agent-faces)

(defface emacs-agent-time '((t :inherit emacs-agent-dim :weight normal))
  "Times in headings."
  :group 'emacs-agent-faces)

(defface emacs-agent-key '((t :inherit help-key-binding))
  "Keys that can be pressed on an approval."
  :group 'emacs-agent-faces)

(defface emacs-agent-prompt '((t :inherit minibuffer-prompt))
  "The line above the input."
  :group 'emacs-agent-faces)

(defface emacs-agent-mention '((t :inherit font-lock-constant-face))
  "Mentions after @ in a prompt, whose contents are sent with it."
  :group 'emacs-agent-faces)

(defface emacs-agent-block
  ;; Of 256 colours these are the nearest; Emacs would choose blue.  With a foreground they can also be read where Emacs takes
  ;; a light terminal for a dark one, as it does in tmux.
  '((((type tty) (class color) (min-colors 256) (background light)) :background "#eeeeee" :foreground "#262626" :extend t)
    (((type tty) (class color) (min-colors 256) (background dark)) :background "#262626" :foreground "#dadada" :extend t)
    (((class color) (min-colors 256) (background light)) :inherit default :background "#f3f3ef" :extend t)
    (((class color) (min-colors 256) (background dark)) :inherit default :background "#1f2326" :extend t)
    (t :inherit default))
  "Blocks of code, unless the theme gives `org-block' a background."
  :group 'emacs-agent-faces)

(defface emacs-agent-label '((t :inherit (emacs-agent-dim org-block) :slant italic :extend t))
  "The language of a block, above it."
  :group 'emacs-agent-faces)

;; Of 256 colours Emacs would choose teal and purple for the dark green and red of `diff-mode'.

(defface emacs-agent-added
  '((((class color) (min-colors 257)))
    (((class color) (min-colors 256) (background dark)) :background "#005f00" :foreground "#dadada" :extend t))
  "Added lines, on top of `diff-added', unless the theme sets that face."
  :group 'emacs-agent-faces)

(defface emacs-agent-removed
  '((((class color) (min-colors 257)))
    (((class color) (min-colors 256) (background dark)) :background "#5f0000" :foreground "#dadada" :extend t))
  "Removed lines, on top of `diff-removed', unless the theme sets that face."
  :group 'emacs-agent-faces)

;;;; Contrast

(defun emacs-agent-faces-legible (text base)
  "Return TEXT with a face that is legible on the background of the face BASE.
Faces of buffers are used in mode lines, whose background may be light where
that of buffers is dark."
  (let ((face (get-text-property 0 'face text)))
    (if (or (null face) (> (emacs-agent-faces--contrast face base) 1.7)) text
      ;; Terminals show bold black as grey.
      (propertize text 'face (and (memq face '(emacs-agent-attention emacs-agent-failure))
                                  '(:inherit bold :inverse-video t))))))

(defun emacs-agent-faces--contrast (face base)
  "Return the ratio of the luminances of FACE and of the background of BASE.
It is 21, the largest ratio, if one of them is not known."
  (let ((over (emacs-agent-faces--luminance (face-foreground face nil t)))
        (under (emacs-agent-faces--luminance (face-background base nil t))))
    (if (and over under (not (eq t (face-attribute base :inverse-video nil t))))
        (/ (max over under) (min over under))
      21)))

(defun emacs-agent-faces--luminance (colour)
  "Return the luminance of COLOUR as WCAG has it for contrasts, or nil."
  (let ((values (and colour (color-values colour))))
    (and values
         (+ 0.05 (cl-loop for value in values for weight in '(0.2126 0.7152 0.0722)
                          sum (* weight (expt (/ value 65535.0) 2.2)))))))

(provide 'emacs-agent-faces)
;;; emacs-agent-faces.el ends here
