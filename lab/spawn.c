/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawn.c: runs a program, and keeps what it prints. */
#include "lab/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Things that grow ---- */

int buffer_add(struct buffer *buffer, const void *data, size_t n)
{
	if (buffer->n + n + 1 > buffer->room) {
		size_t room = 2 * (buffer->n + n + 1);
		char *more = realloc(buffer->data, room);

		if (!more)
			return -ENOMEM;
		buffer->data = more;
		buffer->room = room;
	}
	memcpy(buffer->data + buffer->n, data, n);
	buffer->n += n;
	buffer->data[buffer->n] = 0;
	return 0;
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	memset(buffer, 0, sizeof *buffer);
}

int strings_add(struct strings *strings, const char *text)
{
	if (strings->n == strings->room) {
		size_t room = strings->room ? 2 * strings->room : 16;
		char **more = realloc(strings->at, room * sizeof *more);

		if (!more)
			return -ENOMEM;
		strings->at = more;
		strings->room = room;
	}
	strings->at[strings->n] = strdup(text);
	return strings->at[strings->n] ? (strings->n++, 0) : -ENOMEM;
}

int strings_has(const struct strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->n; i++)
		if (!strcmp(strings->at[i], text))
			return 1;
	return 0;
}

void strings_free(struct strings *strings)
{
	for (size_t i = 0; i < strings->n; i++)
		free(strings->at[i]);
	free(strings->at);
	memset(strings, 0, sizeof *strings);
}

/* ---- Programs ---- */

/* In the child. The errno of what failed goes through the second pipe, which exec closes. */
static void become(const char *const *argv, const char *in, int out, int told)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 && (!in || !chdir(in)))
		execvp(argv[0], (char *const *)argv);
	err = errno;
	if (write(told, &err, sizeof err) < 0)
		_exit(126);
	_exit(127);
}

static int read_all(int fd, struct buffer *out)
{
	char part[65536];
	int err = 0;

	for (;;) {
		ssize_t n = read(fd, part, sizeof part);

		if (n == 0 || (n < 0 && errno != EINTR))
			return n < 0 ? -errno : err;
		if (n > 0 && !err)
			err = buffer_add(out, part, (size_t)n); /* read on in any case: the program shall not block */
	}
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void close_both(const int *fds)
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int spawn(const char *const *argv, const char *in, struct buffer *out)
{
	int pipes[2] = { -1, -1 }, told[2] = { -1, -1 }, err = 0, failed = 0, status;
	pid_t pid = -1;

	if ((out && pipe2(pipes, O_CLOEXEC)) || pipe2(told, O_CLOEXEC) || (pid = fork()) < 0) {
		err = -errno;
		close_both(pipes);
		close_both(told);
		return err;
	}
	if (!pid)
		become(argv, in, out ? pipes[1] : STDERR_FILENO, told[1]);
	close(told[1]);
	if (out) {
		close(pipes[1]);
		err = read_all(pipes[0], out);
		close(pipes[0]);
	}
	if (read(told[0], &failed, sizeof failed) != sizeof failed)
		failed = 0;
	close(told[0]);
	status = wait_for(pid);
	return failed ? -failed : err ? err : status;
}
