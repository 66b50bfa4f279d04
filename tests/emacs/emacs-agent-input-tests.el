;;; emacs-agent-input-tests.el --- What prompts take along  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-model)
(require 'emacs-agent-resume)
(require 'savehist)

(defconst emacs-agent-input-tests--png
  (base64-decode-string
   "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
  "The smallest image.")

(defun emacs-agent-input-tests--file (name data)
  "Write DATA, bytes, to the file NAME and return that."
  (let ((coding-system-for-write 'binary) (inhibit-message t))
    (make-directory (file-name-directory name) t)
    (write-region data nil name nil 'silent))
  name)

(defun emacs-agent-input-tests--complete (text)
  "Write TEXT and complete it as a user does; return what is written then."
  (emacs-agent-input-set text)
  (let ((completion-at-point-functions '(emacs-agent-mention-complete)) (completion-auto-help nil))
    (completion-at-point))
  (emacs-agent-input-text))

;;;; Mentions

(ert-deftest emacs-agent-mention-kinds ()
  "Files, directories, buffers, resources and addresses are told apart; what is none of them is text."
  (emacs-agent-test-with-session
    (dolist (name '("a.txt" "b c.txt" "q\"t.txt" "src/d.el" "e."))
      (emacs-agent-input-tests--file (expand-file-name name project) "x"))
    (emacs-agent-input-tests--file (expand-file-name "https:/x.org/y" project) "x")
    (with-current-buffer (get-buffer-create "*some notes*")
      (unwind-protect
          (cl-flet ((all (text) (emacs-agent-mention-all text project))
                    (file (name) (list 'file (expand-file-name name project))))
            (should (equal (all "@a.txt, (@a.txt) and @e.") (list (file "a.txt") (file "e."))))
            (should (equal (all "see @\"b c.txt\": @\"q\\\"t.txt\"") (list (file "b c.txt") (file "q\"t.txt"))))
            (should (equal (all "in @src and @src/") (list (file "src/"))))
            (should (equal (all "@\"buffer:*some notes*\"?") (list (list 'buffer (current-buffer)))))
            (should (equal (all "@lib:lib://a @https://x.org/y") '((resource "lib:lib://a") (url "https://x.org/y"))))
            (should-not (all "me@a.txt @missing @buffer:none @/ssh:x:/y @ @\"\" @\"b\nc.txt\"")))
        (kill-buffer)))))

(ert-deftest emacs-agent-mention-completion ()
  "Names are completed with quotation marks where they need them, directories and buffers too."
  (emacs-agent-test-with-session
    (with-current-buffer (get-buffer-create "some notes") (insert "x"))
    (unwind-protect
        (progn
          (setq emacs-agent-mention--names
                (cons (float-time) (append '("src/a.el" "my file.txt" "my dir/b.txt" "my dir/c.txt")
                                           (emacs-agent-mention--directories '("src/a.el" "my dir/b.txt")))))
          (should (equal (emacs-agent-input-tests--complete "see @src/a") "see @src/a.el"))
          (should (equal (emacs-agent-input-tests--complete "@my f") "@\"my file.txt\""))
          (should (eobp))
          (should (equal (emacs-agent-input-tests--complete "@\"my f") "@\"my file.txt\""))
          (should (equal (emacs-agent-input-tests--complete "@my d") "@\"my dir/\""))
          ;; Point is where the name goes on.
          (insert "b")
          (completion-at-point)
          (should (equal (emacs-agent-input-text) "@\"my dir/b.txt\""))
          (should (equal (emacs-agent-input-tests--complete "@buffer:some") "@\"buffer:some notes\""))
          (emacs-agent-input-set "write to me@src")
          (should-not (emacs-agent-mention-complete))
          (emacs-agent-input-set "@src/a.el and")
          (should-not (emacs-agent-mention-complete)))
      (kill-buffer "some notes"))))

(ert-deftest emacs-agent-mention-completion-without-a-project ()
  "Where there is no project, the directory itself is completed, a level at a time."
  (emacs-agent-test-with-session
    (emacs-agent-input-tests--file (expand-file-name "here/there.txt" project) "x")
    (should (equal (emacs-agent-input-tests--complete "@he") "@here/"))
    (should (equal (emacs-agent-input-tests--complete "@here/t") "@here/there.txt"))
    (should (equal (emacs-agent-input-tests--complete (concat "@" project "here/t")) (concat "@" project "here/there.txt")))))

(ert-deftest emacs-agent-mention-highlight ()
  "What goes along is highlighted in the prompt, and nothing else; Org keeps its own."
  (emacs-agent-test-with-session
    (emacs-agent-input-tests--file (expand-file-name "b c.txt" project) "x")
    (emacs-agent-input-set "see @\"b c.txt\", *bold* @missing\n@https://x.org")
    (font-lock-ensure)
    (cl-flet ((mention-p (text) (goto-char emacs-agent-input-start) (search-forward text) (backward-char)
                         (memq 'emacs-agent-mention (ensure-list (get-text-property (point) 'face)))))
      (should (mention-p "@"))
      (should (mention-p "c.txt\""))
      (should-not (mention-p ","))
      (should-not (mention-p "@mis"))
      (should (mention-p "https"))
      (goto-char emacs-agent-input-start)
      (search-forward "*bo")
      (should (memq 'bold (ensure-list (get-text-property (point) 'face)))))))

(ert-deftest emacs-agent-mention-sent ()
  "The model gets the names of files, the text of buffers and images; what is too large stays in the input."
  (emacs-agent-test-talking ""
    (emacs-agent-test-write project "b c.txt" "x")
    (emacs-agent-input-tests--file (expand-file-name "in.png" project) emacs-agent-input-tests--png)
    (let ((outside (emacs-agent-input-tests--file (expand-file-name "out side.png" home) emacs-agent-input-tests--png)))
      (with-current-buffer (get-buffer-create "*some notes*") (insert "the text of the notes"))
      (unwind-protect
          (progn
            (emacs-agent-model-says "Seen.")
            (emacs-agent-test-turn session (format "@\"b c.txt\" @in.png @\"%s\" @\"buffer:*some notes*\" @https://x.org" outside))
            (let ((body (emacs-agent-model-asked 1)))
              (should (emacs-agent-model-heard body (concat "files: " (expand-file-name "b c.txt" project))))
              (should (emacs-agent-model-heard body "buffer *some notes*:"))
              (should (emacs-agent-model-heard body "the text of the notes"))
              (should (= 2 (cl-count "image_url" (append (alist-get 'content (aref (alist-get 'messages body) (1- (length (alist-get 'messages body))))) nil)
                                     :key (lambda (part) (alist-get 'type part)) :test #'equal))))
            (let ((emacs-agent-max-text 5))
              (should-error (emacs-agent-test-say "@\"buffer:*some notes*\"") :type 'user-error))
            (should (equal (emacs-agent-input-text) "@\"buffer:*some notes*\"")))
        (kill-buffer "*some notes*")))))

;;;; Images

(ert-deftest emacs-agent-image-limits ()
  "An image that is too large, or none, is refused before it is sent, and stays in the input."
  (emacs-agent-test-with-session
    (emacs-agent-input-tests--file (expand-file-name "big.png" project)
                                   (concat emacs-agent-input-tests--png (make-string emacs-agent-image-limit 0)))
    (should (string-search "big.png has 3.75 MiB; an image may have 3.75 MiB at most"
                           (cadr (should-error (emacs-agent-test-say "@big.png") :type 'user-error))))
    (should (equal (emacs-agent-input-text) "@big.png"))
    (let ((other (emacs-agent-input-tests--file (expand-file-name "text.png" emacs-agent-directory) "no image")))
      (should-error (emacs-agent-test-say (concat "@" other)) :type 'user-error))
    (should-error (emacs-agent-image-add "no image") :type 'user-error)
    (should-error (emacs-agent-image-add (concat "\xff\xd8\xff" (make-string emacs-agent-image-limit 0))) :type 'user-error)
    (should-not sent)))

(ert-deftest emacs-agent-image-clipboard ()
  "An image of the clipboard goes into a private file, which is mentioned; text is yanked as ever."
  (emacs-agent-test-with-session
    (let ((clipboard '((TARGETS . [TARGETS image/png]))))
      (push (cons 'image/png emacs-agent-input-tests--png) clipboard)
      (cl-letf (((symbol-function 'gui-get-selection) (lambda (_ type) (alist-get type clipboard)))
                ((symbol-function 'display-graphic-p) #'always))
        (emacs-agent-input-set "look:")
        (emacs-agent-image-yank)
        (pcase-let ((`((file ,file ,_ ,end)) (emacs-agent-mention-between emacs-agent-input-start (point-max))))
          (should (string-match-p "\\`look: @.*\\.png \\'" (emacs-agent-input-text)))
          (should (= (1+ end) (point-max)))
          (should (file-in-directory-p file emacs-agent-directory))
          (should (= #o600 (file-modes file)))
          (should (= #o700 (file-modes (file-name-directory file))))
          (emacs-agent-send)
          (let ((attachment (aref (alist-get 'attachments (nth 2 (car sent))) 0)))
            (should (equal (alist-get 'media_type attachment) "image/png"))
            (should (equal (base64-decode-string (alist-get 'data attachment)) emacs-agent-input-tests--png))))
        (setcdr (assq 'TARGETS clipboard) [TARGETS UTF8_STRING image/png])
        (kill-new "some text")
        (emacs-agent-image-yank)
        (should (equal (emacs-agent-input-text) "some text"))
        (setcdr (assq 'TARGETS clipboard) nil)
        (should-error (emacs-agent-image-paste) :type 'user-error)))
    (when (fboundp 'yank-media-handler)
      (emacs-agent-input-set "")
      (funcall (alist-get "image/.*" (symbol-value 'yank-media--registered-handlers) nil nil #'equal)
               'image/png emacs-agent-input-tests--png)
      (should (string-suffix-p ".png " (emacs-agent-input-text))))))

(ert-deftest emacs-agent-image-dropped ()
  "A dropped file is mentioned, one in the project by its short name; dropped on the output it goes into the prompt."
  (emacs-agent-test-with-session
    (let ((file (emacs-agent-input-tests--file (expand-file-name "my pic.png" project) emacs-agent-input-tests--png)))
      (goto-char (point-min))
      (dnd-handle-one-url (selected-window) 'copy (concat "file://" (url-hexify-string file url-path-allowed-chars)))
      (should (equal (emacs-agent-input-text) "@\"my pic.png\" "))
      (emacs-agent-send)
      (should (equal (alist-get 'attachments (nth 2 (car sent))) (vector `((path . ,file))))))))

(ert-deftest emacs-agent-image-thumbnail ()
  "A mention of an image looks like it where images can be shown; one key, or the command, removes it."
  (emacs-agent-test-with-session
    (emacs-agent-input-tests--file (expand-file-name "a.png" project) emacs-agent-input-tests--png)
    (cl-flet ((shown () (cl-count-if (lambda (overlay) (overlay-get overlay 'emacs-agent-image))
                                     (overlays-in emacs-agent-input-start (point-max)))))
      (emacs-agent-input-set "see @a.png")
      (should (= 0 (shown)))
      (cl-letf (((symbol-function 'display-images-p) #'always)
                ((symbol-function 'create-image) (lambda (file &rest properties) `(image :type png :file ,file ,@properties))))
        (emacs-agent-input-set "see @a.png now, and @none.png")
        (should (= 1 (shown)))
        (goto-char emacs-agent-input-start)
        (search-forward "a.png")
        (delete-char -1)
        (should (equal (emacs-agent-input-text) "see  now, and @none.png"))
        (should (= 0 (shown)))
        (undo-boundary)
        (emacs-agent-input-set "one @a.png two")
        (emacs-agent-image-remove)
        (should (equal (emacs-agent-input-text) "one two"))
        (should (= 0 (shown)))
        (should-error (emacs-agent-image-remove) :type 'user-error)))))

(ert-deftest emacs-agent-image-screenshot ()
  "The first program that is there makes the screenshot; where none does, that is said."
  (emacs-agent-test-with-session
    (emacs-agent-test-forget-log)
    (let* ((image (emacs-agent-input-tests--file (expand-file-name "shot" emacs-agent-directory) emacs-agent-input-tests--png))
           (emacs-agent-screenshot-programs `(("no-such-program" file) ("sh" "-c" ,(format "cp %s \"$0\"" image) file))))
      (emacs-agent-screenshot)
      (emacs-agent-test-wait (string-match-p "\\`@.*\\.png \\'" (emacs-agent-input-text))))
    (let ((emacs-agent-screenshot-programs '(("sh" "-c" "echo no screen; exit 1" file))))
      (emacs-agent-screenshot)
      (emacs-agent-test-wait (emacs-agent-test-logged "No screenshot was made: no screen")))
    (let ((emacs-agent-screenshot-programs '(("no-such-program" file))))
      (should-error (emacs-agent-screenshot) :type 'user-error))))

;;;; History

(ert-deftest emacs-agent-history-search ()
  "The history has each prompt once, is searched by any part, and is saved."
  (emacs-agent-test-with-session
    (let ((emacs-agent-history nil) (offered nil))
      (mapc #'emacs-agent-history-add '("fix the bug\nin a.c" "write a test" "explain" "write a test" " "))
      (should (equal emacs-agent-history '("write a test" "explain" "fix the bug\nin a.c")))
      (emacs-agent-input-set "half written")
      (cl-letf (((symbol-function 'completing-read)
                 (lambda (_ table &rest _) (setq offered (all-completions "" table)) "fix the bug in a.c")))
        (emacs-agent-history-search))
      (should (equal offered '("write a test" "explain" "fix the bug in a.c")))
      (should (equal (emacs-agent-input-text) "fix the bug\nin a.c"))
      (emacs-agent-history-next 3)
      (should (equal (emacs-agent-input-text) "half written"))
      (let ((savehist-file (expand-file-name "history" emacs-agent-directory)) (savehist-minibuffer-history-variables nil)
            (inhibit-message t))
        (savehist-save)
        (let ((saved (emacs-agent-test-read emacs-agent-directory "history")))
          (setq emacs-agent-history nil)
          (eval (car (read-from-string (substring saved (string-search "(setq emacs-agent-history" saved)))) t)
          (should (equal emacs-agent-history '("write a test" "explain" "fix the bug\nin a.c"))))))))

;;;; What is not sent

(defun emacs-agent-input-tests--kept ()
  "Return the files of what was not sent."
  (let ((directory (emacs-agent-private-file "drafts/" "")))
    (and (file-directory-p directory) (directory-files directory t "\\`[^.]"))))

(ert-deftest emacs-agent-unsent-before-the-first-prompt ()
  "What is written before a conversation begins comes back with the next one on the project, and goes when it is sent."
  (emacs-agent-test-with-model ""
    (with-current-buffer (emacs-agent-session-buffer (emacs-agent-test-start project))
      (insert "do this, ünd\n  that")
      (emacs-agent-unsent-keep-all)
      (dolist (file (emacs-agent-input-tests--kept))
        (should (= #o600 (file-modes file))))
      ;; One that is open has it: a second one begins empty.
      (with-current-buffer (emacs-agent-session-buffer (emacs-agent-start project))
        (should (equal (emacs-agent-input-text) ""))
        (emacs-agent-test-wait (emacs-agent-session-id emacs-agent-session))
        (kill-buffer))
      (kill-buffer))
    (let ((session (emacs-agent-test-start project)))
      (with-current-buffer (emacs-agent-session-buffer session)
        (should (equal (emacs-agent-input-text) "do this, ünd\n  that"))
        (emacs-agent-model-says "Done that.")
        (emacs-agent-send)
        (emacs-agent-test-shown "Done that.")
        (emacs-agent-test-idle session)
        (with-current-buffer (emacs-agent-session-buffer (emacs-agent-test-start project))
          (should (equal (emacs-agent-input-text) "")))))))

(ert-deftest emacs-agent-unsent-after-a-restart ()
  "What another Emacs left unsent in a conversation is there when this one resumes it."
  (emacs-agent-test-with-model ""
    (emacs-agent-model-says "Hello.")
    (let ((process-environment (default-value 'process-environment)))
      (emacs-agent-test-write
       home "other.el"
       (prin1-to-string
        `(progn
           (require 'emacs-agent-test)
           (setq emacs-agent-program ,emacs-agent-test-backend emacs-agent-directory ,emacs-agent-directory)
           (let ((session (emacs-agent-test-start ,project)))
             (with-current-buffer (emacs-agent-session-buffer session)
               (emacs-agent-test-turn session "hello there")
               (insert "and now this")
               (emacs-agent-test-write ,home "id" (emacs-agent-session-id session)))))))
      (with-temp-buffer
        (let ((process (start-process "other" (current-buffer) (expand-file-name invocation-name invocation-directory)
                                      "-Q" "--batch" "-L" (file-name-directory (locate-library "emacs-agent"))
                                      "-L" (file-name-directory (locate-library "emacs-agent-test"))
                                      "-l" (expand-file-name "other.el" home))))
          (set-process-sentinel process #'ignore)
          (emacs-agent-test-wait (not (process-live-p process)))
          (should (= 1 (length (emacs-agent-input-tests--kept))))
          (let ((session (emacs-agent-resume-session (emacs-agent-test-read home "id") project)))
            (with-current-buffer (emacs-agent-session-buffer session)
              (should (equal (emacs-agent-input-text) "and now this"))
              (emacs-agent-test-shown "Hello.")
              (emacs-agent-model-says "All of it.")
              (emacs-agent-send)
              (emacs-agent-test-shown "All of it.")
              (emacs-agent-test-wait (null (emacs-agent-input-tests--kept))))))))))

(ert-deftest emacs-agent-unsent-bounds ()
  "What is on its way is kept until it arrives; what is too large is not kept, and only the newest stay."
  (emacs-agent-test-with-session
    (emacs-agent-test-say "on its way")
    (cl-flet ((kept () (mapcar (lambda (file) (emacs-agent-private-read file 'utf-8-emacs-unix)) (emacs-agent-input-tests--kept))))
      (should (equal (delete-dups (kept)) '("on its way")))
      (emacs-agent-input-set "more")
      (emacs-agent-unsent-keep-all)
      (should (equal (delete-dups (kept)) '("on its way\n\nmore")))
      (funcall (nth 3 (car sent)) '((status . "accepted")))
      (should (equal (delete-dups (kept)) '("more")))
      (let ((emacs-agent-unsent-size 3))
        (emacs-agent-input-set "more and more")
        (emacs-agent-unsent-keep-all)
        (should-not (kept)))
      (let ((emacs-agent-unsent-count 2))
        (dotimes (n 4)
          (emacs-agent-test-write (emacs-agent-private-file "drafts/" "") (format "old%d" n) "x")
          (set-file-times (emacs-agent-private-file "drafts/" (format "old%d" n)) 1000))
        (emacs-agent-input-set "new")
        (emacs-agent-unsent-keep-all)
        (should (equal (kept) '("new" "new"))))
      (emacs-agent-input-set "")
      (emacs-agent-unsent-keep-all)
      (should-not (kept)))))

(provide 'emacs-agent-input-tests)
;;; emacs-agent-input-tests.el ends here
