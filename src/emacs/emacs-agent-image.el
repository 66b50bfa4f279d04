;;; emacs-agent-image.el --- Images in a prompt  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; An image is a mention of its file: deleting the mention removes the image, and undo, the history and unsent prompts treat
;; it as text.  An image from the clipboard is first written to a file of this client.  Where Emacs can show images, the image
;; is displayed in place of its mention.

;;; Code:

(require 'emacs-agent-mention)
(require 'emacs-agent-private)
(declare-function yank-media-handler "yank-media")

(defconst emacs-agent-image-limit (/ (* 15 1024 1024) 4)
  "Bytes that an image may have: 3.75 MiB.")

(defconst emacs-agent-image--kinds
  '(("image/png" "png" "\\`\x89PNG\r\n\x1a\n")
    ("image/jpeg" "jpg" "\\`\xff\xd8\xff")
    ("image/gif" "gif" "\\`GIF8[79]a")
    ("image/webp" "webp" "\\`RIFF\\(?:.\\|\n\\)\\{4\\}WEBP"))
  "Kinds of images that models accept: (MEDIA-TYPE EXTENSION REGEXP-OF-DATA).")

(defcustom emacs-agent-thumbnail-height 80
  "Height of images in a prompt, in pixels; nil shows their names instead."
  :type '(choice (const :tag "Show names" nil) natnum)
  :group 'emacs-agent)

;;;; What they are

(defun emacs-agent-image-p (file)
  "Whether FILE is an image that models accept, by its name."
  (string-match-p "\\.\\(?:png\\|jpe?g\\|gif\\|webp\\)\\'" (downcase file)))

(defun emacs-agent-image--kind (data)
  "Return the entry of `emacs-agent-image--kinds' for DATA, bytes, or nil."
  (let ((case-fold-search nil))
    (cl-find-if (lambda (kind) (string-match-p (string-to-unibyte (nth 2 kind)) data)) emacs-agent-image--kinds)))

(defun emacs-agent-image--check (size name)
  "Signal an error if an image called NAME is too large with SIZE, in bytes."
  (when (> size emacs-agent-image-limit)
    (user-error "%s has %.2f MiB; an image may have 3.75 MiB at most, so make it smaller" name (/ size 1048576.0))))

(defun emacs-agent-image-attachment (file project)
  "Return FILE, an image, as an attachment of a prompt about PROJECT.
A file inside PROJECT is sent as its name, any other as its bytes, and so are
those of a project on another machine.  Signal an error if the file is too
large or no image."
  (let* ((there (file-remote-p project))
         (file-name-handler-alist (and there (file-remote-p file) file-name-handler-alist))
         (name (file-name-nondirectory file))
         (real (file-truename file)))
    (emacs-agent-image--check (file-attribute-size (file-attributes real)) name)
    (if (and (not there) (string-prefix-p (file-name-as-directory (file-truename project)) real))
        `((path . ,file))
      (let* ((data (or (ignore-errors (emacs-agent-file-bytes real)) (user-error "%s cannot be read" name)))
             (kind (or (emacs-agent-image--kind data)
                       (user-error "%s is no PNG, JPEG, GIF or WebP image, whatever it is called" name))))
        `((media_type . ,(car kind)) (data . ,(base64-encode-string data t)))))))

;;;; Adding them

(defun emacs-agent-image-add (data)
  "Put DATA, the bytes of an image, into the input."
  (let* ((data (if (multibyte-string-p data) (encode-coding-string data 'binary) data))
         (kind (or (emacs-agent-image--kind data) (user-error "This is no PNG, JPEG, GIF or WebP image")))
         (file (emacs-agent-private-file
                "images/" (format "%s-%s.%s" (format-time-string "%Y%m%d-%H%M%S")
                                  (substring (secure-hash 'sha1 data) 0 6) (nth 1 kind)))))
    (emacs-agent-image--check (length data) "This image")
    (emacs-agent-private-write file data 'binary)
    (emacs-agent-private-prune file 50)
    (emacs-agent-mention-insert file)))

(defun emacs-agent-image--targets ()
  "Return the data types of the clipboard's content, as symbols."
  (let ((targets (ignore-errors (gui-get-selection 'CLIPBOARD 'TARGETS))))
    (and (vectorp targets) (append targets nil))))

(defun emacs-agent-image--clipboard ()
  "Return the bytes of the image in the clipboard, or nil."
  (let* ((targets (emacs-agent-image--targets))
         (type (cl-find-if (lambda (kind) (memq (intern (car kind)) targets)) emacs-agent-image--kinds))
         ;; Without it, Emacs 28 signals an error for data that is no text.
         (selection-coding-system 'binary)
         (data (and type (ignore-errors (gui-get-selection 'CLIPBOARD (intern (car type)))))))
    (and (stringp data) (> (length data) 0) (substring-no-properties data))))

(defun emacs-agent-image-paste ()
  "Put the image in the clipboard into the input."
  (interactive)
  (emacs-agent-image-add (or (emacs-agent-image--clipboard) (user-error "The clipboard has no image"))))

(defun emacs-agent-image-yank ()
  "Yank into the input: an image if the clipboard has one and no text."
  (interactive)
  (let ((targets (and (display-graphic-p) (emacs-agent-image--targets))))
    (if (and (cl-some (lambda (kind) (memq (intern (car kind)) targets)) emacs-agent-image--kinds)
             (not (cl-intersection '(UTF8_STRING STRING TEXT) targets)))
        (emacs-agent-image-paste)
      (emacs-agent-input-yank))))

(defun emacs-agent-image-remove ()
  "Remove the image at point, or the last one, from the input."
  (interactive)
  (let* ((images (cl-remove-if-not #'emacs-agent-image--mention-p
                                   (emacs-agent-mention-between emacs-agent-input-start (point-max))))
         (image (or (cl-find-if (lambda (image) (<= (nth 2 image) (point) (nth 3 image))) images)
                    (car (last images))
                    (user-error "There is no image in the prompt"))))
    (delete-region (nth 2 image) (min (point-max) (+ (nth 3 image) (if (eq (char-after (nth 3 image)) ?\s) 1 0))))))

;;;; Showing them

(defun emacs-agent-image--mention-p (mention)
  "Whether MENTION is one of an image."
  (and (eq (car mention) 'file) (emacs-agent-image-p (nth 1 mention))))

(defun emacs-agent-image--changed (start end length)
  "Show the images that the lines from START to END mention.
If LENGTH characters were deleted and a part of a mention that is displayed as
its image was among them, delete the rest of the mention."
  (when (and emacs-agent-input-start emacs-agent-thumbnail-height (>= start emacs-agent-input-start)
             (display-images-p))
    (save-excursion
      (when (and (= start end) (> length 0) (not undo-in-progress))
        (setq start (or (emacs-agent-image--delete-rest start) start)
              end start))
      (let ((from (progn (goto-char start) (line-beginning-position)))
            (to (progn (goto-char end) (line-end-position))))
        (remove-overlays (max from emacs-agent-input-start) to 'emacs-agent-image t)
        (dolist (mention (emacs-agent-mention-between from to))
          (when (and (emacs-agent-image--mention-p mention) (not (file-remote-p (nth 1 mention))))
            (emacs-agent-image--show mention)))))))

(defun emacs-agent-image--show (mention)
  "Show the image of MENTION in its place."
  (pcase-let* ((`(,_ ,file ,start ,end) mention)
               (image (ignore-errors (create-image file nil nil :max-height emacs-agent-thumbnail-height
                                                   :max-width (* 4 emacs-agent-thumbnail-height) :ascent 'center)))
               (overlay (and image (make-overlay start end nil t nil))))
    (when overlay
      (dolist (property `((emacs-agent-image t) (evaporate t) (display ,image)
                          (emacs-agent-image-length ,(- end start))
                          (help-echo ,(format "%s\nDEL removes it" (abbreviate-file-name file)))))
        (overlay-put overlay (car property) (cadr property))))))

(defun emacs-agent-image--delete-rest (position)
  "Delete the rest of a mention of an image that lost a part at POSITION.
Return where the mention began, or nil if there is none."
  (let ((broken (cl-find-if (lambda (overlay)
                              (let ((length (overlay-get overlay 'emacs-agent-image-length)))
                                (and length (< (- (overlay-end overlay) (overlay-start overlay)) length))))
                            (overlays-in (1- position) (1+ position)))))
    (when broken
      (prog1 (overlay-start broken)
        (delete-region (overlay-start broken) (overlay-end broken))))))

(defun emacs-agent-image-setup ()
  "Accept yanked images in this buffer and show those that are mentioned."
  (when (fboundp 'yank-media-handler)
    (yank-media-handler "image/.*" (lambda (_type data) (emacs-agent-image-add data))))
  (add-hook 'after-change-functions #'emacs-agent-image--changed nil t))

(provide 'emacs-agent-image)
;;; emacs-agent-image.el ends here
