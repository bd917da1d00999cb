/* SPDX-License-Identifier: GPL-2.0-or-later */
/* life.c: what begins and ends: descriptors, processes, images, the library itself. Nothing that is held back may be lost by it. */
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "try/preload/guard.h"
#include "try/preload/interpose.h"

enum { CLOSE_WAIT_MS = 1000 };

extern char **environ;

/* ---- Descriptors ---- */

/* What is held back for a socket must go while its descriptor is there; a full one is waited for, not for ever. */
static void let_go(int fd)
{
	before();
	struct socket *socket = state_process && !queue_busy ? socket_known(fd) : NULL;
	for (int i = 0; socket && socket->holder && i < CLOSE_WAIT_MS; i++) {
		queue_give_socket(socket, TRY_BEFORE);
		if (socket->holder)
			queue_wait_socket(fd);
	}
	socket_forget(fd);
}

EXPORT int close(int fd)
{
	let_go(fd);
	return REAL(close)(fd);
}

EXPORT int fclose(FILE *file)
{
	if (file)
		let_go(fileno(file));
	return REAL(fclose)(file);
}

EXPORT int shutdown(int fd, int how)
{
	let_go(fd);
	return before_on(fd) ? -1 : REAL(shutdown)(fd, how);
}

EXPORT int dup2(int fd, int to)
{
	if (fd != to)
		let_go(to);
	return REAL(dup2)(fd, to);
}

EXPORT int dup3(int fd, int to, int flags)
{
	let_go(to);
	return REAL(dup3)(fd, to, flags);
}

EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	state_ready();
	queue_give_all(TRY_BEFORE, true);
	socket_forget_range(first, last);
	return REAL(close_range)(first, last, flags);
}

EXPORT void closefrom(int first)
{
	state_ready();
	queue_give_all(TRY_BEFORE, true);
	socket_forget_range((unsigned int)first, UINT32_MAX);
	REAL(closefrom)(first);
}

/* ---- Processes ---- */

/* All that any thread holds back goes now; what others send from now on goes at once, and the guard looks after the rest. */
static void end(void)
{
	state_ready();
	if (state_process->pid != (uint32_t)raw(SYS_getpid)) /* a child of vfork(): its end is not ours, and what we hold back not for its descriptors */
		return;
	state_process->ended = 1;
	queue_give_all(TRY_END, true);
}

/* A child has wiped memory: it holds back nothing. What its parent held back goes first, as the order of the calls was. */
EXPORT pid_t fork(void)
{
	state_ready();
	queue_give_all(TRY_END, false);
	return REAL(fork)();
}

EXPORT int daemon(int no_chdir, int no_close)
{
	state_ready();
	queue_give_all(TRY_END, true);
	return REAL(daemon)(no_chdir, no_close);
}

EXPORT int posix_spawn(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *restrict actions,
		       const posix_spawnattr_t *restrict attr, char *const argv[restrict], char *const envp[restrict])
{
	before();
	return REAL(posix_spawn)(pid, path, actions, attr, argv, envp);
}

EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *restrict actions,
			const posix_spawnattr_t *restrict attr, char *const argv[restrict], char *const envp[restrict])
{
	before();
	return REAL(posix_spawnp)(pid, file, actions, attr, argv, envp);
}

EXPORT int system(const char *command)
{
	before();
	return REAL(system)(command);
}

EXPORT FILE *popen(const char *command, const char *how)
{
	before();
	return REAL(popen)(command, how);
}

/* ---- Images: an exec ends every thread and leaves the guard with memory and descriptors of nobody ---- */

static void leave_image(void)
{
	end();
	if (state_process->pid == (uint32_t)raw(SYS_getpid))
		guard_stop();
}

/* The exec failed: everything is as before. */
static int stay(int result)
{
	state_process->ended = 0;
	return result;
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	leave_image();
	return stay(REAL(execve)(path, argv, envp));
}

EXPORT int execv(const char *path, char *const argv[])
{
	leave_image();
	return stay(REAL(execv)(path, argv));
}

EXPORT int execvp(const char *file, char *const argv[])
{
	leave_image();
	return stay(REAL(execvp)(file, argv));
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	leave_image();
	return stay(REAL(execvpe)(file, argv, envp));
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	leave_image();
	return stay(REAL(fexecve)(fd, argv, envp));
}

EXPORT int execveat(int at, const char *path, char *const argv[], char *const envp[], int flags)
{
	leave_image();
	return stay(REAL(execveat)(at, path, argv, envp, flags));
}

static size_t count_words(va_list list)
{
	size_t n = 1;

	while (va_arg(list, char *))
		n++;
	return n;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): it declares what it is given */
/* The words of execl() and its like as a vector on the caller's stack, and the list behind them. */
#define WORDS(argv, first, list)                                       \
	va_list list, again_;                                          \
	va_start(list, first);                                         \
	va_copy(again_, list);                                         \
	char *argv[count_words(again_) + 1];                           \
	va_end(again_);                                                \
	argv[0] = (char *)first;                                       \
	for (size_t i_ = 1; i_ < sizeof argv / sizeof *argv; i_++)     \
		argv[i_] = va_arg(list, char *)
/* NOLINTEND(bugprone-macro-parentheses) */

EXPORT int execl(const char *path, const char *first, ...)
{
	WORDS(argv, first, list);
	va_end(list);
	return execv(path, argv);
}

EXPORT int execlp(const char *file, const char *first, ...)
{
	WORDS(argv, first, list);
	va_end(list);
	return execvp(file, argv);
}

EXPORT int execle(const char *path, const char *first, ...)
{
	WORDS(argv, first, list);
	char *const *envp = va_arg(list, char *const *);
	va_end(list);
	return execve(path, argv, envp);
}

/* ---- Ends ---- */

EXPORT void _exit(int status)
{
	end();
	REAL(_exit)(status);
	__builtin_unreachable();
}

EXPORT void _Exit(int status)
{
	_exit(status);
}

EXPORT void quick_exit(int status)
{
	state_ready();
	queue_give_all(TRY_END, true);
	REAL(quick_exit)(status);
	__builtin_unreachable();
}

EXPORT void abort(void)
{
	end();
	REAL(abort)();
	__builtin_unreachable();
}

__attribute__((constructor)) static void library_opens(void)
{
	state_ready();
}

/* After the program's own exit handlers: those of libraries that are unloaded later send at once. */
__attribute__((destructor)) static void library_closes(void)
{
	end();
}
