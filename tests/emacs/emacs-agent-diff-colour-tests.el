;;; emacs-agent-diff-colour-tests.el --- The colours of code in diffs  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-test)
(require 'emacs-agent-edit)
(require 'emacs-agent-review)
(require 'emacs-agent-decide)
(require 'python)

(defconst emacs-agent-diff-colour-tests--diff
  "--- a/x.py
+++ b/x.py
@@ -1,4 +1,4 @@
 import os
-# gone \"x\"
+def f(): return \"new\"
 class C: pass
\x20
@@ -9,2 +9,3 @@
 \"\"\"doc
+--- more
+++ more
 and
"
  "A diff of Python; its second hunk adds two lines that look like names of files.")

(defmacro emacs-agent-diff-colour-tests--with (&rest body)
  "Run BODY where code in diffs is coloured, with no mode loaded."
  (declare (indent 0))
  `(let ((emacs-agent-colour--ready nil) (emacs-agent-colour--failed nil)
         (emacs-agent-idle--tasks nil) (emacs-agent-idle--timer nil)
         (emacs-agent-diff-colour--coloured (make-hash-table :test #'equal)))
     ;; There are no colours in batch mode.
     (cl-letf (((symbol-function 'emacs-agent-diff-colour--wanted-p) (lambda () emacs-agent-diff-colours)))
       (unwind-protect (progn ,@body)
         (when emacs-agent-idle--timer (cancel-timer emacs-agent-idle--timer))))))

(defun emacs-agent-diff-colour-tests--call (path diff)
  "Return a call that waits and would change PATH by DIFF."
  (emacs-agent-test-event
   "tool.call" 'id 1 'turn_id "t1" 'tool_call_id "c1" 'tool "edit_file" 'category "filesystem"
   'params '((path . "x")) 'requires_approval t 'reason "Edit"
   'preview `((hash . "h1") (files . ,(vector `((path . ,path) (before_hash . :null) (diff . ,diff)))))))

(defun emacs-agent-diff-colour-tests--settle ()
  "Run all tasks for idle time, and fontify the buffer."
  (font-lock-ensure)
  (let ((steps 0))
    (while (and emacs-agent-idle--tasks (< (cl-incf steps) 100)) (emacs-agent-idle--run)))
  (should-not emacs-agent-idle--tasks)
  (font-lock-ensure))

(defun emacs-agent-diff-colour-tests--faces (text)
  "Return the faces at the end of TEXT, where it is shown first."
  (goto-char (point-min))
  (search-forward text)
  (ensure-list (get-text-property (1- (point)) 'face)))

(defun emacs-agent-diff-colour-tests--check (&optional lines)
  "Check the faces of the diff in this buffer, LINES like those of files as well."
  (pcase-dolist (`(,text ,code ,line) `((" import" font-lock-keyword-face diff-context)
                                        ("-# gone" font-lock-comment-face diff-removed)
                                        ("-# gone \"x" font-lock-comment-face diff-removed)
                                        ("+def" font-lock-keyword-face diff-added)
                                        ("+def f" font-lock-function-name-face diff-added)
                                        ("\"new" font-lock-string-face diff-added)
                                        (" class C" font-lock-type-face diff-context)
                                        ,@(and lines '(("+--- mo" font-lock-doc-face diff-added)
                                                       ("++ mo" font-lock-doc-face diff-added)))))
    (let ((faces (emacs-agent-diff-colour-tests--faces text)))
      (should (memq line faces))
      (when code
        (should (eq code (car faces)))
        (should (= 1 (cl-count code faces)))))))

(ert-deftest emacs-agent-diff-colour-approval ()
  "Code in a call that waits is coloured in idle time, then at once, and its text stays what it is."
  (emacs-agent-diff-colour-tests--with
    (emacs-agent-test-with-session
      (emacs-agent-test-take session (emacs-agent-diff-colour-tests--call "src/x.py" emacs-agent-diff-colour-tests--diff))
      (font-lock-ensure)
      (should-not (memq 'font-lock-keyword-face (emacs-agent-diff-colour-tests--faces "+def")))
      (let ((text (buffer-string)))
        (emacs-agent-diff-colour-tests--settle)
        (emacs-agent-diff-colour-tests--check t)
        (should (equal text (buffer-string)))
        (should-not (buffer-modified-p)))
      ;; Also a line at a time.
      (goto-char (point-min))
      (while (not (eobp))
        (emacs-agent-fontify-region (line-beginning-position) (line-beginning-position 2))
        (forward-line 1))
      (emacs-agent-diff-colour-tests--check t)
      ;; A hunk that is refused has one face.
      (setf (emacs-agent-call-refused (emacs-agent-section-data (emacs-agent-section-with-id "c1"))) '(0))
      (emacs-agent-section-update (emacs-agent-section-with-id "c1"))
      (emacs-agent-diff-colour-tests--settle)
      (should (equal '(emacs-agent-refused) (emacs-agent-diff-colour-tests--faces "+def")))
      (let ((copied (progn (goto-char (point-min)) (search-forward "+def f")
                           (filter-buffer-substring (line-beginning-position) (line-end-position)))))
        (should (equal-including-properties copied "+def f(): return \"new\""))))))

(ert-deftest emacs-agent-diff-colour-buffers ()
  "Code is coloured in reviews, in the whole diff of a call, and where that is edited."
  (emacs-agent-diff-colour-tests--with
    (with-temp-buffer
      (emacs-agent-review-mode)
      (emacs-agent-review--fill `(((path . "src/x.py") (change . "modified") (state . "undoable")
                                   (diff . ,emacs-agent-diff-colour-tests--diff))))
      (emacs-agent-diff-colour-tests--settle)
      (emacs-agent-diff-colour-tests--check))
    (emacs-agent-test-with-session
      (emacs-agent-test-take session (emacs-agent-diff-colour-tests--call "src/x.py" emacs-agent-diff-colour-tests--diff))
      (save-window-excursion
        (goto-char (point-min))
        (search-forward "import")
        (emacs-agent-show-diff)
        (emacs-agent-diff-colour-tests--settle)
        (emacs-agent-diff-colour-tests--check)
        (kill-buffer)))
    (with-temp-buffer
      (insert (emacs-agent-diff-colour-mark emacs-agent-diff-colour-tests--diff "x.py"))
      (emacs-agent-edit--diff-mode)
      (emacs-agent-diff-colour-tests--settle)
      (emacs-agent-diff-colour-tests--check)
      ;; What is typed is coloured, too.
      (goto-char (point-min))
      (search-forward "+def f(): ")
      (insert "yield ")
      (emacs-agent-diff-colour-tests--settle)
      (should (eq 'font-lock-keyword-face (car (emacs-agent-diff-colour-tests--faces "yiel")))))))

(ert-deftest emacs-agent-diff-colour-bounded ()
  "A hunk that is too large stays plain, and so does all where it is switched off."
  (emacs-agent-diff-colour-tests--with
    (dolist (case '((emacs-agent-diff-colours nil) (emacs-agent-colour-large 10)))
      (cl-progv (list (car case)) (cdr case)
        (emacs-agent-test-with-session
          (emacs-agent-test-take session
                                 (emacs-agent-diff-colour-tests--call "x.py" emacs-agent-diff-colour-tests--diff))
          (emacs-agent-diff-colour-tests--settle)
          (should (equal '(diff-added) (emacs-agent-diff-colour-tests--faces "+def"))))))))

(ert-deftest emacs-agent-diff-colour-counts ()
  "A diff whose numbers are wrong, or that is cut, is no error."
  (emacs-agent-diff-colour-tests--with
    (dolist (diff '("@@ -1,9 +1,9 @@\n import os\n-x" "@@ -1,1 +1,1 @@\n import os\n+def\n+def\n" "@@ -0,0 +1,99999999 @@\n+a\n"
                    "@@ -1 +1 @@\n-import a\n\\ No newline at end of file\n+import b\n\\ No newline at end of file\n"
                    "@@ -99999999999999999999 +1 @@\n+x\n" "@@ @@\n+x\n" "+x\n" "@@ -1,2 +1,2 @@\n\n-\n+\n"))
      (emacs-agent-test-with-session
        (emacs-agent-test-take session (emacs-agent-diff-colour-tests--call "x.py" diff))
        (emacs-agent-diff-colour-tests--settle)))
    (should-not (emacs-agent-test-logged "In idle time"))))

;;;; Hostile names and texts

(ert-deftest emacs-agent-colour-modes ()
  "Only a mode to edit text in is ever called, whatever a model calls a language or a file."
  (let ((emacs-agent-colour--ready nil) (emacs-agent-colour--failed nil) (menu-bar menu-bar-mode))
    (dolist (name '("a.py" "a.py.gz" "dir.pdf/a.py" "a.py~" "A/B.py.~3~"))
      (should (eq 'python-mode (emacs-agent-colour-file-mode name))))
    (dolist (name '("" "~" ".gz" ".gz.gz" "x" "\n.py\n" "a.nothing" "a.\0" ".orig.orig"))
      (should-not (memq (emacs-agent-colour-file-mode name) '(python-mode again))))
    (dolist (name '("a.pdf" "a.png" "a.zip" "a.tar" "a.jar" "a.gpg" "a.dvi" "a.tar.gz"))
      (let ((mode (emacs-agent-colour-file-mode name)))
        (should-not (and mode (emacs-agent-colour-for-text-p mode)))))
    (dolist (mode '(menu-bar-mode doc-view-mode archive-mode image-mode tar-mode server-mode shell-mode dired-mode
                                  emacs-agent-mode nothing-mode ignore-mode))
      (emacs-agent-colour-prepare mode)
      (should (equal-including-properties "text" (emacs-agent-colour-text mode "text"))))
    (should (eq menu-bar menu-bar-mode))
    (dolist (mode '(python-mode emacs-lisp-mode c-mode sh-mode html-mode org-mode conf-mode diff-mode css-mode nxml-mode))
      (should (emacs-agent-colour-for-text-p mode)))))

(ert-deftest emacs-agent-colour-quiet ()
  "No hook is run, no local variable set, no file read and no message shown while text is coloured."
  (let* ((emacs-agent-colour--ready nil) (emacs-agent-colour--failed nil) (touched nil)
         (touch (lambda (&rest _) (setq touched t)))
         (setup (make-temp-file "emacs-agent-setup" nil ".org" "#+TODO: X | Y\n")))
    (unwind-protect
        (cl-letf* (((default-value 'python-mode-hook) (list touch))
                   ((default-value 'prog-mode-hook) (list touch))
                   ((default-value 'text-mode-hook) (list touch))
                   ((default-value 'after-change-major-mode-hook) (list touch))
                   ((default-value 'find-file-hook) (list touch))
                   ((symbol-function 'insert-file-contents) touch)
                   ((symbol-function 'hack-local-variables) touch))
          (pcase-dolist (`(,mode . ,text)
                         `((python-mode . ,(concat "# -*- mode: sh; eval: (error \"no\") -*-\nimport os\n# Local " "Variables:\n# fill-column: 3\n# End:\n"))
                           (org-mode . ,(format "#+SETUPFILE: %s\n#+INCLUDE: \"%s\"\n* TODO X\n[[file:%s]]\n" setup setup setup))
                           (nxml-mode . "<?xml version=\"1.0\"?><!DOCTYPE x SYSTEM \"file:///etc/passwd\"><x>&y;</x>")
                           (diff-mode . "--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-x\n+y\n")))
            (emacs-agent-colour-prepare mode)
            (let ((coloured (emacs-agent-colour-text mode text)))
              (should (equal coloured text))
              (should (text-property-not-all 0 (length text) 'face nil coloured))
              (should-not (text-property-not-all 0 (length text) 'invisible nil coloured)))
            (should-not (memq mode emacs-agent-colour--failed))
            (should-not touched)))
      (delete-file setup))))

(provide 'emacs-agent-diff-colour-tests)
;;; emacs-agent-diff-colour-tests.el ends here
