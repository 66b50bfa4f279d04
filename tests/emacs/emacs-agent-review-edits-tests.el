;;; emacs-agent-review-edits-tests.el --- One review of all edits of a turn  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)
(require 'emacs-agent-edit)

(defconst emacs-agent-review-edits-tests--before
  (concat "first\n" (apply #'concat (make-list 30 "line\n")) "last\n")
  "A file in which an edit of both ends has two hunks.")

(defmacro emacs-agent-review-edits-tests--waiting (&rest body)
  "Run BODY where edits of a.txt, b.txt and the new c.txt wait for their review.
The buffer of `session' is current, with point where the review begins."
  (declare (indent 0))
  `(emacs-agent-test-with-model "review_edits = true\n"
     (emacs-agent-test-write project "a.txt" emacs-agent-review-edits-tests--before)
     (emacs-agent-test-write project "b.txt" "keep\n")
     (let ((session (emacs-agent-test-start project)) (emacs-agent-approval-delay 0))
       (with-current-buffer (emacs-agent-session-buffer session)
         (emacs-agent-model-says (emacs-agent-model-call "edit_file" 'path "a.txt" 'old "first" 'new "FIRST")
                                 (emacs-agent-model-call "edit_file" 'path "a.txt" 'old "last" 'new "LAST")
                                 (emacs-agent-model-call "edit_file" 'path "b.txt" 'old "keep" 'new "lose")
                                 (emacs-agent-model-call "write_file" 'path "c.txt" 'content "new\n")
                                 "All done."
                                 "I see.")
         (emacs-agent-test-say "go on")
         (emacs-agent-test-go-to-decide session)
         ,@body))))

(defun emacs-agent-review-edits-tests--texts (project)
  "Return the texts of the three files of PROJECT; nil for one that is not there."
  (mapcar (lambda (name)
            (and (file-exists-p (expand-file-name name project)) (emacs-agent-test-read project name)))
          '("a.txt" "b.txt" "c.txt")))

(defun emacs-agent-review-edits-tests--file (name)
  "Go to the line of the file NAME in the review."
  (goto-char (point-min))
  (while (not (equal name (get-text-property (point) 'emacs-agent-proposal)))
    (goto-char (or (next-single-property-change (point) 'emacs-agent-proposal)
                   (ert-fail (format "%s is not in the review" name))))))

(defun emacs-agent-review-edits-tests--edit (name command change)
  "Edit the file NAME in the review: by COMMAND, and CHANGE in its buffer."
  (let ((conversation (current-buffer)))
    (save-window-excursion
      (emacs-agent-review-edits-tests--file name)
      (funcall command)
      (funcall change)
      (emacs-agent-edit-finish))
    (set-buffer conversation)))

(defun emacs-agent-review-edits-tests--write (name before after)
  "Replace the text of the file NAME in the review, which is BEFORE, by AFTER."
  (emacs-agent-review-edits-tests--edit name #'emacs-agent-edit-content
                                        (lambda ()
                                          (should (equal (buffer-string) before))
                                          (erase-buffer)
                                          (insert after))))

(ert-deftest emacs-agent-review-edits-as-one ()
  "All edits of the turn are one review, which one key approves."
  (emacs-agent-review-edits-tests--waiting
    (should (= 1 (length (emacs-agent-session-pending session))))
    (let ((shown (emacs-agent-test-output)))
      (should (= 4 (emacs-agent-test-count "  proposed\n")))
      (dolist (text '("review_edits" "waits for you" "Write what was proposed: 3 files" "+FIRST" "+LAST" "+lose" "+new"
                      "a approve" "SPC refuse hunk"))
        (should (string-search text shown)))
      (should-not (string-search "edit arguments" shown)))
    (should (equal (emacs-agent-review-edits-tests--texts project)
                   (list emacs-agent-review-edits-tests--before "keep\n" nil)))
    (goto-char (point-max))
    (should (eq (key-binding "a") #'emacs-agent-tray-accept))
    (call-interactively (key-binding "a"))
    (emacs-agent-test-idle session)
    (should (equal (cdr (emacs-agent-review-edits-tests--texts project)) '("lose\n" "new\n")))
    (should (string-prefix-p "FIRST\n" (emacs-agent-test-read project "a.txt")))))

(ert-deftest emacs-agent-review-edits-in-part ()
  "A hunk, a whole file and a new file are refused with their keys; the rest is written, byte for byte."
  (emacs-agent-review-edits-tests--waiting
    (goto-char (text-property-any (point-min) (point-max) 'emacs-agent-hunk 1))
    (emacs-agent-toggle-hunk)
    (should (string-search "approve 3 of 4 hunks" (emacs-agent-test-output)))
    (emacs-agent-review-edits-tests--file "b.txt")
    (emacs-agent-toggle-hunk)
    (emacs-agent-review-edits-tests--file "b.txt")
    (should (looking-at-p ".*b\\.txt.*  refused$"))
    (emacs-agent-review-edits-tests--file "c.txt")
    (emacs-agent-toggle-hunk)
    (emacs-agent-review-edits-tests--file "a.txt")
    (should-error (emacs-agent-toggle-hunk) :type 'user-error)
    (emacs-agent-approve)
    (emacs-agent-test-idle session)
    (should (equal (emacs-agent-review-edits-tests--texts project)
                   (list (concat "FIRST" (substring emacs-agent-review-edits-tests--before 5)) "keep\n" nil)))))

(ert-deftest emacs-agent-review-edits-edited ()
  "The texts of two files are edited one after the other, and kept until the review is approved."
  (emacs-agent-review-edits-tests--waiting
    (emacs-agent-review-edits-tests--write "b.txt" "lose\n" "by hand\n")
    (emacs-agent-review-edits-tests--edit "c.txt" #'emacs-agent-edit-diff
                                          (lambda ()
                                            (let ((inhibit-read-only t))
                                              (goto-char (point-min))
                                              (search-forward "+new")
                                              (replace-match "+newer" t t))))
    (should (= 2 (emacs-agent-test-count "  as you changed it")))
    (should (emacs-agent-session-pending session))
    (emacs-agent-review-edits-tests--file "b.txt")
    (emacs-agent-approve)
    (emacs-agent-test-idle session)
    (should (equal (cdr (emacs-agent-review-edits-tests--texts project)) '("by hand\n" "newer\n")))
    (emacs-agent-test-say "and?")
    (emacs-agent-test-shown "I see.")
    (should (emacs-agent-model-heard (emacs-agent-model-asked 6) "+by hand"))))

(ert-deftest emacs-agent-review-edits-stale ()
  "A file that changes meanwhile: what was edited of the others is kept, and nothing is written before it is shown afresh."
  (emacs-agent-review-edits-tests--waiting
    (emacs-agent-review-edits-tests--write "c.txt" "new\n" "by hand\n")
    (emacs-agent-test-write project "b.txt" "keep\nmore\n")
    (emacs-agent-next-approval)
    (emacs-agent-approve)
    (emacs-agent-test-shown "has changed since")
    (emacs-agent-test-shown "Not written: b.txt")
    (should-not (file-exists-p (expand-file-name "c.txt" project)))
    (should (= 1 (emacs-agent-test-count "  as you changed it")))
    (emacs-agent-next-approval)
    (emacs-agent-approve)
    (emacs-agent-test-idle session)
    (should (equal (cdr (emacs-agent-review-edits-tests--texts project)) '("keep\nmore\n" "by hand\n")))))

(ert-deftest emacs-agent-review-edits-rejected ()
  "A rejection leaves all as it was, and the model learns why."
  (emacs-agent-review-edits-tests--waiting
    (emacs-agent-reject "not today")
    (emacs-agent-test-shown "I see.")
    (should (emacs-agent-model-heard (emacs-agent-model-asked 6) "not today"))
    (should (equal (emacs-agent-review-edits-tests--texts project)
                   (list emacs-agent-review-edits-tests--before "keep\n" nil)))))

(ert-deftest emacs-agent-review-edits-setting ()
  "The user option holds for new sessions, the command for this one."
  (emacs-agent-test-with-model ""
    (let* ((emacs-agent-review-edits t) (session (emacs-agent-test-start project)))
      (cl-flet ((reviews () (eq t (alist-get 'review_edits (emacs-agent-session-config session)))))
        (with-current-buffer (emacs-agent-session-buffer session)
          (emacs-agent-test-wait (reviews))
          (emacs-agent-toggle-review-edits)
          (emacs-agent-test-wait (not (reviews)))
          (emacs-agent-toggle-review-edits)
          (emacs-agent-test-wait (reviews)))))))

(provide 'emacs-agent-review-edits-tests)
;;; emacs-agent-review-edits-tests.el ends here
