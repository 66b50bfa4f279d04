// Preloaded into the backend: once the file that FAIL_AT names is there, holding `N ERRNO STICKY`, the N-th call from then on
// that makes something last fails with that error, and, when STICKY is 1, so do all after it. What fails is written to it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fails(const char *what) {
  static long left;
  static int error, sticky, over;
  const char *flag = getenv("FAIL_AT");
  if (!flag || syscall(SYS_faccessat, AT_FDCWD, flag, F_OK) != 0) {
    left = 0;
    over = 0;
    return 0;
  }
  if (over && !sticky)
    return 0;
  if (!over && left == 0) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, flag, O_RDONLY);
    char text[64] = {0};
    if (fd < 0 || syscall(SYS_read, fd, text, sizeof text - 1) <= 0 ||
        sscanf(text, "%ld %d %d", &left, &error, &sticky) != 3)
      left = 0;
    if (fd >= 0)
      syscall(SYS_close, fd);
    if (left == 0)
      return 0;
  }
  if (!over && --left > 0)
    return 0;
  over = 1;
  char told[512];
  snprintf(told, sizeof told, "%s.failed", flag);
  int fd = (int)syscall(SYS_openat, AT_FDCWD, told, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (fd >= 0) {
    syscall(SYS_write, fd, what, strlen(what));
    syscall(SYS_write, fd, "\n", 1);
    syscall(SYS_close, fd);
  }
  errno = error;
  return 1;
}

static int isFile(int fd) {
  struct stat found;
  return fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

int fsync(int fd) { return fails("fsync") ? -1 : (int)syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return fails("fdatasync") ? -1 : (int)syscall(SYS_fdatasync, fd); }
int rename(const char *from, const char *to) { return fails("rename") ? -1 : (int)syscall(SYS_rename, from, to); }
int mkdir(const char *path, mode_t mode) { return fails("mkdir") ? -1 : (int)syscall(SYS_mkdir, path, mode); }
ssize_t write(int fd, const void *bytes, size_t length) {
  return isFile(fd) && fails("write") ? -1 : syscall(SYS_write, fd, bytes, length);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  return isFile(fd) && fails("pwrite") ? -1 : syscall(SYS_pwrite64, fd, bytes, length, at);
}
