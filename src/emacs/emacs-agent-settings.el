;;; emacs-agent-settings.el --- Model, agent, title and keys of a session  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; What can be chosen is asked of the backend, and only when it has answered is the user.  API keys come from
;; `auth-sources': entries for the provider's host with the user "apikey".

;;; Code:

(require 'emacs-agent-mode)

(declare-function auth-source-search "auth-source")
(declare-function auth-source-forget+ "auth-source")
(defvar auth-sources)

(defcustom emacs-agent-key-hosts
  '(("anthropic" . "api.anthropic.com") ("openai" . "api.openai.com")
    ("gemini" . "generativelanguage.googleapis.com"))
  "Where in `auth-sources' the keys of providers are: names and hosts.
The user of such an entry is \"apikey\"."
  :type '(alist :key-type string :value-type string)
  :group 'emacs-agent)

;;;; Choosing

(defun emacs-agent-settings--choose (session path key prompt format-item then)
  "Ask the user to choose from what the backend has at PATH under KEY.
PROMPT is for the minibuffer, FORMAT-ITEM makes (NAME . ANNOTATION) of an
item, and THEN is called in the buffer of SESSION with the name and the item."
  (let ((buffer (emacs-agent-session-buffer session)))
    (emacs-agent-request
     "GET" path
     :then
     (lambda (data)
       ;; Out of the filter: the minibuffer must not be read in there.
       (run-at-time
        0 nil
        (lambda ()
          (let* ((items (mapcar (lambda (item) (cons (funcall format-item item) item)) (alist-get key data)))
                 (notes (mapcar #'car items))
                 (table (lambda (string predicate action)
                          (if (eq action 'metadata)
                              `(metadata (annotation-function
                                          . ,(lambda (name) (concat "  " (cdr (assoc name notes)))))
                                         (display-sort-function . identity))
                            (complete-with-action action notes string predicate))))
                 (name (completing-read prompt table nil t)))
            (when (and (not (string-empty-p name)) (buffer-live-p buffer))
              (with-current-buffer buffer
                (funcall then name (cdr (cl-find name items :key #'caar :test #'equal))))))))))))

(defun emacs-agent-set-model (&optional name)
  "Change the model of this conversation, from the next call on, to NAME."
  (interactive)
  (let ((session (emacs-agent-mode-session)))
    (if (and name (not (string-empty-p name)))
        (emacs-agent-session-update session `((model . ,name)))
      (emacs-agent-settings--choose
       session "/api/models" 'models "Model: "
       (lambda (model)
         (let-alist model
           (cons .id (emacs-agent-one-line
                      (string-join
                       (delq nil (list (cond ((not (eq .usable t)) (or (emacs-agent-value .reason) "not usable"))
                                             ((numberp .context_window)
                                              (concat (emacs-agent-count .context_window) " tokens")))
                                       (emacs-agent-value .notice)))
                       "  ")))))
       (lambda (name model)
         (let ((change (lambda () (emacs-agent-session-update session `((model . ,name))))))
           (if (eq t (alist-get 'usable model))
               (funcall change)
             (emacs-agent-give-key (alist-get 'provider model) change))))))))

(defun emacs-agent-set-agent (&optional name)
  "Change the agent of this conversation, from the next turn on, to NAME."
  (interactive)
  (let ((session (emacs-agent-mode-session)))
    (if (and name (not (string-empty-p name)))
        (emacs-agent-session-update session `((agent . ,name)))
      (emacs-agent-settings--choose
       session (emacs-agent-http-query "/api/agents" :project (emacs-agent-session-project session))
       'agents "Agent: "
       (lambda (agent) (cons (alist-get 'name agent)
                             (emacs-agent-one-line (or (alist-get 'description agent) "") 80)))
       (lambda (name _agent) (emacs-agent-session-update session `((agent . ,name))))))))

(defun emacs-agent-set-title (title)
  "Call this conversation TITLE."
  (interactive (list (read-string "Title: " (emacs-agent-session-title (emacs-agent-mode-session)))))
  (emacs-agent-session-update (emacs-agent-mode-session) `((title . ,(emacs-agent-clean-text title)))))

;;;; Keys

(defvar emacs-agent-settings--given nil
  "Names of providers whose keys this backend has from us.")

(defun emacs-agent-settings--stored-key (provider &optional afresh)
  "Return the key of PROVIDER from `auth-sources', or nil.
With AFRESH, look it up even if it was before: it may be another one now."
  (require 'auth-source)
  (let* ((host (cdr (assoc provider emacs-agent-key-hosts)))
         (_ (and host afresh (auth-source-forget+ :host host)))
         (entry (and host auth-sources
                     (car (ignore-errors (auth-source-search :host host :user "apikey" :max 1)))))
         (secret (plist-get entry :secret)))
    (if (functionp secret) (funcall secret) secret)))

(defun emacs-agent-settings--provider (session)
  "Return the name of the provider of SESSION's model."
  (car (split-string (or (emacs-agent-session-model session) "") "/")))

(defun emacs-agent-settings--put-key (provider key then else)
  "Hand KEY of PROVIDER to the backend, then call THEN, or ELSE if it is refused."
  (push provider emacs-agent-settings--given)
  (emacs-agent-request "PUT" (format "/api/providers/%s/key" provider)
                       :body `((key . ,(string-trim key)))
                       :then (lambda (_) (funcall then))
                       :else (lambda (failure)
                               (emacs-agent-say "Emacs-Agent: the key of %s was refused: %s"
                                                provider (alist-get 'message failure))
                               (funcall else))))

(defun emacs-agent-give-key (provider &optional then type)
  "Hand the key of PROVIDER to the backend, then call THEN.
It is taken from `auth-sources', or asked for where that has none, and always
with a prefix argument, TYPE.  The backend keeps it in memory."
  (interactive
   (let ((provider (and emacs-agent-session (emacs-agent-settings--provider emacs-agent-session))))
     (list (completing-read (format-prompt "Provider" provider) (mapcar #'car emacs-agent-key-hosts)
                            nil nil nil nil provider)
           nil current-prefix-arg)))
  (let ((key (or (and (not type) (emacs-agent-settings--stored-key provider t))
                 (read-passwd (format "API key for %s (kept in memory only): " provider)))))
    (if (string-blank-p key)
        (emacs-agent-say "No key: %s stays unusable" provider)
      (emacs-agent-settings--put-key
       provider key (or then (lambda () (emacs-agent-say "The backend has the key of %s" provider))) #'ignore))))

(defun emacs-agent-settings-give-stored-keys (then)
  "Hand the keys that `auth-sources' has to the backend, then call THEN.
Those that were handed over already are left out.  A passphrase may be asked
for meanwhile: quitting that goes on without the keys."
  ;; Whoever calls this may be a filter, in which nothing could be quit.
  (run-at-time 0 nil (lambda ()
                       (emacs-agent-settings--give (with-local-quit (emacs-agent-settings--missing)) then))))

(defun emacs-agent-settings--missing ()
  "Return the stored keys that the backend does not have yet, by provider."
  (cl-loop for (provider) in emacs-agent-key-hosts
           unless (member provider emacs-agent-settings--given)
           for key = (emacs-agent-settings--stored-key provider)
           when key collect (cons provider key)))

(defun emacs-agent-settings--give (keys then)
  "Hand KEYS, by provider, to the backend, then call THEN."
  (if (null keys)
      (funcall then)
    (let* ((left (length keys))
           (one-less (lambda () (when (= 0 (cl-decf left)) (funcall then)))))
      (pcase-dolist (`(,provider . ,key) keys)
        (emacs-agent-settings--put-key provider key one-less one-less)))))

(defun emacs-agent-settings--event (session event)
  "Offer to hand over a key if EVENT of SESSION says that one is missing."
  (when (and (equal (alist-get 'type event) "error")
             (equal (alist-get 'code event) "LLM_AUTH")
             (emacs-agent-session-caught-up session))
    (emacs-agent-view-line (format "M-x emacs-agent-give-key hands the key of %s to the backend."
                                   (emacs-agent-inert-line (emacs-agent-settings--provider session))))))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-settings--event 60)

(defun emacs-agent-settings--backend-changed (state _text)
  "Forget which keys the backend has when it is gone: STATE."
  (when (memq state '(died stopped failed))
    (setq emacs-agent-settings--given nil)))

(add-hook 'emacs-agent-backend-functions #'emacs-agent-settings--backend-changed -50)

(provide 'emacs-agent-settings)
;;; emacs-agent-settings.el ends here
