;;; emacs-agent-remote-code.el --- Shell code for other machines  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 the Emacs-Agent authors
;; SPDX-License-Identifier: MIT

;; This file is not part of GNU Emacs.

;;; Commentary:

;; A process on another machine has a directory there with the files in, out and err, pid (its process group), end (its exit
;; code, once it has ended), beat (which changes with each poll) and, if the command is long, args (its words).  The code is for
;; any POSIX shell, with the tools of GNU, BSD, macOS or BusyBox.

;;; Code:

(defconst emacs-agent-remote-code-piece 262144
  "Bytes of an output that are fetched in one call, at most.")

(defconst emacs-agent-remote-code-most 67108864
  "Bytes in the file of an output from which on a poll empties it.")

(defconst emacs-agent-remote-code-run "\
d=$1; shift
echo $$ >\"$d/pid\"
(p=; n=0
while sleep 2 && [ -d \"$d\" ]; do
b=$(cat \"$d/beat\")
[ \"$b\" = \"$p\" ] || n=0
p=$b; n=$((n+1))
[ $n -lt 90 ] || { rm -rf \"$d\"; kill -s KILL -- -$$; }
done) </dev/null >/dev/null 2>&1 &
env \"$@\" <\"$d/in\" >>\"$d/out\" 2>>\"$d/err\"
echo $? >\"$d/ended\" && mv \"$d/ended\" \"$d/end\"
"
  "Runs a command, with its files in the directory that is the first argument.
After three minutes without a poll, the command is killed.")

(defconst emacs-agent-remote-code-start "\
r=$1 d=$2 i=$3; shift 3
[ \"$d\" ] || d=$(mktemp -d \"${TMPDIR:-/tmp}/emacs-agent.XXXXXX\") || exit
[ ! -e \"$d/args\" ] || . \"$d/args\"
[ -z \"$i\" ] || printf %s \"$i\" | { base64 -d 2>/dev/null || openssl base64 -d -A; } >\"$d/in\"
touch \"$d/in\" \"$d/out\" \"$d/err\" \"$d/beat\"
unset ENV HISTFILE PROMPT_COMMAND PS1 PS2 PS3 TMOUT LC_CTYPE
set -m
if command -v setsid >/dev/null; then setsid sh -c \"$r\" sh \"$d\" \"$@\"
else perl -e 'setpgrp; exec @ARGV' sh -c \"$r\" sh \"$d\" \"$@\"
fi </dev/null >/dev/null 2>&1 &
i=0
while [ ! -e \"$d/end\" ] && [ $i -lt 12 ]; do sleep 0.01 || break; i=$((i+1)); done
set -- 0 0
"
  "Starts a command in a process group of its own, and waits a moment for its end.
The first argument is the code that runs it, the second its directory or empty,
the third its input in Base64 or empty.")

(defconst emacs-agent-remote-code-look (format "\
[ -d \"$d\" ] || { echo 'emacs-agent gone'; exit; }
echo $$ >\"$d/beat\"
r=-; [ ! -e \"$d/end\" ] || r=$(cat \"$d/end\")
echo \"emacs-agent $r $d\"
for f in out err; do
c=.
if [ \"$1\" = - ]; then : >\"$d/$f\"
else tail -c \"+$(($1+1))\" \"$d/$f\" | head -c %d | { base64 2>/dev/null || openssl base64; }
[ \"$(wc -c <\"$d/$f\")\" -lt %d ] || { : >\"$d/$f\"; c=0; }
fi
echo $c; shift
done
" emacs-agent-remote-code-piece emacs-agent-remote-code-most)
  "Prints whether a command has ended, and its new output and errors in Base64.
The arguments are the numbers of bytes of the two that were fetched, or - for
one of which no more is wanted.  After each a line has a point, or 0 if its file
was emptied.")

(defconst emacs-agent-remote-code-end "\
p=$(cat \"$1/pid\"); rm -rf \"$1\"
{ kill -s TERM -- \"-$p\" && sleep 1 && kill -s KILL -- \"-$p\"; } </dev/null >/dev/null 2>&1 &
"
  "Ends the process group of a command, and removes its directory, the argument.")

(provide 'emacs-agent-remote-code)
;;; emacs-agent-remote-code.el ends here
