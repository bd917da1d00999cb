/* SPDX-License-Identifier: GPL-2.0-or-later */
/* launch.c: the page, the environment and the process. */
#include "try/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "try/reach.h"
#include "workloads/child.h"

enum {
	PAGE_FD = 512,        /* or above: out of the way of servers that count on low numbers */
	GUARDS_WAIT_MS = 2000, /* a guard ends some milliseconds after its server, unless something is amiss */
	PATIENCE_MS = 2000,   /* from SIGTERM to SIGKILL */
	KILL_WAIT_MS = 2000,  /* behind SIGKILL, which does not end what waits for a device */
	BROOD_MAX = 256,      /* processes that a script may have started */
};

const char *const try_way_names[TRY_WAY_MAX] = {
	[TRY_SENDMMSG] = "sendmmsg",
	[TRY_URING] = "uring",
	[TRY_SENDGROUP] = "sendgroup",
};

const char *const try_count_names[TRY_COUNT_MAX] = {
	[TRY_SEEN] = "seen",
	[TRY_TAKEN] = "taken",
	[TRY_GIVEN] = "given",
	[TRY_REFUSED] = "refused",
	[TRY_LOST] = "lost",
	[TRY_BATCHES] = "batches",
	[TRY_CALLS] = "calls",
	[TRY_BEFORE] = "before",
	[TRY_FULL] = "full",
	[TRY_OTHER] = "other",
	[TRY_THREAD] = "thread",
	[TRY_LATE] = "late",
	[TRY_END] = "end",
	[TRY_SURVIVED] = "survived",
	[TRY_STREAM] = "stream",
	[TRY_BY_SENDMSG] = "sendmsg",
	[TRY_BY_SENDTO] = "sendto",
	[TRY_BY_WRITE] = "write",
	[TRY_BY_WRITEV] = "writev",
	[TRY_BY_SENDMMSG] = "sendmmsg",
};

int launch_way(const char *name)
{
	for (int way = 0; way < TRY_WAY_MAX; way++)
		if (!strcmp(name, try_way_names[way]))
			return way;
	return -1;
}

static void pause_ms(long ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&time, NULL);
}

static int open_page(const struct launch_options *options, struct launch *launch)
{
	int fd = memfd_create("forecall-try", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, sizeof *launch->page))
		return fail(-errno, "try: cannot make shared memory: %s", strerror(errno));
	launch->fd = fcntl(fd, F_DUPFD_CLOEXEC, PAGE_FD);
	if (launch->fd < 0)
		return fail(-errno, "try: cannot use a descriptor above %d: %s; raise `ulimit -n`", PAGE_FD, strerror(errno));
	close(fd);
	launch->page = mmap(NULL, sizeof *launch->page, PROT_READ | PROT_WRITE, MAP_SHARED, launch->fd, 0);
	if (launch->page == MAP_FAILED)
		return fail(-errno, "try: cannot map shared memory: %s", strerror(errno));
	launch->page->magic = TRY_MAGIC;
	launch->page->version = TRY_VERSION;
	launch->page->way = options->way;
	launch->page->enabled = options->enabled;
	launch->page->stream = options->stream;
	launch->page->batch = options->batch;
	launch->page->delay_ns = options->delay_ns;
	return 0;
}

/* In the child: the library in front of what is preloaded already, and where the page is. */
static int set_environment(const struct launch *launch, pid_t forecall)
{
	const char *others = getenv("LD_PRELOAD");
	char value[2 * PATH_MAX];

	if (snprintf(value, sizeof value, "%s%s%s", launch->library, others && *others ? ":" : "", others ? others : "") >= (int)sizeof value ||
	    setenv("LD_PRELOAD", value, 1))
		return -E2BIG;
	snprintf(value, sizeof value, "%d:%d", launch->fd, forecall);
	return setenv(TRY_ENV, value, 1) ? -errno : 0;
}

/* Becomes the server. Does not return; why not goes through the pipe. */
static void become(char *const argv[], const struct launch *launch, bool apart, pid_t forecall, int result)
{
	sigset_t none;
	int err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	fcntl(launch->fd, F_SETFD, 0);
	if (apart)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	err = getppid() == forecall ? set_environment(launch, forecall) : -ECHILD;
	if (!err) {
		execvp(argv[0], argv);
		err = -errno;
	}
	_exit(write(result, &err, sizeof err) == sizeof err ? 127 : 1);
}

static int spawn(char *const argv[], bool apart, struct launch *launch)
{
	pid_t forecall = getpid();
	int result[2], err = 0;

	if (pipe2(result, O_CLOEXEC))
		return fail(-errno, "try: cannot make a pipe: %s", strerror(errno));
	launch->pid = fork();
	if (!launch->pid)
		become(argv, launch, apart, forecall, result[1]);
	close(result[1]);
	if (launch->pid < 0)
		err = fail(-errno, "try: cannot fork: %s", strerror(errno));
	else if (read(result[0], &err, sizeof err) == sizeof err)
		err = fail(err, "try: cannot start %s: %s", argv[0], strerror(-err));
	else
		err = 0;
	close(result[0]);
	return err;
}

