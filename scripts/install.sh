#!/bin/sh
# Installs, upgrades or removes emacs-agent-backend below a prefix; needs curl or wget, tar, and sha256sum or shasum.
# What a release offers stands in its SHA256SUMS, at BASE/latest/download or BASE/download/vVERSION; an archive whose
# hash is another than there is not unpacked.
set -eu

usage() {
  cat <<'END'
Usage: install.sh [--prefix DIR] [--version V] [--url BASE] [--uninstall]

  --prefix DIR   install below DIR (default: ~/.local)
  --version V    this version (default: the latest)
  --url BASE     where releases are (default: $EMACS_AGENT_URL, else GitHub)
  --uninstall    remove what was installed below the prefix; configuration and
                 transcripts stay
END
}

fail() {
  printf 'install.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

name=emacs-agent-backend
prefix=
version=
url=${EMACS_AGENT_URL:-https://github.com/emacs-agent/emacs-agent-backend/releases}
uninstall=

while [ $# -gt 0 ]; do
  case $1 in
    --prefix | --version | --url)
      [ -n "${2:-}" ] || fail "$1 needs a value" 2
      case $1 in
        --prefix) prefix=$2 ;;
        --version) version=${2#v} ;;
        --url) url=$2 ;;
      esac
      shift
      ;;
    --prefix=*) prefix=${1#*=} ;;
    --version=*) version=${1#*=} version=${version#v} ;;
    --url=*) url=${1#*=} ;;
    --uninstall) uninstall=1 ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && fail "there is no option $1" 2 ;;
  esac
  shift
done
url=${url%/}
if [ -z "$prefix" ]; then
  [ -n "${HOME:-}" ] || fail 'HOME is not set: pass --prefix DIR' 2
  prefix=$HOME/.local
fi
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
case $version in *[!0-9A-Za-z.+-]*) fail "$version is no version" 2 ;; esac

# What is installed, one path below the prefix a line.
manifest=$prefix/share/$name/installed

# Removes the files that the list on stdin names, and the directories that this leaves empty.
remove() {
  while IFS= read -r path; do
    case $path in '' | /* | *..*) continue ;; esac
    rm -f "$prefix/$path"
    parent=${path%/*}
    while [ "$parent" != "$path" ] && rmdir "$prefix/$parent" 2>/dev/null; do
      case $parent in */*) parent=${parent%/*} ;; *) break ;; esac
    done
  done
}

if [ -n "$uninstall" ]; then
  [ -f "$manifest" ] || fail "nothing of install.sh's is below $prefix"
  list=$(cat "$manifest")
  rm -f "$manifest"
  printf '%s\n' "$list" "share/$name/installed" | remove
  echo "$name was removed from $prefix."
  exit 0
fi

# As the archives of a release are called.
detect() {
  case $(uname -m) in
    x86_64 | amd64) processor=x64 ;;
    aarch64 | arm64) processor=arm64 ;;
    *) fail "there is no executable for $(uname -m); the package for Node runs where Node 22 does" ;;
  esac
  case $(uname -s) in
    Linux)
      # Of the system itself: musl may be there beside glibc.
      libc=
      case $(ldd --version 2>&1 || true) in *musl*) libc=-musl ;; esac
      if ! command -v ldd >/dev/null; then
        for loader in /lib/ld-musl-*; do [ ! -e "$loader" ] || libc=-musl; done
      fi
      echo "linux-$processor$libc"
      ;;
    Darwin)
      [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || true)" != 1 ] || processor=arm64
      echo "darwin-$processor"
      ;;
    *) fail "there is no archive for $(uname -s); on Windows use Scoop" ;;
  esac
}

fetch() {
  if command -v curl >/dev/null; then
    curl -fsSL --proto '=http,https' --retry 2 -o "$2" "$1"
  elif command -v wget >/dev/null; then
    wget -q -O "$2" "$1"
  else
    fail 'neither curl nor wget is here: install one of them'
  fi || fail "$1 cannot be had"
}

hash_of() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; elif command -v shasum >/dev/null; then
    shasum -a 256 "$1"
  else
    fail 'neither sha256sum nor shasum is here: nothing is installed without a check'
  fi | cut -d ' ' -f 1
}

system=$(detect)
base=$url/latest/download
[ -z "$version" ] || base=$url/download/v$version
work=$(mktemp -d "${TMPDIR:-/tmp}/emacs-agent-install-XXXXXX")
new=
trap 'rm -rf "$work" ${new:+"$new"}' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fetch "$base/SHA256SUMS" "$work/SHA256SUMS"
# Of two archives the one of xz is smaller; not every machine can unpack it.
named() { grep -E "^[0-9a-f]{64} [ *]$name-[0-9A-Za-z.+-]*-$system\.tar\.$1$" "$work/SHA256SUMS" | head -n 1; }
line=
if command -v xz >/dev/null; then line=$(named xz) || true; fi
[ -n "$line" ] || line=$(named '[a-z]+') || true
[ -n "$line" ] || fail "$base/SHA256SUMS names no archive for $system"
archive=${line#* [ *]}
fetch "$base/$archive" "$work/$archive"
[ "$(hash_of "$work/$archive")" = "${line%% *}" ] ||
  fail "$archive is not what SHA256SUMS says (its SHA-256 is another): nothing was changed"
mkdir "$work/tree"
case $archive in *.xz) format=-J ;; *) format=-z ;; esac # not every tar detects the format
tar -x $format -f "$work/$archive" -C "$work/tree" || fail "$archive cannot be unpacked (for .tar.xz, tar needs xz)"
tree=$(echo "$work"/tree/*)
[ -f "$tree/bin/$name" ] || fail "$archive holds no bin/$name"
"$tree/bin/$name" --version >"$work/version" || case $system in
  *-musl) fail "the executable for $system does not run here: nothing was changed; it needs libstdc++ (Alpine: apk add libstdc++)" ;;
  *) fail "the executable for $system does not run here: nothing was changed" ;;
esac

# Each file takes its place by a rename: a running backend keeps its own, and there is never half a file.
(cd "$tree" && find . -type f) | sed 's|^\./||' | sort >"$work/files"
while IFS= read -r path; do
  target=$prefix/$path
  mkdir -p "${target%/*}"
  new=$target.new.$$
  cp -p "$tree/$path" "$new"
  mv -f "$new" "$target"
done <"$work/files"
new=
if [ -f "$manifest" ]; then
  grep -vxF -f "$work/files" "$manifest" | remove
fi
mkdir -p "${manifest%/*}"
cp "$work/files" "$manifest.new"
mv -f "$manifest.new" "$manifest"

echo "$(cat "$work/version") is in $prefix/bin."
case :${PATH:-}: in *":$prefix/bin:"*) ;; *) echo "Put $prefix/bin on your PATH." ;; esac
