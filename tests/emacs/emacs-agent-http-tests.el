;;; emacs-agent-http-tests.el --- Requests and streams  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;;; Code:

(require 'emacs-agent-test)

(defun emacs-agent-http-tests--frames (bytes &rest cuts)
  "Return the frames in BYTES, cut at CUTS."
  (let* ((frames nil)
         (parser (emacs-agent-sse-parser (lambda (&rest frame) (push frame frames))))
         (start 0))
    (dolist (cut (append cuts (list (length bytes))))
      (funcall parser (substring bytes start cut))
      (setq start cut))
    (nreverse frames)))

(defconst emacs-agent-http-tests--stream
  (encode-coding-string
   (concat ": hello\n\nid: 1\nevent: message\ndata: {\"text\":\"hé ✓\"}\n\n"
           "event: agent.state\ndata: {}\n\n: ping\n\nid:2\r\nevent:x\r\ndata:a\r\ndata: b\r\n\r\n"
           "data: c\r\rdata\n\nretry: 5\n\nid: 3\ndata: last\n\n")
   'utf-8)
  "A stream with every kind of line end.")

(defconst emacs-agent-http-tests--expected
  '(("message" "1" "{\"text\":\"hé ✓\"}") ("agent.state" nil "{}") ("x" "2" "a\nb") ("message" nil "c")
    ("message" nil "") ("message" "3" "last"))
  "The frames in it.")

(ert-deftest emacs-agent-sse-every-split ()
  "Frames are the same wherever the bytes are cut, once or twice."
  (let* ((bytes emacs-agent-http-tests--stream) (size (length bytes)))
    (dotimes (one (1+ size))
      (should (equal (emacs-agent-http-tests--frames bytes one) emacs-agent-http-tests--expected))
      (let ((two (+ one (/ (- size one) 2))))
        (should (equal (emacs-agent-http-tests--frames bytes one two) emacs-agent-http-tests--expected))))))

(ert-deftest emacs-agent-sse-byte-by-byte ()
  (should (equal (apply #'emacs-agent-http-tests--frames emacs-agent-http-tests--stream
                        (number-sequence 1 (1- (length emacs-agent-http-tests--stream))))
                 emacs-agent-http-tests--expected)))

(ert-deftest emacs-agent-http-answers ()
  "An answer is understood wherever it is cut, and delivered once."
  (let ((answer (encode-coding-string
                 "HTTP/1.1 404 Not Found\r\ncontent-length: 13\r\nX: y\r\n\r\n{\"a\":\"hé ✓\"}" 'utf-8)))
    (setq answer (replace-regexp-in-string "13" "15" answer t t))
    (dolist (cut (number-sequence 1 (1- (length answer)) 3))
      (emacs-agent-test-with-server
        (let ((answers nil))
          (emacs-agent-http-request endpoint "POST" "/x" :body '((k . "v"))
                                    :on-done (lambda (&rest answer) (push answer answers)))
          (let ((peer (emacs-agent-test-request 1)))
            (process-send-string peer (substring answer 0 cut))
            (process-send-string peer (substring answer cut))
            (emacs-agent-test-wait answers)
            (should (equal answers '((404 "{\"a\":\"hé ✓\"}"))))
            (let ((request (cdar emacs-agent-test-requests)))
              (should (string-prefix-p "POST /x HTTP/1.0\r\n" request))
              (should (string-search "\r\nAuthorization: Bearer secret\r\n" request))
              (should (string-suffix-p "{\"k\":\"v\"}" request)))))))))

(ert-deftest emacs-agent-http-failures ()
  "What is no answer is said so, in words, and once."
  (pcase-dolist (`(,answer ,reason)
                 '(("SSH-2.0-OpenSSH\r\n" "not a backend")
                   ("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf" "cut")
                   ("" "no answer")))
    (emacs-agent-test-with-server
      (let ((answers nil))
        (emacs-agent-http-request endpoint "GET" "/" :on-done (lambda (&rest answer) (push answer answers)))
        (let ((peer (emacs-agent-test-request 1)))
          (process-send-string peer answer)
          (process-send-eof peer)
          (delete-process peer))
        (emacs-agent-test-wait answers)
        (should (= 1 (length answers)))
        (should-not (caar answers))
        (should (string-search reason (cadar answers))))))
  (let ((answers nil))
    (emacs-agent-test-with-server
      (delete-process server)
      (emacs-agent-http-request endpoint "GET" "/" :on-done (lambda (&rest answer) (push answer answers)))
      (emacs-agent-test-wait answers)
      (should-not (caar answers)))))

(ert-deftest emacs-agent-sse-comes-back ()
  "A stream that is cut comes back with the id of the last event, at once a new frame comes."
  (emacs-agent-test-with-server
    (let* ((got nil) (states nil)
           (stream nil))
      (setq stream (emacs-agent-sse-open
                    (lambda () endpoint) "/events" :last-id "0"
                    :on-frame (lambda (_type id data)
                                (setf (emacs-agent-stream-last-id stream) id)
                                (push data got))
                    :on-state (lambda (_stream state) (push state states))))
      (unwind-protect
          (progn
            (let ((peer (emacs-agent-test-request 1)))
              (should (string-search "Last-Event-ID: 0\r\n" (cdar emacs-agent-test-requests)))
              (process-send-string peer (concat emacs-agent-test-stream-head "id: 7\ndata: one\n\nid: 8\nda"))
              (emacs-agent-test-wait got)
              (delete-process peer))
            (let ((peer (emacs-agent-test-request 2)))
              (should (string-search "Last-Event-ID: 7\r\n" (cdar emacs-agent-test-requests)))
              (process-send-string peer (concat emacs-agent-test-stream-head "id: 8\ndata: two\n\n"))
              (emacs-agent-test-wait (equal got '("two" "one")))
              (should (equal (reverse states) '(open waiting open)))))
        (emacs-agent-sse-close stream)))))

(ert-deftest emacs-agent-sse-refused ()
  "A stream that does not exist ends, and says with which status."
  (emacs-agent-test-with-server
    (let* ((states nil)
           (stream (emacs-agent-sse-open (lambda () endpoint) "/events"
                                         :on-state (lambda (_ state) (push state states)))))
      (let ((peer (emacs-agent-test-request 1)))
        (process-send-string peer "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}")
        (delete-process peer))
      (emacs-agent-test-wait states)
      (should (equal states '(404)))
      (should (eq (emacs-agent-stream-state stream) 'closed)))))

(ert-deftest emacs-agent-json-round-trip ()
  "What a model sent goes back unchanged: false, null, empty lists and objects."
  (let ((text "{\"a\":false,\"b\":null,\"c\":[],\"d\":[1,\"x\",{\"e\":true}],\"f\":\"é\\n\"}"))
    (should (equal text (decode-coding-string (emacs-agent-json-string (emacs-agent-json-parse text)) 'utf-8)))))

(ert-deftest emacs-agent-clean-text ()
  "Text that JSON cannot hold is made fit for it."
  (dolist (text (list (string #x3fff80 ?a) (string ?a #xd800) "plain é" (propertize "x" 'face 'bold)))
    (should (emacs-agent-json-string `((text . ,(emacs-agent-clean-text text)))))))

(provide 'emacs-agent-http-tests)
;;; emacs-agent-http-tests.el ends here
