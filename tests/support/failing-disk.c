// Preloaded into the backend: fdatasync fails while the file that FAILING_DISK names is there, and takes as long as the one
// that SLOW_DISK names.
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int fdatasync(int fd) {
  const char *flag = getenv("FAILING_DISK");
  if (flag && access(flag, F_OK) == 0) {
    errno = ENOSPC;
    return -1;
  }
  const char *slow = getenv("SLOW_DISK");
  while (slow && access(slow, F_OK) == 0)
    usleep(1000);
  return (int)syscall(SYS_fdatasync, fd);
}
