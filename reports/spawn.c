/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawn.c: posix_spawn, and a wait that a signal or the clock can end. */
#include "reports/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int redirect(posix_spawn_file_actions_t *actions, int from, int to)
{
	return to < 0 ? posix_spawn_file_actions_addopen(actions, from, "/dev/null", O_WRONLY, 0)
		      : posix_spawn_file_actions_adddup2(actions, to, from);
}

static int start(const struct spawn *spawn, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int err = posix_spawn_file_actions_init(&actions);

	if (err)
		return -err;
	err = posix_spawn_file_actions_addchdir_np(&actions, spawn->dir);
	if (!err)
		err = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!err)
		err = redirect(&actions, STDOUT_FILENO, spawn->out);
	if (!err)
		err = redirect(&actions, STDERR_FILENO, spawn->log);
	if (!err)
		err = posix_spawnp(pid, spawn->argv[0], &actions, NULL, spawn->argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

/* Without a limit it sleeps until the program ends or a signal comes, which is passed on. */
static int wait_for(pid_t pid, const struct spawn *spawn)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
		else if (spawn->stop && *spawn->stop)
			kill(pid, SIGTERM);
	return status;
}

static int wait_until(pid_t pid, const struct spawn *spawn)
{
	const struct timespec nap = { .tv_nsec = 20000000 };
	int status, err = 0;

	for (unsigned naps = 0; !err && waitpid(pid, &status, WNOHANG) == 0; naps++) {
		if (naps >= 50 * spawn->seconds)
			err = -ETIMEDOUT;
		if (err || (spawn->stop && *spawn->stop)) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return err ? err : status;
		}
		nanosleep(&nap, NULL);
	}
	return status;
}

int spawn_run(const struct spawn *spawn)
{
	pid_t pid = 0;
	int err = start(spawn, &pid);

	if (err)
		return err;
	return spawn->seconds ? wait_until(pid, spawn) : wait_for(pid, spawn);
}
