;;; inspect.el --- Look at Org files as a trusting Emacs would  -*- lexical-binding: t -*-

;; emacs -Q --batch -l inspect.el -- DIRECTORY MODE
;; Opens every .org file there with all confirmations off, and prints one JSON object per line on what was found.
;; ASCII exports are slow and like HTML ones: every tenth will do.
;; MODE `full' also exports, executes, tangles, recalculates and lists the agenda.

(require 'org)
(require 'org-agenda)
(require 'ox-ascii)
(require 'ox-html)
(require 'ob-shell)
(require 'json)

(defvar inspect-pwned nil)
(defun pwn (&rest _) (setq inspect-pwned t) "pwned")
(defalias 'pwn-mode #'pwn)
(defalias 'org-dblock-write:pwn #'pwn)
(defalias 'org-babel-execute:pwn #'pwn)

(setq enable-local-variables :all
      enable-local-eval t
      org-confirm-babel-evaluate nil
      org-link-elisp-confirm-function nil
      org-link-shell-confirm-function nil
      org-export-allow-bind-keywords t
      org-export-use-babel t
      org-export-with-broken-links nil
      org-agenda-include-inactive-timestamps nil
      org-src-fontify-natively t
      make-backup-files nil
      inhibit-message t
      org-inhibit-startup nil
      org-element-use-cache nil)
(org-link-set-parameters "evil" :follow #'pwn :export #'pwn)
(org-link-set-parameters "custom" :follow #'pwn)

(defun inspect-elements (tree)
  "Counts of element and object types in TREE."
  (let ((counts (make-hash-table :test 'equal)))
    (org-element-map tree (append org-element-all-elements org-element-all-objects)
      (lambda (element)
        (let ((type (symbol-name (org-element-type element))))
          (puthash type (1+ (gethash type counts 0)) counts)))
      nil nil nil t)
    counts))

(defun inspect-map (tree type function)
  (vconcat (org-element-map tree type function nil nil nil t)))

(defun inspect-cells ()
  "Fields that TAB would take for a formula."
  (let (found)
    (org-table-map-tables
     (lambda ()
       (let ((end (org-table-end)))
         (while (< (point) end)
           (when (org-at-table-p)
             (dolist (field (split-string (thing-at-point 'line t) "|"))
               (when (string-match "^:?=\\(.*[^=]\\)$" (org-trim field)) (push field found))))
           (forward-line))))
     t)
    (vconcat found)))

(defun inspect-ink ()
  "The buffer without what aligning a table changes."
  (replace-regexp-in-string "[-+ ]+" "" (buffer-string)))

(defun inspect-export (backend)
  (condition-case problem
      (let ((text (org-export-as backend))) (if (stringp text) text ""))
    (error (format "EXPORT FAILED %S" problem))))

(defun inspect-file (file full)
  (setq inspect-pwned nil)
  (with-current-buffer (find-file-noselect file)
    (unless (derived-mode-p 'org-mode) (error "%s opened in %s" file major-mode))
    (font-lock-ensure)
    (let* ((before nil)
           (tree (org-element-parse-buffer))
           (found
            `((file . ,(file-name-nondirectory file))
              (headings . ,(inspect-map tree 'headline
                             (lambda (h) (format "%d %s%s" (org-element-property :level h) (org-element-property :raw-value h)
                                                 (if (or (org-element-property :tags h) (org-element-property :todo-keyword h)) " TAGGED" "")))))
              (types . ,(inspect-elements tree))
              (keywords . ,(inspect-map tree 'keyword (lambda (k) (org-element-property :key k))))
              (entities . ,(inspect-map tree 'entity (lambda (e) (org-element-property :name e))))
              (links . ,(inspect-map tree 'link (lambda (l) (concat (org-element-property :type l) ":" (org-element-property :path l)))))
              (timestamps . ,(inspect-map tree 'timestamp (lambda (s) (org-element-property :raw-value s))))
              (blocks . ,(inspect-map tree 'src-block (lambda (b) (or (org-element-property :parameters b) ""))))
              (names . ,(inspect-map tree '(src-block example-block table paragraph) (lambda (b) (org-element-property :name b))))
              (properties . ,(inspect-map tree 'node-property (lambda (p) (org-element-property :key p))))
              (fragments . ,(inspect-map tree 'latex-fragment (lambda (f) (org-element-property :value f))))
              (drawers . ,(inspect-map tree 'drawer (lambda (d) (org-element-property :drawer-name d))))
              (verbatim . ,(inspect-map tree '(code verbatim) (lambda (c) (org-element-property :value c))))
              (cells . ,(inspect-cells)))))
      (when full
        (setq before (inspect-ink))
        (setq found (append found `((ascii . ,(if (string-match-p "[0a-z]\\.org\\'" file) (inspect-export 'ascii) "")) (html . ,(inspect-export 'html)))))
        (org-babel-execute-buffer)
        (org-update-all-dblocks)
        (org-table-recalculate-buffer-tables)
        (setq found (append found `((tangled . ,(length (org-babel-tangle-collect-blocks))))))
        (setq found (append found `((changed . ,(if (equal before (inspect-ink)) :json-false t))))))
      (setq found (append found `((pwned . ,(if inspect-pwned t :json-false)))))
      (set-buffer-modified-p nil)
      (princ (json-encode found))
      (terpri))
    (kill-buffer)))

(defun inspect-agenda (files)
  "What agenda views show of FILES."
  (setq inspect-pwned nil)
  (let ((org-agenda-files files)
        (entries nil))
    (dolist (view (list (lambda () (org-agenda-list nil "2026-11-20" 14)) (lambda () (org-todo-list nil)) (lambda () (org-tags-view nil "tag"))))
      (funcall view)
      (with-current-buffer org-agenda-buffer-name
        (goto-char (point-min))
        (while (not (eobp))
          (when (get-text-property (point) 'org-hd-marker) (push (thing-at-point 'line t) entries))
          (forward-line))))
    (princ (json-encode `((file . "agenda") (entries . ,(vconcat entries)) (pwned . ,(if inspect-pwned t :json-false)))))
    (terpri)))

(let* ((arguments (cdr (member "--" command-line-args)))
       (directory (car arguments))
       (full (equal (cadr arguments) "full"))
       (files (directory-files directory t "\\.org\\'")))
  (setq command-line-args-left nil)
  (dolist (file files) (inspect-file file full))
  (when full (inspect-agenda files))
  ;; files that are not Org must not run anything either
  (dolist (file (directory-files directory t "\\.\\(md\\|json\\)\\'"))
    (setq inspect-pwned nil)
    (with-current-buffer (find-file-noselect file)
      (princ (json-encode `((file . ,(file-name-nondirectory file)) (mode . ,(symbol-name major-mode)) (pwned . ,(if inspect-pwned t :json-false)))))
      (terpri)
      (kill-buffer))))
