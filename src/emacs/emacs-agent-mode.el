;;; emacs-agent-mode.el --- The buffer of a conversation  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; One buffer per session, in a mode derived from Org: output that cannot be edited, and the input below it.

;;; Code:

(require 'org)
(require 'emacs-agent-connection)
(require 'emacs-agent-view)
(require 'emacs-agent-code)
(require 'emacs-agent-input)

(declare-function org-open-at-point "org")
(defvar org-element-use-cache)
(defvar org-modules-loaded)

(defcustom emacs-agent-display-action
  '((display-buffer-reuse-window display-buffer-in-direction)
    (direction . right) (window-width . 0.5))
  "How conversations are displayed, as for `display-buffer'."
  :type 'sexp
  :group 'emacs-agent)

(defvar emacs-agent-before-send-function (lambda (_session send) (funcall send))
  "Function called with a session and a function that sends a prompt to it.")

(defvar emacs-agent-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'emacs-agent-send)
    (define-key map (kbd "C-c C-k") #'emacs-agent-interrupt)
    (define-key map (kbd "C-c C-a") 'emacs-agent-next-approval)
    (define-key map (kbd "C-c C-m") 'emacs-agent-set-model)
    (define-key map (kbd "C-c C-b") 'emacs-agent-set-agent)
    (define-key map (kbd "C-c C-r") 'emacs-agent-resume)
    (define-key map (kbd "C-c C-d") 'emacs-agent-review)
    (define-key map (kbd "C-c C-s") 'emacs-agent-sessions)
    (define-key map (kbd "C-c C-t") 'emacs-agent-set-title)
    (define-key map (kbd "C-c C-w") #'emacs-agent-edit-queue)
    (define-key map (kbd "C-c C-z") 'emacs-agent-menu)
    (define-key map (kbd "M-p") #'emacs-agent-input-previous)
    (define-key map (kbd "M-n") #'emacs-agent-input-next)
    (define-key map (kbd "RET") #'emacs-agent-return)
    (define-key map (kbd "TAB") #'emacs-agent-tab)
    (define-key map [remap self-insert-command] #'emacs-agent-input-self-insert)
    (define-key map [remap org-self-insert-command] #'emacs-agent-input-self-insert)
    (define-key map [remap yank] #'emacs-agent-input-yank)
    (define-key map [remap org-yank] #'emacs-agent-input-yank)
    map)
  "Keys of conversations.")

(defvar emacs-agent-mode-syntax-table
  (make-syntax-table org-mode-syntax-table)
  "Syntax of conversations.")

(define-derived-mode emacs-agent-mode org-mode "Agent"
  "A conversation with an agent, as an Org document.

The end of the buffer is the input: \\[emacs-agent-send] sends what you write
there, and typing anywhere goes there.  Files that are mentioned as @file go
along, images as such.  With a prefix argument, or while the
agent works, see `emacs-agent-when-busy'.  \\[emacs-agent-interrupt] stops the
agent and gives back what was waiting to be sent.

\\[emacs-agent-tab] on a tool call shows more of it, \\[emacs-agent-return]
all of its result, and both act on links and headings as usual.  What waits
for a decision is found with \\[emacs-agent-next-approval]; with point on it,
the keys that it shows apply.

\\{emacs-agent-mode-map}"
  :group 'emacs-agent
  (emacs-agent-view-setup)
  (setq-local org-element-use-cache nil
              org-file-apps '((t . emacs))
              org-confirm-babel-evaluate t
              org-imenu-depth 4
              org-hide-emphasis-markers t
              org-adapt-indentation nil
              org-return-follows-link nil
              font-lock-fontify-region-function #'emacs-agent-mode--fontify
              header-line-format '(:eval (emacs-agent-mode-header))
              next-error-function 'emacs-agent-next-error
              bookmark-make-record-function 'emacs-agent-bookmark-record
              scroll-conservatively 101
              bidi-paragraph-direction 'left-to-right
              mode-line-process '(:eval (emacs-agent-mode-process)))
  (visual-line-mode 1)
  (setq-local truncate-lines nil)
  (add-hook 'kill-buffer-hook #'emacs-agent-mode--leave nil t)
  (add-hook 'change-major-mode-hook #'emacs-agent-mode--leave nil t))

(defvar-local emacs-agent-mode--uncoloured nil
  "Whether what was read again is still to be fontified.")

(defun emacs-agent-mode--fontify (start end &optional loudly)
  "Fontify from START to END as Org does, LOUDLY or not, and add our faces.
While a conversation is being read again nothing is: that would be done over
and over."
  (if (and emacs-agent-session (emacs-agent-session-backlog emacs-agent-session)
           (not (emacs-agent-session-caught-up emacs-agent-session)))
      (setq emacs-agent-mode--uncoloured t)
    (emacs-agent-mode--colour start end loudly)))

(defun emacs-agent-mode--colour (start end loudly)
  "Fontify from START to END as Org does, LOUDLY or not, and add our faces."
  (let ((bounds (let ((org-src-fontify-natively nil))
                  (font-lock-default-fontify-region start end loudly))))
    (pcase bounds
      (`(jit-lock-bounds ,from . ,to) (emacs-agent-code-colour from to))
      (_ (emacs-agent-code-colour start end)))
    (setq start (emacs-agent-mode--block-edge start #'re-search-backward "BEGIN")
          end (emacs-agent-mode--block-edge end #'re-search-forward "END"))
    (with-silent-modifications
      (emacs-agent-mode--each 'emacs-agent-properties start end #'add-text-properties)
      (emacs-agent-mode--each 'emacs-agent-face start end
                              (lambda (from to face) (put-text-property from to 'face face))))
    bounds))

(defun emacs-agent-mode--block-edge (position search edge)
  "Return the EDGE of the block around POSITION, or POSITION outside of any.
SEARCH is the function that looks for it.  Org colours blocks as a whole."
  (save-excursion
    (goto-char position)
    (let ((case-fold-search nil) (limit (if (equal edge "END") 20000 -20000)))
      (if (and (funcall search "^#\\+\\(BEGIN\\|END\\)_"
                        (max (point-min) (min (point-max) (+ position limit))) t)
               (equal (match-string 1) edge))
          (point)
        position))))

(defun emacs-agent-mode--each (property start end function)
  "Call FUNCTION where PROPERTY has a value between START and END, and with it."
  (while (< start end)
    (let ((next (next-single-property-change start property nil end))
          (value (get-text-property start property)))
      (when value (funcall function start next value))
      (setq start next))))

;;;; The buffer

(defun emacs-agent-mode-buffer (session)
  "Return the buffer of SESSION, made if need be."
  (let ((buffer (emacs-agent-session-buffer session)))
    (if (buffer-live-p buffer)
        buffer
      (setf (emacs-agent-session-buffer session) (emacs-agent-mode--make session)))))

(defun emacs-agent-mode--make (session)
  "Make the buffer of SESSION."
  (let ((buffer (generate-new-buffer
                 (format "*agent: %s*" (file-name-nondirectory
                                        (directory-file-name (emacs-agent-session-project session)))))))
    (with-current-buffer buffer
      (setq default-directory (file-name-as-directory (emacs-agent-session-project session)))
      (let ((org-inhibit-startup t)
            ;; Link types for mail, news and the like take half a second to load, and no link of ours needs them.
            (org-modules-loaded t))
        (emacs-agent-mode))
      (emacs-agent-input-setup)
      (setq emacs-agent-session session)
      (set-buffer-modified-p nil)
      (goto-char (point-max)))
    buffer))

(defun emacs-agent-mode--leave ()
  "Let go of the session of this buffer, which goes on in the backend."
  (when emacs-agent-session
    (emacs-agent-session-leave emacs-agent-session)
    (setf (emacs-agent-session-buffer emacs-agent-session) nil)
    (setq emacs-agent-session nil)))

(defun emacs-agent-mode-show (session)
  "Display the buffer of SESSION and select it."
  (let ((window (display-buffer (emacs-agent-mode-buffer session) emacs-agent-display-action)))
    (when window
      (select-window window)
      (goto-char (point-max)))))

(defun emacs-agent-mode-session ()
  "Return the session of this buffer, or of its project; else signal an error."
  (or emacs-agent-session
      (let ((project (directory-file-name (emacs-agent-context-project))))
        (cl-find project emacs-agent-session-list :test #'equal :key #'emacs-agent-session-project))
      (user-error "There is no conversation about this project; M-x emacs-agent starts one")))

;;;; Events

(defun emacs-agent-mode--batch (session)
  "Show what came to SESSION, and keep windows that are at the end there."
  (emacs-agent-view-batch session)
  (when (and emacs-agent-mode--uncoloured (not (emacs-agent-session-backlog session)))
    (setq emacs-agent-mode--uncoloured nil)
    (font-lock-flush))
  (dolist (window (get-buffer-window-list nil nil t))
    (when (and (emacs-agent-input-p (window-point window))
               (not (pos-visible-in-window-p (point-max) window)))
      (with-selected-window window
        (save-excursion
          (goto-char (point-max))
          (recenter -1))))))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-view-event)
(add-hook 'emacs-agent-session-batch-functions #'emacs-agent-mode--batch)

(defun emacs-agent-mode--changed (session)
  "Show the new state of SESSION in its buffer."
  (let ((buffer (emacs-agent-session-buffer session)))
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        (emacs-agent-mode--show-above session)
        (force-mode-line-update)))))

(add-hook 'emacs-agent-session-changed-functions #'emacs-agent-mode--changed)

(defvar-local emacs-agent-mode--above nil
  "Overlay that shows, above the input, what is no part of the conversation.")

(defun emacs-agent-mode--show-above (session)
  "Show above the input what SESSION has in its queue, and a notice."
  (let ((text (concat (emacs-agent-mode--notice session)
                      (mapconcat #'emacs-agent-mode--queued (emacs-agent-session-queued session) ""))))
    (if (string-empty-p text)
        (when emacs-agent-mode--above (delete-overlay emacs-agent-mode--above))
      (unless emacs-agent-mode--above
        (setq emacs-agent-mode--above (make-overlay 1 1)))
      (move-overlay emacs-agent-mode--above emacs-agent-section-end-of-output
                    emacs-agent-section-end-of-output (current-buffer))
      (overlay-put emacs-agent-mode--above 'before-string text))))

(defun emacs-agent-mode--notice (session)
  "Return a line with what SESSION's user should know of its model, if anything."
  (let ((notice (emacs-agent-session-notice session)))
    (if notice
        (propertize (concat (emacs-agent-show-all (emacs-agent-one-line notice 300)) "\n")
                    'face 'emacs-agent-attention)
      "")))

(defun emacs-agent-mode--queued (prompt)
  "Return a line about PROMPT, which waits to be sent."
  (propertize (format "%s: %s\n" (if (equal (alist-get 'when_busy prompt) "steer") "Steers" "Waits")
                      (emacs-agent-show-all (emacs-agent-one-line (alist-get 'text prompt) 70)))
              'face 'emacs-agent-dim))

;;;; Header line

(defun emacs-agent-mode--percent (text)
  "Return TEXT fit for a mode line."
  (string-replace "%" "%%" text))

(defun emacs-agent-mode-state (session)
  "Return the state of SESSION in words, with a face."
  (let ((waiting (emacs-agent-session-waiting session)))
    (pcase (emacs-agent-session-connection session)
      ('connecting (propertize "connecting" 'face 'emacs-agent-running))
      ('waiting (propertize "reconnecting" 'face 'emacs-agent-failure))
      ('lost (propertize "backend lost" 'face 'emacs-agent-failure))
      ('ended (propertize "ended" 'face 'emacs-agent-dim))
      (_ (cond ((> waiting 0)
                (propertize (format "%d waiting for you" waiting) 'face 'emacs-agent-attention))
               (t (pcase (emacs-agent-session-state session)
                    ("idle" (propertize "ready" 'face 'emacs-agent-success))
                    ("thinking" (propertize "thinking" 'face 'emacs-agent-running))
                    ("tool_execution" (propertize "working" 'face 'emacs-agent-running))
                    ("error" (propertize "error" 'face 'emacs-agent-failure))
                    (state (propertize (or state "") 'face 'emacs-agent-running)))))))))

(defun emacs-agent-mode--draft ()
  "Return what the model is writing besides messages, or nil."
  (when emacs-agent-view-draft
    (let-alist emacs-agent-view-draft
      (format "%s%s %s" (emacs-agent-one-line .tool 30)
              (if (stringp .path) (concat " " (emacs-agent-one-line .path 40)) "")
              (emacs-agent-count (or .chars 0))))))

(defun emacs-agent-mode--window (session)
  "Return how full the window of SESSION is, or nil."
  (let ((used (emacs-agent-session-context-tokens session))
        (size (emacs-agent-session-context-window session)))
    (and (numberp used) (> used 0)
         (if (and (numberp size) (> size 0))
             (format "%s/%s (%d%%)" (emacs-agent-count used) (emacs-agent-count size)
                     (round (* 100.0 used) size))
           (emacs-agent-count used)))))

(defun emacs-agent-mode-header ()
  "Return the header line of this conversation."
  (when emacs-agent-session
    (let* ((session emacs-agent-session)
           (details (emacs-agent-session-details session))
           (cost (emacs-agent-session-cost session))
           (queued (length (emacs-agent-session-queued session)))
           (parts (delq nil
                        (list (file-name-nondirectory (emacs-agent-session-project session))
                              (emacs-agent-session-model session)
                              (emacs-agent-session-agent session)
                              (emacs-agent-mode-state session)
                              (or (emacs-agent-mode--draft)
                                  (and (stringp details) (emacs-agent-session-busy-p session)
                                       (emacs-agent-one-line details 60)))
                              (and (> queued 0) (format "%d queued" queued))
                              (emacs-agent-mode--window session)
                              (and (numberp cost) (> cost 0) (format "$%.2f" cost))))))
      (concat " " (mapconcat #'emacs-agent-mode--percent parts
                             (propertize "  " 'face 'emacs-agent-dim))))))

(defun emacs-agent-mode-process ()
  "Return what the mode line says about this conversation."
  (and emacs-agent-session
       (concat " " (emacs-agent-mode-state emacs-agent-session))))

;;;; Keys

(defun emacs-agent-return ()
  "Start a new line of the input, or act on what is at point."
  (interactive)
  (cond ((not (emacs-agent-input-p)) (emacs-agent-mode--act))
        ((and emacs-agent-return-sends (eobp)) (emacs-agent-send))
        (t (newline))))

(defun emacs-agent-mode--act ()
  "Act on what is at point in the output."
  (let ((section (emacs-agent-section-at)))
    (cond ((org-in-regexp org-link-any-re) (org-open-at-point))
          ((and section (emacs-agent-call-p (emacs-agent-section-data section)))
           (emacs-agent-call-show-result (emacs-agent-section-data section)))
          (section (emacs-agent-section-toggle section))
          ((org-at-heading-p) (org-cycle))
          (t (goto-char (point-max))))))

(defun emacs-agent-tab ()
  "Complete in the input; elsewhere fold and unfold."
  (interactive)
  (let ((section (emacs-agent-section-at)))
    (cond ((emacs-agent-input-p) (completion-at-point))
          ((and section (<= (emacs-agent-section-start section) (line-beginning-position))
                (= (emacs-agent-section-start section) (line-beginning-position)))
           (emacs-agent-section-toggle section))
          (t (org-cycle)))))

;;;; Sending and stopping

(defun emacs-agent-send (&optional other)
  "Send what is written.
While the agent works it waits or steers, see `emacs-agent-when-busy';
with a prefix argument, OTHER, it does what it would not do otherwise."
  (interactive "P")
  (unless emacs-agent-session (user-error "This is no conversation"))
  (let ((text (string-trim (emacs-agent-input-text))))
    (cond ((string-empty-p text)
           (goto-char (point-max))
           (user-error "Write something first"))
          ((emacs-agent-input-command text) (emacs-agent-input-remember text))
          (t (emacs-agent-input-set "")
             (emacs-agent-input-remember text)
             (emacs-agent-mode-prompt emacs-agent-session text
                                      :when-busy (emacs-agent-mode--when-busy other))))))

(defun emacs-agent-mode--when-busy (other)
  "Return what to do while the agent works; with OTHER, the other thing."
  (symbol-name (if other
                   (if (eq emacs-agent-when-busy 'queue) 'steer 'queue)
                 emacs-agent-when-busy)))

(cl-defun emacs-agent-mode-prompt (session text &key context when-busy agent then)
  "Send TEXT to SESSION, which is revived if it has ended; call THEN.
CONTEXT is added to that of the buffer the user works in.  WHEN-BUSY and AGENT
are as for `emacs-agent-session-prompt'.  What cannot be sent is given back."
  (let* ((mentions (with-current-buffer (emacs-agent-mode-buffer session) (emacs-agent-input-mentions text)))
         (images (cl-remove-if-not #'emacs-agent-input-image-p mentions))
         (context (emacs-agent-mode--context session (cl-set-difference mentions images) context)))
    (emacs-agent-session-in-turn
     session
     (lambda (done)
       (let* ((back (lambda (failure)
                      (emacs-agent-mode--give-back session (list text))
                      (emacs-agent-say "Emacs-Agent: not sent: %s" (alist-get 'message failure))
                      (funcall done)))
              (prompt (lambda ()
                        (emacs-agent-session-prompt
                         session text :context context :when-busy (or when-busy "queue") :agent agent
                         :attachments (mapcar (lambda (file) `((path . ,file))) images)
                         :then (lambda (answer)
                                 (funcall done)
                                 (when then (funcall then answer)))
                         :else back)))
              (send (lambda () (funcall emacs-agent-before-send-function session prompt))))
         (if (emacs-agent-session-live-p session)
             (funcall send)
           (emacs-agent-session-revive session send back)))))))

(defun emacs-agent-mode--context (session files more)
  "Return the context of a prompt to SESSION that mentions FILES, with MORE in it."
  (let* ((buffer (emacs-agent-context-buffer (emacs-agent-session-project session)))
         (context (append more (and buffer (emacs-agent-context-of buffer)))))
    (cl-remove-duplicates
     (append (and files `((files . ,(vconcat files)))) context)
     :key #'car :from-end t)))

(defun emacs-agent-interrupt ()
  "Stop the agent; what was waiting to be sent goes back into the input."
  (interactive)
  (let ((session (emacs-agent-mode-session)))
    (unless (emacs-agent-session-id session) (user-error "There is nothing to stop yet"))
    (emacs-agent-session-act
     session "interrupt" nil
     (lambda (answer)
       (emacs-agent-say "Stopped%s" (if (emacs-agent-session-give-back session answer)
                                        ", and what waited is in the input again" ""))))))

(defun emacs-agent-mode--give-back (session texts)
  "Put TEXTS, which SESSION will not see, back into its input."
  (let ((buffer (emacs-agent-session-buffer session)))
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        ;; A prompt whose answer was lost with the backend may come back twice: not sent, and dropped.
        (let ((missing (cl-remove-if #'emacs-agent-input-has-p texts)))
          (when missing (emacs-agent-input-add (string-join missing "\n\n"))))))))

(add-hook 'emacs-agent-session-dropped-functions #'emacs-agent-mode--give-back)

(defun emacs-agent-edit-queue ()
  "Take a prompt that waits back into the input."
  (interactive)
  (let* ((session (emacs-agent-mode-session))
         (queued (or (emacs-agent-session-queued session) (user-error "Nothing waits to be sent")))
         (names (mapcar (lambda (prompt)
                          (cons (emacs-agent-one-line (alist-get 'text prompt) 60) prompt))
                        queued))
         (prompt (if (cdr names)
                     (cdr (assoc (completing-read "Take back: " names nil t) names))
                   (cdar names)))
         (buffer (current-buffer)))
    (emacs-agent-request
     "DELETE" (emacs-agent-session-path session (format "/queue/%s" (alist-get 'turn_id prompt)))
     :then (lambda (_)
             (when (buffer-live-p buffer)
               (with-current-buffer buffer
                 (emacs-agent-input-add (alist-get 'text prompt))))))))

(provide 'emacs-agent-mode)
;;; emacs-agent-mode.el ends here
