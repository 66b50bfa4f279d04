/**
 * Ways out of a sandbox, as shell lines: each prints ESCAPED where it got out, or leaves a trace in `OUT`. The environment names
 * what is outside: OUT a directory, PORT a server on loopback, SOCK and HOMESOCK sockets, ABSTRACT one without a file, VICTIM a
 * process, BACKEND the backend, STATE and CONFIG its directories. CANARY stands in what must not be read, reversed here.
 */
const python = (body: string) => `python3 - <<'PY'
import ctypes, os, socket, sys, signal
libc = ctypes.CDLL(None, use_errno=True)
def did(ok):
    print("ESCAPED" if ok else "held")
def tried(act):
    try:
        did(act() is not False)
    except BaseException as error:
        print("held", error)
def call(*args):
    return libc.syscall(*args) >= 0
E = os.environ
${body}
PY`
const connecting = (family: string, address: string, kind = 'STREAM') =>
  python(`s = None
def go():
    global s
    s = socket.socket(socket.${family}, socket.SOCK_${kind})
    s.settimeout(2)
    s.connect(${address})
    s.send(b"GET / HTTP/1.0\\r\\n\\r\\n")
tried(go)`)
const number = (x64: number, arm64: number) => (process.arch === 'arm64' ? arm64 : x64)
const reading = (line: string) => `${line} 2>/dev/null | rev | grep -q yranac && echo ESCAPED`
const writing = (line: string) => `(${line}) 2>/dev/null; true`

