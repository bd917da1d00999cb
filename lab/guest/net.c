/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.c: the guest's network: the loopback device, and cards that are joined by a wire. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/guest/guest.h"
#include "lab/wire.h"

enum {
	PROBE_PORT = 9, /* discard */
	WIRE_WAIT_MS = 20000, /* an emulated card finds its carrier after 2 to 3 s */
	WIRE_STEP_MS = 20,
	PROBES = 25, /* datagrams in a row that prove a wire */
	IP_WORDS_MAX = 24,
};

void net_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request))
		send_text(CHANNEL_REMARK, "the guest has no loopback device: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* ---- Cards ---- */

/* Runs ip(8) with words separated by single blanks, in a namespace if one is named. */
static void ip(const char *ns, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void ip(const char *ns, const char *fmt, ...)
{
	char text[256], *words[IP_WORDS_MAX + 1] = { "ip", "-n", (char *)ns }, *rest = text;
	size_t n = ns ? 3 : 1;
	va_list args;
	int status;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	words[1] = ns ? words[1] : NULL;
	while (n < IP_WORDS_MAX && (words[n] = strsep(&rest, " ")))
		n++;
	words[n] = NULL;
	status = command_help(words);
	if (status)
		guest_fault("cannot set up the cards: ip %s ended with status %d; --verbose shows why", words[n - 1], status);
}

/* The device with that address, into name[IFNAMSIZ]. Whether there is one. */
static bool device_of(const char *mac, char *name)
{
	DIR *folder = opendir("/sys/class/net");
	bool found = false;

	for (struct dirent *entry; folder && !found && (entry = readdir(folder));) {
		char path[512], text[32] = "";
		int fd;

		snprintf(path, sizeof path, "/sys/class/net/%s/address", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		found = read(fd, text, sizeof text - 1) > 0 && !strncmp(text, mac, strlen(mac));
		close(fd);
		if (found)
			snprintf(name, IFNAMSIZ, "%.15s", entry->d_name);
	}
	if (folder)
		closedir(folder);
	return found;
}

static void name_card(const char *mac, const char *name)
{
	char now[IFNAMSIZ];

	for (int waited_ms = 0; !device_of(mac, now); waited_ms += WIRE_STEP_MS) {
		if (waited_ms >= WIRE_WAIT_MS)
			guest_fault("the guest's kernel does not find its network card %s; does it have the driver? "
				    "(a cloud kernel has none: use a generic one, or --nic none)", mac);
		sleep_ms(WIRE_STEP_MS);
	}
	if (strcmp(now, name))
		ip(NULL, "link set %s name %s", now, name);
}

/* Neighbours are known beforehand: until an address is resolved, packets wait or vanish. */
static void address_card(const char *ns, const char *device, const char *host, const char *host6, const char *other,
			 const char *other6, const char *other_mac)
{
	ip(ns, "link set %s up", device);
	ip(ns, "addr add %s/24 dev %s", host, device);
	ip(ns, "neigh add %s lladdr %s dev %s nud permanent", other, other_mac, device);
	if (access("/proc/net/if_inet6", F_OK))
		return;
	ip(ns, "addr add %s/64 dev %s nodad", host6, device);
	ip(ns, "neigh add %s lladdr %s dev %s nud permanent", other6, other_mac, device);
}

/* ---- Proof that the wire carries ---- */

static struct sockaddr_in probe_address(const char *host)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PROBE_PORT) };

	inet_pton(AF_INET, host, &address.sin_addr);
	return address;
}

/* A socket in the peer's namespace. */
static int peer_socket(void)
{
	const struct sockaddr_in address = probe_address(WIRE_PEER_HOST);
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), peer = open("/run/netns/" WIRE_PEER_NS, O_RDONLY | O_CLOEXEC), fd;

	if (home < 0 || peer < 0 || setns(peer, CLONE_NEWNET))
		guest_fault("cannot enter the namespace " WIRE_PEER_NS ": %s", strerror(errno));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) || setns(home, CLONE_NEWNET))
		guest_fault("cannot receive in the namespace " WIRE_PEER_NS ": %s", strerror(errno));
	close(home);
	close(peer);
	return fd;
}

/* Whether any datagram has come. */
static bool received(int receiver)
{
	char byte;
	bool any = false;

	while (recv(receiver, &byte, 1, 0) == 1)
		any = true;
	return any;
}

/* Many in a row: an e1000 hands over the first packet, and then none until its driver's watchdog looks at it. */
static void await_delivery(void)
{
	const struct sockaddr_in to = probe_address(WIRE_PEER_HOST);
	int receiver = peer_socket(), sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), streak = 0;

	for (int waited_ms = 0; streak < PROBES; waited_ms += WIRE_STEP_MS) {
		if (waited_ms >= WIRE_WAIT_MS)
			guest_fault("datagrams do not get from one card to the other in %d s", WIRE_WAIT_MS / 1000);
		sendto(sender, "", 1, 0, (const struct sockaddr *)&to, sizeof to);
		sleep_ms(WIRE_STEP_MS);
		streak = received(receiver) ? streak + 1 : 0;
	}
	close(receiver);
	close(sender);
}

static bool has_carrier(void)
{
	char c = '0';
	int fd = open("/sys/class/net/" WIRE_DEVICE "/carrier", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, &c, 1) != 1)
		c = '0';
	close(fd);
	return c == '1';
}

static void await_carrier(void)
{
	for (int waited_ms = 0; !has_carrier(); waited_ms += WIRE_STEP_MS) {
		if (waited_ms >= WIRE_WAIT_MS)
			guest_fault("the network card has no carrier after %d s", WIRE_WAIT_MS / 1000);
		sleep_ms(WIRE_STEP_MS);
	}
}

void net_wire(const char *wire)
{
	bool peer = !strcmp(wire, "peer");

	name_card(WIRE_MAC, WIRE_DEVICE);
	address_card(NULL, WIRE_DEVICE, WIRE_HOST, WIRE_HOST6, WIRE_PEER_HOST, WIRE_PEER_HOST6, WIRE_PEER_MAC);
	if (!peer) {
		await_carrier();
		return;
	}
	name_card(WIRE_PEER_MAC, WIRE_PEER_DEVICE);
	ip(NULL, "netns add " WIRE_PEER_NS);
	ip(NULL, "link set " WIRE_PEER_DEVICE " netns " WIRE_PEER_NS);
	ip(WIRE_PEER_NS, "link set lo up");
	address_card(WIRE_PEER_NS, WIRE_PEER_DEVICE, WIRE_PEER_HOST, WIRE_PEER_HOST6, WIRE_HOST, WIRE_HOST6, WIRE_MAC);
	await_delivery();
}
