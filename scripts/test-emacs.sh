#!/usr/bin/env bash
# The Emacs client: byte-compiled with warnings as errors, checkdoc, ERT, and a conversation in a terminal, on the Emacs
# that $EMACS names (default: emacs). Ends with `N passed, N failed, N skipped`. Arguments choose the tests to run.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
emacs=${EMACS:-emacs}
passed=0 failed=0 skipped=0
work=$(mktemp -d "${TMPDIR:-/tmp}/emacs-agent-test-XXXXXX")
trap 'rm -rf "$work"' EXIT

if ! command -v "$emacs" >/dev/null; then
  echo "skipped: there is no $emacs on this machine"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
# Absolute: the terminal starts it elsewhere.
emacs=$(command -v "$emacs")
[[ $emacs == /* ]] || emacs=$PWD/$emacs
"$emacs" --version | head -1

step() { # NAME COMMAND...: passes or fails as a whole; its output is shown when it fails
  local name=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $name"
  else
    failed=$((failed + 1))
    echo "FAILED  $name"
    cat "$work/log"
  fi
}

compile() {
  mkdir "$work/lisp" && cp "$root"/src/emacs/*.el "$work/lisp" || return 1
  "$emacs" -Q --batch -L "$work/lisp" --eval '(setq byte-compile-error-on-warn t)' \
    -f batch-byte-compile "$work"/lisp/*.el
}

checkdoc() { "$emacs" -Q --batch -l "$root/tests/emacs/support/checkdoc.el" "$root"/src/emacs/*.el; }

# Two warnings are left out: that of the name, which stays, and that of Emacs 28, which Debian's package-lint does not know yet.
package_lint() {
  local said
  said=$(cd "$root/src/emacs" && "$emacs" -Q --batch --eval '(setq package-lint-main-file "emacs-agent.el")' \
    $(printf -- '-L %s ' /usr/share/emacs/site-lisp/elpa-src/package-lint-*) \
    -l package-lint -f package-lint-batch-and-exit ./*.el 2>&1) || true
  said=$(grep -E 'warning|error' <<<"$said" | grep -vE 'is redundant in Emacs package names|uninstallable in all released Emacs versions')
  echo "$said"
  [ -z "$said" ]
}

# Where a test answers for `completing-read' and the like, Emacs would compile a trampoline of native code and keep it in the
# home directory: byte-compiled callers, as here, need none.
no_trampolines='(setq comp-enable-subr-trampolines nil native-comp-enable-subr-trampolines nil)'

ert() { # FILE: its totals are added up
  local out status
  out=$(cd "$root" && "$emacs" -Q --batch --eval "$no_trampolines" -L "$work/lisp" -L "$root/tests/emacs/support" \
    -l "$1" -f ert-run-tests-batch-and-exit 2>&1)
  status=$?
  local ran bad skip
  ran=$(sed -n 's/^Ran \([0-9]*\) tests.*/\1/p' <<<"$out")
  bad=$(sed -n 's/^Ran .* \([0-9]*\) unexpected.*/\1/p' <<<"$out")
  skip=$(sed -n 's/^Ran .* \([0-9]*\) skipped.*/\1/p' <<<"$out")
  if [ -z "$ran" ] || [ $status -ne 0 ]; then
    echo "FAILED  $(basename "$1")"
    echo "$out"
  else
    echo "ok      $(basename "$1"): $ran tests${skip:+, $skip skipped}"
  fi
  [ -z "$ran" ] && { failed=$((failed + 1)); return; }
  passed=$((passed + ran - ${bad:-0} - ${skip:-0}))
  failed=$((failed + ${bad:-0}))
  skipped=$((skipped + ${skip:-0}))
}

step 'byte-compile, warnings as errors' compile
step checkdoc checkdoc
if compgen -G '/usr/share/emacs/site-lisp/elpa-src/package-lint-*' >/dev/null; then
  step package-lint package_lint
else
  skipped=$((skipped + 1))
  echo 'skipped package-lint: there is no elpa-package-lint'
fi
for file in "$root"/tests/emacs/*-tests.el; do
  case "$file" in *"${1:-}"*) ert "$file" ;; esac
done
if [ $# -eq 0 ]; then
  if command -v tmux >/dev/null; then
    step 'a conversation in a terminal' env EMACS="$emacs" LISP="$work/lisp" bash "$root/tests/emacs/terminal.sh"
  else
    skipped=$((skipped + 1))
    echo 'skipped a conversation in a terminal: there is no tmux'
  fi
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
