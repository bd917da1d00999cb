/* SPDX-License-Identifier: GPL-2.0-or-later */
/* state.c: finds forecall's page and makes the memory of the process. */
#include "try/preload/state.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

struct process *state_process;
struct try_page *state_page;

/* Used when forecall's page, or memory of the process, cannot be had: nothing is enabled in it. */
static struct try_page no_page = {.batch = 1};
static struct process no_process;

void *state_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	/* since Linux 4.14; a kernel without it would send what is held back twice after a fork */
	return madvise(memory, size, MADV_WIPEONFORK) ? NULL : memory;
}

uint64_t state_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct try_cell *state_cell(void)
{
	uint32_t n = __atomic_fetch_add(&state_page->cells_n, 1, __ATOMIC_RELAXED);

	return &state_page->cells[n < TRY_CELLS - 1 ? n : TRY_CELLS - 1];
}

static struct try_page *map_page(int fd)
{
	struct try_page *page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED)
		return NULL;
	if (page->magic == TRY_MAGIC && page->version == TRY_VERSION)
		return page;
	munmap(page, sizeof *page);
	return NULL;
}

/* Whether a descriptor is a memfd and as long as a page: the server may have closed ours and have another file there. */
static int is_page(int fd)
{
	char link[64], target[64] = "";

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return raw(SYS_readlinkat, AT_FDCWD, link, target, sizeof target - 1) > 0 && !strncmp(target, "/memfd:forecall-try", 19);
}

static struct try_page *find_page(void)
{
	const char *where = getenv(TRY_ENV);
	char path[64];
	int fd, pid;

	if (!where || sscanf(where, "%d:%d", &fd, &pid) != 2)
		return NULL;
	if (is_page(fd)) {
		struct try_page *page = map_page(fd);

		if (page)
			return page;
	}
	snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
	long opened = raw(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
	if (opened < 0)
		return NULL;
	struct try_page *page = map_page((int)opened);
	raw(SYS_close, opened);
	return page;
}

void state_open(void)
{
	static struct lock once;

	lock_take(&once);
	if (!state_page) {
		struct try_page *page = find_page();

		state_process = state_memory(sizeof *state_process);
		if (!state_process) {
			state_process = &no_process;
			page = NULL;
		}
		if (page)
			__atomic_fetch_add(&page->processes_n, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&state_page, page ? page : &no_page, __ATOMIC_RELEASE);
	}
	lock_drop(&once);
}

/* Where a function has several versions, dlsym() may give the oldest, which works on other structures. */
void *state_real(const char *name)
{
	void *real = strncmp(name, "pthread_cond_", 13) ? NULL : dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");

	if (!real)
		real = dlsym(RTLD_NEXT, name);
	if (!real) {
		dprintf(2, TRY_LIBRARY ": the C library has no %s\n", name);
		abort();
	}
	return real;
}