export const ESCAPES: Record<string, Record<string, string>> = {
  'writes outside': {
    'a new file': writing('echo x > "$OUT/new"'),
    'a file that is there': writing('echo x >> "$OUT/kept"'),
    'a new file at home': writing('echo x > ~/new'),
    'a start file of the shell': writing('echo x >> ~/.bashrc'),
    'through a link': writing('ln -s "$OUT" link && echo x > link/linked'),
    'through a link to a file': writing('ln -sf "$OUT/kept" file-link && echo x > file-link'),
    'through a hard link': writing('ln "$OUT/kept" hard && echo x > hard'),
    'by ..': writing('cd .. && echo x > "$(basename "$OUT")/dotted"; echo x > "../$(basename "$OUT")/dotted"'),
    'by /proc/self/root': writing('echo x > "/proc/self/root$OUT/rooted"'),
    'by /proc/self/cwd': writing('echo x > "/proc/self/cwd/../$(basename "$OUT")/cwd"'),
    'a move out': writing('echo x > moved && mv moved "$OUT/moved"'),
    'removing a file': writing('rm -f "$OUT/kept"'),
    'other permissions': writing('chmod 777 "$OUT/kept"'),
    truncating: writing('truncate -s 0 "$OUT/kept"'),
    'another time': python('tried(lambda: os.utime(E["OUT"] + "/kept", (1, 1)))'),
    'an attribute': python('tried(lambda: os.setxattr(E["OUT"] + "/kept", "user.x", b"x"))'),
    'an archive': writing('echo x > packed && tar cf a.tar --transform "s,^,$OUT/," -P packed && tar xPf a.tar'),
    'a system file': writing('echo x > /etc/escaped && rm /etc/escaped && echo ESCAPED > "$OUT/etc"'),
    'a directory': writing('mkdir -p "$OUT/directory"'),
    'a repository elsewhere': writing('git init -q "$OUT/repository"'),
    'our state': writing('echo x > "$STATE/escaped"'),
    'our configuration': writing('echo x >> "$CONFIG/emacs-agent.toml"'),
    'shared memory': python(
      'tried(lambda: os.close(os.open("/dev/shm/" + E["NAME"], os.O_CREAT | os.O_WRONLY)))\nprint("held")',
    ).replace('"ESCAPED"', '"held"'),
  },
  'reads secrets': {
    'a key': reading('cat ~/.ssh/id_ed25519'),
    'a cloud': reading('cat ~/.aws/credentials'),
    'a file of the project': reading('cat .e*v'),
    'by another directory': reading('cat "$PWD/../$(basename "$PWD")/.e"nv'),
    'through a link': reading('ln -s ~/.ssh keys; cat keys/id_ed25519'),
    'through a hard link': reading('ln .env plain; cat plain'),
    'by another name': reading('mv .env plain; cat plain'),
    'by /proc/self/root': reading('cat /proc/self/root$HOME/.ssh/id_ed25519'),
    'by a wildcard': reading('cat ~/.s?h/*'),
    'a copy': reading('cp -r ~/.ssh copied; chmod -R u+rwx copied; cat copied/*'),
    'an archive': reading('tar cf - ~/.aws'),
    'a search': reading('grep -rs . ~ --include=id_ed25519 --include=credentials'),
    'by git': reading('git -c core.pager=cat diff --no-index /dev/null ~/.aws/credentials'),
    'our token': reading('cat "$STATE"/*token* "$STATE"/canary'),
    'our configuration': reading('cat "$CONFIG/emacs-agent.toml"'),
    'a transcript': reading('cat ~/.emacs-agent/transcripts/canary'),
    'by a descriptor of a directory': python(
      'def go():\n    d = os.open(E["HOME"], os.O_RDONLY | os.O_DIRECTORY)\n    return b"yranac" in os.read(os.open(".aws/credentials", os.O_RDONLY, dir_fd=d), 100)[::-1]\ntried(go)',
    ),
    'by a handle': python(
      `h = ctypes.create_string_buffer(256)\nctypes.memmove(h, (128).to_bytes(4, "little"), 4)\nm = ctypes.c_int()\nlibc.syscall(${number(303, 264)}, -100, E["OUT"].encode(), h, ctypes.byref(m), 0)\nd = os.open("/", os.O_RDONLY) if os.access("/", os.R_OK) else 0\ndid(call(${number(304, 265)}, d, h, 0))`,
    ),
    'by a disk': reading(
      'for d in /dev/[sv]d? /dev/nvme*; do head -c 100000 $d; done; ls /dev/vda /dev/sda && echo yranac | rev',
    ),
  },
  network: {
    'a server of this machine': connecting('AF_INET', '("127.0.0.1", int(E["PORT"]))'),
    'by another name': connecting('AF_INET', '("127.1.2.3", int(E["PORT"]))'),
    'by IPv6': connecting('AF_INET6', '("::ffff:127.0.0.1", int(E["PORT"]))'),
    'by the shell': writing('exec 3<>/dev/tcp/127.0.0.1/$PORT && echo GET >&3'),
    'by UDP': connecting('AF_INET', '("127.0.0.1", int(E["PORT"]))', 'DGRAM').replace(
      'did(act() is not False)',
      'act(); print("held")',
    ),
    'the backend': connecting('AF_INET', '("127.0.0.1", int(E["OURS"]))'),
    'a raw socket': python('tried(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))'),
    'the host of a virtual machine': python('tried(lambda: socket.socket(40, socket.SOCK_STREAM))'),
  },
  sockets: {
    'a service': connecting('AF_UNIX', 'E["SOCK"]'),
    'one at home': connecting('AF_UNIX', 'E["HOMESOCK"]'),
    'one without a file': connecting('AF_UNIX', '"\\0" + E["ABSTRACT"]'),
    'through a link': `ln -s "$HOMESOCK" socket-link; cd .; ${connecting('AF_UNIX', '"socket-link"')}`,
    Docker: `test -S /var/run/docker.sock && echo ESCAPED; ${connecting('AF_UNIX', '"/var/run/docker.sock"')}`,
    'D-Bus': `env | grep -E '^(DBUS_|SSH_AUTH_SOCK|DOCKER_HOST|XDG_RUNTIME_DIR)' && echo ESCAPED; ${connecting('AF_UNIX', '"/run/dbus/system_bus_socket"')}`,
  },
  processes: {
    ptrace: python(`did(call(${number(101, 117)}, 16, int(E["VICTIM"]), 0, 0))`),
    'its memory': python(
      `b = ctypes.create_string_buffer(8)\nclass V(ctypes.Structure): _fields_ = [("p", ctypes.c_void_p), ("n", ctypes.c_size_t)]\nl = V(ctypes.addressof(b), 8)\nmaps = ""\ntried(lambda: open("/proc/" + E["VICTIM"] + "/mem", "rb").close())`,
    ),
    'its environment': reading('cat "/proc/$VICTIM/environ"'),
    'the environment of the backend': reading('cat "/proc/$BACKEND/environ"'),
    'its root': writing('echo x > "/proc/$VICTIM/root$OUT/root"'),
    'its directory': writing('echo x > "/proc/$VICTIM/cwd/cwd"'),
    'a signal': writing('kill -9 "$VICTIM"'),
    'a signal to the backend': writing('kill -9 "$BACKEND"'),
    'a signal by descriptor': python(
      `fd = libc.syscall(434, int(E["VICTIM"]), 0)\ndid(fd >= 0 and call(424, fd, 9, 0, 0))`,
    ),
    'its limits': python(
      'import resource\ntried(lambda: resource.prlimit(int(E["VICTIM"]), resource.RLIMIT_CORE, (0, 0)))',
    ),
    'its priority': python('tried(lambda: os.setpriority(os.PRIO_PROCESS, int(E["VICTIM"]), 10))'),
  },
  privileges: {
    sudo: 'sudo -n true 2>/dev/null && echo ESCAPED',
    'a program with setuid': `cp "$(command -v id)" own 2>/dev/null; chmod u+s own; python3 -c 'print("held" if "NoNewPrivs:\\t1" in open("/proc/self/status").read() else "ESCAPED")'`,
    capabilities: `grep -q 'CapEff:.*[1-9a-f]' /proc/self/status && echo ESCAPED`,
    'another user': python('def go():\n    os.setuid(65534 if os.getuid() == 0 else 0)\ntried(go)'),
    'a device': writing('mknod disk b 254 0 && echo x > "$OUT/device"'),
    'a module': python(`did(call(${number(175, 105)}, 0, 0, b""))`),
    'the keyring': python(`did(call(${number(250, 219)}, 0, -3, 0))`),
    bpf: python(`did(call(${number(321, 280)}, 0, ctypes.create_string_buffer(128), 128))`),
    io_uring: python('did(call(425, 4, ctypes.create_string_buffer(240)))'),
    'a host name': writing(
      'hostname escaped && hostname | grep -q escaped && test "$(cat /proc/sys/kernel/hostname)" = escaped && cat /etc/never',
    ),
  },
  namespaces: {
    user: 'unshare -Ur true 2>/dev/null && echo ESCAPED',
    mount: 'unshare -m true 2>/dev/null && echo ESCAPED',
    'of another process':
      'nsenter -t 1 -m true 2>/dev/null && echo ESCAPED; nsenter -t "$VICTIM" -a true 2>/dev/null && echo ESCAPED',
    'by clone': python(`did(call(${number(56, 220)}, 0x10000011, 0, 0, 0, 0))`).replace('did(', 'did('),
    'by clone3': python(
      'a = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17)\npid = libc.syscall(435, a, 88)\nif pid == 0: os._exit(0)\ndid(pid > 0)',
    ),
    'taking a cover away': `umount ~/.ssh 2>/dev/null && echo ESCAPED; umount -l /tmp 2>/dev/null && echo ESCAPED; true`,
    'a mount':
      'mount -t tmpfs none . 2>/dev/null && echo ESCAPED; mount -o remount,rw / 2>/dev/null && echo ESCAPED; true',
    'a new mount': python('did(call(430, b"tmpfs", 0))'),
    chroot: 'chroot / true 2>/dev/null && echo ESCAPED',
  },
}
