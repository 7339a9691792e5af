#define _GNU_SOURCE
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include "CLinuxProgram.h"

static int release_object(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size;
    uintptr_t page = *(const uintptr_t *)context;
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[index];
        // What can be written may differ from its file, also where it was made read-only later.
        if (part->p_type != PT_LOAD || (part->p_flags & PF_W) != 0) continue;
        uintptr_t start = (uintptr_t)(object->dlpi_addr + part->p_vaddr) & ~(page - 1);
        uintptr_t end = (uintptr_t)(object->dlpi_addr + part->p_vaddr + part->p_memsz + page - 1) & ~(page - 1);
        // Refused or not, the content stays what it is.
        (void)madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void clinux_release_file_pages(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    dl_iterate_phdr(release_object, &page);
}
