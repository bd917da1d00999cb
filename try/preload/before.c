/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * before.c: the calls in front of which a thread gives away what it holds back, because they may block, or because they change
 * something or let others learn of it. A table: what comes out is the C library's function behind before().
 *
 * Not here, and so only under the bound on delay: what the C library calls in itself (stdio's writes, getaddrinfo()), waits
 * for mutexes and read-write locks, and system calls that a program makes without the library.
 */
#include <aio.h>
#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "try/preload/interpose.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): what they are given are names, types and lists */
#define BEFORE(type, name, parameters, arguments)      \
	EXPORT type name parameters                    \
	{                                              \
		before();                              \
		return REAL(name) arguments;           \
	}

/* On a socket, by its first argument: an error of an earlier send is told by it. */
#define BEFORE_ON(type, name, parameters, arguments, fd) \
	EXPORT type name parameters                      \
	{                                                \
		if (before_on(fd))                       \
			return -1;                       \
		return REAL(name) arguments;             \
	}

/* One that makes a descriptor, whose number may have stood for something else. */
#define MAKES(name, parameters, arguments)               \
	EXPORT int name parameters                       \
	{                                                \
		before();                                \
		int made = REAL(name) arguments;         \
		socket_forget(made);                     \
		return made;                             \
	}

/* NOLINTEND(bugprone-macro-parentheses) */

/* clang-format off */

/* Waiting for events. */
BEFORE(int, poll, (struct pollfd *fds, nfds_t n, int timeout), (fds, n, timeout))
BEFORE(int, ppoll, (struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask), (fds, n, timeout, mask))
BEFORE(int, select, (int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout), (n, r, w, x, timeout))
BEFORE(int, pselect, (int n, fd_set *r, fd_set *w, fd_set *x, const struct timespec *timeout, const sigset_t *mask), (n, r, w, x, timeout, mask))
BEFORE(int, epoll_wait, (int fd, struct epoll_event *events, int n, int timeout), (fd, events, n, timeout))
BEFORE(int, epoll_pwait, (int fd, struct epoll_event *events, int n, int timeout, const sigset_t *mask), (fd, events, n, timeout, mask))
BEFORE(int, epoll_pwait2, (int fd, struct epoll_event *events, int n, const struct timespec *timeout, const sigset_t *mask), (fd, events, n, timeout, mask))
BEFORE(int, epoll_ctl, (int fd, int what, int of, struct epoll_event *event), (fd, what, of, event))

/* Receiving and reading. */
BEFORE_ON(ssize_t, recv, (int fd, void *to, size_t n, int flags), (fd, to, n, flags), fd)
BEFORE_ON(ssize_t, recvfrom, (int fd, void *restrict to, size_t n, int flags, struct sockaddr *restrict from, socklen_t *restrict len), (fd, to, n, flags, from, len), fd)
BEFORE_ON(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags), fd)
BEFORE_ON(int, recvmmsg, (int fd, struct mmsghdr *messages, unsigned int n, int flags, struct timespec *timeout), (fd, messages, n, flags, timeout), fd)
BEFORE_ON(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n), fd)
BEFORE_ON(ssize_t, readv, (int fd, const struct iovec *parts, int n), (fd, parts, n), fd)
BEFORE(ssize_t, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at))
BEFORE(ssize_t, pread64, (int fd, void *to, size_t n, off64_t at), (fd, to, n, at))
BEFORE(ssize_t, preadv, (int fd, const struct iovec *parts, int n, off_t at), (fd, parts, n, at))
BEFORE(ssize_t, pwrite, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at))
BEFORE(ssize_t, pwrite64, (int fd, const void *from, size_t n, off64_t at), (fd, from, n, at))
BEFORE(ssize_t, pwritev, (int fd, const struct iovec *parts, int n, off_t at), (fd, parts, n, at))
BEFORE(ssize_t, sendfile, (int out, int in, off_t *at, size_t n), (out, in, at, n))
BEFORE(ssize_t, sendfile64, (int out, int in, off64_t *at, size_t n), (out, in, at, n))
BEFORE(ssize_t, splice, (int in, off64_t *in_at, int out, off64_t *out_at, size_t n, unsigned int flags), (in, in_at, out, out_at, n, flags))
BEFORE(ssize_t, tee, (int in, int out, size_t n, unsigned int flags), (in, out, n, flags))
BEFORE(ssize_t, vmsplice, (int fd, const struct iovec *parts, size_t n, unsigned int flags), (fd, parts, n, flags))
BEFORE(int, eventfd_write, (int fd, eventfd_t value), (fd, value))
BEFORE(int, eventfd_read, (int fd, eventfd_t *value), (fd, value))

