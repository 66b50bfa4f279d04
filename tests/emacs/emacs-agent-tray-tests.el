;;; emacs-agent-tray-tests.el --- Deciding from the prompt  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)

(defun emacs-agent-tray-tests--edits (&rest names)
  "Return an answer of the model with an edit of each of the files NAMES."
  `((calls . ,(vconcat (mapcar (lambda (name)
                                 `((name . "edit_file")
                                   (args . ((path . ,name) (old . "one") (new . "ONE")))))
                               names)))))

(defun emacs-agent-tray-tests--text ()
  "Return what is listed above the prompt."
  (let ((overlay emacs-agent-tray--overlay))
    (if (and overlay (overlay-buffer overlay))
        (substring-no-properties (overlay-get overlay 'before-string))
      "")))

(defun emacs-agent-tray-tests--press (key)
  "Press KEY as a user would: return nil if it would be typed."
  (let ((command (key-binding key)))
    (unless (memq command '(self-insert-command org-self-insert-command emacs-agent-input-self-insert))
      (call-interactively command)
      t)))

(ert-deftest emacs-agent-tray-five-edits ()
  "Five edits are approved by five keys, from the prompt, each shown before."
  (emacs-agent-test-talking ""
    (let ((names '("a.txt" "b.txt" "c.txt" "d.txt" "e.txt")) (emacs-agent-approval-delay 0.02) (keys 0))
      (dolist (name names) (emacs-agent-test-write project name "one\ntwo\n"))
      (emacs-agent-model-says (apply #'emacs-agent-tray-tests--edits names) "All five.")
      (emacs-agent-test-say "go on")
      (goto-char (point-max))
      (dolist (name names)
        (emacs-agent-test-wait
         (string-match-p (concat "\\`\n1 waiting for you\n  edit_file " name "  \\+1 .1\n") (emacs-agent-tray-tests--text)))
        (when (equal name "b.txt")
          (should (string-search "then edit_file c.txt, edit_file d.txt, edit_file e.txt" (emacs-agent-tray-tests--text)))
          (should (string-search "a approve  r reject  n next" (emacs-agent-tray-tests--text))))
        (sleep-for 0.05)
        (should (emacs-agent-tray-tests--press "a"))
        (cl-incf keys))
      (emacs-agent-test-shown "All five.")
      (should (= keys 5))
      (should (equal "" (emacs-agent-tray-tests--text)))
      (should (equal "" (emacs-agent-input-text)))
      (dolist (name names) (should (equal "ONE\ntwo\n" (emacs-agent-test-read project name)))))))

(ert-deftest emacs-agent-tray-typing ()
  "Letters are letters while something is written, has just been typed, or nothing waits."
  (emacs-agent-test-talking ""
    (let ((emacs-agent-approval-delay 0.3))
      (emacs-agent-test-write project "a.txt" "one\n")
      (should (eq (key-binding "a") #'emacs-agent-input-self-insert))
      (emacs-agent-model-says (emacs-agent-tray-tests--edits "a.txt") "Left alone.")
      (emacs-agent-test-say "go on")
      (emacs-agent-test-wait (string-search "a approve" (emacs-agent-tray-tests--text)))
      (goto-char (point-max))
      (sleep-for 0.4)
      (insert "then")
      (should (string-search "C-c C-a go there" (emacs-agent-tray-tests--text)))
      (should (eq (key-binding "a") #'emacs-agent-input-self-insert))
      (delete-char -4)
      (should (string-search "a approve" (emacs-agent-tray-tests--text)))
      (should (eq (key-binding "a") #'emacs-agent-input-self-insert))
      (sleep-for 0.4)
      (should (eq (key-binding "a") #'emacs-agent-tray-accept))
      (should (eq (key-binding "A") #'emacs-agent-input-self-insert))
      (emacs-agent-test-answering '("leave it")
        (emacs-agent-tray-tests--press "r"))
      (emacs-agent-test-shown "Left alone.")
      (should (emacs-agent-model-heard (emacs-agent-model-asked 2) "leave it"))
      (should (equal "one\n" (emacs-agent-test-read project "a.txt"))))))

(ert-deftest emacs-agent-tray-accepting-edits ()
  "One key approves the edit that waits and those that come, and the header says so; commands still ask."
  (emacs-agent-test-talking ""
    (let ((emacs-agent-approval-delay 0))
      (dolist (name '("a.txt" "b.txt")) (emacs-agent-test-write project name "one\n"))
      (emacs-agent-model-says (emacs-agent-tray-tests--edits "a.txt" "b.txt")
                              (emacs-agent-model-call "shell_exec" 'command "touch x") "End.")
      (emacs-agent-test-say "go on")
      (emacs-agent-test-wait (string-search "C-c C-y accept edits" (emacs-agent-tray-tests--text)))
      (goto-char (point-max))
      (should (emacs-agent-tray-tests--press (kbd "C-c C-y")))
      (emacs-agent-test-wait (string-search "1 waiting for you\n  shell_exec touch x" (emacs-agent-tray-tests--text)))
      (dolist (name '("a.txt" "b.txt")) (should (equal "ONE\n" (emacs-agent-test-read project name))))
      (should (string-search "accept-edits" (emacs-agent-header-line)))
      (emacs-agent-accept-edits)
      (emacs-agent-test-wait (equal "ask" (emacs-agent-session-mode session)))
      (emacs-agent-tray-tests--press "a")
      (emacs-agent-test-shown "End."))))

(defun emacs-agent-tray-tests--call (id tool &rest more)
  "Return the call ID of TOOL, which asks, with MORE fields."
  (apply #'emacs-agent-test-event "tool.call" 'id (string-to-number (substring id 1)) 'turn_id "t1" 'tool_call_id id
         'tool tool 'requires_approval t 'reason "" more))

(defun emacs-agent-tray-tests--age ()
  "Have all that waits been shown for a while."
  (dolist (section (emacs-agent-waiting-sections))
    (setf (emacs-agent-call-shown-at (emacs-agent-section-data section)) 0)))

(ert-deftest emacs-agent-tray-several ()
  "Several that wait are listed, decided one after the other with point going on, or all at once."
  (emacs-agent-test-with-session
    (emacs-agent-test-take
     session
     (emacs-agent-tray-tests--call "c1" "shell_exec" 'category "shell" 'params '((command . "make one")))
     (emacs-agent-tray-tests--call "c2" "shell_exec" 'category "shell" 'params '((command . "make two")) 'danger "sends_data")
     (emacs-agent-tray-tests--call "c3" "shell_exec" 'category "shell" 'params '((command . "make three"))))
    (should (string-search "3 waiting for you\n  shell_exec make one\n  shell_exec make two  careful\n  shell_exec make three\n"
                           (emacs-agent-tray-tests--text)))
    (should (string-search "A approve these 3" (emacs-agent-tray-tests--text)))
    (emacs-agent-tray-tests--age)
    (emacs-agent-next-approval)
    (emacs-agent-approve)
    (should (equal "c1" (alist-get 'tool_call_id (nth 2 (car sent)))))
    ;; Point is on the next one, and the keys there decide about that.
    (should (equal "c2" (emacs-agent-call-id (emacs-agent-section-data (emacs-agent-section-at)))))
    (emacs-agent-reject "")
    (should (equal '("POST" "/api/sessions/s1/reject" ((tool_call_id . "c2"))) (seq-take (car sent) 3)))
    (should (equal "c3" (emacs-agent-call-id (emacs-agent-section-data (emacs-agent-section-at)))))
    ;; What is refused by the backend waits again.
    (funcall (nth 4 (car sent)) '((code . "INTERNAL") (message . "no")))
    (let ((asked nil) (before (length sent)))
      (goto-char (point-max))
      (cl-letf (((symbol-function 'y-or-n-p) (lambda (prompt) (setq asked prompt) t)))
        (emacs-agent-approve-these))
      (should (equal asked "Approve these 2, 1 of them dangerous: shell_exec make two, shell_exec make three? "))
      (should (equal '("c3" "c2") (mapcar (lambda (request) (alist-get 'tool_call_id (nth 2 request)))
                                          (seq-take sent (- (length sent) before))))))
    (should-error (emacs-agent-approve-these) :type 'user-error)))

(ert-deftest emacs-agent-tray-hints ()
  "The keys that are shown fit the tool, and danger is only where there is some."
  (emacs-agent-test-with-session
    (let ((deletion '((hash . "h") (files . [((path . "a.txt") (before_hash . "x") (diff . "--- a/a.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"))]))))
      (emacs-agent-test-take
       session
       (emacs-agent-tray-tests--call "c1" "delete_file" 'category "filesystem" 'params '((path . "a.txt"))
                                     'danger "irreversible" 'preview deletion)
       (emacs-agent-tray-tests--call "c2" "delete_file" 'category "filesystem" 'params '((path . "a.txt"))
                                     'danger "irreversible" 'undo "none" 'preview deletion)
       (emacs-agent-tray-tests--call "c3" "shell_exec" 'category "shell" 'params '((command . "make")))))
    (cl-flet ((shown (id) (let ((section (emacs-agent-section-with-id id)))
                            (buffer-substring-no-properties (emacs-agent-section-start section)
                                                            (emacs-agent-section-end section)))))
      (should (string-suffix-p "a approve  r reject  n next\n" (shown "c1")))
      (should-not (string-search "Careful" (shown "c1")))
      (should (string-search "Careful: this may do what cannot be undone" (shown "c2")))
      (should (string-suffix-p "a approve  r reject  e edit command  n next\n" (shown "c3"))))))

(ert-deftest emacs-agent-tray-mouse ()
  "What a key does is done by a click as well, in the output and above the prompt."
  (emacs-agent-test-with-session
    (emacs-agent-test-take session (emacs-agent-tray-tests--call "c1" "shell_exec" 'category "shell" 'params '((command . "make"))))
    (emacs-agent-tray-tests--age)
    (save-window-excursion
      (switch-to-buffer (current-buffer))
      (goto-char (point-min))
      (search-forward "a approve")
      (let ((position (match-beginning 0)))
        (goto-char (point-max))
        (funcall (lookup-key (get-text-property position 'keymap) [mouse-1])
                 `(mouse-1 (,(selected-window) ,position (0 . 0) 0)))
        (should (equal "/api/sessions/s1/approve" (nth 1 (car sent))))))))

(provide 'emacs-agent-tray-tests)
;;; emacs-agent-tray-tests.el ends here
