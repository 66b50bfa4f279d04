;;; emacs-agent-overview-tests.el --- All sessions  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)
(require 'emacs-agent-fleet)
(require 'emacs-agent-servers)

(defvar emacs-agent-overview-tests--width 100
  "Columns of the window of the list.")

(defmacro emacs-agent-overview-tests--listing (&rest body)
  "Run BODY in the list of sessions, which is killed afterwards."
  (declare (indent 0))
  `(save-window-excursion
     (cl-letf (((symbol-function 'window-width) (lambda (&rest _) emacs-agent-overview-tests--width)))
       (emacs-agent-sessions)
       (unwind-protect (progn ,@body)
         (when (get-buffer "*emacs-agent sessions*") (kill-buffer "*emacs-agent sessions*"))))))

(defun emacs-agent-overview-tests--shown (regexp)
  "Wait until the list has REGEXP, and go to the start of that line."
  (with-current-buffer "*emacs-agent sessions*"
    (unless (ignore-errors (emacs-agent-test-wait (string-match-p regexp (buffer-string)) 20))
      (ert-fail (list "The list never had" regexp "but" (buffer-string))))
    (goto-char (point-min))
    (re-search-forward regexp)
    (beginning-of-line)))

(ert-deftest emacs-agent-overview-is-live ()
  "State, elapsed time and what waits are shown as they change; what waits is decided there, after a look at it."
  (emacs-agent-test-talking ""
    (let ((name (emacs-agent-list-project (emacs-agent-session-project session))) (shown nil))
      (emacs-agent-test-write project "a.txt" "one\n")
      (emacs-agent-overview-tests--listing
        (emacs-agent-overview-tests--shown (concat name " +ready +build +model"))
        (emacs-agent-model-says (emacs-agent-model-call "edit_file" 'path "a.txt" 'old "one" 'new "ONE")
                                (emacs-agent-model-call "shell_exec" 'command "touch x") "End.")
        (with-current-buffer (emacs-agent-session-buffer session) (emacs-agent-test-say "please go on"))
        (emacs-agent-overview-tests--shown (concat name " +1 waiting +[0-9]+s .*please go on"))
        (emacs-agent-overview-tests--shown "  approve\\? .* edit_file a\\.txt  \\+1 .1$")
        (cl-letf (((symbol-function 'y-or-n-p)
                   (lambda (prompt)
                     (setq shown (list prompt (with-current-buffer "*emacs-agent call*" (buffer-string)))))))
          (emacs-agent-sessions-approve))
        (should (string-prefix-p "Approve edit_file a.txt" (car shown)))
        (should (string-search "\n-one\n+ONE\n" (cadr shown)))
        (emacs-agent-overview-tests--shown "  approve\\? .* shell_exec touch x$")
        (let ((emacs-agent-overview-tests--width 40))
          (emacs-agent-overview--print)
          (emacs-agent-overview-tests--shown "^ +approve\\? +shell_exec touch x$"))
        (emacs-agent-overview--print)
        (should (equal "ONE\n" (emacs-agent-test-read project "a.txt")))
        ;; From the session's own line, it is the first that waits.
        (emacs-agent-overview-tests--shown (concat name " +1 waiting"))
        (emacs-agent-test-answering '("not now") (emacs-agent-sessions-reject))
        (emacs-agent-overview-tests--shown (concat name " +ready"))
        (should (emacs-agent-model-heard (emacs-agent-model-asked 3) "not now"))
        (should-not (string-match-p "approve\\?" (buffer-string)))))))

(ert-deftest emacs-agent-overview-acts ()
  "A session is forked, closed, shown as ended, and resumed from the list."
  (emacs-agent-test-talking ""
    (let ((name (emacs-agent-list-project (emacs-agent-session-project session))))
      (emacs-agent-model-says "Fine.")
      (emacs-agent-test-turn session "the first thing")
      (emacs-agent-overview-tests--listing
        (emacs-agent-overview-tests--shown (concat name " +ready .*the first thing"))
        (cl-letf (((symbol-function 'completing-read) (lambda (_prompt _table &rest more) (nth 4 more))))
          (emacs-agent-sessions-rewind))
        (with-current-buffer (emacs-agent-session-buffer session)
          (emacs-agent-test-shown "Rewound")
          (emacs-agent-test-wait (equal "the first thing" (emacs-agent-input-text)))
          (emacs-agent-model-says "Fine.")
          (emacs-agent-send)
          (emacs-agent-test-shown "Fine."))
        (set-buffer "*emacs-agent sessions*")
        (emacs-agent-overview-tests--shown (concat name " +ready .*the first thing"))
        (emacs-agent-sessions-fork)
        (emacs-agent-test-wait (= 2 (length emacs-agent-session-list)))
        (let ((fork (car emacs-agent-session-list)))
          (should-not (eq fork session))
          (with-current-buffer (emacs-agent-session-buffer fork) (emacs-agent-test-shown "Fine."))
          (set-buffer "*emacs-agent sessions*")
          (emacs-agent-test-wait (= 2 (length (emacs-agent-live-sessions))))
          (goto-char (point-min))
          (while (not (equal (tabulated-list-get-id) (emacs-agent-session-id session))) (forward-line))
          (emacs-agent-test-answering '(t) (emacs-agent-sessions-close))
          (emacs-agent-overview-tests--shown (concat name " +ended"))
          (emacs-agent-test-wait (eq 'ended (emacs-agent-session-connection session)))
          (emacs-agent-sessions-resume)
          (emacs-agent-test-wait (eq 'open (emacs-agent-session-connection session)))
          (set-buffer "*emacs-agent sessions*")
          (emacs-agent-test-wait (not (string-match-p "ended" (buffer-string)))))))))

(ert-deftest emacs-agent-overview-prompts ()
  "Prompts are gone to by key and by name."
  (emacs-agent-test-with-session
    (dolist (number '(1 2 3))
      (emacs-agent-test-take
       session
       (emacs-agent-test-event "prompt" 'id (* 2 number) 'turn_id (format "t%d" number) 'text (format "do thing %d" number)
                               'agent "build" 'source "user")
       (emacs-agent-test-event "message" 'id (1+ (* 2 number)) 'turn_id (format "t%d" number) 'message_id (format "m%d" number)
                               'role "assistant" 'content "Done so." 'tool_calls [] 'model "m" 'stop_reason "end_turn")))
    (goto-char (point-max))
    (should (eq (key-binding (kbd "C-c C-p")) #'emacs-agent-previous-prompt))
    (cl-flet ((here () (save-excursion (forward-line) (buffer-substring-no-properties (point) (line-end-position)))))
      (emacs-agent-previous-prompt)
      (should (equal "do thing 3" (here)))
      (emacs-agent-previous-prompt 2)
      (should (equal "do thing 1" (here)))
      (should-error (emacs-agent-previous-prompt) :type 'user-error)
      (emacs-agent-next-prompt)
      (should (equal "do thing 2" (here)))
      (emacs-agent-next-prompt)
      (emacs-agent-next-prompt)
      (should (eobp))
      (let ((index (funcall imenu-create-index-function)))
        (should (equal '("1 do thing 1" "2 do thing 2" "3 do thing 3") (mapcar #'car index)))
        (goto-char (cdr (nth 1 index)))
        (should (equal "do thing 2" (here)))))))

(ert-deftest emacs-agent-overview-desktop ()
  "A saved desktop and a bookmark bring a conversation back, after a restart of the backend, too."
  (require 'desktop)
  (require 'bookmark)
  (emacs-agent-test-talking ""
    (let* ((id (emacs-agent-session-id session)) (buffer (current-buffer)) (desktop-dirname home)
           (desktop-restore-frames nil) (desktop-save 'if-exists) (desktop-restore-eager t)
           (desktop-load-locked-desktop t) bookmark)
      (emacs-agent-model-says "Kept.")
      (emacs-agent-test-turn session "remember this")
      (setq bookmark (funcall bookmark-make-record-function))
      (desktop-save home t)
      (kill-buffer buffer)
      (should-not (emacs-agent-session-with-id id))
      (let ((process (emacs-agent-backend-process emacs-agent-backend)))
        (emacs-agent-backend-stop)
        (emacs-agent-test-wait (not (process-live-p process))))
      (cl-letf (((symbol-function 'desktop-clear) #'ignore))
        (let ((inhibit-message t) (noninteractive nil)) (desktop-read home)))
      (let ((again (emacs-agent-session-with-id id)))
        (should again)
        (with-current-buffer (emacs-agent-session-buffer again)
          (emacs-agent-test-shown "Kept.")
          (emacs-agent-test-wait (eq 'open (emacs-agent-session-connection again))))
        (kill-buffer (emacs-agent-session-buffer again)))
      (save-window-excursion
        (emacs-agent-bookmark-jump bookmark)
        (should (equal id (emacs-agent-session-id emacs-agent-session)))
        (emacs-agent-test-shown "Kept.")))))

(ert-deftest emacs-agent-overview-servers ()
  "Servers are listed with their state and last words, and started again."
  (emacs-agent-test-with-model
      (concat "[[mcp_servers]]\nname = \"peer\"\n" (format "command = %S\n" (emacs-agent-test-bun))
              (format "args = [%S, %S]\n" (expand-file-name "tests/support/mcp-peer.ts" emacs-agent-test-root)
                      "{\"banner\":\"hello from the peer\"}")
              "[[mcp_servers]]\nname = \"gone\"\ncommand = \"/nowhere/at/all\"\n")
    (save-window-excursion
      (emacs-agent-servers)
      (emacs-agent-test-wait (string-match-p "gone +idle +stdio" (buffer-string)))
      (goto-char (point-min))
      (search-forward "gone")
      (emacs-agent-servers-restart)
      (emacs-agent-test-wait (string-match-p "gone +failed +stdio +.*/nowhere" (buffer-string)))
      (goto-char (point-min))
      (search-forward "peer")
      (emacs-agent-servers-restart)
      (emacs-agent-test-wait (string-match-p "peer +ready +stdio +[0-9]+" (buffer-string)))
      (goto-char (point-min))
      (search-forward "peer")
      (emacs-agent-servers-details)
      (should (string-match-p "\\`peer: ready, stdio, protocol .*, process [0-9]+" (buffer-string))))))

(ert-deftest emacs-agent-overview-signing-in ()
  "From the list of servers one is signed in to; the question comes into the conversation."
  (let* ((default-directory emacs-agent-test-root)
         (started (emacs-agent-model-start
                   (list (emacs-agent-test-bun) "-e"
                         "import { browse, startHttpPeer } from './tests/support/mcp-http.ts'
const peer = await startHttpPeer({ auth: true })
console.log(JSON.stringify({ url: peer.url }))
for await (const line of console) console.log(JSON.stringify({ page: await browse(line) }))"))))
    (unwind-protect
        (emacs-agent-test-talking (format "[[mcp_servers]]\nname = \"web\"\nurl = %S\n" (alist-get 'url (cdr started)))
          (let ((emacs-agent-approval-delay 0)
                (browse-url-browser-function
                 (lambda (url &rest _) (process-send-string (car started) (concat url "\n")))))
            (save-window-excursion
              (emacs-agent-servers)
              (emacs-agent-test-wait (string-match-p "web +idle +http" (buffer-string)))
              (goto-char (point-min))
              (emacs-agent-servers-sign-in)
              (set-buffer (emacs-agent-session-buffer session))
              (emacs-agent-test-go-to-decide session)
              (emacs-agent-test-answering '(t) (emacs-agent-answer))
              (set-buffer "*emacs-agent servers*")
              (emacs-agent-test-wait (string-match-p "web +ready +http +[0-9]" (buffer-string))))))
      (delete-process (car started)))))

(provide 'emacs-agent-overview-tests)
;;; emacs-agent-overview-tests.el ends here
