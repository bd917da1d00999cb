/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process.c: pinning, limits, signals and clocks of the calling process. */
#include "workloads/process.h"

#include "base/err.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

int process_pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return 0;
	CPU_ZERO(&set);
	if (cpu < CPU_SETSIZE)
		CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set))
		return fail(-errno, "cannot run on cpu %d: %s; name one of the CPUs that nproc counts", cpu,
			    strerror(errno));
	return 0;
}

int process_raise_files(uint64_t n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return fail(-errno, "cannot read the limit of open files: %s", strerror(errno));
	if (limit.rlim_cur >= n)
		return 0;
	limit.rlim_cur = n;
	if (limit.rlim_max < n)
		limit.rlim_max = n;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return fail(-errno, "cannot open %llu files: %s; ask for fewer clients or raise `ulimit -n`",
			    (unsigned long long)n, strerror(errno));
	return 0;
}

int process_signals(void)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t process_wall_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t process_cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* The clock of a thread that no library knows of: CPUCLOCK_PERTHREAD and CPUCLOCK_SCHED of linux/posix-timers.h. */
static clockid_t thread_clock(pid_t thread)
{
	return (clockid_t)(~(unsigned)thread << 3 | 6u);
}

uint64_t process_others_ns(void)
{
	DIR *threads = opendir("/proc/self/task");
	const struct dirent *entry;
	uint64_t sum_ns = 0;

	while (threads && (entry = readdir(threads))) {
		pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
		struct timespec now;

		if (thread > 0 && thread != gettid() && !clock_gettime(thread_clock(thread), &now))
			sum_ns += (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	}
	if (threads)
		closedir(threads);
	return sum_ns;
}
