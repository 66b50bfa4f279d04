;;; emacs-agent-flow.el --- Markdown that is still being written  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A flow takes Markdown in pieces, cut anywhere, and shows it as Org.  Blocks that nothing can change any more are
;; written for good; the last one is written for the time being and again with the next piece, but for fences, which
;; go line by line.  At the end the text is what converting all of it at once would give.

;;; Code:

(require 'emacs-agent-section)
(require 'emacs-agent-markdown)

(defconst emacs-agent-flow--large 8000
  "A last block with more characters is not written again for each piece.")

(cl-defstruct (emacs-agent-flow (:copier nil))
  "Markdown that is being written."
  start end                             ; markers around what is shown
  tail                                  ; marker where what may still change starts
  (rest "")                             ; the Markdown of that
  (pieces nil)                          ; what came since the last time, newest first
  (all nil)                             ; all that came, newest first
  (shown 0)                             ; how much of the rest was shown last
  (started nil)                         ; whether a block was written for good
  (fence nil)                           ; (MARK INDENT NAME EMPTY) inside a fence
  (links nil) base)

(defun emacs-agent-flow-begin (base)
  "Return a flow at point, for Markdown whose links are relative to BASE.
Point must be before a newline, and the flow stays before it."
  (let ((flow (make-emacs-agent-flow :base base :start (point-marker) :tail (point-marker)
                                     :end (point-marker))))
    (set-marker-insertion-type (emacs-agent-flow-end flow) t)
    flow))

(defun emacs-agent-flow-add (flow text)
  "Add TEXT to FLOW; nothing is shown yet."
  (push text (emacs-agent-flow-pieces flow))
  (push text (emacs-agent-flow-all flow)))

(defun emacs-agent-flow-reset (flow text)
  "Start FLOW again with TEXT."
  (emacs-agent-output-edit
    (delete-region (emacs-agent-flow-start flow) (emacs-agent-flow-end flow))
    (set-marker (emacs-agent-flow-tail flow) (emacs-agent-flow-start flow)))
  (setf (emacs-agent-flow-rest flow) "" (emacs-agent-flow-pieces flow) nil
        (emacs-agent-flow-all flow) nil (emacs-agent-flow-shown flow) 0
        (emacs-agent-flow-started flow) nil (emacs-agent-flow-fence flow) nil
        (emacs-agent-flow-links flow) nil)
  (emacs-agent-flow-add flow text))

(defun emacs-agent-flow-text (flow)
  "Return all the Markdown of FLOW."
  (apply #'concat (reverse (emacs-agent-flow-all flow))))

(defun emacs-agent-flow-show (flow)
  "Show what came to FLOW since the last time."
  (when (emacs-agent-flow-pieces flow)
    (emacs-agent-flow--gather flow)
    (emacs-agent-output-edit
      (let ((emacs-agent-blocks-links (emacs-agent-flow-links flow))
            (emacs-agent-markdown-base (emacs-agent-flow-base flow)))
        (emacs-agent-flow--settle flow)
        (emacs-agent-flow--show-tail flow)
        (setf (emacs-agent-flow-links flow) emacs-agent-blocks-links)))))

(defun emacs-agent-flow-finish (flow content)
  "End FLOW, whose whole text is CONTENT."
  (emacs-agent-flow--gather flow)
  (let ((as-came (equal content (emacs-agent-flow-text flow)))
        (emacs-agent-blocks-links (emacs-agent-flow-links flow))
        (emacs-agent-markdown-base (emacs-agent-flow-base flow)))
    (emacs-agent-output-edit
      (when as-came
        (emacs-agent-flow--settle flow)
        (emacs-agent-flow--end flow))
      ;; The target of a link may come after it.
      (when (or emacs-agent-blocks-links (not as-came))
        (emacs-agent-flow--replace flow (emacs-agent-flow-start flow)
                                   (emacs-agent-markdown-to-org content))))
    (dolist (marker (list (emacs-agent-flow-start flow) (emacs-agent-flow-tail flow)
                          (emacs-agent-flow-end flow)))
      (set-marker marker nil))))

(defun emacs-agent-flow--gather (flow)
  "Add the pieces that came to the rest of FLOW."
  (setf (emacs-agent-flow-rest flow)
        (string-replace "\r\n" "\n"
                        (apply #'concat (emacs-agent-flow-rest flow)
                               (nreverse (emacs-agent-flow-pieces flow))))
        (emacs-agent-flow-pieces flow) nil))

;;;; What is final

(defun emacs-agent-flow--settle (flow)
  "Write those blocks of FLOW for good that nothing can change any more."
  (let* ((text (emacs-agent-flow-rest flow))
         (newline (cl-position ?\n text :from-end t))
         (lines (and newline (split-string (substring text 0 newline) "\n")))
         (next nil))
    (while (and lines (not (eq (setq next (emacs-agent-flow--step flow lines)) lines)))
      (setq lines next))
    (when newline
      (setf (emacs-agent-flow-rest flow)
            (concat (mapconcat (lambda (line) (concat line "\n")) lines "")
                    (substring text (1+ newline)))))))

(defun emacs-agent-flow--step (flow lines)
  "Write for good what FLOW has at the start of LINES; return the other lines.
If that may still change, return LINES."
  (let* ((line (car lines)) (fence (emacs-agent-flow-fence flow)) (open nil))
    (cond (fence
           (if (emacs-agent-blocks-closes-fence-p line (car fence))
               (emacs-agent-flow--close-fence flow)
             (emacs-agent-flow--write-line flow line))
           (cdr lines))
          ((string-blank-p line) (cdr lines))
          ((setq open (emacs-agent-blocks-open-fence line))
           (emacs-agent-flow--open-fence flow open)
           (cdr lines))
          (t (pcase-let ((`(,block . ,rest) (emacs-agent-blocks-next lines)))
               (if (null rest)
                   lines
                 (emacs-agent-flow--write flow (emacs-agent-markdown-write-block block))
                 rest))))))

(defun emacs-agent-flow--end (flow)
  "Write the rest of FLOW for good."
  (let ((rest (emacs-agent-flow-rest flow)) (fence (emacs-agent-flow-fence flow)))
    (setf (emacs-agent-flow-rest flow) "")
    (cond ((not fence)
           (dolist (block (emacs-agent-blocks-read (emacs-agent-markdown-lines rest)))
             (emacs-agent-flow--write flow (emacs-agent-markdown-write-block block)))
           (emacs-agent-flow--replace flow (emacs-agent-flow-tail flow) ""))
          (t (unless (or (string-empty-p rest) (emacs-agent-blocks-closes-fence-p rest (car fence)))
               (emacs-agent-flow--write-line flow rest))
             (emacs-agent-flow--close-fence flow)))))

;;;; Writing

(defun emacs-agent-flow--replace (flow from text)
  "Replace what FLOW shows after FROM by TEXT, but for their common start."
  (let* ((old (buffer-substring-no-properties from (emacs-agent-flow-end flow)))
         (same (compare-strings old nil nil text nil nil))
         (kept (if (eq same t) (length text) (1- (abs same)))))
    (delete-region (+ from kept) (emacs-agent-flow-end flow))
    (goto-char (emacs-agent-flow-end flow))
    (emacs-agent-output-insert (substring text kept))))

(defun emacs-agent-flow--put (flow text)
  "Write TEXT for good in FLOW, in the place of what was for the time being."
  (emacs-agent-flow--replace flow (emacs-agent-flow-tail flow) text)
  (set-marker (emacs-agent-flow-tail flow) (emacs-agent-flow-end flow)))

(defun emacs-agent-flow--gap (flow)
  "Return what is between the last block of FLOW and the next."
  (if (emacs-agent-flow-started flow) "\n\n" ""))

(defun emacs-agent-flow--write (flow text)
  "Write TEXT, a block, for good in FLOW."
  (unless (string-empty-p text)
    (emacs-agent-flow--put flow (concat (emacs-agent-flow--gap flow) text))
    (setf (emacs-agent-flow-started flow) t)))

(defun emacs-agent-flow--open-fence (flow open)
  "Write the start of a fence for good in FLOW, as OPEN describes it."
  (pcase-let* ((`(,mark ,lang ,indent) open)
               (name (emacs-agent-markdown-code-open lang)))
    (emacs-agent-flow--write flow (concat "#+BEGIN_" name))
    (setf (emacs-agent-flow-fence flow) (list mark indent (car (split-string name)) t))))

(defun emacs-agent-flow--code-line (flow line)
  "Return LINE as it is shown inside the fence of FLOW."
  (concat "\n" (emacs-agent-inert-block-lines
                (emacs-agent-show-controls
                 (emacs-agent-blocks-undent line (nth 1 (emacs-agent-flow-fence flow)))))))

(defun emacs-agent-flow--write-line (flow line)
  "Write LINE of a fence for good in FLOW."
  (emacs-agent-flow--put flow (emacs-agent-flow--code-line flow line))
  (setf (nth 3 (emacs-agent-flow-fence flow)) nil))

(defun emacs-agent-flow--close-fence (flow)
  "Write the end of a fence for good in FLOW."
  (pcase-let ((`(,_ ,_ ,name ,empty) (emacs-agent-flow-fence flow)))
    (emacs-agent-flow--put flow (format "%s\n#+END_%s" (if empty "\n" "") name))
    (setf (emacs-agent-flow-fence flow) nil)
    (emacs-agent-flow--colour flow name)))

(defun emacs-agent-flow--colour (flow name)
  "Have the last block of FLOW, called NAME, coloured as a whole."
  (when (bound-and-true-p font-lock-mode)
    (save-excursion
      (goto-char (emacs-agent-flow-end flow))
      (when (search-backward (concat "#+BEGIN_" name) (emacs-agent-flow-start flow) t)
        (font-lock-flush (point) (emacs-agent-flow-end flow))))))

(defun emacs-agent-flow--show-tail (flow)
  "Show the rest of FLOW for the time being."
  (let* ((rest (emacs-agent-flow-rest flow)) (size (length rest)))
    (when (or (< size emacs-agent-flow--large)
              (> size (* 1.2 (emacs-agent-flow-shown flow))))
      (setf (emacs-agent-flow-shown flow) size)
      (emacs-agent-flow--replace
       flow (emacs-agent-flow-tail flow)
       (cond ((string-empty-p rest) "")
             ((emacs-agent-flow-fence flow)
              (if (string-match-p "\\`[ \t]*[`~]*\\'" rest) "" (emacs-agent-flow--code-line flow rest)))
             (t (let ((text (emacs-agent-markdown-write
                             (emacs-agent-blocks-read (split-string rest "\n")))))
                  (if (string-empty-p text) "" (concat (emacs-agent-flow--gap flow) text)))))))))

(provide 'emacs-agent-flow)
;;; emacs-agent-flow.el ends here