/* Changing a socket, or asking it. */
BEFORE(int, connect, (int fd, const struct sockaddr *name, socklen_t n), (fd, name, n))
BEFORE(int, bind, (int fd, const struct sockaddr *name, socklen_t n), (fd, name, n))
BEFORE(int, listen, (int fd, int backlog), (fd, backlog))
BEFORE(int, setsockopt, (int fd, int level, int what, const void *value, socklen_t n), (fd, level, what, value, n))
BEFORE(int, getsockname, (int fd, struct sockaddr *restrict name, socklen_t *restrict n), (fd, name, n))
BEFORE(int, getpeername, (int fd, struct sockaddr *restrict name, socklen_t *restrict n), (fd, name, n))

/* Sleeping, and waiting for others. */
BEFORE(int, nanosleep, (const struct timespec *time, struct timespec *left), (time, left))
BEFORE(int, clock_nanosleep, (clockid_t clock, int flags, const struct timespec *time, struct timespec *left), (clock, flags, time, left))
BEFORE(int, usleep, (useconds_t us), (us))
BEFORE(unsigned int, sleep, (unsigned int s), (s))
BEFORE(int, pause, (void), ())
BEFORE(int, sched_yield, (void), ())
BEFORE(int, sigsuspend, (const sigset_t *mask), (mask))
BEFORE(int, sigwait, (const sigset_t *set, int *which), (set, which))
BEFORE(int, sigwaitinfo, (const sigset_t *set, siginfo_t *info), (set, info))
BEFORE(int, sigtimedwait, (const sigset_t *set, siginfo_t *info, const struct timespec *timeout), (set, info, timeout))
BEFORE(pid_t, wait, (int *status), (status))
BEFORE(pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options))
BEFORE(int, waitid, (idtype_t type, id_t id, siginfo_t *info, int options), (type, id, info, options))
BEFORE(pid_t, wait3, (int *status, int options, struct rusage *usage), (status, options, usage))
BEFORE(pid_t, wait4, (pid_t pid, int *status, int options, struct rusage *usage), (pid, status, options, usage))
BEFORE(int, sem_wait, (sem_t *sem), (sem))
BEFORE(int, sem_timedwait, (sem_t *restrict sem, const struct timespec *restrict timeout), (sem, timeout))
BEFORE(int, sem_clockwait, (sem_t *restrict sem, clockid_t clock, const struct timespec *restrict timeout), (sem, clock, timeout))
BEFORE(int, sem_post, (sem_t *sem), (sem))
BEFORE(int, pthread_cond_wait, (pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex), (cond, mutex))
BEFORE(int, pthread_cond_timedwait, (pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex, const struct timespec *restrict timeout), (cond, mutex, timeout))
BEFORE(int, pthread_cond_signal, (pthread_cond_t *cond), (cond))
BEFORE(int, pthread_cond_broadcast, (pthread_cond_t *cond), (cond))
BEFORE(int, pthread_barrier_wait, (pthread_barrier_t *barrier), (barrier))
BEFORE(int, pthread_join, (pthread_t thread, void **result), (thread, result))
BEFORE(int, pthread_create, (pthread_t *restrict thread, const pthread_attr_t *restrict attr, void *(*run)(void *), void *restrict arg), (thread, attr, run, arg))
BEFORE(int, pthread_kill, (pthread_t thread, int which), (thread, which))
BEFORE(int, kill, (pid_t pid, int which), (pid, which))
BEFORE(int, semop, (int id, struct sembuf *ops, size_t n), (id, ops, n))
BEFORE(int, msgsnd, (int id, const void *message, size_t n, int flags), (id, message, n, flags))
BEFORE(ssize_t, msgrcv, (int id, void *message, size_t n, long type, int flags), (id, message, n, type, flags))
BEFORE(int, mq_send, (mqd_t queue, const char *message, size_t n, unsigned int priority), (queue, message, n, priority))
BEFORE(ssize_t, mq_receive, (mqd_t queue, char *message, size_t n, unsigned int *priority), (queue, message, n, priority))
BEFORE(int, flock, (int fd, int what), (fd, what))
BEFORE(int, fsync, (int fd), (fd))
BEFORE(int, fdatasync, (int fd), (fd))

