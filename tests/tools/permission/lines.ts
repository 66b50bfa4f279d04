// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell lines

/** Ways to run `rm`, most of them on `x`, that rules by prefix have missed. */
// biome-ignore format: a table
export const DISGUISED = [
  'rm x', '\\rm x', "r''m x", 'r""m x', '"rm" x', "'rm' x", 'r\\m x', "$'rm' x", "$'\\x72m' x", "$'\\162\\155' x",
  "$'\\u0072m' x", "$'r\\x6d\\0ignored' x", '$"rm" x', '/bin/rm x', '/bin//rm x', './rm x', '"/bin/"rm x', 'RM x',
  'rm.exe x', '  rm x', '\trm\tx', 'r\\\nm x', 'rm \\\n x', '\\\nrm x', 'true\nrm x', 'true\r\nrm x\r\n',
  '# hi\nrm x', 'true # hi\nrm x', 'a#b; rm x', 'true; rm x', 'true;rm x', 'true&&rm x', 'false || rm x',
  'true | rm x', 'true |& rm x', 'sleep 1 & rm x', 'rm x &', '! rm x', '(rm x)', '( (rm x) )', '{ rm x; }',
  'if rm x; then :; fi', 'if :; then rm x; fi', 'if :; then :; else rm x; fi', 'if :; then :; elif rm x; then :; fi',
  'while rm x; do :; done', 'while :; do rm x; done', 'until :; do rm x; done', 'for i in a; do rm x; done',
  'for i in a\ndo rm x\ndone', 'for i do rm x; done', 'for ((i=0;i<1;i++)); do rm x; done',
  'select i in a; do rm x; done', 'case a in a) rm x;; esac', 'case a in (a) rm x;; (b) :;; esac',
  'case a in b) :;; a|c) rm x;; esac', 'case a in a) :;; esac; rm x', 'case a in (b) :;; (a) rm x;; esac',
  'case a\nin a)\nrm x\nesac', 'case a in b) : ;& a) rm x ;; esac', 'case a in esac; rm x', 'f() { rm x; }; f',
  'f () (rm x); f', 'function f { rm x; }', 'function f() { rm x; }', 'f() if :; then rm x; fi', 'ls() { rm x; }; ls',
  'time rm x', 'time -p rm x', 'time { rm x; }', 'time ! rm x', 'coproc rm x', 'coproc N { rm x; }',
  'coproc { rm x; }', '[[ a ]] && rm x', '[[ a < b ]]; rm x', 'A=1 rm x', 'A=1 B=2 rm x', 'A[0]=1 rm x', 'A+=1 rm x',
  'A= rm x', '>f rm x', '2>f rm x', '2>&1 rm x', '<f rm x', '&>f rm x', '{fd}>f rm x', '>|f rm x', 'rm>f x',
  'a=(b c); rm x', '$(rm x)', '`rm x`', 'echo $(rm x)', 'echo `rm x`', 'echo "$(rm x)"', 'echo "`rm x`"',
  'echo "a $(echo "$(rm x)")"', 'echo `echo \\`rm x\\``', 'cat <(rm x)', 'cat >(rm x)', 'A=$(rm x)', 'A=`rm x` b',
  'echo ${A:-$(rm x)}', 'echo "${A:-$(rm x)}"', 'echo ${A#`rm x`}', 'echo $((1 + $(rm x)))', 'echo $[ $(rm x) ]',
  'a=($(rm x))', 'cat <<E\n$(rm x)\nE', 'cat <<E\n`rm x`\nE', 'cat <<< "$(rm x)"', '[[ $(rm x) ]]',
  'case $(rm x) in a) ;; esac', 'for i in $(rm x); do :; done', 'echo > $(rm x)', 'r$@m x', 'r$*m x', 'r$1m x',
  'r${1}m x', 'r"$@"m x', '$@rm x', '${A:-rm} x', '${A-rm} x', '${A:=rm} x', '${A:+rm} x', '${A:-rm x}',
  "${A:-$'rm'} x", 'rm${IFS}x', 'rm$IFS x', 'true;rm$IFS#x', 'rm${IFS%?}x', '{rm,x}', '{rm,-f,x}', 'r{m,m} x',
  '$SUDO rm x', '"$SUDO" rm x', '${SUDO} rm x', '$A $B rm x', '"" rm x', 'cat <<E\nhello\nE\nrm x',
  "cat <<'E'\n$(\nE\nrm x", 'cat <<-E\n\thello\n\tE\nrm x', 'cat <<A <<B\na\nA\nb\nB\nrm x', 'cat <<E; rm x\nE',
  "cat <<E\nit's\nE\nrm x", 'cat <<""\nhi\n\nrm x', '((x=1<<2))\nrm x', 'echo $((1<<2))\nrm x', 'let "x=1<<2"\nrm x',
  '((a = 1 #))\nrm x', 'env rm x', 'env A=1 rm x', 'env -i rm x', 'env -u A rm x', 'env -uA rm x', 'env - rm x',
  'env --unset A rm x', 'env --unset=A rm x', 'env -C / rm x', 'env -S "rm x"', 'env -S"rm x"',
  'env --split-string="rm x"', 'env = rm x', '/usr/bin/env rm x', 'env -- rm x', 'sudo rm x', 'sudo -n rm x',
  'sudo -u root rm x', 'sudo -uroot rm x', 'sudo --user root rm x', 'sudo --user=root rm x', 'sudo A=1 rm x',
  'sudo -- rm x', 'sudo -E -H -u root -- rm x', 'sudo env rm x', 'doas rm x', 'doas -u root rm x', 'pkexec rm x',
  'su -c "rm x"', 'su root -c "rm x"', 'su - root -c "rm x"', 'su -c"rm x" root', 'su --command="rm x"',
  'su --command "rm x" root', 'runuser -u a rm x', 'runuser a -c "rm x"', 'sg wheel "rm x"', 'xargs rm',
  'xargs -0 rm', 'xargs -n 1 rm', 'xargs -I {} rm {}', 'xargs -I{} sh -c "rm {}"', 'xargs --max-args 1 rm',
  'ls | xargs rm', 'parallel rm ::: a b', 'parallel ::: "rm a"', 'parallel -j 4 rm {} ::: a', 'ls | parallel rm',
  'find . -exec rm {} \\;', 'find . -exec rm {} +', "find . -exec rm {} ';'", 'find . -execdir rm {} +',
  'find . -ok rm {} \\;', 'find . -okdir rm {} \\;', 'find . -name a -exec ls {} \\; -exec rm {} \\;',
  `find . -exec sh -c 'rm "$1"' _ {} \\;`, 'find . -exec env rm {} +', 'fd -x rm', 'fd --exec rm', 'fd --exec=rm',
  'fd . -X rm', 'sh -c "rm x"', "bash -c 'rm x'", 'bash -lc "rm x"', 'bash -l -c "rm x"', 'bash -ec "rm x"',
  'bash -c -e "rm x"', 'bash -o pipefail -c "rm x"', 'bash --norc -c "rm x"', 'bash --rcfile f -c "rm x"',
  'bash +o posix -c "rm x"', 'zsh -c "rm x"', 'dash -c "rm x"', 'fish --command="rm x"', '/bin/sh -c "rm x"',
  'sh -c "sh -c \\"rm x\\""', `sh -c '"$@"' _ rm x`, "sh -c '$0 x' rm", 'busybox rm x', 'busybox sh -c "rm x"',
  'bash <<< "rm x"', 'bash <<E\nrm x\nE', "sh <<'E'\nrm x\nE", 'cat <<E | sh\nrm x\nE', 'echo rm x | sh',
  "printf 'rm x' | bash", 'echo "rm x" | bash -s', "echo -e 'a\\nrm x' | sh", 'source <(echo rm x)', '. <(echo rm x)',
  'bash <(echo rm x)', '. /dev/stdin <<< "rm x"', 'sh - <<< "rm x"', 'eval rm x', 'eval "rm x"', "eval 'r''m' x",
  'eval eval rm x', 'eval "$(echo a)" "; rm x"', 'exec rm x', 'exec -a ls rm x', 'command rm x', 'command -p rm x',
  'command -- rm x', 'builtin eval rm x', "trap 'rm x' EXIT", "alias l='rm x'", 'mapfile -C "rm x" a',
  'compgen -C "rm x"', 'nice rm x', 'nice -n 5 rm x', 'nice -5 rm x', 'nohup rm x', 'timeout 5 rm x',
  'timeout -s KILL 5 rm x', 'timeout --signal=KILL 5 rm x', 'timeout -k 1 5 rm x', '/usr/bin/time -f %e rm x',
  '\\time -o f rm x', 'setsid rm x', 'setsid -w rm x', 'stdbuf -oL rm x', 'stdbuf -o L rm x', 'ionice -c 3 rm x',
  'chroot / rm x', 'watch rm x', 'watch -n 1 "rm x"', 'flock f rm x', 'flock f -c "rm x"', 'script -c "rm x"',
  'script -qc "rm x" /dev/null', 'strace -f -e trace=all rm x', 'taskset -c 0 rm x', 'unshare -r rm x',
  'systemd-run --user rm x', 'xvfb-run -a rm x', 'caffeinate -i rm x', 'npx rm x', 'npm exec rm x',
  'npm exec -- rm x', 'uv run rm x', 'ssh host rm x', 'ssh -p 22 host "rm x"', 'tmux new -d "rm x"',
  'git submodule foreach "rm x"', 'git bisect run rm x', 'git rebase -i --exec "rm x" main',
  "git -c alias.a='!rm x' a", 'nohup sudo env A=1 nice -n 5 timeout 5 bash -c "eval \\"rm x\\""', 'cmd /c rm x',
  "bash -oc pipefail 'rm x'", "bash -co pipefail 'rm x'", "zsh -opipefail -c 'rm x'", "bash +o posix -O extglob -c 'rm x'",
  "fish -C 'rm x'", "fish --init-command='rm x'", "su --c 'rm x'", 'setarch -R rm x', 'setarch x86_64 rm x', 'fd -Hx rm',
  'fd -xrm', "git -c core.pager='rm x' log", "git -c core.sshCommand='rm x' fetch", "git -C a -c alias.b='!rm x' b",
  "git fetch --upload-pack='rm x' .", "git push --receive-pack 'rm x'", "git clone -u 'rm x' a", "git grep -O'rm x' a",
  "git difftool -x 'rm x'", "git filter-branch --tree-filter 'rm x'", "tar cf a b --checkpoint-action=exec='rm x'",
  "tar xf a --to-command='rm x'", "tar xf a --to-com='rm x'", "tar -I 'rm x' -xf a", "rsync -e 'rm x' a b", "rg --pre 'rm x' a",
  "tar cIf 'rm x' a b", "rsync -avze 'rm x' a b", "git grep -nO'rm x' a",
  "sort --compress-program='rm x' a", "split --filter='rm x' a", 'repeat 3 rm x', 'xargs -i rm {}', 'env -iS "rm x"',
]