static int find_library(struct launch *launch)
{
	char library[PATH_MAX];
	int err = child_find(TRY_LIBRARY, library, sizeof library);

	if (!err && !realpath(library, launch->library))
		err = fail(-errno, "try: cannot find %s: %s", library, strerror(errno));
	if (!err && strpbrk(launch->library, ": \t"))
		err = fail(-EINVAL, "try: the loader cannot preload %s: a blank or a colon in a path ends it there; install forecall elsewhere",
			   launch->library);
	if (!err && prctl(PR_SET_CHILD_SUBREAPER, 1))
		err = fail(-errno, "try: cannot take the server's orphans on: %s", strerror(errno));
	return err;
}

int launch_share(const struct launch_options *options, struct launch *launch)
{
	*launch = (struct launch){.fd = -1};
	int err = find_library(launch);
	if (!err)
		err = open_page(options, launch);
	if (err)
		launch_free(launch);
	return err;
}

void launch_adopt(void *context)
{
	const struct launch *launch = context;

	fcntl(launch->fd, F_SETFD, 0);
	if (set_environment(launch, getppid()))
		_exit(126);
}

int launch_start(const struct launch_options *options, char *const argv[], struct launch *launch)
{
	char program[PATH_MAX];
	int err = reach_check(argv[0], program, sizeof program);

	*launch = (struct launch){.fd = -1};
	if (!err)
		err = launch_share(options, launch);
	if (err)
		return err;
	err = spawn(argv, options->apart, launch);
	if (err)
		launch_free(launch);
	return err;
}

static bool is_guard(pid_t pid)
{
	char path[64], name[32] = "";

	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	FILE *comm = fopen(path, "re");
	bool is = comm && fgets(name, sizeof name, comm) && !strcmp(name, TRY_GUARD_COMM "\n");
	if (comm)
		fclose(comm);
	return is;
}

/* Whether a process was started with this launch's page: the command, or what it has started. */
static bool has_environment(pid_t pid, const struct launch *launch)
{
	char path[64], wanted[64], *line = NULL;
	bool has = false;
	size_t room = 0;

	snprintf(wanted, sizeof wanted, TRY_ENV "=%d:%d", launch->fd, getpid());
	snprintf(path, sizeof path, "/proc/%d/environ", pid);
	FILE *file = fopen(path, "re");
	while (file && !has && getdelim(&line, &room, 0, file) > 0)
		has = !strcmp(line, wanted);
	free(line);
	if (file)
		fclose(file);
	return has;
}

/* A guard whose server ended becomes our child (launch_start()), which we bury when it ends, too. */
static void bury_guards(void)
{
	FILE *file = fopen("/proc/thread-self/children", "re");
	int child;

	while (file && fscanf(file, "%d", &child) == 1)
		if (is_guard(child))
			waitpid(child, NULL, WNOHANG | __WALL);
	if (file)
		fclose(file);
}

/* ---- What the command has started, if it is a script ---- */

struct brood {
	size_t n;
	struct {
		pid_t pid;
		bool told;
	} of[BROOD_MAX];
};

static void add_to(struct brood *brood, pid_t pid)
{
	for (size_t i = 0; i < brood->n; i++)
		if (brood->of[i].pid == pid)
			return;
	if (brood->n < BROOD_MAX && !is_guard(pid))
		brood->of[brood->n++].pid = pid;
}

