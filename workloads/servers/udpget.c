/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * udpget.c: the load of the memcached recipe: stores some values by TCP, then asks for all of them at once by UDP, at a fixed
 * rate, until it is killed. Each second's answers that did not come are told on stderr.
 *
 *     udpget PORT RATE KEYS BYTES
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "udpget: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int connected(int type, int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, type, 0), room = 8 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to))
		die("connect");
	return fd;
}

static void store(int port, int keys, int bytes)
{
	int fd = connected(SOCK_STREAM, port);
	FILE *file = fdopen(fd, "r+");
	char line[256];

	for (int i = 0; i < keys; i++) {
		fprintf(file, "set key%03d 0 0 %d\r\n", i, bytes);
		for (int j = 0; j < bytes; j++)
			fputc('a' + j % 26, file);
		fprintf(file, "\r\n");
		fflush(file);
		if (!fgets(line, sizeof line, file) || strncmp(line, "STORED", 6))
			die("set");
	}
	fclose(file);
}

/* The frame of a request that fits one datagram: its number, 0, 1, 0; then the text. */
static size_t request(uint16_t number, int keys, char *out, size_t size)
{
	uint16_t head[4] = {htons(number), 0, htons(1), 0};
	size_t n = sizeof head;

	memcpy(out, head, sizeof head);
	n += (size_t)snprintf(out + n, size - n, "get");
	for (int i = 0; i < keys; i++)
		n += (size_t)snprintf(out + n, size - n, " key%03d", i);
	return n + (size_t)snprintf(out + n, size - n, "\r\n");
}

enum { LATE_MAX = 20 };

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	int port = atoi(argv[1]), rate = atoi(argv[2]), keys = atoi(argv[3]);
	char out[8192], in[65536];
	uint64_t sent_n = 0, whole_n = 0, told_n = 0, ticks;

	store(port, keys, atoi(argv[4]));
	int fd = connected(SOCK_DGRAM, port), timer = timerfd_create(CLOCK_MONOTONIC, 0);
	long ns = 1000000000L / rate;
	struct itimerspec every = {{ns / 1000000000L, ns % 1000000000L}, {0, 1000000}};
	timerfd_settime(timer, 0, &every, NULL);
	for (;;) {
		struct pollfd fds[2] = {{timer, POLLIN, 0}, {fd, POLLIN, 0}};

		poll(fds, 2, -1);
		if (fds[1].revents)
			for (ssize_t n; (n = recv(fd, in, sizeof in, MSG_DONTWAIT)) > 0;)
				whole_n += n > 13 && !memcmp(in + n - 5, "END\r\n", 5);
		if (!fds[0].revents || read(timer, &ticks, sizeof ticks) != sizeof ticks)
			continue;
		if (ticks > LATE_MAX)
			ticks = 1; /* it was stopped for a while: no flood of requests to make up for it */
		for (; ticks; ticks--, sent_n++)
			if (send(fd, out, request((uint16_t)sent_n, keys, out, sizeof out), 0) < 0)
				die("send");
		if (sent_n % (uint64_t)rate == 0 && sent_n - whole_n > 2 + told_n + (uint64_t)rate / 100) {
			fprintf(stderr, "udpget: %lu of %lu answers did not come\n", sent_n - whole_n, sent_n);
			told_n = sent_n - whole_n;
		}
	}
}
