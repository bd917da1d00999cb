/* SPDX-License-Identifier: GPL-2.0-or-later */
/* child.c: starts, hears and ends child processes. */
#include "workloads/child.h"

#include "base/err.h"
#include "workloads/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void child_arg(struct child_args *args, const char *fmt, ...)
{
	va_list list;
	int n;

	if (args->n >= CHILD_ARGS_MAX)
		return;
	va_start(list, fmt);
	n = vsnprintf(args->words[args->n], CHILD_ARG_BYTES, fmt, list);
	va_end(list);
	args->n = n < 0 || n >= CHILD_ARG_BYTES ? CHILD_ARGS_MAX : args->n + 1;
}

/* The folder of this executable, with a slash at its end, into own[PATH_MAX]. */
static int own_folder(char *own)
{
	ssize_t length = readlink("/proc/self/exe", own, PATH_MAX - 1);

	if (length < 0)
		return -errno;
	own[length] = 0;
	*(strrchr(own, '/') + 1) = 0;
	return 0;
}

static int look_for(const char *own, const char *program, char *path, size_t n)
{
	static const char *const places[] = { "", "../libexec/forecall/", "../" };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (snprintf(path, n, "%s%s%s", own, places[i], program) < (int)n && !access(path, X_OK))
			return 0;
	return -ENOENT;
}

int child_find(const char *program, char *path, size_t n)
{
	char own[PATH_MAX];
	int err = own_folder(own);

	if (err)
		return fail(err, "cannot tell where this program lies: %s; is /proc mounted?", strerror(-err));
	if (!look_for(own, program, path, n))
		return 0;
	return fail(-ENOENT, "the program %s is neither in %s nor in %s../libexec/forecall; run `make` or `make install`",
		    program, own, own);
}

bool child_exists(const char *program)
{
	char own[PATH_MAX], path[PATH_MAX];

	return !own_folder(own) && !look_for(own, program, path, sizeof path);
}

struct hook {
	void (*run)(void *arg); /* may be NULL */
	void *arg;
};

/* Between fork and exec: only what is safe there. */
static void become(const char *path, char **argv, const int *pipes, const struct topology *topology,
		   enum topology_side side, pid_t parent, const struct hook *hook)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	if (getppid() != parent || topology_enter(topology, side) || dup2(pipes[0], STDIN_FILENO) < 0 ||
	    dup2(pipes[3], STDOUT_FILENO) < 0)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (hook->run)
		hook->run(hook->arg);
	execv(path, argv);
	_exit(127);
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int spawn(struct child *child, const char *path, char **argv, const struct topology *topology,
		 enum topology_side side, const struct hook *hook)
{
	int pipes[4] = { -1, -1, -1, -1 }, err; /* its stdin: read, write; its stdout: read, write */
	pid_t parent = getpid();

	if (pipe2(pipes, O_CLOEXEC) || pipe2(pipes + 2, O_CLOEXEC))
		goto failed;
	child->pid = fork();
	if (child->pid < 0)
		goto failed;
	if (!child->pid)
		become(path, argv, pipes, topology, side, parent, hook);
	child->to = pipes[1];
	child->from = pipes[2];
	close_all((int[]){ pipes[0], pipes[3] }, 2);
	return 0;
failed:
	err = -errno;
	close_all(pipes, 4);
	child->pid = 0;
	return fail(err, "cannot start %s: %s", path, strerror(-err));
}

int child_start(struct child *child, const char *name, const struct child_args *args, const struct topology *topology,
		enum topology_side side)
{
	return child_start_with(child, name, args, topology, side, NULL, NULL);
}

int child_start_with(struct child *child, const char *name, const struct child_args *args, const struct topology *topology,
		     enum topology_side side, void (*in_child)(void *arg), void *arg)
{
	char path[PATH_MAX], *argv[CHILD_ARGS_MAX + 1] = { NULL };
	int err;

	memset(child, 0, sizeof *child);
	child->name = name;
	if (!args->n || args->n >= CHILD_ARGS_MAX)
		return fail(-E2BIG, "cannot start %s: its command line is too long", name);
	for (size_t i = 0; i < args->n; i++)
		argv[i] = (char *)args->words[i];
	err = child_find(args->words[0], path, sizeof path);
	return err ? err : spawn(child, path, argv, topology, side, &(struct hook){ in_child, arg });
}

int child_say(struct child *child, const char *line)
{
	char text[CHILD_LINE_BYTES];
	size_t n = (size_t)snprintf(text, sizeof text, "%s\n", line), done = 0;
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	int err = 0;

	while (!err && done < n) {
		ssize_t wrote = write(child->to, text + done, n - done);

		if (wrote > 0)
			done += (size_t)wrote;
		else if (errno != EINTR)
			err = -errno;
	}
	signal(SIGPIPE, before);
	return err ? fail(err, "%s no longer listens: %s", child->name, strerror(-err)) : 0;
}

/* Takes the first line out of what was read: whether there was one. */
static int take_line(struct child *child, char *line, size_t n)
{
	char *end = memchr(child->text, '\n', child->n);
	size_t length = end ? (size_t)(end - child->text) : 0;

	if (!end)
		return 0;
	snprintf(line, n, "%.*s", (int)length, child->text);
	child->n -= length + 1;
	memmove(child->text, end + 1, child->n);
	return 1;
}

/* Waits for more text: 0, -ETIMEDOUT, or -ECHILD at the end of it. */
static int read_more(struct child *child, uint64_t until_ns)
{
	uint64_t now_ns = process_wall_ns();
	int left_ms = now_ns < until_ns ? (int)((until_ns - now_ns) / 1000000 + 1) : 0;
	int ready = poll(&(struct pollfd){ .fd = child->from, .events = POLLIN }, 1, left_ms);

	if (ready == 0)
		return -ETIMEDOUT;
	if (ready < 0)
		return errno == EINTR ? 0 : -errno;
	if (child->n == sizeof child->text)
		return -EMSGSIZE;
	ssize_t n = read(child->from, child->text + child->n, sizeof child->text - child->n);

	if (n > 0)
		child->n += (size_t)n;
	return n > 0 || (n < 0 && errno == EINTR) ? 0 : -ECHILD;
}

int child_hear(struct child *child, int wait_ms, char *line, size_t n)
{
	uint64_t until_ns = process_wall_ns() + (uint64_t)wait_ms * 1000000;
	int err = 0;

	while (!take_line(child, line, n)) {
		err = read_more(child, until_ns);
		if (err == -ECHILD)
			return fail(err, "%s has ended before it was done", child->name);
		if (err)
			return fail(err, "%s does not answer: %s", child->name, strerror(-err));
	}
	return 0;
}

void child_end(const struct child *child)
{
	if (child->pid > 0)
		kill(child->pid, SIGTERM);
}

/* What it still has to say is thrown away, so that it does not wait for a reader. */
static void drain(struct child *child)
{
	uint64_t until_ns = process_wall_ns() + (uint64_t)CHILD_WAIT_MS * 1000000;
	int err = 0;

	while (!err) {
		child->n = 0;
		err = read_more(child, until_ns);
	}
	if (err != -ECHILD)
		kill(child->pid, SIGKILL);
}

int child_wait(struct child *child)
{
	int status = 0;

	if (child->pid <= 0)
		return 0;
	close(child->to);
	drain(child);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(child->from);
	memset(child, 0, sizeof *child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void child_kill(struct child *child)
{
	if (child->pid > 0)
		kill(child->pid, SIGKILL);
	child_wait(child);
}
