/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kmod_fuzz.c: malformed calls to the sendgroup module, by somebody who knows its ABI: from several threads, on sockets
 * that others close, bind groups to and change the options of, with signals in between. Each call begins as a good one, of
 * which something is then spoilt. It cannot tell whether a result is right: the kernel's own checks tell what went wrong.
 *
 * usage: kmod_fuzz SEED CALLS THREADS ADDR... */
#include "kmod/include/sendgroup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { SOCKETS = 8, DEVICES = 3, RECORDS = 600, RECORDS_FEW = 12, RECORD_MAX = 160, PAGE = 4096, OUTCOMES = 140, ADDRS_MAX = 32 };

static _Atomic int sockets[SOCKETS], devices[DEVICES];
static _Atomic unsigned long left, outcomes[OUTCOMES], reached;
static struct sockaddr_storage addrs[ADDRS_MAX]; /* without a port */
static int addrs_n;

struct fuzz {
	uint64_t random;
	char *records;		/* ends where nothing is mapped */
	char *payload;
	char *gerrno;		/* so does this: the module writes as many errors as a spoilt call has recipients */
};

static uint64_t roll(struct fuzz *f, uint64_t below)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return f->random % below;
}

static int one_in(struct fuzz *f, unsigned n)
{
	return !roll(f, n);
}

/* n bytes of which the last lies before a hole. */
static char *before_hole(size_t n)
{
	size_t whole = (n + 2 * PAGE - 1) / PAGE * PAGE;
	char *at = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || munmap(at + whole - PAGE, PAGE))
		abort();
	return at + whole - PAGE - n;
}

static int open_socket(struct fuzz *f)
{
	static const int kinds[][2] = { { AF_INET, SOCK_DGRAM }, { AF_INET6, SOCK_DGRAM }, { AF_INET, SOCK_DGRAM }, { AF_INET6, SOCK_DGRAM },
					{ AF_INET, SOCK_STREAM }, { AF_UNIX, SOCK_DGRAM } };
	const int *kind = kinds[roll(f, one_in(f, 8) ? 6 : 4)];

	return socket(kind[0], kind[1] | (one_in(f, 3) ? SOCK_NONBLOCK : 0), 0);
}

static void set_option(struct fuzz *f, int fd)
{
	static const int options[][2] = { { SOL_SOCKET, SO_SNDBUF }, { SOL_SOCKET, SO_BROADCAST }, { SOL_SOCKET, SO_MARK }, { SOL_IP, IP_TOS },
		{ SOL_IP, IP_TTL }, { SOL_IP, IP_MTU_DISCOVER }, { SOL_IP, IP_RECVERR }, { SOL_SOCKET, SO_NO_CHECK }, { IPPROTO_UDP, 1 },
		{ IPPROTO_UDP, 103 }, { SOL_IPV6, IPV6_MTU_DISCOVER }, { SOL_IPV6, IPV6_TCLASS }, { SOL_IPV6, IPV6_V6ONLY },
		{ SOL_SOCKET, SO_TIMESTAMPING }, { SOL_IPV6, IPV6_ADDRFORM }, { SOL_IP, IP_MULTICAST_TTL }, { SOL_SOCKET, SO_DONTROUTE },
		{ SOL_SOCKET, SO_SNDTIMEO } };
	const int *option = options[roll(f, sizeof options / sizeof *options)];
	int value = (int)roll(f, 8);

	if (option[1] == SO_SNDTIMEO && option[0] == SOL_SOCKET)
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ .tv_usec = 1000 }, sizeof(struct timeval));
	else
		setsockopt(fd, option[0], option[1], &value, sizeof value);
}

static int read_addr(const char *text, struct sockaddr_storage *addr)
{
	struct sockaddr_in *in = (void *)addr;
	struct sockaddr_in6 *in6 = (void *)addr;

	addr->ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(addr->ss_family, text, addr->ss_family == AF_INET ? (void *)&in->sin_addr : &in6->sin6_addr) == 1 ? 0 : -1;
}

