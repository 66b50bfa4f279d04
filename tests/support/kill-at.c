// Preloaded into the backend: once the file that KILL_AT names is there, the process is killed at the beginning of the call
// whose number it holds, counted from then on, of those that make something last or visible.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void point(void) {
  static int left;
  if (left == 0) {
    const char *flag = getenv("KILL_AT");
    int fd = flag ? (int)syscall(SYS_openat, AT_FDCWD, flag, O_RDONLY) : -1;
    if (fd < 0)
      return;
    char text[16] = {0};
    if (read(fd, text, sizeof text - 1) > 0)
      left = atoi(text);
    syscall(SYS_close, fd);
    if (left == 0)
      return;
  }
  if (--left == 0)
    kill(getpid(), SIGKILL);
}

int fsync(int fd) {
  point();
  return (int)syscall(SYS_fsync, fd);
}
int fdatasync(int fd) {
  point();
  return (int)syscall(SYS_fdatasync, fd);
}
int rename(const char *from, const char *to) {
  point();
  return (int)syscall(SYS_rename, from, to);
}
int mkdir(const char *path, mode_t mode) {
  point();
  return (int)syscall(SYS_mkdir, path, mode);
}
int unlink(const char *path) {
  point();
  return (int)syscall(SYS_unlink, path);
}
ssize_t write(int fd, const void *bytes, size_t length) {
  struct stat found;
  if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode))
    point();
  return syscall(SYS_write, fd, bytes, length);
}
ssize_t copy_file_range(int from, off_t *at, int to, off_t *then, size_t length, unsigned flags) {
  point();
  return syscall(SYS_copy_file_range, from, at, to, then, length, flags);
}
