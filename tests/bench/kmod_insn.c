/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kmod_insn.c: what one packet of a group costs by each way of libsendgroup and by SO_SETGRP. In a guest under icount a
 * nanosecond is an instruction, so that the figures are instructions per packet, the same in every run. */
#include "kmod/include/libsendgroup.h"
#include "kmod/include/sendgroup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { WARM = 2, GROUP_MAX = 4096, PAYLOAD_MAX = 65507, PACKETS_MIN = 400 };

struct sweep {
	struct sockaddr_in to;
	int fd;
	unsigned bursts;
	struct giorec rec[GROUP_MAX];
	struct sockaddr_in addrs[GROUP_MAX];
	char private[GROUP_MAX][1500];
	char payload[PAYLOAD_MAX];
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int burst_bound(struct sweep *s, unsigned group, size_t payload)
{
	return send(s->fd, s->payload, payload, 0) == (ssize_t)payload ? (int)group : -1;
}

/* Prints "WAY GROUP PAYLOAD PRIVATE CPU WALL SENT", of which CPU and WALL are ns per packet. */
static int run(struct sweep *s, const char *way, unsigned group, size_t payload, size_t private)
{
	struct giobuf buf = { { s->payload, payload - private }, s->rec };
	uint64_t cpu = 0, wall = 0, sent = 0;
	unsigned enough = PACKETS_MIN / group, bursts = s->bursts > enough ? s->bursts : enough; /* a tick's cost is spread */
	int is_bound = !strcmp(way, "setgrp"), is_changed = !strcmp(way, "setgrp-change");

	if (!is_bound && !is_changed && sendgroup_use(way))
		return -1;
	if (is_bound && setsockopt(s->fd, SOL_IP, SO_SETGRP, s->addrs, group * sizeof s->addrs[0]))
		return -1;
	for (unsigned i = 0; i < group; i++)
		s->rec[i].gr_head = (struct iovec){ s->private[i], private };
	for (unsigned b = 0; b < WARM + bursts; b++) {
		uint64_t cpu0 = now_ns(CLOCK_PROCESS_CPUTIME_ID), wall0 = now_ns(CLOCK_MONOTONIC);
		int n;

		if (is_changed && setsockopt(s->fd, SOL_IP, SO_SETGRP, s->addrs, group * sizeof s->addrs[0]))
			return -1;
		n = is_bound || is_changed ? burst_bound(s, group, payload) : sendgroup(s->fd, &buf, group, 0, NULL);
		if (n != (int)group)
			return -1;
		if (b < WARM)
			continue;
		wall += now_ns(CLOCK_MONOTONIC) - wall0;
		cpu += now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu0;
		sent += group;
	}
	if (is_bound || is_changed)
		setsockopt(s->fd, SOL_IP, SO_SETGRP, NULL, 0);
	printf("%s %u %zu %zu %.1f %.1f %llu\n", way, group, payload, private, (double)cpu / (double)sent,
	       (double)wall / (double)sent, (unsigned long long)sent);
	return 0;
}

/* The library's own file of the module: what it has seen tells which path was taken. */
static int find_device(void)
{
	char link[32], path[64];

	for (int fd = 3; fd < 64; fd++) {
		ssize_t n;

		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		n = readlink(link, path, sizeof path - 1);
		if (n > 0 && (path[n] = 0, !strcmp(path, "/dev/sendgroup")))
			return fd;
	}
	return -1;
}

static void print_info(void)
{
	struct sendgroup_info info = { .size = sizeof info };

	if (!ioctl(find_device(), SENDGROUP_INFO, &info))
		printf("info fast %llu plain %llu routes %llu shares %llu\n", (unsigned long long)info.fast,
		       (unsigned long long)info.plain, (unsigned long long)info.routes, (unsigned long long)info.shares);
}

static int number(const char *text, unsigned *value)
{
	char *end;

	errno = 0;
	*value = (unsigned)strtoul(text, &end, 10);
	return errno || *end || end == text ? -1 : 0;
}

/* ADDR PORT BURSTS, then lines "WAY GROUP PAYLOAD PRIVATE" on stdin. */
int main(int argc, char **argv)
{
	static struct sweep s;
	char way[32];
	unsigned port, group;
	size_t payload, private;

	if (argc != 4 || !inet_aton(argv[1], &s.to.sin_addr) || number(argv[2], &port) || number(argv[3], &s.bursts)) {
		fputs("usage: kmod_insn ADDR PORT BURSTS < SETTINGS\n", stderr);
		return 2;
	}
	s.fd = socket(AF_INET, SOCK_DGRAM, 0);
	s.to.sin_family = AF_INET;
	for (unsigned i = 0; i < GROUP_MAX; i++) {
		s.to.sin_port = htons((uint16_t)(port + i % 1000));
		s.rec[i].gr_addr = s.addrs[i] = s.to;
	}
	while (scanf("%31s %u %zu %zu", way, &group, &payload, &private) == 4) {
		if (!group || group > GROUP_MAX || payload > PAYLOAD_MAX || private > payload || private > sizeof s.private[0])
			return 2;
		if (run(&s, way, group, payload, private))
			printf("%s %u %zu %zu failed %s\n", way, group, payload, private, strerror(errno));
		fflush(stdout);
	}
	print_info();
	return 0;
}
