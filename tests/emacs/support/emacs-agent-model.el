;;; emacs-agent-model.el --- A model that says what a test tells it to  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; The real backend, in a real Emacs, with a model of our own: model.ts beside this file, a process that speaks HTTP as
;; providers do, takes its answers from a test and tells what it was asked.

;;; Code:

(require 'emacs-agent-test)

(defvar emacs-agent-model--process nil
  "The model.")

(defvar emacs-agent-model-told nil
  "What the model and its like told after their first lines, newest first.")

(defun emacs-agent-model-start (command)
  "Start COMMAND, whose lines on stdout are JSON, and return (PROCESS . FIRST).
FIRST is its first line, the others come into `emacs-agent-model-told'."
  (let* ((rest "") (first nil)
         (process (make-process
                   :name "emacs-agent-model" :command command :connection-type 'pipe :noquery t :coding 'utf-8-unix
                   :stderr (get-buffer-create " *model stderr*") :sentinel #'ignore
                   :filter (lambda (_process text)
                             (let ((lines (split-string (concat rest text) "\n")))
                               (setq rest (car (last lines)))
                               (dolist (line (butlast lines))
                                 (if first (push (emacs-agent-json-parse line) emacs-agent-model-told)
                                   (setq first (emacs-agent-json-parse line)))))))))
    (emacs-agent-test-wait (or first (not (process-live-p process))))
    (unless first (ert-fail (with-current-buffer " *model stderr*" (buffer-string))))
    (cons process first)))

(defmacro emacs-agent-test-with-model (config &rest body)
  "Run BODY with the real backend and a model that says what it is told to.
CONFIG is added to the configuration, in which the model is test/model."
  (declare (indent 1))
  `(emacs-agent-test-with-backend
     (emacs-agent-model--with ,config home (lambda () ,@body))))

(defun emacs-agent-model--with (config home function)
  "Call FUNCTION with a model, which CONFIG in HOME names."
  (let* ((emacs-agent-model-told nil)
         (started (emacs-agent-model-start
                   (list (emacs-agent-test-bun)
                         (expand-file-name "tests/emacs/support/model.ts" emacs-agent-test-root))))
         (emacs-agent-model--process (car started)))
    (unwind-protect
        (progn (emacs-agent-model--configure home (alist-get 'url (cdr started)) config)
               (funcall function))
      (delete-process emacs-agent-model--process))))

(defun emacs-agent-model--configure (home url config)
  "Write a configuration into HOME with the model at URL, and CONFIG."
  (let ((directory (expand-file-name "config/emacs-agent/" home)))
    (make-directory directory t)
    (emacs-agent-test-write
     directory "emacs-agent.toml"
     (concat "model = \"test/model\"\n" config
             "\n[providers.test]\nkind = \"openai-compatible\"\nbase_url = \"" url "/v1\"\n"
             "api_key = \"the-key-of-the-test\"\n"))))

(defun emacs-agent-model--tell (value)
  "Send VALUE to the model as a line of JSON."
  (process-send-string emacs-agent-model--process
                       (concat (decode-coding-string (emacs-agent-json-string value) 'utf-8) "\n")))

(defun emacs-agent-model-says (&rest answers)
  "Have the model give ANSWERS, one a request.
Each is a text, or an alist as model.ts has it.  Text that is to be seen while
the rest is held back ends with a punctuation mark: what could be the
beginning of a secret is held back too, by the backend."
  (dolist (answer answers)
    (emacs-agent-model--tell (if (stringp answer) `((text . ,answer)) answer))))

(defun emacs-agent-model-open ()
  "Let the model end the answer that it holds back."
  (emacs-agent-model--tell '((open . t))))

(defun emacs-agent-model-call (tool &rest params)
  "Return an answer that calls TOOL with PARAMS, a plist of symbols and values."
  `((calls . [((name . ,tool)
               (args . ,(cl-loop for (key value) on params by #'cddr collect (cons key value))))])))

(defun emacs-agent-model-requests ()
  "Return what the model was asked, newest first: alists of `body' and `key'."
  (cl-remove-if-not (lambda (told) (alist-get 'body told)) emacs-agent-model-told))

(defun emacs-agent-model-asked (count)
  "Wait until the model was asked COUNT times and return the COUNTth request's body."
  (emacs-agent-test-wait (>= (length (emacs-agent-model-requests)) count))
  (alist-get 'body (nth (1- count) (reverse (emacs-agent-model-requests)))))

(defun emacs-agent-model-heard (body text)
  "Whether BODY, a request, has TEXT in any message."
  (cl-some (lambda (message)
             (string-search text (decode-coding-string (emacs-agent-json-string message) 'utf-8)))
           (alist-get 'messages body)))

(defmacro emacs-agent-test-talking (config &rest body)
  "Run BODY in the buffer of a new `session' with a scripted model and CONFIG."
  (declare (indent 1))
  `(emacs-agent-test-with-model ,config
     (let ((session (emacs-agent-test-start project)))
       (with-current-buffer (emacs-agent-session-buffer session)
         ,@body))))

(defun emacs-agent-test-count (text)
  "Return how often this conversation has TEXT."
  (1- (length (split-string (emacs-agent-test-output) (regexp-quote text)))))

(defun emacs-agent-test-go-to-decide (session)
  "Wait until something of SESSION waits for a decision, and go there."
  (emacs-agent-test-shown "  waits for you")
  (emacs-agent-next-approval))

(defmacro emacs-agent-test-answering (answers &rest body)
  "Run BODY while questions in the minibuffer get ANSWERS, in order.
The questions are in `questions' afterwards, the last one first."
  (declare (indent 1))
  `(let ((questions nil) (answers ,answers))
     (ignore questions)
     (cl-flet ((answer (prompt &rest _) (push prompt questions) (pop answers)))
       (cl-letf (((symbol-function 'y-or-n-p) #'answer)
                 ((symbol-function 'read-string) #'answer))
         ,@body))))

(provide 'emacs-agent-model)
;;; emacs-agent-model.el ends here
