;;; emacs-agent-org-tests.el --- Org over the wire, in the buffer  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)
(require 'org-element)
(require 'org-src)

(defun emacs-agent-org-tests--fixtures ()
  "Return (NAME MARKDOWN ORG) of each fixture."
  (mapcar (lambda (file)
            (list (file-name-base file) (emacs-agent-test-read nil file)
                  (string-trim-right (emacs-agent-test-read nil (concat (file-name-sans-extension file) ".org")) "\n+")))
          (directory-files (expand-file-name "tests/fixtures/markdown-org" emacs-agent-test-root) t "\\.md\\'")))

(defun emacs-agent-org-tests--message (id text &rest cuts)
  "Return the events of the message ID that says TEXT, in pieces that end at CUTS."
  (let ((start 0))
    (append
     (mapcar (lambda (cut)
               (prog1 (emacs-agent-test-event "message.delta" 'message_id id 'content (substring text start cut))
                 (setq start cut)))
             (append cuts (list (length text))))
     (list (emacs-agent-test-event "message" 'message_id id 'content text 'stop_reason "end_turn")))))

(defun emacs-agent-org-tests--show (session events)
  "Show EVENTS, which have their Org, in SESSION, each in a batch of its own."
  (dolist (event events)
    (emacs-agent-fold-event session event)
    (emacs-agent-run-hook 'emacs-agent-session-batch-functions session)))

(defun emacs-agent-org-tests--said ()
  "Return what is below the only heading of this conversation, and show nothing any more."
  (let ((shown (emacs-agent-test-output)))
    (should (string-match "\\`\n\\*\\* Assistant [^\n]+\n" shown))
    (emacs-agent-view-event nil '((type . "reset")))
    (substring shown (match-end 0) -1)))

(ert-deftest emacs-agent-org-every-split ()
  "A message is in the buffer as the backend has it in the end, wherever its stream was cut."
  (emacs-agent-test-with-session
    (pcase-dolist (`(,name ,markdown) (emacs-agent-org-tests--fixtures))
      (let* ((cuts (number-sequence 1 (1- (length markdown))))
             (messages (mapcar (lambda (cut) (emacs-agent-org-tests--message "m" markdown cut)) cuts))
             (whole (alist-get 'org (car (last (emacs-agent-test-render project (car messages))))))
             (rendered (emacs-agent-test-render project (apply #'append messages))))
        (ert-info (name)
          (while rendered
            (let ((end (1+ (cl-position "message" rendered :test #'equal :key (lambda (event) (alist-get 'type event))))))
              (emacs-agent-org-tests--show session (seq-take rendered end))
              (should (equal whole (emacs-agent-org-tests--said)))
              (setq rendered (seq-drop rendered end)))))))))

(ert-deftest emacs-agent-org-fixtures ()
  "What the backend sends is the fixture, and after each character the buffer has what is said so far."
  (emacs-agent-test-with-session
    (pcase-dolist (`(,name ,markdown ,org) (emacs-agent-org-tests--fixtures))
      (ert-info (name)
        (let* ((size (length markdown))
               (events (emacs-agent-test-render
                        project (apply #'emacs-agent-org-tests--message "m" markdown (number-sequence 1 (1- size)))))
               (whole (alist-get 'org (car (last events))))
               ;; Links in fixtures are relative to nothing, here to the project.  Some come after what they are for.
               (plain (not (or (string-search "[[" org) (string-search "]:" markdown))))
               (prefixes (mapcar (lambda (end)
                                   (emacs-agent-test-event "message" 'message_id "p" 'content (substring markdown 0 end)))
                                 (number-sequence 1 size))))
          (when plain
            ;; What Emacs takes for local variables is broken in the end, in the fixture not yet.
            (should (equal (string-replace "Local Variables:" "Local\u200b Variables:" org) whole))
            (cl-mapc (lambda (event prefix)
                       (emacs-agent-org-tests--show session (list event))
                       (should (string-suffix-p (concat "]\n" (alist-get 'org prefix) "\n") (emacs-agent-test-output))))
                     events (emacs-agent-test-render project prefixes))
            (emacs-agent-org-tests--show session (last events))
            (should (equal whole (emacs-agent-org-tests--said)))))))))

(ert-deftest emacs-agent-org-over-the-wire ()
  "The same with the real backend, in whose stream the pieces come as they come; thoughts too."
  (emacs-agent-test-talking ""
    (let ((emacs-agent-show-thinking t))
      (dolist (name '("hostile-structure" "code" "nested-lists"))
        (pcase-let ((`(,_ ,markdown ,org) (assoc name (emacs-agent-org-tests--fixtures))))
          (emacs-agent-model-says `((thinking . ,markdown) (text . ,(vconcat (split-string markdown "\\b")))))
          (emacs-agent-test-say "* say\n#+TITLE: it")
          (emacs-agent-test-shown (concat "\n#+BEGIN_QUOTE\n" org "\n#+END_QUOTE\n" org "\nDone, ")))))
    (should-not (string-match-p "^\\* say\\|^#\\+TITLE: it" (emacs-agent-test-output)))))

;;;; While it comes

(ert-deftest emacs-agent-org-replaced ()
  "A delta that replaces starts afresh, and another whole text wins."
  (emacs-agent-test-with-session
    (emacs-agent-test-take session (emacs-agent-test-event "message.delta" 'message_id "m" 'content "old *text*\n\nmore"))
    (emacs-agent-test-take session (emacs-agent-test-event "message.delta" 'message_id "m" 'content "new" 'replace t))
    (should (string-suffix-p "]\nnew\n" (emacs-agent-test-output)))
    (emacs-agent-test-take session (emacs-agent-test-event "message" 'message_id "m" 'content "something else"))
    (should (string-suffix-p "]\nsomething else\n" (emacs-agent-test-output)))))

(ert-deftest emacs-agent-org-missed ()
  "A patch that does not fit what is shown does no harm, and the whole message is right."
  (emacs-agent-test-with-session
    (emacs-agent-org-tests--show
     session '(((type . "message.delta") (message_id . "m") (content . "x") (org . "tail") (org_from . 100))
               ((type . "message.delta") (message_id . "m") (content . "x") (org . "!") (org_from . 50))
               ((type . "message") (message_id . "m") (content . "x") (org . "all of it"))))
    (should (string-suffix-p "]\nall of it\n" (emacs-agent-test-output)))))

(ert-deftest emacs-agent-org-code-grows ()
  "A block is coloured when something follows it, or its message is whole, and not while it grows."
  (dolist (end '("\n```\n\nMore" nil))
    (emacs-agent-test-with-session
      (let ((emacs-agent-colour--ready (list (org-src-get-lang-mode "emacs-lisp"))) (text "```elisp\n(defun f ())"))
        (emacs-agent-test-take session (emacs-agent-test-event "message.delta" 'message_id "m" 'content text))
        (font-lock-ensure)
        (goto-char (point-min))
        (search-forward "#+END_SRC")
        (search-backward "(defun")
        (should-not (memq 'font-lock-keyword-face (ensure-list (get-text-property (1+ (point)) 'face))))
        (emacs-agent-test-take
         session (if end (emacs-agent-test-event "message.delta" 'message_id "m" 'content end)
                   (emacs-agent-test-event "message" 'message_id "m" 'content text)))
        (font-lock-ensure)
        (should (memq 'font-lock-keyword-face (ensure-list (get-text-property (1+ (point)) 'face))))))))

(ert-deftest emacs-agent-org-null-characters ()
  "A null character, which JSON in Emacs refuses, takes no event away."
  (should (equal (emacs-agent-json-parse "{\"a\":\"x\\u0000\\u0000\\\\u0000\\\\\\u0000\"}") '((a . "x␀␀\\u0000\\␀"))))
  (emacs-agent-test-with-session
    (emacs-agent-test-take session (emacs-agent-test-event "message" 'message_id "m" 'content "a\0b"))
    (should (string-suffix-p "]\na␀b\n" (emacs-agent-test-output)))))

(ert-deftest emacs-agent-org-our-own-lines ()
  "What Lisp itself writes into a line is nothing in Org either, and reads as it is."
  (dolist (text '("* heading" "#+TITLE: x" "[[elisp:(x)]]" "<elisp:(x)>" "src_sh{x}" "call_x(y)" "a_{b} $x$ $$y$$" "\\alpha"
                  "<2026-01-01 Thu>" "DEADLINE: <2026-01-01>" "{{{m}}}" "@@html:x@@" "1. x" "a) x" "- x" "| a |" ": x"
                  "Local Variables:" "%%(x)" "[fn:1]" "*b* /i/ _u_ =v= ~c~ +s+" "mailto:a@b.c" "name_of_it.el<2>"))
    (let ((line (emacs-agent-inert-line text)))
      (should (equal text (replace-regexp-in-string "[\u200b\u2060]" "" line)))
      (with-temp-buffer
        (let ((org-inhibit-startup t)) (org-mode))
        (insert line "\n")
        (should (equal '(section paragraph)
                       ;; That of a_name is harmless, and Emacs shows it as it is.
                       (remq 'subscript (org-element-map (org-element-parse-buffer)
                                            (append org-element-all-elements org-element-all-objects)
                                          #'org-element-type))))))))

(provide 'emacs-agent-org-tests)
;;; emacs-agent-org-tests.el ends here
