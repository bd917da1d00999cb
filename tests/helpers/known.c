/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * known.c: a workload of which every count is known beforehand. For profile.bats, which compiles it.
 *
 * usage: known HOW CALLS BYTES BURST [WORKERS]
 * Waits for a byte on stdin. Then each worker makes CALLS calls of sendmsg() of BYTES bytes, with another system call after
 * every BURST of them, and the program ends, unless HOW says else:
 *   plain             one worker, this process          threads, forks   WORKERS of them
 *   failing           every call fails                  exec             then begins anew by exec, once
 *   thread-exec       the same, by a thread that is not the first
 *   receive           the calls are recvmsg()           hop              CALLS of getsid() on CPU 0, then on CPU 1
 *   stuck-send, stuck-receive    at last it blocks for good in such a call
 *   exit-in-frame, exec-in-frame    a thread blocks so in sendmsg(), and another one ends the program, or begins it anew
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *how, *self;
static char *const *again; /* the arguments for exec */
static long calls, bytes, burst, workers = 1;
static struct sockaddr_in to;
static int from, sink;
static volatile int stuck_tid;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void open_sockets(void)
{
	socklen_t size = sizeof to;

	to = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	sink = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (from < 0 || sink < 0 || bind(sink, (struct sockaddr *)&to, size) || getsockname(sink, (struct sockaddr *)&to, &size))
		die("socket");
}

static void one_call(int fd, void *payload)
{
	struct iovec part = {payload, (size_t)bytes};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (!strcmp(how, "receive") || !strcmp(how, "stuck-receive")) {
		if (sendto(fd, payload, (size_t)bytes, 0, (struct sockaddr *)&to, sizeof to) != bytes || recvmsg(sink, &message, 0) != bytes)
			die("recvmsg");
		return;
	}
	message.msg_name = &to;
	message.msg_namelen = sizeof to;
	if (sendmsg(fd, &message, 0) != bytes && strcmp(how, "failing"))
		die("sendmsg");
}

static void *work(void *unused)
{
	char *payload = calloc(1, (size_t)bytes + 1);
	int fd = !strcmp(how, "failing") ? -1 : from;

	(void)unused;
	for (long i = 0; i < calls; i++) {
		one_call(fd, payload);
		if ((i + 1) % burst == 0)
			syscall(SYS_getppid);
	}
	free(payload);
	return NULL;
}

/* Fills a pair of sockets that nobody reads without calls of the path, then sends once more, for ever. */
static void stuck_in_send(void)
{
	static char block[65536];
	struct iovec part = {block, sizeof block};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	while (sendto(pair[0], block, sizeof block, MSG_DONTWAIT, NULL, 0) > 0)
		;
	while (sendto(pair[0], block, 1, MSG_DONTWAIT, NULL, 0) > 0)
		;
	stuck_tid = (int)syscall(SYS_gettid);
	sendmsg(pair[0], &message, 0);
}

static void *work_and_get_stuck(void *unused)
{
	work(unused);
	stuck_in_send();
	return NULL;
}

static void stuck_in_receive(void)
{
	char block[64];
	struct iovec part = {block, sizeof block};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	recvmsg(sink, &message, 0);
}

/* Until that thread sleeps in sendmsg(): /proc says in which call a thread sleeps. */
static void wait_until_stuck(void)
{
	char path[64], text[32];

	while (!stuck_tid)
		sched_yield();
	snprintf(path, sizeof path, "/proc/self/task/%d/syscall", stuck_tid);
	for (;;) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

		if (fd < 0)
			die(path);
		close(fd);
		text[n > 0 ? n : 0] = 0;
		if (atoi(text) == SYS_sendmsg)
			return;
		usleep(1000);
	}
}

static void exec_again(void)
{
	execv(self, again);
	die(self);
}

static void *work_and_exec(void *unused)
{
	work(unused);
	exec_again();
	return NULL;
}

static void start_threads(void *(*function)(void *), long n, pthread_t *threads)
{
	for (long i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, function, NULL))
			die("pthread_create");
}

static void in_threads(void)
{
	pthread_t threads[64];

	start_threads(work, workers, threads);
	for (long i = 0; i < workers; i++)
		pthread_join(threads[i], NULL);
}

static void in_forks(void)
{
	for (long i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid) {
			work(NULL);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
}

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set))
		die("sched_setaffinity");
}

static void hop(void)
{
	for (int cpu = 0; cpu < 2; cpu++) {
		on_cpu(cpu);
		for (long i = 0; i < calls; i++)
			syscall(SYS_getsid, 0);
	}
}

static void run(void)
{
	pthread_t other;

	if (!strcmp(how, "threads")) {
		in_threads();
	} else if (!strcmp(how, "forks")) {
		in_forks();
	} else if (!strcmp(how, "hop")) {
		hop();
	} else if (!strcmp(how, "thread-exec")) {
		start_threads(work_and_exec, 1, &other);
		pause();
	} else if (!strcmp(how, "exit-in-frame") || !strcmp(how, "exec-in-frame")) {
		start_threads(work_and_get_stuck, 1, &other);
		wait_until_stuck();
		if (!strcmp(how, "exec-in-frame"))
			exec_again();
	} else {
		work(NULL);
		if (!strcmp(how, "exec"))
			exec_again();
		else if (!strcmp(how, "stuck-send"))
			stuck_in_send();
		else if (!strcmp(how, "stuck-receive"))
			stuck_in_receive();
	}
}

int main(int argc, char **argv)
{
	char go, plain[] = "plain", *arguments[] = {argv[0], plain, argv[2], argv[3], argv[4], argv[0], NULL};

	if (argc < 5)
		return 2;
	how = argv[1];
	self = argv[0];
	calls = atol(argv[2]);
	bytes = atol(argv[3]);
	burst = atol(argv[4]);
	/* the sixth word, its own name, says that it came here by exec and waits no more */
	int by_exec = argc > 5 && !strcmp(argv[5], argv[0]);
	again = arguments;
	if (argc > 5 && !by_exec)
		workers = atol(argv[5]);
	open_sockets();
	if (!by_exec && read(STDIN_FILENO, &go, 1) < 0)
		die("stdin");
	run();
	return 0;
}
