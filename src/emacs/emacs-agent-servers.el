;;; emacs-agent-servers.el --- MCP servers  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; The states of the servers and their last messages; restarting one, and signing in.

;;; Code:

(require 'emacs-agent-list)
(require 'emacs-agent-popup)
(autoload 'url-hexify-string "url-util")

(defvar emacs-agent-servers-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'emacs-agent-servers-details)
    (define-key map "r" #'emacs-agent-servers-restart)
    (define-key map "s" #'emacs-agent-servers-sign-in)
    map)
  "Keys of the list of MCP servers.")

(define-derived-mode emacs-agent-servers-mode tabulated-list-mode "Servers"
  "MCP servers of a project, with their states and last messages.
\\{emacs-agent-servers-mode-map}"
  (emacs-agent-list-setup
   [("Server" 18 t) ("State" 10 t) ("By" 6 t) ("Tools" 6 nil :right-align t) ("Last words" 0 nil)]
   "/api/mcp" 'servers #'emacs-agent-servers--row))

(defun emacs-agent-servers--row (data)
  "Return the row of DATA, a server."
  (let-alist data
    (list data
          (vector (emacs-agent-list-text .name 18)
                  (propertize .status 'face (pcase .status
                                              ("ready" 'emacs-agent-success) ("failed" 'emacs-agent-failure)
                                              ("starting" 'emacs-agent-running) (_ 'emacs-agent-dim)))
                  (emacs-agent-list-text .transport)
                  (if (numberp .tool_count) (number-to-string .tool_count) "")
                  (emacs-agent-list-text (emacs-agent-servers--last-words data) 300)))))

(defun emacs-agent-servers--last-words (data)
  "Return why the server of DATA failed, or the last line that it wrote."
  (let-alist data
    (or (emacs-agent-value .last_error)
        (and (> (length .stderr) 0) (aref .stderr (1- (length .stderr))))
        "")))

;;;###autoload
(defun emacs-agent-servers ()
  "List the MCP servers of this project."
  (interactive)
  (emacs-agent-list-show "*emacs-agent servers*" #'emacs-agent-servers-mode
                         (directory-file-name (emacs-agent-context-project))))

(defun emacs-agent-servers-details ()
  "Show the details of the server at point, and all that it wrote."
  (interactive)
  (let-alist (emacs-agent-list-item)
    (emacs-agent-popup-text
     "*emacs-agent server*"
     (string-join
      (delq nil
            (list (format "%s: %s, %s%s%s" .name .status .transport
                          (if (emacs-agent-value .protocol) (format ", protocol %s" .protocol) "")
                          (if .pid (format ", process %s" .pid) ""))
                  (emacs-agent-value .last_error)
                  (and (> (length .stderr) 0) (concat "\n" (string-join (append .stderr nil) "\n")))))
      "\n"))))

(defun emacs-agent-servers--restart (&rest parameters)
  "Restart the server at point, with PARAMETERS in the query."
  (let ((buffer (current-buffer)) (name (alist-get 'name (emacs-agent-list-item))))
    (emacs-agent-request
     "POST" (apply #'emacs-agent-http-query (format "/api/mcp/%s/restart" (url-hexify-string name))
                   :project emacs-agent-list-of parameters)
     :body t :timeout nil
     :then (lambda (_)
             (emacs-agent-list-refresh buffer)
             (emacs-agent-say "%s is ready" name))
     :else (lambda (failure)
             (emacs-agent-list-refresh buffer)
             (emacs-agent-say "Emacs-Agent: %s" (alist-get 'message failure))))
    (emacs-agent-say "%s starts…" name)))

(defun emacs-agent-servers-restart ()
  "Stop the server at point and start it again."
  (interactive)
  (emacs-agent-servers--restart))

(defun emacs-agent-servers-sign-in ()
  "Restart the server at point, and sign in if it requires that.
The question is shown in a conversation on the project, and answered there."
  (interactive)
  (emacs-agent-list-item)
  (let* ((list (current-buffer))
         (default-directory (file-name-as-directory emacs-agent-list-of))
         (session (or (emacs-agent-project-session emacs-agent-list-of)
                      (emacs-agent-start emacs-agent-list-of))))
    (emacs-agent-session-when-open
     session
     (lambda (failure)
       (if failure
           (emacs-agent-say "Emacs-Agent: %s" (alist-get 'message failure))
         (when (buffer-live-p list)
           (with-current-buffer list
             (emacs-agent-servers--restart :session (emacs-agent-session-id session)))))))
    (emacs-agent-mode-show session)))

(provide 'emacs-agent-servers)
;;; emacs-agent-servers.el ends here
