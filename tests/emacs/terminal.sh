#!/usr/bin/env bash
# A whole conversation in a terminal: `emacs -nw` in tmux, the keys of a user, and what is on the screen. $EMACS is the
# Emacs, $LISP where the client is, $EMACS_AGENT_BACKEND the executable (default: dist/emacs-agent-backend).
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
program=${EMACS_AGENT_BACKEND:-$root/dist/emacs-agent-backend}
if [ ! -x "$program" ]; then
  echo "the executable is not built: npm run build"
  exit 1
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/emacs-agent-terminal-XXXXXX")
mkdir -p "$work/home" "$work/project"
printf 'hello\n* world\n' >"$work/project/README.md"
session=emacs-agent-$$
tm() { tmux -L "$session" -f /dev/null "$@"; }
finish() {
  tm kill-server 2>/dev/null
  # The backend ends with its Emacs, in its own time.
  for _ in $(seq 1 300); do
    rm -rf "$work" 2>/dev/null && break
    sleep 0.1
  done
}
trap finish EXIT

screen() { tm capture-pane -p -t main; }

expect() { # TEXT: waits until the screen shows it, 90 s at most
  local n
  for n in $(seq 1 900); do
    screen | grep -qF -- "$1" && return 0
    sleep 0.1
  done
  echo "The screen never showed: $1"
  echo "It shows:"
  screen
  exit 1
}

keys() { tm send-keys -t main "$@"; }
text() { tm send-keys -t main -l "$1"; }

cat >"$work/init.el" <<LISP
(setq inhibit-startup-screen t make-backup-files nil create-lockfiles nil emacs-agent-notify nil
      emacs-agent-program "$program" emacs-agent-display-action '((display-buffer-same-window)))
(add-to-list 'load-path "${LISP:-$root/src/emacs}")
(require 'emacs-agent-commands)
LISP

tm new-session -d -s main -x 110 -y 40 -c "$work/project" \
  env -u ANTHROPIC_API_KEY -u OPENAI_API_KEY -u GEMINI_API_KEY TERM=screen-256color LANG=C.UTF-8 LC_ALL=C.UTF-8 \
  HOME="$work/home" XDG_STATE_HOME="$work/home/state" XDG_CONFIG_HOME="$work/home/config" \
  "${EMACS:-emacs}" -nw -Q -l "$work/init.el" "$work/project/README.md"

expect 'README.md'
keys M-x
text 'emacs-agent'
keys Enter
expect 'Ask for something'
text 'read README.md'
keys C-c C-c
expect 'read_file  README.md  done'
expect 'Done, '
expect 'ready'
# Code is shown as it is, without the commas that keep it from being Org.
screen | grep -q '^\* world' || { echo 'The file is not shown as it is'; screen; exit 1; }

text 'create file notes.txt with some notes'
keys C-c C-c
expect 'waits for you'
expect '+some notes'
expect 'a approve'
# What is typed on goes into the input and decides nothing.
text 'baaa'
expect 'waits for you'
keys C-c C-a
# In its first half second an approval takes no key: press until it does.
for _ in $(seq 1 600); do
  text 'a'
  sleep 0.1
  screen | grep -qF 'Created' && break
done
expect 'Created'
expect 'ready'
grep -q 'some notes' "$work/project/notes.txt" || { echo 'The file was not written'; exit 1; }
expect 'baaa'

# More about a call, and its whole result.
keys M-\<
keys C-s
text 'Tool Call: write'
keys Enter C-a Tab
expect '"path": "notes.txt"'
keys M-\>

# All changes as a diff.
keys C-c C-d
expect '+++ notes.txt'
echo 'A whole conversation, with an approval.'
