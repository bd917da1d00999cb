/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command.c: starts programs in the guest, and hands on what the job's command prints. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/guest/guest.h"
#include "lab/job.h"

static int shell_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Waits for one child. Others that end meanwhile lost their parents to this process; they are only taken away. */
static int wait_for(pid_t pid)
{
	int status;

	for (;;) {
		pid_t ended = wait(&status);

		if (ended == pid)
			return shell_status(status);
		if (ended < 0 && errno != EINTR)
			return 127;
	}
}

int command_help(char *const *argv)
{
	pid_t pid = fork();

	if (pid < 0)
		return 127;
	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	return wait_for(pid);
}

/* ---- The job's command ---- */

/* In the child. What cannot be done is told where the command's own errors go. */
static void become(const struct job *job)
{
	setsid();
	if (job->tty)
		ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	for (size_t i = 0; i < job->envs_n; i++)
		putenv(job->envs[i]);
	if (chdir(JOB_WORK))
		_exit(126);
	execvp(job->args[0], job->args);
	dprintf(STDERR_FILENO, "forecall: lab: cannot run %s in the guest: %s\n", job->args[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* The two streams of the command. A descriptor of -1 is at its end. */
struct streams {
	struct pollfd fds[2];
};

static void forward(struct pollfd *from, enum channel_kind kind)
{
	static char part[CHANNEL_RECORD_MAX];
	ssize_t n;

	if (!from->revents)
		return;
	n = read(from->fd, part, sizeof part);
	if (n > 0) {
		send_data(kind, part, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(from->fd);
		from->fd = -1;
	}
}

/* Whether there was something to hand on within that time. */
static bool forward_some(struct streams *streams, int wait_ms)
{
	if (streams->fds[0].fd < 0 && streams->fds[1].fd < 0)
		return false;
	if (poll(streams->fds, 2, wait_ms) <= 0)
		return false;
	forward(&streams->fds[0], CHANNEL_STDOUT);
	forward(&streams->fds[1], CHANNEL_STDERR);
	return true;
}

static void on_child(int signal_nr)
{
	(void)signal_nr;
}

/* Until the command has ended. What a process that it left behind prints later is not waited for. */
static int follow(pid_t pid, struct streams *streams)
{
	sigset_t none;
	int status;

	sigemptyset(&none);
	for (;;) {
		pid_t ended = waitpid(-1, &status, WNOHANG);

		if (ended == pid)
			break;
		if (ended > 0)
			continue;
		if (ppoll(streams->fds, 2, NULL, &none) > 0) { /* SIGCHLD is let in only here */
			forward(&streams->fds[0], CHANNEL_STDOUT);
			forward(&streams->fds[1], CHANNEL_STDERR);
		}
	}
	while (forward_some(streams, 0))
		;
	return shell_status(status);
}

static pid_t start_piped(const struct job *job, struct streams *streams)
{
	int out[2], err[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		guest_fault("cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDONLY);
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		dup2(null, STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		become(job);
	}
	close(out[1]);
	close(err[1]);
	streams->fds[0] = (struct pollfd){ .fd = out[0], .events = POLLIN };
	streams->fds[1] = (struct pollfd){ .fd = err[0], .events = POLLIN };
	return pid;
}

static int run_piped(const struct job *job)
{
	struct sigaction action = { .sa_handler = on_child };
	struct streams streams;
	sigset_t child;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	sigaction(SIGCHLD, &action, NULL);
	pid = start_piped(job, &streams);
	if (pid < 0)
		guest_fault("cannot start the command: %s", strerror(errno));
	return follow(pid, &streams);
}

static int run_on_terminal(const struct job *job)
{
	char path[64] = "/dev/";
	pid_t pid = fork();

	if (pid < 0)
		guest_fault("cannot start the command: %s", strerror(errno));
	if (pid)
		return wait_for(pid);
	setsid();
	strncat(path, job->tty, sizeof path - strlen(path) - 1);
	int fd = open(path, O_RDWR);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	become(job);
	return 127;
}

int command_run(const struct job *job)
{
	return job->tty ? run_on_terminal(job) : run_piped(job);
}
