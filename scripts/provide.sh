#!/usr/bin/env bash
# Installs from Debian's packages what the tests use beyond Node: Emacs and package-lint, git, ripgrep, tmux, Lua, bubblewrap,
# clangd, sshd. Does nothing where they are there, or where this is no Debian or not root: the tests then skip what they cannot run, and say so.
set -euo pipefail
declare -A packages=([emacs]=emacs-nox [git]=git [rg]=ripgrep [tmux]=tmux [luac]=lua5.4 [bwrap]=bubblewrap [clangd]=clangd [sshd]=openssh-server)
missing=()
for program in "${!packages[@]}"; do
  command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || missing+=("${packages[$program]}")
done
[ -d /usr/share/doc/elpa-package-lint ] || missing+=(elpa-package-lint)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "missing, and not installed here: ${missing[*]}" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