/** Lines in which `rm` is only data. */
// biome-ignore format: a table
export const HARMLESS = [
  'echo rm x', "echo 'a; rm x'", 'echo "a; rm x"', 'echo \\; rm x', 'echo a\\;rm', 'git rm x', 'ls # rm x',
  'ls #; rm x', 'grep -r rm src', "cat <<'E'\nrm x\n$(rm x)\nE", 'cat <<E\nrm x\nE', 'command -v rm', 'command -V rm',
  'echo "\\$(rm x)"', "echo '$(rm x)'", 'echo "\\`rm x\\`"', "git commit -m 'rm x'", 'git commit -m "a\n\nrm x"',
  'find . -name rm', 'rmdir x', 'for i in rm x; do echo $i; done', 'case rm in rm) ls;; esac', 'a=rm', 'a=(ls); echo',
  'echo ${rm}', 'xargs grep rm', 'sudo ls rm', 'env rm=1 ls', 'sh rm', 'cat < rm', 'echo > rm', 'timeout 5 ls rm',
  'git clean -x rm', 'bash script.sh "rm x"',
  'git switch -c rm', 'git log -c rm', 'git commit -c rm', 'git branch --exec-path rm', 'tar cf rm x', 'rsync -a rm x',
  'rg -e rm x', 'sort -u rm', 'git grep rm', 'git rebase -i rm', 'bash -x script.sh rm', 'bash -C script.sh',
]