static void put_addr(struct fuzz *f, char *record, unsigned size)
{
	struct sockaddr_storage addr = addrs[roll(f, (uint64_t)addrs_n)];
	struct sockaddr_in6 *in6 = (void *)&addr;

	if (addr.ss_family == AF_INET6)
		in6->sin6_scope_id = one_in(f, 8) ? (uint32_t)roll(f, 6) : 0;
	in6->sin6_port = htons((uint16_t)(one_in(f, 30) ? 0 : 20000 + roll(f, 50))); /* sin_port lies there, too */
	if (one_in(f, 40))
		addr.ss_family = (sa_family_t)roll(f, 20);
	memcpy(record, &addr, size);
}

static uint64_t bad_number(struct fuzz *f, uint64_t good)
{
	static const uint64_t numbers[] = { 0, 1, 7, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, ~0ull, ~7ull,
					    0xffff888000000000, 0x00007ffffffff000, 4095, 4097 };

	if (one_in(f, 3))
		return good + roll(f, 3) - 1;
	return one_in(f, 8) ? f->random : numbers[roll(f, sizeof numbers / sizeof *numbers)];
}

static void put_private(struct fuzz *f, struct sendgroup_private *private)
{
	static const unsigned sizes[] = { 0, 0, 3, 40, 1400, 3000, 5000, 30000 };

	private->head = private->tail = (uintptr_t)f->payload;
	private->head_len = sizes[roll(f, one_in(f, 20) ? 8 : 5)];
	private->tail_len = sizes[roll(f, one_in(f, 20) ? 8 : 5)];
	if (one_in(f, 200))
		private->head_len = bad_number(f, 40);
	if (one_in(f, 200))
		private->tail = bad_number(f, private->tail);
}

static void put_records(struct fuzz *f, const struct sendgroup_msg *msg)
{
	unsigned size = msg->addr_size + (unsigned)sizeof(struct sendgroup_private);

	for (unsigned i = 0; i < msg->recnum; i++) {
		char *record = (char *)(uintptr_t)msg->records + i * size;
		struct sendgroup_private private;

		put_addr(f, record, msg->addr_size);
		put_private(f, &private);
		memcpy(record + msg->addr_size, &private, sizeof private);
	}
}

static void spoil(struct fuzz *f, struct sendgroup_msg *msg)
{
	switch (roll(f, 11)) {
	case 0: msg->size = (uint32_t)bad_number(f, msg->size); break;
	case 1: msg->fd = (int32_t)bad_number(f, (uint64_t)msg->fd); break;
	case 2: msg->flags = (uint32_t)bad_number(f, msg->flags); break;
	case 3: msg->addr_size = (uint32_t)bad_number(f, msg->addr_size); break;
	case 4: msg->recnum = (uint32_t)bad_number(f, msg->recnum); break;
	case 5: msg->pad = (uint32_t)bad_number(f, 0); break;
	case 6: msg->records = bad_number(f, msg->records); break;
	case 7: msg->shared = bad_number(f, msg->shared); break;
	case 8: msg->shared_len = bad_number(f, msg->shared_len); break;
	case 9: msg->gerrno = bad_number(f, msg->gerrno); break;
	default: ((char *)msg)[roll(f, offsetof(struct sendgroup_msg, gerrno))] ^= (char)(1 << roll(f, 8)); break;
	}
}

static void call_device(struct fuzz *f)
{
	static const unsigned sizes[] = { 16, 32, 128 }, shared[] = { 0, 1, 100, 300, 1000, 1472, 5000, 40000, 65507, 65536 };
	struct sendgroup_msg msg = {
		.size = sizeof msg, .fd = sockets[roll(f, SOCKETS)], .addr_size = sizes[roll(f, 3)],
		.recnum = (uint32_t)roll(f, one_in(f, 100) ? RECORDS : RECORDS_FEW), .shared = (uintptr_t)f->payload,
		.shared_len = shared[roll(f, one_in(f, 6) ? 10 : 6)], .gerrno = one_in(f, 2) ? (uintptr_t)f->gerrno : 0,
		.flags = (one_in(f, 2) ? MSG_DONTWAIT : 0) | (one_in(f, 4) ? MSG_CONFIRM : 0) | (one_in(f, 30) ? MSG_DONTROUTE : 0),
	};
	int result;

	msg.records = (uintptr_t)f->records + (uint64_t)RECORDS * RECORD_MAX - msg.recnum * (msg.addr_size + sizeof(struct sendgroup_private));
	put_records(f, &msg);
	for (int n = one_in(f, 2) ? (int)roll(f, 3) : 0; n > 0; n--)
		spoil(f, &msg);
	result = ioctl(devices[roll(f, DEVICES)], one_in(f, 50) ? SENDGROUP_INFO : SENDGROUP_SEND, &msg);
	if (result >= 0)
		reached += (unsigned)result;
	outcomes[result >= 0 ? 0 : errno < OUTCOMES ? errno : OUTCOMES - 1]++;
}

