/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clients.c: the clients of the recipes, for as long as they are not killed.
 *
 *     clients tcp PORT N REQUEST           N connections that send a request and read what comes
 *     clients udp PORT                     reads what comes to a port
 *     clients publish PORT RATE BYTES      a redis publisher, RATE messages a second
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static char bytes[1 << 18];

static void die(const char *what)
{
	fprintf(stderr, "clients: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_in address(const char *port)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int tcp_connected(const char *port)
{
	struct sockaddr_in to = address(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to))
		die("connect");
	return fd;
}

/* Ends when a connection does: the load is not what it should be then. */
static void tcp(const char *port, int n, const char *request)
{
	int epoll = epoll_create1(0);

	for (int i = 0; i < n; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.fd = tcp_connected(port)};

		if (dprintf(event.data.fd, "%s\r\n", request) < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event))
			die("request");
	}
	for (;;) {
		struct epoll_event events[64];
		int ready = epoll_wait(epoll, events, 64, -1);

		for (int i = 0; i < ready; i++)
			if (read(events[i].data.fd, bytes, sizeof bytes) <= 0)
				die("a connection was closed");
	}
}

static void udp(const char *port)
{
	struct sockaddr_in name = address(port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 8 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (bind(fd, (struct sockaddr *)&name, sizeof name))
		die("bind");
	while (recv(fd, bytes, sizeof bytes, 0) >= 0)
		;
	die("recv");
}

static void publish(const char *port, long rate, int length)
{
	int fd = tcp_connected(port), timer = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec every = {{0, 1000000000L / rate}, {0, 1000000}};
	uint64_t ticks;

	memset(bytes, 'x', (size_t)length);
	timerfd_settime(timer, 0, &every, NULL);
	while (read(timer, &ticks, sizeof ticks) == sizeof ticks)
		for (char answer[64]; ticks; ticks--)
			if (dprintf(fd, "PUBLISH live %.*s\r\n", length, bytes) < 0 || read(fd, answer, sizeof answer) <= 0)
				die("publish");
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "tcp"))
		tcp(argv[2], atoi(argv[3]), argv[4]);
	else if (argc == 3 && !strcmp(argv[1], "udp"))
		udp(argv[2]);
	else if (argc == 5 && !strcmp(argv[1], "publish"))
		publish(argv[2], atol(argv[3]), atoi(argv[4]));
	return 2;
}
