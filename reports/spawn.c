/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawn.c: posix_spawn, and a wait that a signal or the clock can end. */
#include "reports/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int redirect(posix_spawn_file_actions_t *actions, int from, int to)
{
	return to < 0 ? posix_spawn_file_actions_addopen(actions, from, "/dev/null", O_WRONLY, 0)
		      : posix_spawn_file_actions_adddup2(actions, to, from);
}

int spawn_start(const struct spawn *spawn, pid_t *pid)
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

int spawn_wait(const struct spawn *spawn, pid_t pid)
{
	const struct timespec nap = { .tv_nsec = 5000000 };
	int status = 0;
	pid_t ended;

	/* Looks instead of waiting: a signal may come just before a wait, and of several programs each must be ended. */
	for (unsigned naps = 0; (ended = waitpid(pid, &status, WNOHANG)) == 0; naps++) {
		bool late = spawn->seconds && naps >= 200 * spawn->seconds;

		if (late || (spawn->stop && *spawn->stop)) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return late ? -ETIMEDOUT : status;
		}
		nanosleep(&nap, NULL);
	}
	return ended < 0 ? -errno : status;
}
