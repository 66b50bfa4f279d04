;;; emacs-agent-question-tests.el --- Questions of MCP servers  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)

(defun emacs-agent-question-tests--server (&rest lines)
  "Return a configuration with an MCP server that LINES describe."
  (concat "[permissions]\nallow = [\"peer/*\"]\n[[mcp_servers]]\nname = \"peer\"\n" (string-join lines "\n") "\n"))

(ert-deftest emacs-agent-question-answered ()
  "A server asks, the user answers in the minibuffer, and the server has the answer."
  (emacs-agent-test-with-model (emacs-agent-question-tests--server
                                (format "command = %S" (emacs-agent-test-bun))
                                (format "args = [%S]" (expand-file-name "tests/support/mcp-peer.ts"
                                                                        emacs-agent-test-root)))
    (let ((session (emacs-agent-test-start project)) (emacs-agent-approval-delay 0)
          (ask (emacs-agent-model-call "peer__ask")))
      (with-current-buffer (emacs-agent-session-buffer session)
        (emacs-agent-model-says ask "A colour." ask "None.")
        (emacs-agent-test-say "ask me")
        (emacs-agent-test-go-to-decide session)
        (should (string-search "Question of peer  waits for you\nWhich color?\n- color" (emacs-agent-test-output)))
        (emacs-agent-test-answering '("blue")
          (should (eq (key-binding "a") #'emacs-agent-answer))
          (emacs-agent-answer))
        (emacs-agent-test-shown "A colour.")
        (should (emacs-agent-model-heard (emacs-agent-model-asked 2) "blue"))
        (emacs-agent-test-idle session)
        (emacs-agent-test-say "again")
        (emacs-agent-test-go-to-decide session)
        (emacs-agent-decline)
        (emacs-agent-test-shown "None.")
        (should (emacs-agent-model-heard (emacs-agent-model-asked 4) "decline"))
        (should-not (string-search "waits for you" (emacs-agent-test-output)))))))

(defconst emacs-agent-question-tests--signing-in
  "import { browse, startHttpPeer } from './tests/support/mcp-http.ts'
const peer = await startHttpPeer({ auth: true })
console.log(JSON.stringify({ url: peer.url }))
for await (const line of console) console.log(JSON.stringify({ page: await browse(line) }))"
  "A server that wants its users to sign in, and the browser they do it with.")

(ert-deftest emacs-agent-question-signing-in ()
  "The address to sign in at is shown, and opened only when the user says so."
  (let* ((default-directory emacs-agent-test-root)
         (started (emacs-agent-model-start (list (emacs-agent-test-bun) "-e" emacs-agent-question-tests--signing-in)))
         (opened nil))
    (unwind-protect
        (emacs-agent-test-with-model (emacs-agent-question-tests--server
                                      (format "url = %S" (alist-get 'url (cdr started))))
          (let ((session (emacs-agent-test-start project)) (emacs-agent-approval-delay 0)
                (browse-url-browser-function
                 (lambda (url &rest _)
                   (push url opened)
                   (process-send-string (car started) (concat url "\n")))))
            (with-current-buffer (emacs-agent-session-buffer session)
              (emacs-agent-model-says (emacs-agent-model-call "peer__echo" 'text "hi")
                                      "Signed in.")
              (emacs-agent-test-say "echo")
              (emacs-agent-test-go-to-decide session)
              (should (string-match-p "^http://127\\.0\\.0\\.1:[0-9]+/authorize\\?" (emacs-agent-test-output)))
              (emacs-agent-test-answering '(nil)
                (emacs-agent-answer)
                (should (string-search "/authorize?" (car questions))))
              (should-not opened)
              (should (emacs-agent-session-questions session))
              (emacs-agent-test-answering '(t)
                (emacs-agent-answer))
              (emacs-agent-test-shown "Signed in.")
              (should (= 1 (length opened)))
              (should (emacs-agent-model-heard (emacs-agent-model-asked 2) "said hi")))))
      (delete-process (car started)))))

(provide 'emacs-agent-question-tests)
;;; emacs-agent-question-tests.el ends here
