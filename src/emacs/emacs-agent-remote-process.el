;;; emacs-agent-remote-process.el --- Processes on other machines  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A process on another machine writes into files there, which Emacs polls over the connection that it has.  A poll takes a few
;; milliseconds; an asynchronous process of TRAMP would open another connection first.  Output is passed on byte by byte as it
;; is, a connection that drops is opened again without loss, and a short process takes one call.  A process that is no longer
;; polled is killed there.

;;; Code:

(require 'emacs-agent-remote)
(require 'emacs-agent-remote-code)

(defconst emacs-agent-remote-process--longest 3000
  "Bytes of a command with its input that are sent as arguments, at most.
The terminal between TRAMP and a shell there accepts lines of 4095 bytes.")

(defvar emacs-agent-remote-process-pace '(0.05 . 1.0)
  "Seconds between two polls of a process: at first, and at most.")

(defconst emacs-agent-remote-process--part 100000
  "Characters of output in a report, at most.")

(defconst emacs-agent-remote-process--report 3
  "Seconds between two reports about a process, at most.")

;;;; The state of a process

(cl-defstruct (emacs-agent-remote-output (:copier nil))
  "What is known of an output of a process."
  pieces (size 0)                       ; what is kept, newest first, and how many bytes that is
  (known 0)                             ; bytes of its file that were fetched
  more full cut                         ; more is there; no more is wanted; something is missing
  (tail ""))                            ; the beginning of a character, not reported yet

(cl-defstruct (emacs-agent-remote-process (:copier nil))
  "A process on another machine: the request for it, and what is known of it."
  request prefix
  directory                             ; the one there that has its files
  (out (make-emacs-agent-remote-output)) (err (make-emacs-agent-remote-output))
  exit-code
  (pace (car emacs-agent-remote-process-pace))
  (reported (float-time))
  (lost 0)                              ; polls that failed, one after the other
  (fresh "") reporting)                 ; output that is not reported yet; whether a report is on its way

(defun emacs-agent-remote-process--outputs (process)
  "Return the two outputs of PROCESS."
  (list (emacs-agent-remote-process-out process) (emacs-agent-remote-process-err process)))

(defun emacs-agent-remote-process--more-p (process)
  "Whether there is more output of PROCESS than was fetched."
  (cl-some #'emacs-agent-remote-output-more (emacs-agent-remote-process--outputs process)))

(defun emacs-agent-remote-process--job-p (process)
  "Whether the output of PROCESS is wanted only in the reports."
  (eql 0 (emacs-agent-editor-param (emacs-agent-remote-process-request process) 'output_limit)))

(defun emacs-agent-remote-process--search (process regexp)
  "Move point after REGEXP in what was printed about PROCESS.
Signal an error if it is missing, since the connection dropped then."
  (unless (re-search-forward regexp nil t)
    (error "The connection to %s dropped" (emacs-agent-remote-host (emacs-agent-remote-process-prefix process)))))

(defun emacs-agent-remote-process--take (process)
  "Update PROCESS from what was printed about it in this buffer.
Signal an error if that is incomplete."
  (goto-char (point-min))
  (emacs-agent-remote-process--search process "^emacs-agent \\(gone\\|-\\|[0-9]+\\)\\(?: \\(.*\\)\\)?$")
  (let ((state (match-string 1)) (directory (match-string 2)))
    (when (equal state "gone") (error "The files of the process are gone"))
    (forward-line)
    (let ((pieces (mapcar (lambda (_)
                            (let ((start (point)))
                              (emacs-agent-remote-process--search process "^\\(\\.\\|0\\)$")
                              (prog1 (cons (equal "0" (match-string 1))
                                           (base64-decode-string (buffer-substring start (match-beginning 0))))
                                (forward-line))))
                          '(out err))))
      (setf (emacs-agent-remote-process-directory process) directory)
      (cl-mapc (pcase-lambda (output `(,emptied . ,piece))
                 (emacs-agent-remote-process--add process output piece)
                 (when emptied
                   (setf (emacs-agent-remote-output-known output) 0
                         (emacs-agent-remote-output-cut output) t)))
               (emacs-agent-remote-process--outputs process) pieces)
      (unless (equal state "-")
        (setf (emacs-agent-remote-process-exit-code process) (string-to-number state))))))

(defun emacs-agent-remote-process--add (process output piece)
  "Add PIECE, bytes, to OUTPUT of PROCESS.
With a limit of 0 bytes, the output is wanted only in the reports."
  (let* ((limit (or (emacs-agent-editor-param (emacs-agent-remote-process-request process) 'output_limit) 0))
         (room (- limit (emacs-agent-remote-output-size output)))
         (kept (if (> (length piece) room) (substring piece 0 room) piece)))
    (cl-incf (emacs-agent-remote-output-known output) (length piece))
    (cl-incf (emacs-agent-remote-output-size output) (length kept))
    (push kept (emacs-agent-remote-output-pieces output))
    (when (and (> limit 0) (> (length piece) room))
      (setf (emacs-agent-remote-output-cut output) t
            (emacs-agent-remote-output-full output) t))
    (setf (emacs-agent-remote-output-more output)
          (and (not (emacs-agent-remote-output-full output)) (= (length piece) emacs-agent-remote-code-piece)))
    (emacs-agent-remote-process--freshen process output piece)))

(defun emacs-agent-remote-process--freshen (process output piece)
  "Add PIECE, bytes of OUTPUT, to what is to be reported of PROCESS."
  (unless (emacs-agent-editor-param (emacs-agent-remote-process-request process) 'quiet)
    (let* ((bytes (concat (emacs-agent-remote-output-tail output) piece))
           (end (or (string-match "[\xc0-\xff][\x80-\xbf]\\{0,2\\}\\'" bytes) (length bytes))))
      (setf (emacs-agent-remote-output-tail output) (substring bytes end)
            (emacs-agent-remote-process-fresh process)
            (concat (emacs-agent-remote-process-fresh process)
                    (decode-coding-string (substring bytes 0 end) 'utf-8-unix))))))

(defun emacs-agent-remote-process--bytes (output)
  "Return all that is known of OUTPUT, in Base64."
  (base64-encode-string (apply #'concat (reverse (emacs-agent-remote-output-pieces output))) t))

;;;; Calls

(defun emacs-agent-remote-process--call (process directory code &rest args)
  "Have a shell in DIRECTORY of the machine of PROCESS run CODE with ARGS.
Update PROCESS from what it prints."
  (with-temp-buffer
    (let ((default-directory (file-name-as-directory directory)))
      (apply #'process-file "sh" nil t nil "-c" code "sh" args))
    (emacs-agent-remote-process--take process)))

(defun emacs-agent-remote-process--begin (request)
  "Start the process that REQUEST is about, and return it."
  (let* ((process (make-emacs-agent-remote-process
                   :request request
                   :prefix (emacs-agent-session-remote (emacs-agent-editor-request-session request))))
         (directory (emacs-agent-remote-file request 'directory))
         (command (append (emacs-agent-editor-param request 'command) nil))
         (words (append (cl-loop for (name . value) in (emacs-agent-editor-param request 'env)
                                 collect (format "%s=%s" name value))
                        command))
         (input (or (emacs-agent-editor-param request 'input) ""))
         (is-long (> (apply #'+ (mapcar (lambda (word) (1+ (string-bytes (shell-quote-argument word)))) (cons input words)))
                     emacs-agent-remote-process--longest)))
    (unless (and command (cl-every #'stringp command)) (error "There is no command"))
    (unless (file-accessible-directory-p directory)
      (signal 'file-missing (list "Setting current directory" "No such file or directory" directory)))
    (apply #'emacs-agent-remote-process--call process directory
           (concat emacs-agent-remote-code-start emacs-agent-remote-code-look)
           emacs-agent-remote-code-run
           (if is-long
               (list (emacs-agent-remote-process--prepare (emacs-agent-remote-process-prefix process) words
                                                          (base64-decode-string input))
                     "")
             (cons "" (cons input words))))
    process))

(defun emacs-agent-remote-process--prepare (prefix words input)
  "Write WORDS, a command, and INPUT, bytes, on the machine with PREFIX.
Return the name of their directory there."
  (let* ((there (concat prefix "/"))
         (directory (with-temp-buffer
                      (let ((default-directory there))
                        (process-file "sh" nil t nil "-c" "mktemp -d \"${TMPDIR:-/tmp}/emacs-agent.XXXXXX\""))
                      (string-trim (buffer-string))))
         (put (lambda (name bytes)
                (let ((coding-system-for-write 'binary))
                  (write-region bytes nil (concat prefix directory "/" name) nil 'silent)))))
    (unless (string-prefix-p "/" directory) (error "No temporary directory: %s" directory))
    (funcall put "args" (encode-coding-string
                         (concat "set --" (mapconcat #'emacs-agent-remote-process--quoted words "") "\n") 'utf-8-unix))
    (unless (string-empty-p input) (funcall put "in" input))
    directory))

(defun emacs-agent-remote-process--quoted (word)
  "Return WORD, quoted for a shell, after a space."
  (concat " '" (string-replace "'" "'\\''" word) "'"))

(defun emacs-agent-remote-process--known (output)
  "Return as text how many bytes of OUTPUT were fetched, or - if it is full."
  (if (emacs-agent-remote-output-full output) "-" (number-to-string (emacs-agent-remote-output-known output))))

(defun emacs-agent-remote-process--look-again (process)
  "Poll PROCESS: update its state, and fetch its new output."
  (apply #'emacs-agent-remote-process--call process
         (concat (emacs-agent-remote-process-prefix process) "/")
         (concat "d=$1; shift\n" emacs-agent-remote-code-look)
         (emacs-agent-remote-process-directory process)
         (mapcar #'emacs-agent-remote-process--known (emacs-agent-remote-process--outputs process))))

(defun emacs-agent-remote-process--finish (process &optional again)
  "End what is left of PROCESS, as soon as its machine can be called.
If that fails, and not AGAIN, try another connection."
  (let ((prefix (emacs-agent-remote-process-prefix process)))
    (if (emacs-agent-remote-busy-p prefix)
        (run-at-time 0.05 nil #'emacs-agent-remote-process--finish process again)
      (condition-case err
          (emacs-agent-remote-reach
           prefix (lambda ()
                    (let ((default-directory (concat prefix "/")))
                      (process-file "sh" nil nil nil "-c" emacs-agent-remote-code-end "sh"
                                    (emacs-agent-remote-process-directory process)))))
        ((error quit)
         (if again
             (emacs-agent-log "A process on %s was not ended: %s" (emacs-agent-remote-host prefix)
                              (error-message-string err))
           (run-at-time 0.2 nil #'emacs-agent-remote-process--finish process t)))))))

;;;; Requests

(defun emacs-agent-remote-process-answer (request)
  "Answer REQUEST for a process on another machine, when it has ended."
  (emacs-agent-remote-process--next (emacs-agent-remote-serve request #'emacs-agent-remote-process--begin))
  'later)

(defun emacs-agent-remote-process--next (process)
  "Answer the request for PROCESS if it has ended.
Else report what is new, and look again later."
  (let ((more (emacs-agent-remote-process--more-p process)))
    (if (and (emacs-agent-remote-process-exit-code process) (not more))
        (emacs-agent-remote-process--conclude process)
      (emacs-agent-remote-process--report process)
      (run-at-time (if more 0 (emacs-agent-remote-process-pace process)) nil
                   #'emacs-agent-remote-process--work process))))

(defun emacs-agent-remote-process--conclude (process)
  "Answer the request for PROCESS, which has ended.
Output that is wanted in the reports alone is reported first."
  (let ((request (emacs-agent-remote-process-request process)))
    (if (and (emacs-agent-remote-process--job-p process)
             (emacs-agent-editor-request-open request)
             (or (emacs-agent-remote-process-reporting process)
                 (not (string-empty-p (emacs-agent-remote-process-fresh process)))))
        (emacs-agent-remote-process--report process)
      (emacs-agent-editor-answer request (emacs-agent-remote-process--result process))
      (run-at-time 0 nil #'emacs-agent-remote-process--finish process))))

(defun emacs-agent-remote-process--result (process)
  "Return the result of PROCESS, which has ended."
  (let ((out (emacs-agent-remote-process-out process)) (err (emacs-agent-remote-process-err process)))
    `((exit_code . ,(emacs-agent-remote-process-exit-code process))
      (stdout . ,(emacs-agent-remote-process--bytes out))
      (stderr . ,(emacs-agent-remote-process--bytes err))
      ,@(and (or (emacs-agent-remote-output-cut out) (emacs-agent-remote-output-cut err)) '((cut . t))))))

(defun emacs-agent-remote-process--report (process)
  "Report what is new of PROCESS, and from time to time that it is running.
A report is sent after the previous one has arrived, so that they stay in order."
  (let* ((fresh (emacs-agent-remote-process-fresh process))
         (end (min (length fresh) emacs-agent-remote-process--part)))
    (unless (or (emacs-agent-remote-process-reporting process)
                (and (string-empty-p fresh)
                     (< (- (float-time) (emacs-agent-remote-process-reported process)) emacs-agent-remote-process--report)))
      (setf (emacs-agent-remote-process-fresh process) (substring fresh end)
            (emacs-agent-remote-process-reported process) (float-time)
            (emacs-agent-remote-process-reporting process) t)
      (emacs-agent-editor-progress (emacs-agent-remote-process-request process) "Running" (substring fresh 0 end) #'ignore
                                   (lambda () (emacs-agent-remote-process--reported process))))))

(defun emacs-agent-remote-process--reported (process)
  "Handle the arrival of a report about PROCESS: report newer output."
  (setf (emacs-agent-remote-process-reporting process) nil)
  (cond ((not (emacs-agent-remote-process-exit-code process))
         (unless (string-empty-p (emacs-agent-remote-process-fresh process))
           (emacs-agent-remote-process--report process)))
        ((and (not (emacs-agent-remote-process--more-p process)) (emacs-agent-remote-process--job-p process))
         (emacs-agent-remote-process--conclude process))))

(defun emacs-agent-remote-process--work (process)
  "Poll PROCESS, or end it if its request is closed."
  (let ((request (emacs-agent-remote-process-request process))
        (prefix (emacs-agent-remote-process-prefix process)))
    (cond ((not (and (emacs-agent-editor-request-open request) (emacs-agent-backend-ready-p)))
           (emacs-agent-remote-process--finish process))
          ((emacs-agent-remote-busy-p prefix)
           (run-at-time 0.05 nil #'emacs-agent-remote-process--work process))
          (t (condition-case err
                 (let ((start (float-time)))
                   (emacs-agent-remote-reach prefix (lambda () (emacs-agent-remote-process--look-again process)))
                   ;; Emacs waits for another machine a quarter of the time, at most.
                   (setf (emacs-agent-remote-process-pace process)
                         (max (min (* 1.5 (emacs-agent-remote-process-pace process)) (cdr emacs-agent-remote-process-pace))
                              (min 1.0 (* 3 (- (float-time) start))))
                         (emacs-agent-remote-process-lost process) 0)
                   (emacs-agent-remote-process--next process))
               ((error quit) (emacs-agent-remote-process--lost process err)))))))

(defun emacs-agent-remote-process--lost (process err)
  "Handle ERR, with which a poll of PROCESS failed: try another connection, once."
  (if (< (cl-incf (emacs-agent-remote-process-lost process)) 2)
      (run-at-time 0.2 nil #'emacs-agent-remote-process--work process)
    (emacs-agent-editor-fail (emacs-agent-remote-process-request process) (error-message-string err))))

(provide 'emacs-agent-remote-process)
;;; emacs-agent-remote-process.el ends here
