;;; emacs-agent-ask.el --- Commands from where you work  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Questions about a region or a diagnostic go to the conversation of the project.  Rewrites and commit messages are asked
;; of the `ask' agent, which has no tools and keeps no transcript, and wait where you are for you to take them.

;;; Code:

(require 'emacs-agent)

(declare-function flymake-diagnostic-text "flymake")
(declare-function flymake-diagnostics "flymake")
(declare-function log-edit-insert-message-template "log-edit")

;;;; To the conversation

(defun emacs-agent-ask--send (text context)
  "Send TEXT with CONTEXT to the conversation of this project and show it."
  (let* ((project (emacs-agent-context-project))
         (session (or (emacs-agent--project-session project) (emacs-agent-start project))))
    (emacs-agent-mode-prompt session text :context context)
    (save-selected-window (emacs-agent-mode-show session))))

;;;###autoload
(defun emacs-agent-ask-region (start end question)
  "Ask QUESTION about the region between START and END."
  (interactive (list (region-beginning) (region-end) (read-string "About the region: ")))
  (when (string-blank-p question) (user-error "Ask what?"))
  (emacs-agent-ask--send question
                         (append `((region . ,(emacs-agent-context-region start end)))
                                 (emacs-agent-context-of (current-buffer) '(file)))))

;;;###autoload
(defun emacs-agent-send-buffer (question)
  "Ask QUESTION and send the whole text of this buffer along."
  (interactive "sAbout this buffer: ")
  (emacs-agent-ask--send question (emacs-agent-context-of (current-buffer) '(file buffer diagnostics))))

;;;###autoload
(defun emacs-agent-fix-diagnostic-at-point ()
  "Have the agent fix what Flymake says about this line."
  (interactive)
  (let ((diagnostics (emacs-agent-context-diagnostics (line-beginning-position) (line-end-position))))
    (when (= 0 (length diagnostics)) (user-error "Flymake says nothing about this line"))
    (emacs-agent-ask--send
     (format "Fix this problem: %s" (alist-get 'message (aref diagnostics 0)))
     (append `((diagnostics . ,diagnostics))
             (emacs-agent-context-of (current-buffer) '(file))))))

;;;; The ask agent

(defun emacs-agent-ask--once (prompt then &optional else)
  "Ask PROMPT of the `ask' agent and call THEN with its answer.
Where there is none, say why and call ELSE."
  (let* ((project (emacs-agent-context-project))
         (session nil)
         (fail (lambda (why)
                 (emacs-agent-say "Emacs-Agent: %s" why)
                 (when else (funcall else)))))
    (setq session (emacs-agent-session-create
                   project :model emacs-agent-model :agent "ask" :save :false
                   :before #'emacs-agent-settings-give-stored-keys
                   :else (lambda (failure)
                           (emacs-agent-session-leave session)
                           (funcall fail (alist-get 'message failure)))))
    (emacs-agent-session-when-open
     session
     (lambda (failure)
       (unless failure
         (emacs-agent-request
          "POST" (emacs-agent-session-path session "/prompt") :timeout nil
          :body `((text . ,(emacs-agent-clean-text prompt)) (wait . t))
          :then (lambda (answer)
                  (emacs-agent-ask--end session)
                  (let-alist answer
                    (if (equal .status "success")
                        (funcall then .text)
                      (funcall fail (or .error.message "no answer")))))
          :else (lambda (failure)
                  (emacs-agent-ask--end session)
                  (funcall fail (alist-get 'message failure)))))))))

(defun emacs-agent-ask--end (session)
  "Close SESSION, which was for one answer."
  (emacs-agent-session-leave session)
  (emacs-agent-request "DELETE" (emacs-agent-session-path session) :else #'ignore))

(defun emacs-agent-ask--fenced (text language)
  "Return TEXT, of LANGUAGE, in a fence that is longer than any in it."
  (let ((fence "```"))
    (while (string-search fence text) (setq fence (concat fence "`")))
    (concat fence language "\n" text "\n" fence)))

(defun emacs-agent-ask--code (answer)
  "Return the code in ANSWER: what is in its fence, if it is one."
  (if (string-match "\\`[ \t\n]*\\(```+\\|~~~+\\)[^\n]*\n\\(\\(?:.\\|\n\\)*?\\)\n?[ \t]*\\1[ \t\n]*\\'" answer)
      (match-string 2 answer)
    answer))

;;;; Rewriting

(defvar emacs-agent-rewrite-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'emacs-agent-rewrite-accept)
    (define-key map (kbd "C-c C-k") #'emacs-agent-rewrite-refuse)
    map)
  "Keys of a proposed rewrite, with point on it.")

;;;###autoload
(defun emacs-agent-rewrite-region (start end instruction)
  "Have the text between START and END rewritten by INSTRUCTION.
What is proposed is shown below the text, to be taken or refused."
  (interactive (list (region-beginning) (region-end) (read-string "Rewrite it how: ")))
  (let ((overlay (make-overlay start end nil t nil))
        (text (buffer-substring-no-properties start end)))
    (overlay-put overlay 'face 'emacs-agent-dim)
    (overlay-put overlay 'emacs-agent-before text)
    (overlay-put overlay 'evaporate t)
    (deactivate-mark)
    (emacs-agent-say "Rewriting…")
    (emacs-agent-ask--once
     (format "Rewrite the following %s by this instruction: %s\nAnswer with the new text alone, in one fence.\n\n%s"
             (if (derived-mode-p 'prog-mode) (format "%s code" major-mode) "text") instruction
             (emacs-agent-ask--fenced text ""))
     (lambda (answer) (emacs-agent-rewrite--propose overlay (emacs-agent-ask--code answer)))
     (lambda () (delete-overlay overlay)))))

(defun emacs-agent-rewrite--propose (overlay text)
  "Show TEXT as what could take the place of OVERLAY's."
  (when (overlay-buffer overlay)
    (with-current-buffer (overlay-buffer overlay)
      (when (and (string-suffix-p "\n" (overlay-get overlay 'emacs-agent-before))
                 (not (string-suffix-p "\n" text)))
        (setq text (concat text "\n")))
      (overlay-put overlay 'emacs-agent-after text)
      (overlay-put overlay 'face 'diff-removed)
      (overlay-put overlay 'keymap emacs-agent-rewrite-map)
      (overlay-put overlay 'after-string
                   (concat (if (string-suffix-p "\n" (overlay-get overlay 'emacs-agent-before)) "" "\n")
                           (propertize (emacs-agent-show-all text) 'face 'diff-added)
                           (propertize (substitute-command-keys
                                        "\\<emacs-agent-rewrite-map>\\[emacs-agent-rewrite-accept] takes it, \
\\[emacs-agent-rewrite-refuse] keeps yours\n")
                                       'face 'emacs-agent-dim)))
      (emacs-agent-say "There is a proposal in %s" (buffer-name)))))

(defun emacs-agent-rewrite--overlay ()
  "Return the proposal at point, or the only one of this buffer."
  (let ((all (cl-remove-if-not (lambda (overlay) (overlay-get overlay 'emacs-agent-after))
                               (overlays-in (point-min) (point-max)))))
    (or (cl-find-if (lambda (overlay) (<= (overlay-start overlay) (point) (overlay-end overlay))) all)
        (and (= 1 (length all)) (car all))
        (user-error "There is no proposal here"))))

(defun emacs-agent-rewrite-accept ()
  "Take the proposal at point."
  (interactive)
  (let* ((overlay (emacs-agent-rewrite--overlay))
         (start (overlay-start overlay)) (end (overlay-end overlay))
         (after (overlay-get overlay 'emacs-agent-after)))
    (unless (equal (overlay-get overlay 'emacs-agent-before) (buffer-substring-no-properties start end))
      (unless (y-or-n-p "The text has changed since; replace it nevertheless? ")
        (user-error "Kept")))
    (delete-overlay overlay)
    (save-excursion
      (goto-char start)
      (delete-region start end)
      (insert after))))

(defun emacs-agent-rewrite-refuse ()
  "Keep the text and forget the proposal at point."
  (interactive)
  (delete-overlay (emacs-agent-rewrite--overlay)))

;;;; Commit messages

;;;###autoload
(defun emacs-agent-commit-message ()
  "Write a commit message for what is staged.
It goes where point is in a buffer for commit messages, else to the kill ring."
  (interactive)
  (let* ((default-directory (emacs-agent-context-project))
         (target (and (or (derived-mode-p 'log-edit-mode) (bound-and-true-p git-commit-mode))
                      (point-marker)))
         (output (generate-new-buffer " *emacs-agent diff*")))
    (make-process
     :name "emacs-agent-git" :buffer output :noquery t :connection-type 'pipe :stderr (get-buffer-create " *emacs-agent git*")
     :command '("git" "-c" "core.fsmonitor=false" "--no-pager" "diff" "--cached" "--no-ext-diff"
                "--no-textconv" "--no-color")
     :sentinel (lambda (process _event)
                 (unless (process-live-p process)
                   (let ((diff (with-current-buffer output (buffer-string)))
                         (default-directory (buffer-local-value 'default-directory output)))
                     (kill-buffer output)
                     (emacs-agent-commit--ask diff target)))))))

(defun emacs-agent-commit--ask (diff target)
  "Ask for a message for DIFF and put it at TARGET, a marker, or kill it."
  (if (string-blank-p diff)
      (emacs-agent-say "Nothing is staged")
    (emacs-agent-say "Writing a message…")
    (emacs-agent-ask--once
     (format "Write a commit message for this diff: a line of at most 70 characters in the imperative, then, if need be, \
an empty line and why.  Answer with the message alone.\n\n%s"
             (emacs-agent-ask--fenced
              (if (> (length diff) 60000) (concat (substring diff 0 60000) "\n[cut]") diff) "diff"))
     (lambda (answer)
       (let ((message (concat (string-trim (emacs-agent-ask--code answer)) "\n")))
         (if (and target (buffer-live-p (marker-buffer target)))
             (with-current-buffer (marker-buffer target)
               (save-excursion (goto-char target) (insert message)))
           (kill-new message)
           (emacs-agent-say "The message can be yanked: %s" (car (split-string message "\n")))))))))

(provide 'emacs-agent-ask)
;;; emacs-agent-ask.el ends here
