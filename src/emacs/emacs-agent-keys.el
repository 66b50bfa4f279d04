;;; emacs-agent-keys.el --- API keys  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; They come from `auth-sources', entries for the provider's host with the user "apikey", or are typed in.  The backend
;; keeps them in memory.

;;; Code:

(require 'emacs-agent-mode)
(require 'emacs-agent-inert)
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

(defvar emacs-agent-keys--given nil
  "Names of providers whose keys this backend has from us.")

(defun emacs-agent-keys--stored (provider &optional afresh)
  "Return the key of PROVIDER from `auth-sources', or nil.
With AFRESH, look it up even if it was before: it may be another one now."
  (require 'auth-source)
  (let* ((host (cdr (assoc provider emacs-agent-key-hosts)))
         (_ (and host afresh (auth-source-forget+ :host host)))
         (entry (and host auth-sources
                     (car (ignore-errors (auth-source-search :host host :user "apikey" :max 1)))))
         (secret (plist-get entry :secret)))
    (if (functionp secret) (funcall secret) secret)))

(defun emacs-agent-keys--provider (session)
  "Return the name of the provider of SESSION's model."
  (car (split-string (or (emacs-agent-session-model session) "") "/")))

(defun emacs-agent-keys--put (provider key then else)
  "Hand KEY of PROVIDER to the backend, then call THEN, or ELSE if it is refused."
  (push provider emacs-agent-keys--given)
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
   (let ((provider (and emacs-agent-session (emacs-agent-keys--provider emacs-agent-session))))
     (list (completing-read (format-prompt "Provider" provider) (mapcar #'car emacs-agent-key-hosts)
                            nil nil nil nil provider)
           nil current-prefix-arg)))
  (let ((key (or (and (not type) (emacs-agent-keys--stored provider t))
                 (read-passwd (format "API key for %s (kept in memory only): " provider)))))
    (if (string-blank-p key)
        (emacs-agent-say "No key: %s stays unusable" provider)
      (emacs-agent-keys--put
       provider key (or then (lambda () (emacs-agent-say "The backend has the key of %s" provider))) #'ignore))))

(defun emacs-agent-keys-give-stored (then)
  "Hand the keys that `auth-sources' has to the backend, then call THEN.
Those that were handed over already are left out.  A passphrase may be asked
for meanwhile: quitting that goes on without the keys."
  ;; Whoever calls this may be a filter, in which nothing could be quit.
  (run-at-time 0 nil (lambda ()
                       (emacs-agent-keys--give (with-local-quit (emacs-agent-keys--missing)) then))))

(defun emacs-agent-keys--missing ()
  "Return the stored keys that the backend does not have yet, by provider."
  (cl-loop for (provider) in emacs-agent-key-hosts
           unless (member provider emacs-agent-keys--given)
           for key = (emacs-agent-keys--stored provider)
           when key collect (cons provider key)))

(defun emacs-agent-keys--give (keys then)
  "Hand KEYS, by provider, to the backend, then call THEN."
  (if (null keys)
      (funcall then)
    (let* ((left (length keys))
           (one-less (lambda () (when (= 0 (cl-decf left)) (funcall then)))))
      (pcase-dolist (`(,provider . ,key) keys)
        (emacs-agent-keys--put provider key one-less one-less)))))

(defun emacs-agent-keys--event (session event)
  "Offer to hand over a key if one is missing, by EVENT of SESSION."
  (when (and (equal (alist-get 'type event) "error")
             (equal (alist-get 'code event) "LLM_AUTH")
             (emacs-agent-session-caught-up session))
    (emacs-agent-output-line (format "M-x emacs-agent-give-key hands over the key of %s from auth-source, with C-u one that you type; \
then send the prompt again."
                                   (emacs-agent-inert-line (emacs-agent-keys--provider session))))))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-keys--event 60)

(defun emacs-agent-keys--backend-changed (state _text)
  "Forget which keys the backend has when it is gone: STATE."
  (when (memq state '(died stopped failed))
    (setq emacs-agent-keys--given nil)))

(add-hook 'emacs-agent-backend-functions #'emacs-agent-keys--backend-changed -50)

(provide 'emacs-agent-keys)
;;; emacs-agent-keys.el ends here
