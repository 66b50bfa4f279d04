#!/usr/bin/env bash
# Unpacks Emacs 30.1 from Debian's backports into dist/emacs-30 (nothing is installed), beside the 28.2 of the system: the
# client supports both, and is tested on both. Prints the program's path; says why on stderr where it cannot be had.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/dist/emacs-30
program=$target/emacs
if [ -x "$program" ]; then
  echo "$program"
  exit 0
fi
sources=/etc/apt/sources.list.d/debian.sources
if ! command -v apt-get >/dev/null || ! grep -qs '^Suites:.*bookworm' "$sources"; then
  echo "no Emacs 30.1: this is no Debian 12" >&2
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{parts,lists/partial,cache/archives/partial,debs} "$target"
awk 'BEGIN{RS=""} NR==1' "$sources" | sed -E 's/^Suites:.*/Suites: bookworm bookworm-backports/' >"$work/parts/emacs.sources"
apt=(apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/parts" -o "Dir::State::lists=$work/lists"
  -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root -t bookworm-backports)
if ! { "${apt[@]}" update && cd "$work/debs" && "${apt[@]}" download emacs-nox emacs-bin-common emacs-common emacs-el libtree-sitter0; } >&2; then
  echo "no Emacs 30.1: the backports cannot be reached" >&2
  exit 0
fi
for package in "$work"/debs/*.deb; do dpkg -x "$package" "$target/root"; done
libexec=$(echo "$target"/root/usr/libexec/emacs/30.1/*-linux-gnu)
cat >"$program" <<SCRIPT
#!/bin/sh
export LD_LIBRARY_PATH='$target/root/usr/lib/$(basename "$libexec")'
export EMACSDATA='$target/root/usr/share/emacs/30.1/etc' EMACSDOC='$target/root/usr/share/emacs/30.1/etc' EMACSPATH='$libexec'
export EMACSLOADPATH='$(find "$target/root/usr/share/emacs/30.1/lisp" -type d | paste -sd:)'
exec '$target/root/usr/bin/emacs-nox' --dump-file='$(echo "$libexec"/*.pdmp)' "\$@"
SCRIPT
chmod +x "$program"
if ! "$program" --version >/dev/null 2>&1; then
  echo "no Emacs 30.1: it does not start here ($("$program" --version 2>&1 | tail -1))" >&2
  rm -rf "$target"
  exit 0
fi
echo "$program"