/* Making descriptors. */
MAKES(socket, (int domain, int type, int protocol), (domain, type, protocol))
MAKES(accept, (int fd, struct sockaddr *restrict name, socklen_t *restrict n), (fd, name, n))
MAKES(accept4, (int fd, struct sockaddr *restrict name, socklen_t *restrict n, int flags), (fd, name, n, flags))
MAKES(dup, (int fd), (fd))
MAKES(creat, (const char *path, mode_t mode), (path, mode))
MAKES(eventfd, (unsigned int value, int flags), (value, flags))
MAKES(epoll_create, (int size), (size))
MAKES(epoll_create1, (int flags), (flags))
MAKES(timerfd_create, (clockid_t clock, int flags), (clock, flags))
MAKES(signalfd, (int fd, const sigset_t *mask, int flags), (fd, mask, flags))
MAKES(inotify_init, (void), ())
MAKES(inotify_init1, (int flags), (flags))
MAKES(memfd_create, (const char *name, unsigned int flags), (name, flags))
/* clang-format on */

EXPORT int getsockopt(int fd, int level, int what, void *restrict value, socklen_t *restrict n)
{
	before();
	int error = level == SOL_SOCKET && what == SO_ERROR && state_page ? socket_take_error(fd) : 0;
	int result = REAL(getsockopt)(fd, level, what, value, n);
	if (!result && error && *n >= sizeof error && !*(int *)value)
		*(int *)value = error;
	return result;
}

/* The argument behind the named ones, if the caller gave one: reading what is not there is harmless here. */
#define OPTIONAL(type, last)                 \
	({                                   \
		va_list list_;               \
		va_start(list_, last);       \
		type value_ = va_arg(list_, type); \
		va_end(list_);               \
		value_;                      \
	})

EXPORT int ioctl(int fd, unsigned long what, ...)
{
	void *argument = OPTIONAL(void *, what);

	before();
	return REAL(ioctl)(fd, what, argument);
}

static int forget_duplicate(int what, int result)
{
	if (what == F_DUPFD || what == F_DUPFD_CLOEXEC)
		socket_forget(result);
	return result;
}

EXPORT int fcntl(int fd, int what, ...)
{
	void *argument = OPTIONAL(void *, what);

	before();
	return forget_duplicate(what, REAL(fcntl)(fd, what, argument));
}

EXPORT int fcntl64(int fd, int what, ...)
{
	void *argument = OPTIONAL(void *, what);

	before();
	return forget_duplicate(what, REAL(fcntl64)(fd, what, argument));
}

/* Opening a file does not make a thread give anything away: nothing is learnt by it, and libraries open files on the way. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define OPENS(name, parameters, arguments, last)           \
	EXPORT int name parameters                         \
	{                                                  \
		mode_t mode = OPTIONAL(mode_t, last);      \
		int made = REAL(name) arguments;           \
		socket_forget(made);                       \
		return made;                               \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

OPENS(open, (const char *path, int flags, ...), (path, flags, mode), flags)
OPENS(open64, (const char *path, int flags, ...), (path, flags, mode), flags)
OPENS(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode), flags)
OPENS(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode), flags)

static int forget_pair(int result, const int *fds)
{
	if (!result) {
		socket_forget(fds[0]);
		socket_forget(fds[1]);
	}
	return result;
}

EXPORT int pipe(int fds[2])
{
	return forget_pair(REAL(pipe)(fds), fds);
}

EXPORT int pipe2(int fds[2], int flags)
{
	return forget_pair(REAL(pipe2)(fds, flags), fds);
}

EXPORT int socketpair(int domain, int type, int protocol, int fds[2])
{
	return forget_pair(REAL(socketpair)(domain, type, protocol, fds), fds);
}

/* A system call by its number: which one it is does not matter, but for the descriptors that it may close. */
EXPORT long syscall(long nr, ...)
{
	va_list list;
	long a[6];

	va_start(list, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	before();
	if (nr == SYS_execve || nr == SYS_execveat)
		queue_give_all(TRY_END, false);
	if (nr == SYS_close || nr == SYS_dup3)
		socket_forget((int)a[nr == SYS_dup3]);
	return REAL(syscall)(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}
