/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stamps.c: when each sendmsg() of a running server began and ended, by its own clock: an oracle for f that needs no probe. For tests/bench/stamps.sh,
 * which compiles it twice:
 *
 *     LD_PRELOAD=stamps.so STAMPS=FILE SERVER    writes there; FILE exists and the server may write it
 *     stamps FILE < WINDOWS                      "BEGIN_NS END_NS ANYTHING" (CLOCK_REALTIME) becomes "CALLS NS ANYTHING": calls that began in it, their time
 *
 * One thread may send. The last 2^22 calls are kept (stamps.h).
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/helpers/stamps.h"

static struct stamps *log_;

static int map_log(const char *path)
{
	int fd = path ? open(path, O_RDWR) : -1;

	if (fd < 0 || ftruncate(fd, sizeof *log_))
		return -1;
	log_ = mmap(NULL, sizeof *log_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	close(fd);
	return log_ == MAP_FAILED ? -1 : 0;
}

#ifdef STAMPS_READ
/* The first call kept that began at `ns` or later. */
static uint64_t call_at(uint64_t ns)
{
	uint64_t low = log_->n > STAMPS_CALLS ? log_->n - STAMPS_CALLS : 0, high = log_->n;

	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (log_->call[middle % STAMPS_CALLS].begin_ns < ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int main(int argc, char **argv)
{
	unsigned long long begin_ns, end_ns;
	char line[4096];
	int at;

	if (argc != 2 || map_log(argv[1])) {
		perror("stamps");
		return 1;
	}
	while (fgets(line, sizeof line, stdin)) {
		unsigned long long sum = 0;

		if (sscanf(line, "%llu %llu %n", &begin_ns, &end_ns, &at) != 2)
			return 1;
		uint64_t first = call_at(begin_ns), last = call_at(end_ns);
		for (uint64_t i = first; i < last; i++)
			sum += log_->call[i % STAMPS_CALLS].end_ns - log_->call[i % STAMPS_CALLS].begin_ns;
		printf("%llu %llu %s", (unsigned long long)(last - first), sum, line + at);
	}
	return 0;
}
#else
static ssize_t (*real)(int, const struct msghdr *, int);

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static __attribute__((constructor)) void begin(void)
{
	if (map_log(getenv("STAMPS")))
		_exit(1);
	*(void **)&real = dlsym(RTLD_NEXT, "sendmsg");
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	uint64_t begin_ns = now_ns();
	ssize_t result = real(fd, message, flags);
	uint64_t end_ns = now_ns(), i = log_->n % STAMPS_CALLS;

	log_->call[i].begin_ns = begin_ns;
	log_->call[i].end_ns = end_ns;
	log_->n++;
	return result;
}
#endif