/* The children of all threads of a process: those that `meant` has started, or all. */
static void add_children_of(struct brood *brood, pid_t pid, const struct launch *meant)
{
	char path[64];
	glob_t found = {0};
	int child;

	snprintf(path, sizeof path, "/proc/%d/task/*/children", pid);
	if (!glob(path, GLOB_NOSORT, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++) {
			FILE *file = fopen(found.gl_pathv[i], "re");

			while (file && fscanf(file, "%d", &child) == 1)
				if (!meant || has_environment(child, meant))
					add_to(brood, child);
			if (file)
				fclose(file);
		}
	globfree(&found);
}

static void find_brood(struct brood *brood, pid_t root)
{
	add_children_of(brood, root, NULL);
	for (size_t i = 0; i < brood->n; i++)
		add_children_of(brood, brood->of[i].pid, NULL);
}

/* Whether some are left. Orphans are ours by now (launch_start()) and are told to end; the others' parents have been. */
static bool end_orphans(struct brood *brood, const struct launch *launch, int how)
{
	bool left = false;

	add_children_of(brood, getpid(), launch);
	for (size_t i = 0; i < brood->n; i++) {
		pid_t pid = brood->of[i].pid, ended = pid ? waitpid(pid, NULL, WNOHANG) : 0;

		if (!pid)
			continue;
		if (ended == pid || (ended < 0 && kill(pid, 0)))
			brood->of[i].pid = 0;
		else if (!ended && (!brood->of[i].told || how == SIGKILL))
			brood->of[i].told = !kill(pid, how);
		left |= brood->of[i].pid != 0;
	}
	return left;
}

static void end_brood(struct launch *launch)
{
	for (int i = 0; i < PATIENCE_MS && end_orphans(launch->brood, launch, SIGTERM); i += 5)
		pause_ms(5);
	for (int i = 0; i < KILL_WAIT_MS && end_orphans(launch->brood, launch, SIGKILL); i++)
		pause_ms(1);
}

/* From now on the command's end is that of all that it has started. */
static void begin_end(struct launch *launch)
{
	if (launch->brood)
		return;
	launch->brood = calloc(1, sizeof *launch->brood);
	if (launch->brood && !launch->ended)
		find_brood(launch->brood, launch->pid);
}

static bool guards_there(const struct launch *launch)
{
	bury_guards();
	for (int i = 0; i < TRY_GUARDS; i++) {
		pid_t guard = (pid_t)launch->page->guards[i];

		if (guard && !kill(guard, 0))
			return true;
	}
	return false;
}

void launch_enable(struct launch *launch, bool enabled)
{
	__atomic_store_n(&launch->page->enabled, enabled, __ATOMIC_SEQ_CST);
}

double launch_guard_s(const struct launch *launch)
{
	double sum = 0;

	for (int i = 0; i < TRY_GUARDS; i++) {
		pid_t guard = (pid_t)launch->page->guards[i];
		clockid_t clock;
		struct timespec time;

		if (guard && !clock_getcpuclockid(guard, &clock) && !clock_gettime(clock, &time))
			sum += (double)time.tv_sec + (double)time.tv_nsec / 1e9;
	}
	return sum;
}

static void await_guards(const struct launch *launch)
{
	for (int i = 0; i < GUARDS_WAIT_MS && guards_there(launch); i++)
		pause_ms(1);
	bury_guards();
}

bool launch_reap(struct launch *launch)
{
	if (!launch->ended && waitpid(launch->pid, &launch->status, WNOHANG) == launch->pid) {
		launch->ended = true;
		if (launch->brood)
			end_brood(launch);
		await_guards(launch);
	}
	return launch->ended;
}

int launch_wait(struct launch *launch, const volatile sig_atomic_t *stop)
{
	for (bool told = false; !launch_reap(launch); pause_ms(5))
		if (*stop && !told) {
			begin_end(launch);
			kill(launch->pid, SIGTERM);
			told = true;
		}
	return 0;
}

int launch_end(struct launch *launch, int patience_ms)
{
	begin_end(launch);
	if (launch->ended) { /* by itself, and perhaps not what it has started */
		if (launch->brood)
			end_brood(launch);
		await_guards(launch);
		return 0;
	}
	kill(launch->pid, SIGTERM);
	for (int i = 0; i < patience_ms && !launch_reap(launch); i += 5)
		pause_ms(5);
	if (!launch->ended)
		kill(launch->pid, SIGKILL);
	while (!launch_reap(launch))
		pause_ms(1);
	return 0;
}

uint64_t launch_count(const struct launch *launch, enum try_count what)
{
	uint64_t sum = 0;

	for (int i = 0; i < TRY_CELLS; i++)
		sum += __atomic_load_n(&launch->page->cells[i].n[what], __ATOMIC_RELAXED);
	return sum;
}

uint64_t launch_delay_ns(const struct launch *launch, double share)
{
	uint64_t n[TRY_DELAYS] = {0}, all = 0, sum = 0;

	for (int cell = 0; cell < TRY_CELLS; cell++)
		for (int i = 0; i < TRY_DELAYS; i++)
			n[i] += __atomic_load_n(&launch->page->cells[cell].delays_n[i], __ATOMIC_RELAXED);
	for (int i = 0; i < TRY_DELAYS; i++)
		all += n[i];
	for (uint32_t i = 0; i < TRY_DELAYS && all; i++) {
		sum += n[i];
		if ((double)sum >= share * (double)all)
			return try_delay_high_ns(i);
	}
	return 0;
}

void launch_free(struct launch *launch)
{
	if (launch->pid > 0 && !launch->ended)
		launch_end(launch, PATIENCE_MS);
	if (launch->page && launch->page != MAP_FAILED)
		munmap(launch->page, sizeof *launch->page);
	if (launch->fd >= 0)
		close(launch->fd);
	free(launch->brood);
	*launch = (struct launch){.fd = -1};
}
