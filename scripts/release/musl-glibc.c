/* Symbols that Debian's libstdc++, built for glibc, needs from its C library, and musl does not have. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>

void *__dso_handle __attribute__((visibility("hidden"))) = &__dso_handle;
char __libc_single_threaded = 0;

/* Destructors of a thread's variables are not run: musl has no support, and the process of a test ends anyway. */
int __cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *handle) {
  (void)destructor, (void)object, (void)handle;
  return 0;
}

/* For std::random_device, which the executable does not have: nothing may depend on it. */
uint32_t arc4random(void) { __builtin_trap(); }

struct search {
  uintptr_t address;
  struct dl_find_object *result;
};

/* Returns 1 where the object holds the address, and then fills in where its unwind tables are. */
static int holds(struct dl_phdr_info *object, size_t size, void *data) {
  struct search *search = data;
  uintptr_t start = UINTPTR_MAX, end = 0;
  void *tables = NULL;
  (void)size;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    uintptr_t at = object->dlpi_addr + segment->p_vaddr;
    if (segment->p_type == PT_GNU_EH_FRAME) tables = (void *)at;
    if (segment->p_type != PT_LOAD) continue;
    if (at < start) start = at;
    if (at + segment->p_memsz > end) end = at + segment->p_memsz;
  }
  if (!tables || search->address < start || search->address >= end) return 0;
  *search->result = (struct dl_find_object){
    .dlfo_map_start = (void *)start, .dlfo_map_end = (void *)end, .dlfo_eh_frame = tables};
  return 1;
}

int _dl_find_object(void *address, struct dl_find_object *result) {
  struct search search = {(uintptr_t)address, result};
  return dl_iterate_phdr(holds, &search) ? 0 : -1;
}