/** Lines that no shell takes, or not all shells alike. */
// biome-ignore format: a table
export const UNPARSED = [
  "a 'b", 'a "b', 'a `b', 'a $(b', '(a', 'a)', 'a ${b', 'a <<E\nb', 'a >', "a $'b", 'a\u0000b', 'a\u0001', 'a "$(b"',
  '((a',
]

/** Lines that no rule may allow. */
// biome-ignore format: a table
export const NOT_PLAIN = [
  '', ' ', '#a', "'npm' test", '"npm" test', '\\npm test', "n''pm test", 'np?m test', 'n*', '[ a ]', '~/a b',
  'ñpm test', '{a} b', 'a=b', 'A=1 npm test', '=npm', '%1', 'a;', 'a;b', 'a&', 'a&&b', 'a|b', 'a||b', 'a>b', 'a <b',
  'a 2>&1', '(a)', '{ a; }', 'a (b)', 'a {b,c}', 'a {1..3}', 'a #b', 'a =b', '! a', 'a\nb', 'a\n', '\na', 'a \\\n b',
  'a\rb', 'a\r\n', 'a $b', 'a "$b"', 'a \\$b', 'a $(b)', 'a `b`', 'a "\n" ${b}', 'a "`\n`"', 'a {x}{b,c}', 'a @{1}{b,c}', 'a {}..b}', 'a "`b`"', "a $'b'",
  'a ${b}', 'a $((1))', 'a <(b)', 'a <<< b', 'a <<E\nE', 'if a', 'then a', 'do a', 'while a', 'case a', 'for a',
  'function a', 'select a', 'time a', 'coproc a', 'in a', 'esac', 'done', 'fi', 'noglob a', 'repeat 3 a', 'env a',
  '/usr/bin/env a', 'env', 'ENV a', 'sudo a', 'doas a', 'su -c a', 'su', 'xargs a', 'nice a', 'nohup a',
  'timeout 5 a', 'watch a', 'parallel a', 'setsid a', 'stdbuf -oL a', 'ionice a', 'chroot / a', 'exec a', 'command a',
  'builtin a', 'eval a', 'busybox a', 'trap a 0', 'alias a=b', 'flock f a', 'strace a', 'sh -c a', 'bash -lc a',
  '/bin/bash -c a', 'zsh -c a', 'find . -exec a +', 'find . -ok a', 'find . -execdir a', 'fd -x a',
  "git -c alias.a='!b' a", 'git bisect run a', 'git rebase --exec a main', 'a\u00a0b', 'a \u200bb', 'a \u202eb',
  'a b\u2066', 'a\u2028b', 'a\u3000b', 'a \ufeffb', 'a \u00adb', 'a \u034fb', 'a \u2800b', 'a \u3164b',
  'a \udb40\udc41', 'a \ufe0f', 'a \ud800', 'a\u007f', 'a \u0085', 'a \u001b[1m', 'a \u0008', '\u0000', 'a \u115fb',
  'a \ue000', "a 'b", 'a "b', 'a \\', 'a "b\\"',
  "bash -oc pipefail 'a'", 'setarch -R a', 'fd -Hx a', "git -c core.pager=a log", "git fetch --upload-pack=a .",
  'cat ~-/a', 'cat ~-', 'dd if=~-/a', 'cat ~1/a', 'cat ~+1/a', 'a b:~-/c',
  'tar xf a --to-command=b', 'rsync -e a b c', 'rg --pre a b', 'split --filter=a b',
]

