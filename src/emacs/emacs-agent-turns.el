;;; emacs-agent-turns.el --- Where the turns of a conversation begin  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; Remembers where each prompt stands in the output.  When the conversation is rewound, the output is cut there.  Only the
;; last one has a marker, since each marker makes each change of the buffer slower; the others have a text property.

;;; Code:

(require 'emacs-agent-section)
(require 'emacs-agent-session)
(require 'emacs-agent-outbox)

(cl-defstruct (emacs-agent-turn (:copier nil))
  "What begins in the output: a prompt, or a call that no prompt shown before led to."
  id                                    ; of the event
  turn-id
  prompt                                ; whether it is one
  text                                  ; of a prompt of the user, else nil
  from                                  ; a marker, or nil while it is settled
  last)                                 ; where it was when it was settled or looked for

(defvar-local emacs-agent-turns--list nil
  "What the output shows, newest first.")

(defun emacs-agent-turns-all ()
  "Return each prompt of the user in this conversation, newest first."
  (cl-remove-if-not #'emacs-agent-turn-text emacs-agent-turns--list))

(defun emacs-agent-turns-at (position)
  "Return the last prompt of the user before POSITION of this conversation, or nil."
  (cl-find-if (lambda (turn) (<= (emacs-agent-turn-start turn) position)) (emacs-agent-turns-all)))

;;;; Where they are

(defun emacs-agent-turn-start (turn)
  "Return the position where TURN begins."
  (if (emacs-agent-turn-from turn)
      (marker-position (emacs-agent-turn-from turn))
    (save-restriction
      (widen)
      (unless (emacs-agent-turns--there-p turn) (emacs-agent-turns--locate))
      (emacs-agent-turn-last turn))))

(defun emacs-agent-turns--there-p (turn)
  "Whether TURN, which is settled, is still at its last position."
  (let ((last (emacs-agent-turn-last turn)))
    (and (< last (point-max)) (eq turn (get-text-property last 'emacs-agent-turn)))))

(defun emacs-agent-turns--locate ()
  "Update the position of each turn that is settled."
  (let ((at (point-min)))
    (while (< at (point-max))
      (let ((turn (get-text-property at 'emacs-agent-turn)))
        (when turn (setf (emacs-agent-turn-last turn) at)))
      (setq at (next-single-property-change at 'emacs-agent-turn nil (point-max))))))

(defun emacs-agent-turns--settle (turn)
  "Replace the marker of TURN by a text property if it is a prompt.
The beginning of other turns may be written again, which removes properties."
  (let ((start (emacs-agent-turn-from turn)))
    (when (and start (emacs-agent-turn-prompt turn) (< start emacs-agent-output-end))
      (with-silent-modifications
        (put-text-property start (1+ start) 'emacs-agent-turn turn))
      (setf (emacs-agent-turn-last turn) (marker-position start)
            (emacs-agent-turn-from turn) nil)
      (set-marker start nil))))

;;;; Events

(defun emacs-agent-turns--add (event)
  "Remember that EVENT begins at the end of the output."
  (when emacs-agent-turns--list (emacs-agent-turns--settle (car emacs-agent-turns--list)))
  (let-alist event
    (push (make-emacs-agent-turn
           :id .id :turn-id .turn_id :from (copy-marker emacs-agent-output-end) :prompt (equal .type "prompt")
           :text (and (equal .type "prompt") (not (equal .source "agent"))
                      (not (emacs-agent-value .parent_tool_call_id)) .text))
          emacs-agent-turns--list)))

(defun emacs-agent-turns-event (_session event)
  "Take in EVENT before it is shown."
  (let-alist event
    (pcase .type
      ("reset" (setq emacs-agent-turns--list nil))
      ("prompt" (emacs-agent-turns--add event))
      ("tool.call"
       (let ((last (car emacs-agent-turns--list)))
         (unless (and last (equal (emacs-agent-turn-turn-id last) .turn_id))
           (emacs-agent-turns--add event)))))))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-turns-event -50)

(defun emacs-agent-turns-rewound (session event)
  "Cut the output of SESSION at the place in EVENT, if it is a rewind."
  (when (equal (alist-get 'type event) "session.rewound")
    (let* ((to (alist-get 'to_event_id event))
           (gone (cl-remove-if-not (lambda (turn) (> (emacs-agent-turn-id turn) to)) emacs-agent-turns--list)))
      (when gone
        (emacs-agent-section-cut (emacs-agent-turn-start (car (last gone))))
        (dolist (turn gone)
          (when (emacs-agent-turn-from turn) (set-marker (emacs-agent-turn-from turn) nil)))
        (setq emacs-agent-turns--list (cl-set-difference emacs-agent-turns--list gone)))
      (emacs-agent-output-line (format "Rewound [%s]" (emacs-agent-clock (alist-get 'at event))))
      (when (emacs-agent-session-caught-up session)
        (emacs-agent-session-ask session)))))

(add-hook 'emacs-agent-session-event-functions #'emacs-agent-turns-rewound)

(provide 'emacs-agent-turns)
;;; emacs-agent-turns.el ends here
