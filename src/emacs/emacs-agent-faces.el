;;; emacs-agent-faces.el --- The faces of Emacs-Agent  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; All faces, in the group `emacs-agent-faces'.

;;; Code:

(require 'emacs-agent-base)

(defface emacs-agent-dim '((t :inherit shadow))
  "Things that matter less: summaries, counters, folded text."
  :group 'emacs-agent-faces)

(defface emacs-agent-user '((t :inherit (bold font-lock-keyword-face)))
  "Headings of what you said."
  :group 'emacs-agent-faces)

(defface emacs-agent-assistant '((t :inherit (bold font-lock-function-name-face)))
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

(defface emacs-agent-refused '((t :inherit shadow :strike-through t))
  "Hunks that are refused."
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
  '((((class color) (min-colors 256) (background light)) :inherit default :background "#f3f3ef" :extend t)
    (((class color) (min-colors 256) (background dark)) :inherit default :background "#1f2326" :extend t)
    (t :inherit default))
  "Blocks of code, unless the theme gives `org-block' a background."
  :group 'emacs-agent-faces)

(defface emacs-agent-label '((t :inherit (emacs-agent-dim org-block) :slant italic :extend t))
  "The language of a block, above it."
  :group 'emacs-agent-faces)

(provide 'emacs-agent-faces)
;;; emacs-agent-faces.el ends here