/** Lines that are refused under any rule. */
// biome-ignore format: a table
export const CATASTROPHES = [
  'rm -rf /', 'rm -fr /', 'rm -r -f /', 'rm -f -r /', 'rm / -rf', 'rm -rf -- /', 'rm --recursive --force /',
  'rm --rec --f /', 'rm -Rf /', 'rm -vrf /', 'rm -r /', 'rm -rf //', 'rm -rf /.', 'rm -rf /./', 'rm -rf /*',
  'rm -rf /.*', 'rm -rf /*/*', 'rm -rf /?*', 'rm -rf /[a-z]*', 'rm -rf /tmp/..', 'rm -rf /home/..', 'rm -rf a /',
  'rm -rf "/"', "rm -rf '/'", 'rm -rf \\/', '"rm" -rf /', "r''m -rf /", '/bin/rm -rf /',
  'rm -rf --no-preserve-root x', 'rm -rf --no-preserve-root /', 'rm -rf ~', 'rm -rf ~/', 'rm -rf ~/*', 'rm -rf ~/.',
  'rm -rf ~/.*', 'rm -rf ~root', 'rm -rf ~/..', 'rm -rf $HOME', 'rm -rf "$HOME"', 'rm -rf ${HOME}', 'rm -rf $HOME/',
  'rm -rf "$HOME"/*', 'rm -rf "${HOME:?}"', 'rm -rf /home/me', 'rm -rf /home', 'rm -rf /home/*', 'rm -rf /Users/me/',
  'rm -rf /root', 'rm -rf C:/', 'rm -rf a{,/b} /', 'sudo rm -rf /', 'true && rm -rf /', '(rm -rf /)', '$(rm -rf /)',
  'echo "$(rm -rf /)"', 'bash -c "rm -rf /"', 'eval "rm -rf /"', 'env rm -rf /', 'find . -exec rm -rf / \\;',
  'xargs rm -rf /', 'rm${IFS}-rf${IFS}/', '{rm,-rf,/}', 'r$@m -rf /', 'r\\\nm -rf /', '${x:-rm} -rf /',
  'rm -rf ${x:-/}', 'f() { rm -rf /; }; f', 'echo rm -rf / | sh', 'bash <<< "rm -rf /"', "trap 'rm -rf /' EXIT",
  'rm -rf / &', 'RM -rf /', '$SUDO rm -rf /', 'rm -rf / "', "rm -rf / '", 'timeout 5 rm -rf /', 'nohup rm -rf ~ &',
  'ssh host rm -rf /', 'find / -delete', 'find ~ -type f -delete', 'find / -exec rm -rf {} +', 'mkfs /dev/sda',
  'mkfs.ext4 /dev/sda1', 'mkfs -t ext4 /dev/nvme0n1', 'mke2fs /dev/sdb', 'newfs_hfs disk2',
  '/sbin/mkfs.xfs -f /dev/vda', 'sudo mkfs.ext4 x', 'dd if=/dev/zero of=/dev/sda', 'dd of=/dev/nvme0n1 if=x',
  'dd of=/dev/disk2', 'dd of=/dev/../dev/sda', 'dd of=//dev/sda', 'sudo dd of=/dev/mapper/root', 'cat x > /dev/sda',
  'cat x >/dev/sda1', 'echo >> /dev/sdb', ': >| /dev/vda', 'a &> /dev/mmcblk0', '> /dev/sda', 'tee /dev/sda',
  'cp x /dev/sda', 'shred /dev/sda', 'echo x > "/dev/sda"', 'dd of=/dev/sd*', 'chmod -R 777 /', 'chmod 777 -R /',
  'chmod --recursive 777 /', 'chmod -R -x /', 'chown -R me /', 'chown -hR me:me /', 'chown me -R /*', 'chgrp -R me /',
  'sudo chmod -Rv 777 //', ':(){ :|:& };:', ':() { : | : & }; :', ':(){:|:&};:', 'f(){ f|f& };f',
  'function f { f | f & }; f', 'f() ( f | f & ); f', 'f() { f & f; }; f', 'bash -c ":(){ :|:& };:"',
  'f(){ true; f |& f; }', "perl -e 'fork while fork'", "python3 -c 'import os\nwhile True: os.fork()'",
]

