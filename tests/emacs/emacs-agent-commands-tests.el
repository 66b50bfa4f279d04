;;; emacs-agent-commands-tests.el --- Everything around conversations  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)
(require 'emacs-agent-search)
(require 'emacs-agent-fleet)
(require 'emacs-agent-doctor)
(require 'emacs-agent-review)
(require 'emacs-agent-menu)
(require 'bookmark)
(require 'org-agenda)

(defmacro emacs-agent-commands-tests--conversation (answers &rest body)
  "Run BODY after a turn in which the model gave ANSWERS.
The file a.txt of the `project' has three lines; the buffer is that of
`session', whose id is `id'."
  (declare (indent 1))
  `(emacs-agent-test-with-model ""
     (emacs-agent-test-write project "a.txt" "one\ntwo\nthree\n")
     (let* ((session (emacs-agent-test-start project))
            (id (emacs-agent-session-id session)))
       (with-current-buffer (emacs-agent-session-buffer session)
         (apply #'emacs-agent-model-says ,answers)
         (emacs-agent-test-turn session "hello there")
         ,@body))))

(defun emacs-agent-commands-tests--close (session)
  "Close SESSION, of this conversation, and wait until its transcript is written."
  (emacs-agent-close)
  (emacs-agent-test-wait (emacs-agent-test-logged "Closed; the transcript is"))
  (emacs-agent-test-wait (eq (emacs-agent-session-connection session) 'ended)))

;;;; From a fresh Emacs

(ert-deftest emacs-agent-commands-from-a-fresh-emacs ()
  "An init file that requires the commands loads nothing else; each is there, and what shows a conversation is whole."
  (dolist (script '((progn (require 'emacs-agent-commands)
                           (when (featurep 'org) (error "Org was loaded"))
                           (mapatoms (lambda (symbol)
                                       (when (and (autoloadp (symbol-function symbol))
                                                  (string-prefix-p "emacs-agent" (symbol-name symbol)))
                                         (autoload-do-load (symbol-function symbol) symbol)))))
                    (require 'emacs-agent-fleet)
                    (require 'emacs-agent-ask)))
    (with-temp-buffer
      (let ((default-directory emacs-agent-test-root))
        (call-process (expand-file-name invocation-name invocation-directory) nil t nil "-Q" "--batch"
                      "-L" (file-name-directory (locate-library "emacs-agent"))
                      "--eval" (prin1-to-string `(progn ,script
                                                        (when (and (featurep 'emacs-agent-question)
                                                                   (featurep 'emacs-agent-files))
                                                          (princ "all there"))))))
      (should (equal "all there" (car (last (split-string (buffer-string) "\n"))))))))

;;;; Finding one's way

(ert-deftest emacs-agent-commands-next-error ()
  "`next-error' goes through the places that calls named, and says when there are no more."
  (emacs-agent-commands-tests--conversation
      (list (emacs-agent-model-call "grep" 'pattern "two") (emacs-agent-model-call "read_file" 'path "a.txt") "Found.")
    (let ((conversation (current-buffer)) (places nil))
      (save-window-excursion
        (switch-to-buffer conversation)
        (condition-case err
            (dotimes (n 9)
              (next-error 1 (= n 0))
              (with-current-buffer (window-buffer)
                (push (list (file-name-nondirectory buffer-file-name) (line-number-at-pos (window-point))) places)))
          (user-error (should (string-search "no more places" (error-message-string err)))))
        (should (member '("a.txt" 2) places))
        (should (< (length places) 9))
        (kill-buffer (get-file-buffer (expand-file-name "a.txt" project)))))))

(ert-deftest emacs-agent-commands-bookmark ()
  "A bookmark brings a conversation back whose buffer and session are gone."
  (emacs-agent-commands-tests--conversation '("General Kenobi.")
    (let ((bookmark-alist nil) (bookmark-save-flag nil) (bookmark-default-file (expand-file-name "bookmarks" home))
          (bookmark-watch-bookmark-file nil))
      (bookmark-set "talk")
      (emacs-agent-commands-tests--close session)
      (kill-buffer)
      (save-window-excursion
        (bookmark-jump "talk")
        (should (equal id (emacs-agent-session-id emacs-agent-session)))
        (emacs-agent-test-shown "General Kenobi.")
        (emacs-agent-test-shown "Resumed [")))))

(ert-deftest emacs-agent-commands-display ()
  "Conversations are displayed as `emacs-agent-display-action' says, and one is found again, not made twice."
  (emacs-agent-test-with-backend
    (save-window-excursion
      (delete-other-windows)
      (let ((window (selected-window)) (emacs-agent-display-action '((display-buffer-same-window))) conversation)
        (emacs-agent)
        (setq conversation (current-buffer))
        (should (derived-mode-p 'emacs-agent-mode))
        (should (eq window (selected-window)))
        (should (one-window-p))
        (switch-to-buffer "*scratch*")
        (setq default-directory project)
        (emacs-agent)
        (should (eq conversation (current-buffer)))
        (emacs-agent t)
        (should-not (eq conversation (current-buffer)))
        (switch-to-buffer "*scratch*")
        (let ((emacs-agent-display-action '(display-buffer-pop-up-window)))
          (emacs-agent)
          (should-not (one-window-p))))
      (emacs-agent-test-wait (cl-every #'emacs-agent-session-id emacs-agent-session-list)))))

(ert-deftest emacs-agent-commands-menu ()
  "Everything in the menu is a command that is there, and has a key of its own."
  (let ((keys nil) (commands nil))
    (cl-labels ((walk (part)
                  (cond ((vectorp part) (mapc #'walk part))
                        ((and (consp part) (plist-member (cl-find-if #'consp part) :command))
                         (let ((suffix (cl-find-if #'consp part)))
                           (push (plist-get suffix :key) keys)
                           (push (plist-get suffix :command) commands)))
                        ((consp part) (mapc #'walk (if (proper-list-p part) part (list (car part))))))))
      (walk (get 'emacs-agent-menu 'transient--layout)))
    (should (> (length commands) 15))
    (should (equal (cl-remove-duplicates keys :test #'equal) keys))
    (dolist (command commands)
      (should (commandp command))
      (autoload-do-load (symbol-function command) command)
      (should (documentation command)))))

;;;; Transcripts

(ert-deftest emacs-agent-commands-search ()
  "What was said is found, opened as Org, and resumed from there."
  (emacs-agent-commands-tests--conversation '("A needle, in hay.")
    (emacs-agent-commands-tests--close session)
    (kill-buffer)
    (save-window-excursion
      (should-error (emacs-agent-search " ") :type 'user-error)
      (emacs-agent-search "needle")
      (let ((found (current-buffer)))
        (emacs-agent-test-wait (string-match-p " it +A needle, in hay" (buffer-string)))
        (goto-char (point-min))
        (emacs-agent-search-visit)
        (emacs-agent-test-wait (with-current-buffer (window-buffer) (derived-mode-p 'org-mode)))
        (with-current-buffer (window-buffer)
          (should (string-search "A needle, in hay." (buffer-string)))
          (should buffer-read-only)
          (kill-buffer))
        (with-current-buffer found
          (emacs-agent-transcripts-resume)
          (kill-buffer found))
        (with-current-buffer (emacs-agent-session-buffer (emacs-agent-session-with-id id))
          (emacs-agent-test-shown "A needle, in hay."))))))

(ert-deftest emacs-agent-commands-choose-one-to-resume ()
  "Among the conversations of the project, the one that is chosen comes back."
  (emacs-agent-commands-tests--conversation '("Hello.")
    (emacs-agent-commands-tests--close session)
    (kill-buffer)
    (let ((names nil))
      (cl-letf (((symbol-function 'completing-read)
                 (lambda (_ table &rest _) (car (setq names (all-completions "" table))))))
        (save-window-excursion
          (with-temp-buffer
            (setq default-directory project)
            (emacs-agent-resume))
          (emacs-agent-test-wait (emacs-agent-session-with-id id))
          (should (string-search "hello there" (car names)))
          (with-current-buffer (emacs-agent-session-buffer (emacs-agent-session-with-id id))
            (emacs-agent-test-shown "Resumed [")))))))

(ert-deftest emacs-agent-commands-agenda ()
  "Transcripts can be agenda files: what a model says makes no entry there, and what the user adds does."
  (emacs-agent-commands-tests--conversation '("* TODO not mine\nDEADLINE: <2026-11-24 Tue>")
    (emacs-agent-commands-tests--close session)
    (let* ((process-environment (default-value 'process-environment))
           (emacs-agent-transcript-directory (expand-file-name ".emacs-agent/transcripts" home))
           (files (emacs-agent-transcript-files))
           (org-agenda-files files) (org-agenda-sticky nil) (org-agenda-start-day "2026-11-23")
           (enable-local-variables nil))
      (should (= 1 (length files)))
      (should (equal files (emacs-agent-transcript-files project)))
      (should-not (emacs-agent-transcript-files "/some/other/project/"))
      (cl-flet ((agenda () (save-window-excursion
                             (org-agenda nil "n")
                             (with-current-buffer org-agenda-buffer-name (buffer-string)))))
        (should-not (string-search "not mine" (agenda)))
        (with-current-buffer (find-file-noselect (car files))
          (should (string-search "not mine" (buffer-string)))
          (goto-char (point-max))
          (insert "\n* TODO mine\nDEADLINE: <2026-11-24 Tue>\n")
          (let ((shown (agenda)))
            (should (string-match-p "TODO mine" shown))
            (should-not (string-search "not mine" shown)))
          (set-buffer-modified-p nil)
          (kill-buffer))))))

(ert-deftest emacs-agent-commands-deleted-elsewhere ()
  "A conversation whose transcript is gone cannot be resumed, which is said, and what was written is given back."
  (emacs-agent-commands-tests--conversation '("Hello.")
    (let ((gone nil))
      (emacs-agent-commands-tests--close session)
      (emacs-agent-request "DELETE" (concat "/api/transcripts/" id) :then (lambda (_) (setq gone t)))
      (emacs-agent-test-wait gone)
      (emacs-agent-test-say "are you there?")
      (emacs-agent-test-wait (equal "are you there?" (emacs-agent-input-text)))
      (should (emacs-agent-test-logged "cannot be resumed"))
      (should (string-search "ended" (emacs-agent-header-line))))))

(ert-deftest emacs-agent-commands-two-emacsen ()
  "Another Emacs works on the same project: both have their own conversation, and one in use is not taken away."
  (emacs-agent-commands-tests--conversation '("First." "Second.")
    (let* ((process-environment (default-value 'process-environment))
           (other (expand-file-name "other.el" home)))
      (emacs-agent-test-write
       home "other.el"
       (prin1-to-string
        `(progn
           (require 'emacs-agent-test)
           (require 'emacs-agent-resume)
           (setq emacs-agent-program ,emacs-agent-test-backend)
           (with-current-buffer (emacs-agent-session-buffer (emacs-agent-test-start ,project))
             (emacs-agent-test-say "hello from elsewhere")
             (emacs-agent-test-shown "Second."))
           (emacs-agent-resume-id ,id ,project)
           (emacs-agent-test-wait (emacs-agent-test-logged "cannot be resumed"))
           (with-current-buffer "*emacs-agent-log*" (princ (buffer-string))))))
      (with-temp-buffer
        (let ((process (start-process "other" (current-buffer) (expand-file-name invocation-name invocation-directory)
                                      "-Q" "--batch" "-L" (file-name-directory (locate-library "emacs-agent"))
                                      "-L" (file-name-directory (locate-library "emacs-agent-test")) "-l" other)))
          (emacs-agent-test-wait (not (process-live-p process)) 40)
          (should (equal '(0 . t) (cons (process-exit-status process)
                                        (and (string-match-p "cannot be resumed: .*another" (buffer-string)) t))))))
      ;; The first one has noticed nothing.
      (should (eq 'open (emacs-agent-session-connection session)))
      (emacs-agent-model-says "Third.")
      (emacs-agent-test-say "still there?")
      (emacs-agent-test-shown "Third.")
      (should-not (string-search "elsewhere" (emacs-agent-test-output))))))

;;;; Health

(ert-deftest emacs-agent-commands-doctor ()
  "The doctor looks at this side, and lets the executable look at its own."
  (emacs-agent-commands-tests--conversation '("Hello.")
    (let ((process-environment (default-value 'process-environment)))
      (save-window-excursion
        (emacs-agent-doctor)
        (emacs-agent-test-wait (string-match-p "test/model\\|test " (buffer-string)))
        (dolist (line '("^ok   Emacs +[0-9.]+$" "^ok   Backend +ready, version " "^ok   Client +version " "^ok   Sessions +1 shown"))
          (should (string-match-p line (buffer-string))))
        (should-not (string-match-p "^FAIL" (substring (buffer-string) 0 (string-search "\n\n" (buffer-string)))))
        (should-not (string-search "the-key-of-the-test" (buffer-string)))
        (let ((emacs-agent-program "/nonexistent/program"))
          (emacs-agent-doctor)
          (should (string-match-p "^FAIL Executable +not found; customize" (buffer-string))))
        (kill-buffer)))))

(ert-deftest emacs-agent-commands-update ()
  "The client that a newer executable carries is offered, and installed in the place of this one."
  (emacs-agent-test-with-backend
    (emacs-agent-update--compare-versions 'ready emacs-agent-version)
    (should-not (emacs-agent-test-logged "emacs-agent-update"))
    (emacs-agent-update--compare-versions 'ready "99.0.0")
    (should (emacs-agent-test-logged "M-x emacs-agent-update installs the newer one"))
    (let ((emacs-agent-program-directory (expand-file-name "client/" home))
          (process-environment (default-value 'process-environment)))
      (make-directory emacs-agent-program-directory)
      (emacs-agent-test-write emacs-agent-program-directory "emacs-agent.el" ";; old\n")
      (emacs-agent-test-write emacs-agent-program-directory "emacs-agent.elc" "old")
      (cl-letf (((symbol-function 'y-or-n-p) #'ignore))
        (emacs-agent-update)
        (should (equal ";; old\n" (emacs-agent-test-read emacs-agent-program-directory "emacs-agent.el"))))
      (cl-letf (((symbol-function 'y-or-n-p) #'always))
        (emacs-agent-update))
      (emacs-agent-test-wait (emacs-agent-test-logged "The client is updated"))
      (should (string-search "(provide 'emacs-agent)"
                             (emacs-agent-test-read emacs-agent-program-directory "emacs-agent.el")))
      ;; It is compiled anew, or not at all.
      (should-not (equal "old" (ignore-errors (emacs-agent-test-read emacs-agent-program-directory
                                                                     "emacs-agent.elc")))))))

(provide 'emacs-agent-commands-tests)
;;; emacs-agent-commands-tests.el ends here