static void call_bound(struct fuzz *f)
{
	int fd = sockets[roll(f, SOCKETS)];
	struct sockaddr_in6 group[40] = { 0 };
	unsigned size = one_in(f, 2) ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	unsigned n = (unsigned)roll(f, 40);

	for (unsigned i = 0; i < n; i++)
		put_addr(f, (char *)group + i * size, size);
	if (one_in(f, 3))
		setsockopt(fd, SOL_IP, SO_SETGRP, one_in(f, 20) ? (void *)8 : group,
			   (socklen_t)(one_in(f, 20) ? bad_number(f, n * size) : n * size));
	else
		send(fd, f->payload, roll(f, one_in(f, 9) ? 65600 : 1500), MSG_NOSIGNAL | (one_in(f, 2) ? MSG_DONTWAIT : 0));
}

static void replace(_Atomic int *place, int fd)
{
	int old = atomic_exchange(place, fd);

	if (old >= 0)
		close(old);
}

static void *run(void *arg)
{
	struct fuzz *f = arg;

	while (atomic_fetch_sub(&left, 1) - 1 < (1ul << 62)) {
		if (one_in(f, 60))
			replace(&sockets[roll(f, SOCKETS)], open_socket(f));
		if (one_in(f, 60)) /* with none open the module can be unloaded */
			replace(&devices[roll(f, DEVICES)], one_in(f, 2) ? -1 : open("/dev/sendgroup", O_RDWR));
		if (one_in(f, 6))
			set_option(f, sockets[roll(f, SOCKETS)]);
		if (one_in(f, 5))
			call_bound(f);
		else
			call_device(f);
	}
	return NULL;
}

static void on_alarm(int signal)
{
	(void)signal;
}

int main(int argc, char **argv)
{
	unsigned threads_n = argc > 4 ? (unsigned)atoi(argv[3]) : 0;
	pthread_t threads[16];
	struct sigaction action = { .sa_handler = on_alarm };

	if (!threads_n || threads_n > 16)
		return 2;
	left = strtoul(argv[2], NULL, 10);
	for (; addrs_n < ADDRS_MAX && addrs_n < argc - 4; addrs_n++)
		if (read_addr(argv[4 + addrs_n], &addrs[addrs_n]))
			return 2;
	for (int i = 0; i < SOCKETS; i++)
		sockets[i] = -1;
	for (int i = 0; i < DEVICES; i++) /* the module may just be being loaded anew */
		while ((devices[i] = open("/dev/sendgroup", O_RDWR)) < 0)
			usleep(1000);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 3000 }, { 0, 3000 } }, NULL);
	for (unsigned i = 0; i < threads_n; i++) {
		struct fuzz *f = calloc(1, sizeof *f);

		f->random = strtoul(argv[1], NULL, 10) * 2654435761u + i * 40503u + 1;
		f->records = before_hole((size_t)RECORDS * RECORD_MAX);
		f->payload = before_hole(65536);
		f->gerrno = before_hole(RECORDS * sizeof(int32_t));
		if (pthread_create(&threads[i], NULL, run, f))
			return 1;
	}
	for (unsigned i = 0; i < threads_n; i++)
		pthread_join(threads[i], NULL);
	printf("fuzzed: %s calls, %lu datagrams;", argv[2], reached);
	for (int i = 0; i < OUTCOMES; i++)
		if (outcomes[i])
			printf(" %s %lu", i ? strerrorname_np(i) : "done", outcomes[i]);
	putchar('\n');
	return 0;
}
