;;; emacs-agent-form-tests.el --- Forms  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)

(defmacro emacs-agent-form-tests--reading (answers &rest body)
  "Run BODY while each question of the minibuffer is answered by the next of ANSWERS.
The prompts are in `prompts' afterwards, in order."
  (declare (indent 1))
  `(let ((prompts nil) (answers ,answers))
     (ignore prompts)
     (cl-flet ((answer (prompt &rest _) (setq prompts (append prompts (list prompt))) (pop answers)))
       (cl-letf (((symbol-function 'y-or-n-p) #'answer) ((symbol-function 'read-string) #'answer)
                 ((symbol-function 'read-passwd) #'answer) ((symbol-function 'completing-read) #'answer)
                 ((symbol-function 'completing-read-multiple) #'answer))
         ,@body))))

(defun emacs-agent-form-tests--field (json &optional optional)
  "Return the field whose schema is JSON, needed unless OPTIONAL."
  (car (emacs-agent-form-fields
        `((properties . ((it . ,(emacs-agent-json-parse json)))) (required . ,(if optional [] ["it"]))))))

(ert-deftest emacs-agent-form-checks ()
  "A value that a schema does not allow is refused."
  (dolist (case '(("{\"type\":\"string\"}" (nil "") ("x"))
                  ("{\"type\":\"string\",\"minLength\":2,\"maxLength\":3}" ("x" "four") ("xy" "xyz"))
                  ("{\"type\":\"string\",\"format\":\"email\"}" ("me" "me@" "@x.org" "a b@x.org" "a@x..org") ("me@x.org" "a@localhost"))
                  ("{\"type\":\"string\",\"format\":\"uri\"}" ("x.org" "http:" "ht tp://x") ("https://x.org/a?b" "mailto:a@b"))
                  ("{\"type\":\"string\",\"format\":\"date\"}" ("2026-02-29" "26-01-01" "2026-13-01" "2026-1-1") ("2024-02-29"))
                  ("{\"type\":\"string\",\"format\":\"date-time\"}"
                   ("2026-01-01" "2026-01-01T25:00:00Z" "2026-02-30T10:00:00Z" "2026-01-01T10:00:00")
                   ("2026-01-01T10:00:00Z" "2026-01-01T10:00:00.5+02:00"))
                  ("{\"type\":\"integer\",\"minimum\":1,\"maximum\":5}" (0 6 1.5 "3") (1 5))
                  ("{\"type\":\"number\",\"exclusiveMinimum\":0}" (0 -1) (0.5 3))
                  ("{\"type\":\"integer\",\"multipleOf\":5}" (3) (10 0))
                  ("{\"type\":\"string\",\"enum\":[\"a\",\"b\"]}" ("c") ("a" "b"))
                  ("{\"type\":\"boolean\"}" ("yes") (t :false))
                  ("{\"type\":\"array\",\"minItems\":1,\"maxItems\":2,\"items\":{\"enum\":[\"a\",\"b\",\"c\"]}}"
                   (nil ("d") ("a" "b" "c")) (("a") ("a" "c")))))
    (pcase-let ((`(,json ,bad ,good) case))
      (let ((field (emacs-agent-form-tests--field json)))
        (dolist (value bad) (should (stringp (emacs-agent-form-problem field value))))
        (dolist (value good) (should-not (emacs-agent-form-problem field value)))
        (should-not (emacs-agent-form-problem (emacs-agent-form-tests--field json t) nil))))))

(ert-deftest emacs-agent-form-reads ()
  "A value is asked for until it is valid, and the prompt has its range and what was wrong."
  (emacs-agent-form-tests--reading '("many" "9" "4")
    (should (equal 4 (emacs-agent-form-read
                      (emacs-agent-form-tests--field
                       "{\"type\":\"integer\",\"title\":\"How many\",\"minimum\":1,\"maximum\":5,\"description\":\"of them\"}")
                      nil)))
    (should (equal prompts '("How many, of them (a whole number, 1 to 5): "
                             "[it is no number] How many, of them (a whole number, 1 to 5): "
                             "[it must be at most 5] How many, of them (a whole number, 1 to 5): "))))
  (emacs-agent-form-tests--reading '("Red")
    (should (equal "#f00" (emacs-agent-form-read
                           (emacs-agent-form-tests--field
                            "{\"type\":\"string\",\"oneOf\":[{\"const\":\"#f00\",\"title\":\"Red\"},{\"const\":\"#0f0\",\"title\":\"Green\"}]}")
                           nil))))
  (emacs-agent-form-tests--reading '(("Green" "Red" "Green"))
    (should (equal '("#0f0" "#f00")
                   (emacs-agent-form-read
                    (emacs-agent-form-tests--field
                     "{\"type\":\"array\",\"items\":{\"anyOf\":[{\"const\":\"#f00\",\"title\":\"Red\"},{\"const\":\"#0f0\",\"title\":\"Green\"}]}}")
                    nil))))
  (emacs-agent-form-tests--reading '("" "x")
    (should-not (emacs-agent-form-read (emacs-agent-form-tests--field "{\"type\":\"number\"}" t) nil))
    (should (equal "x" (emacs-agent-form-read (emacs-agent-form-tests--field "{\"type\":\"string\"}") nil))))
  (dolist (case '(("1.5" 1.5) ("-3" -3) ("2.0" 2) ("1e3" 1000) ("1x" unreadable) ("0x10" unreadable) (" " nil)))
    (should (equal (cadr case) (emacs-agent-form--parse-number (car case))))))

(defun emacs-agent-form-tests--ask (session kind properties required)
  "Have SESSION ask a question of KIND with PROPERTIES, of which some are REQUIRED; go there."
  (emacs-agent-test-take
   session
   (emacs-agent-test-event "question" 'id 1 'question_id "q1" 'kind kind 'server "srv" 'message "Tell me."
                           'schema `((type . "object") (properties . ,properties) (required . ,required))))
  (setf (emacs-agent-question-shown-at (emacs-agent-section-data (emacs-agent-section-with-id "q1"))) 0)
  (emacs-agent-next-approval))

(ert-deftest emacs-agent-form-is-shown-and-changed ()
  "Defaults are filled in, fields can be changed before they are sent, and the answer is shown, but no secret."
  (emacs-agent-test-with-session
    (emacs-agent-form-tests--ask
     session "elicitation"
     '((name . ((type . "string") (default . "Ann") (maxLength . 9)))
       (size . ((type . "number") (title . "Size") (minimum . 1) (default . 3)))
       (tags . ((type . "array") (items . ((enum . ["x" "y"]))) (default . ["y"])))
       (word . ((type . "string") (format . "password"))))
     ["name" "size"])
    (let ((shown (emacs-agent-test-output)))
      (dolist (line '("- name (at most 9 characters) = Ann\n" "- Size (a number, at least 1) = 3\n"
                      "- tags (optional, several) = y\n" "- word (optional)\n"))
        (should (string-search line shown))))
    (emacs-agent-form-tests--reading '("Bo" "4" ("x" "y") "hush-hush" nil)
      (emacs-agent-answer)
      (should (equal (car (last prompts)) "Send name = Bo, Size = 4, tags = x, y, word = hidden? ")))
    (should-not sent)
    (should (string-search "= Bo\n" (emacs-agent-test-output)))
    (should-not (string-search "hush" (emacs-agent-test-output)))
    (goto-char (point-min))
    (search-forward "- Size")
    (emacs-agent-form-tests--reading '("0" "5") (emacs-agent-question-edit))
    (search-backward "- tags" nil t)
    (search-forward "- tags" nil t)
    (emacs-agent-question-clear)
    (emacs-agent-form-tests--reading '(t)
      (emacs-agent-answer)
      (should (equal prompts '("Send name = Bo, Size = 5, word = hidden? "))))
    (should (equal (nth 2 (car sent))
                   '((question_id . "q1") (action . "accept")
                     (content . ((name . "Bo") (size . 5) (word . "hush-hush"))))))
    (emacs-agent-test-take
     session (emacs-agent-test-event "answer" 'id 2 'question_id "q1" 'action "accept"
                                     'content '((name . "Bo") (size . 5) (word . "hush-hush"))))
    (let ((shown (emacs-agent-test-output)))
      (should (string-search "Question of srv  answered\nTell me.\n- name = Bo\n- Size = 5\n- word = hidden\n" shown))
      (should-not (string-search "hush" shown)))))

(ert-deftest emacs-agent-form-makes-sense-of-anything ()
  "A question with a malformed schema is shown, and can be answered."
  (dolist (json '("null" "[]" "3" "{}" "{\"properties\":[]}" "{\"properties\":{\"a\":3,\"b\":[]},\"required\":\"a\"}"
                  "{\"properties\":{\"a\":{\"enum\":3,\"type\":[\"string\",\"null\"],\"title\":{},\"minLength\":\"x\"}}}"
                  "{\"properties\":{\"a\":{\"oneOf\":[3,\"x\",{}]},\"b\":{\"type\":\"array\",\"items\":7,\"default\":{\"x\":1}}}}"))
    (emacs-agent-test-with-session
      (emacs-agent-test-take
       session
       (emacs-agent-test-event "question" 'id 1 'question_id "q1" 'kind "elicitation" 'server "srv" 'message "Tell me."
                               'schema (emacs-agent-json-parse json)))
      (should (string-search "Question of srv  waits for you\nTell me.\n" (emacs-agent-test-output)))
      (setf (emacs-agent-question-shown-at (emacs-agent-section-data (emacs-agent-section-with-id "q1"))) 0)
      (emacs-agent-next-approval)
      (emacs-agent-form-tests--reading '("" "" t) (emacs-agent-answer))
      (should (equal "accept" (alist-get 'action (nth 2 (car sent))))))))

(ert-deftest emacs-agent-form-by-one-key ()
  "A choice is made by its number; several are taken in and out, and then sent."
  (emacs-agent-test-with-session
    (emacs-agent-form-tests--ask
     session "ask" '((answer . ((type . "string") (enum . ["blue\n* x" "red"])))
                     (other . ((type . "string")))) [])
    (should (string-match-p "  1 blue .*\n  2 red\n" (emacs-agent-test-output)))
    (should (eq (key-binding "2") #'emacs-agent-question-choose))
    (should-error (emacs-agent-question-choose 3) :type 'user-error)
    (emacs-agent-question-choose 2)
    (should (equal (nth 2 (car sent))
                   '((question_id . "q1") (action . "accept") (content . ((answer . "red")))))))
  (emacs-agent-test-with-session
    (emacs-agent-form-tests--ask
     session "ask" '((answer . ((type . "array") (items . ((type . "string") (enum . ["blue" "red" "green"])))))) ["answer"])
    (emacs-agent-question-choose 1)
    (emacs-agent-question-choose 3)
    (emacs-agent-question-choose 2)
    (emacs-agent-question-choose 1)
    (should-not sent)
    (should (string-search "  1 blue\n  2 red  chosen\n  3 green  chosen\n" (emacs-agent-test-output)))
    (emacs-agent-form-tests--reading nil (emacs-agent-answer))
    (should (equal (alist-get 'content (nth 2 (car sent))) '((answer . ["green" "red"]))))))

(ert-deftest emacs-agent-form-of-a-plan ()
  "A plan is accepted, edited in a buffer of its own, or refused."
  (dolist (case `(("a" ((answer . "accept"))) ("r" ((answer . "refuse")))
                  ("e" ((answer . "edit") (plan . "1. Look\n")))))
    (emacs-agent-test-with-session
      (emacs-agent-form-tests--ask
       session "plan" '((answer . ((type . "string") (enum . ["accept" "edit" "refuse"])))
                        (plan . ((type . "string") (default . "1. Look\n2. Act\n")))) ["answer"])
      (should (string-search "Act\na accept  e edit  r refuse\n" (emacs-agent-test-output)))
      (save-window-excursion
        (call-interactively (key-binding (car case)))
        (when (equal (car case) "e")
          (should (equal "1. Look\n2. Act\n" (buffer-string)))
          (goto-char (point-min))
          (forward-line 1)
          (delete-region (point) (point-max))
          (emacs-agent-draft-text-finish)))
      (should (equal (alist-get 'content (nth 2 (car sent))) (cadr case)))
      (should (equal "accept" (alist-get 'action (nth 2 (car sent))))))))

(ert-deftest emacs-agent-form-of-ask-user ()
  "A question of the agent is answered by a key, and the model receives the answer from the real backend."
  (emacs-agent-test-talking ""
    (let ((emacs-agent-approval-delay 0))
      (emacs-agent-model-says (emacs-agent-model-call "ask_user" 'question "Which one?" 'options ["left" "right"]) "Right then.")
      (emacs-agent-test-say "go on")
      (emacs-agent-test-go-to-decide session)
      (should (string-search "1 left\n  2 right\n" (emacs-agent-test-output)))
      (emacs-agent-question-choose 2)
      (emacs-agent-test-shown "Right then.")
      (should (emacs-agent-model-heard (emacs-agent-model-asked 2) "right"))
      (should (string-search "answered\nWhich one?\n- answer = right\n" (emacs-agent-test-output))))))

(ert-deftest emacs-agent-form-of-a-real-plan ()
  "The plan of the plan agent is edited, and the build agent receives the edited plan."
  (emacs-agent-test-talking "agent = \"plan\"\n"
    (let ((emacs-agent-approval-delay 0))
      (emacs-agent-model-says "Here it is.\n\n1. Look at it\n2. Change it\n" "Carried out.")
      (emacs-agent-test-say "make a plan")
      (emacs-agent-test-go-to-decide session)
      (should (string-match-p "plan\\?\n.*1\\. Look at it\n.*2\\. Change it\na accept  e edit  r refuse\n"
                              (emacs-agent-test-output)))
      (save-window-excursion
        (emacs-agent-question-edit)
        (should (string-match-p "Look at it\n.*Change it" (buffer-string)))
        (goto-char (point-min))
        (search-forward "Change it")
        (delete-region (line-beginning-position) (line-end-position))
        (emacs-agent-draft-text-finish))
      (emacs-agent-test-shown "Carried out.")
      (let ((told (emacs-agent-model-asked 2)))
        (should (emacs-agent-model-heard told "Look at it"))
        (should (string-search "answer = edit" (emacs-agent-test-output)))
        (should (equal "build" (emacs-agent-session-agent session)))))))

(provide 'emacs-agent-form-tests)
;;; emacs-agent-form-tests.el ends here
