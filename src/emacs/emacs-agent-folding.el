;;; emacs-agent-folding.el --- The calls of a turn in one line  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; When a turn is done its calls become one line.  They stay in the buffer; a search finds them and opens the line.

;;; Code:

(require 'emacs-agent-call)

(defcustom emacs-agent-fold-calls t
  "Whether the calls of a turn become one line when it is done."
  :type 'boolean
  :group 'emacs-agent)

(cl-defstruct (emacs-agent-folding (:copier nil))
  "The calls of a turn that is done: their sections, in order."
  sections
  (folded t))

(defvar-local emacs-agent-folding--turn nil
  "The sections of the calls of this turn, newest first.")

(defun emacs-agent-folding-setup ()
  "Have each turn of this buffer folded into a line when it is done."
  (setq emacs-agent-folding--turn nil)
  (add-to-invisibility-spec 'emacs-agent-folded)
  (setq-local isearch-filter-predicate #'emacs-agent-folding--searched-p)
  (add-hook 'post-command-hook #'emacs-agent-folding--open-at-point nil t))

(defun emacs-agent-folding-add (section)
  "Remember that SECTION is a call of this turn."
  (push section emacs-agent-folding--turn))

(defun emacs-agent-folding-end (&optional drop)
  "Fold each call of the turn that is done, if there are several.
With DROP, only forget them.  Return their sections."
  (let ((sections (reverse emacs-agent-folding--turn)))
    (setq emacs-agent-folding--turn nil)
    (when (and emacs-agent-fold-calls (cdr sections) (not drop))
      (let ((folding (make-emacs-agent-folding :sections sections)))
        (dolist (section sections)
          (setf (emacs-agent-call-folding (emacs-agent-section-data section)) folding)
          (emacs-agent-section-mark section))))
    sections))

(defun emacs-agent-folding-toggle (folding)
  "Show the sections of FOLDING, or hide them."
  (setf (emacs-agent-folding-folded folding) (not (emacs-agent-folding-folded folding)))
  (mapc #'emacs-agent-section-update (emacs-agent-folding-sections folding)))

(defun emacs-agent-folding-at ()
  "Return the folding whose line point is on, or nil."
  (get-text-property (point) 'emacs-agent-folding))

;;;; The line

(defun emacs-agent-folding-render (section)
  "Return the text of SECTION if its call is folded with others, else nil."
  (let* ((call (emacs-agent-section-data section)) (folding (emacs-agent-call-folding call)))
    (when folding
      (concat (and (eq section (car (emacs-agent-folding-sections folding)))
                   (emacs-agent-folding--head folding))
              (emacs-agent-folding--hide folding (emacs-agent-call-body section))
              (emacs-agent-call-changes-text call)))))

(add-hook 'emacs-agent-call-render-functions #'emacs-agent-folding-render)

(defun emacs-agent-folding--head (folding)
  "Return the line of FOLDING, which stands for a whole turn."
  (propertize (concat (emacs-agent-output-active
                       (emacs-agent-folding--summary folding)
                       'mouse-face 'highlight 'help-echo "TAB: show or hide the calls of this turn")
                      "\n")
              'emacs-agent-folding folding))

(defun emacs-agent-folding--hide (folding text)
  "Return TEXT, of a call in FOLDING, invisible if that is folded."
  (if (emacs-agent-folding-folded folding)
      (emacs-agent-output-active text 'invisible 'emacs-agent-folded)
    text))

(defun emacs-agent-folding--summary (folding)
  "Return the text of the line of FOLDING."
  (let* ((calls (mapcar #'emacs-agent-section-data (emacs-agent-folding-sections folding)))
         (failed (cl-count-if #'emacs-agent-call-unsuccessful-p calls))
         (ms (cl-loop for call in calls
                      for time = (alist-get 'execution_time_ms (emacs-agent-call-result call))
                      sum (if (numberp time) time 0))))
    (concat (propertize (emacs-agent-plural (length calls) "tool call") 'emacs-agent-face 'emacs-agent-tool)
            (propertize (concat ": " (emacs-agent-folding--tools calls)) 'emacs-agent-face 'emacs-agent-dim)
            (if (> failed 0) (propertize (format "  %d failed" failed) 'emacs-agent-face 'emacs-agent-failure) "")
            (if (>= ms 1000) (propertize (format "  %.1f s" (/ ms 1000.0)) 'emacs-agent-face 'emacs-agent-dim) ""))))

(defun emacs-agent-folding--tools (done)
  "Return the tools in DONE, a turn, and how often each was called."
  (let ((counts nil))
    (dolist (call done)
      (let ((tool (alist-get 'tool (emacs-agent-call-event call))))
        (cl-incf (alist-get tool counts 0 nil #'equal))))
    (let ((names (mapcar (pcase-lambda (`(,tool . ,count))
                           (concat (emacs-agent-inert-line tool 30) (if (> count 1) (format " ×%d" count) "")))
                         (reverse counts))))
      (string-join (if (nthcdr 5 names) (append (seq-take names 4) (list "…")) names) ", "))))

;;;; Opening

(defun emacs-agent-folding--searched-p (start end)
  "Whether a search may stop between START and END, also where that is folded."
  (or (eq 'emacs-agent-folded (get-text-property start 'invisible))
      (isearch-filter-visible start end)))

(defun emacs-agent-folding--open-at-point ()
  "Show the turn around point, unless a motion command led there."
  (when (eq 'emacs-agent-folded (get-text-property (point) 'invisible))
    (let* ((section (emacs-agent-section-at))
           (folding (and section (emacs-agent-call-p (emacs-agent-section-data section))
                         (emacs-agent-call-folding (emacs-agent-section-data section)))))
      (when (and folding (emacs-agent-folding-folded folding)
                 (not (memq this-command '(next-line previous-line forward-char backward-char right-char left-char
                                                     scroll-up-command scroll-down-command mwheel-scroll))))
        (emacs-agent-folding-toggle folding)))))

(provide 'emacs-agent-folding)
;;; emacs-agent-folding.el ends here