/** Lines that look like it and are not. */
// biome-ignore format: a table
export const NO_CATASTROPHES = [
  'rm -rf node_modules', 'rm -rf /tmp/x', 'rm -rf ./', 'rm -rf ~/project/dist', 'rm -rf /home/me/x', 'rm -f /',
  'rm x /', 'rm -rf "$X"', 'rm -rf $X/*', 'rm -rf "${DIR}/"', 'rm -rf /$X', 'echo rm -rf /', "echo 'rm -rf /'",
  'ls -R /', 'ls -rf /', 'rm -i -f /', 'grep -rf / x', 'find / -name x', "find / -name '*.tmp' -delete",
  'find . -delete', 'find ~ -name node_modules -exec rm -rf {} +', 'find ~/x -delete', 'dd if=/dev/sda of=disk.img',
  'dd of=/dev/null', 'a > /dev/null 2>&1', 'a > /dev/stderr', 'a > /dev/tty', 'a &>/dev/null', 'echo > /dev/tcp/h/1',
  'a > /dev/fd/3', 'cp /dev/sda x', 'chmod -R 755 .', 'chmod 755 /', 'chown me /', 'chmod -R 700 ~',
  'f() { g | g & }; f', 'f() { f; }; f', 'a | a &', 'f(){ :; }; f | f &', 'f() { g && f; }', 'mkfs --help',
  'man mkfs', 'which mkfs.ext4', 'cat a > /devices', 'rm -rf dev/', 'git rm -rf /', 'docker run --rm -f /',
]
