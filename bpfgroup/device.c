/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.c: makes the group device by /dev/net/tun, and sets it and the loopback device up by ip(8) and /proc/sys. */
#include "bpfgroup/device.h"

#include "base/err.h"
#include "bpfgroup/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MTU = 65521, /* the most that a TAP takes: the MTU that counts is that of each recipient's route */
	ROUTE_METRIC = 1000,
};

int device_ip(const char *commands)
{
	int fds[2], status;
	size_t n = strlen(commands);
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return fail(-errno, "cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		dup2(fds[0], STDIN_FILENO);
		execlp("ip", "ip", "-batch", "-", (char *)NULL);
		_exit(127);
	}
	close(fds[0]);
	if (pid < 0 || write(fds[1], commands, n) != (ssize_t)n) /* some hundred bytes: a pipe takes them at once */
		status = -1;
	close(fds[1]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return fail(-ENOENT, "ip(8) is not there; install iproute2");
	return pid > 0 && status == 0 ? 0 : fail(-EIO, "ip(8) has failed at: %s", commands);
}

/* ---- /proc/sys/net: of the namespace of the thread that opens ---- */

static int sysctl_open(const char *family, const char *device, const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof path, "/proc/sys/net/%s/conf/%s/%s", family, device, name);
	return open(path, flags | O_CLOEXEC);
}

static int sysctl_write(const char *family, const char *device, const char *name, int value)
{
	int fd = sysctl_open(family, device, name, O_WRONLY), err = 0;
	char text[16];
	int n = snprintf(text, sizeof text, "%d\n", value);

	if (fd < 0 || write(fd, text, (size_t)n) != n)
		err = fail(-errno, "cannot set net.%s.conf.%s.%s: %s; run as root", family, device, name, strerror(errno));
	if (fd >= 0)
		close(fd);
	return err;
}

static int sysctl_read(const char *family, const char *device, const char *name, int *value)
{
	int fd = sysctl_open(family, device, name, O_RDONLY);
	char text[16] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return fail(-EIO, "cannot read net.%s.conf.%s.%s; is /proc mounted?", family, device, name);
	*value = (int)strtol(text, NULL, 10);
	return 0;
}

/* Whether a device has IPv6, and it is not disabled there. */
static bool has_ipv6(const char *device)
{
	int fd = sysctl_open("ipv6", device, "disable_ipv6", O_RDONLY);
	char disabled = '1';
	bool known = fd >= 0 && read(fd, &disabled, 1) == 1;

	if (fd >= 0)
		close(fd);
	return known && disabled == '0';
}

/* ---- Group devices know each other by their link address, which holds lo's settings before the first of them ---- */

static const uint8_t mark[4] = { 0x02, 's', 'g', 'b' };

/* Whether there is another group device than `name` in this namespace; then lo's settings before, unless NULL. */
static bool find_other(const char *name, struct device_lo *before)
{
	struct if_nameindex *all = if_nameindex();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found = false;

	for (struct if_nameindex *one = all; fd >= 0 && one && one->if_index && !found; one++) {
		struct ifreq request = { 0 };
		const uint8_t *mac = (const uint8_t *)request.ifr_hwaddr.sa_data;

		snprintf(request.ifr_name, sizeof request.ifr_name, "%s", one->if_name);
		found = strcmp(one->if_name, name) != 0 && !ioctl(fd, SIOCGIFHWADDR, &request) && !memcmp(mac, mark, sizeof mark);
		if (found && before)
			*before = (struct device_lo){ mac[4], mac[5] };
	}
	if (fd >= 0)
		close(fd);
	if (all)
		if_freenameindex(all);
	return found;
}

static int set_mark(int tap, const struct device_lo *before)
{
	struct ifreq request = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };
	uint8_t *mac = (uint8_t *)request.ifr_hwaddr.sa_data;

	memcpy(mac, mark, sizeof mark);
	mac[4] = (uint8_t)before->accept_local;
	mac[5] = (uint8_t)before->route_localnet;
	return ioctl(tap, SIOCSIFHWADDR, &request) ? fail(-errno, "cannot mark the group device: %s", strerror(errno)) : 0;
}

int device_lo_before(struct device_lo *before)
{
	int err;

	if (find_other("", before))
		return 0;
	err = sysctl_read("ipv4", "lo", "accept_local", &before->accept_local);
	return err ? err : sysctl_read("ipv4", "lo", "route_localnet", &before->route_localnet);
}

static int lo_write(const struct device_lo *to)
{
	int err = sysctl_write("ipv4", "lo", "accept_local", to->accept_local);

	return err ? err : sysctl_write("ipv4", "lo", "route_localnet", to->route_localnet);
}

int device_lo_allow(void)
{
	return lo_write(&(struct device_lo){ 1, 1 });
}

int device_lo_restore(const char *name, const struct device_lo *before)
{
	return find_other(name, NULL) ? 0 : lo_write(before);
}

/* ---- The device ---- */

static int make_tap(char *name, int *out)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), err;

	if (fd < 0)
		return fail(-errno, "cannot open /dev/net/tun: %s; as root, run: modprobe tun", strerror(errno));
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (ioctl(fd, TUNSETIFF, &request) || ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM)) {
		err = fail(-errno, "cannot make the device %s: %s%s", name, strerror(errno),
			   errno == EBUSY ? "; a device of that name is there: give another one by --device" :
			   errno == EPERM ? "; run as root (CAP_NET_ADMIN)" : "");
		close(fd);
		return err;
	}
	snprintf(name, IFNAMSIZ, "%s", request.ifr_name);
	*out = fd;
	return 0;
}

/* The devices that take what routers announce unless they forward (accept_ra 1), marked; the caller frees. NULL without memory. */
static bool *mark_accepting(const struct if_nameindex *all, size_t *n)
{
	bool *marks;
	int accepts;

	for (*n = 0; all[*n].if_index;)
		++*n;
	marks = calloc(*n + 1, sizeof *marks);
	for (size_t i = 0; marks && i < *n; i++)
		marks[i] = has_ipv6(all[i].if_name) && !sysctl_read("ipv6", all[i].if_name, "accept_ra", &accepts) && accepts == 1;
	return marks;
}

/* Sets accept_ra of those that are marked, and still there. The first error, with all others set. */
static int set_accepting(const struct if_nameindex *all, const bool *marks, size_t n, int value)
{
	int err = 0;

	for (size_t i = 0; marks && i < n; i++) {
		int one = marks[i] && has_ipv6(all[i].if_name) ? sysctl_write("ipv6", all[i].if_name, "accept_ra", value) : 0;

		err = err ? err : one;
	}
	return err;
}

/*
 * When any device begins to forward, the kernel drops the default routes that routers have announced, in the whole namespace, but those
 * by devices that accept announcements even if they forward (accept_ra 2): all are such meanwhile. Who is killed in between leaves a 2, which
 * means the same as 1 where nothing is forwarded.
 */
static int forward_ipv6(const char *name)
{
	struct if_nameindex *all = if_nameindex();
	size_t n = 0;
	bool *marks = all ? mark_accepting(all, &n) : NULL;
	int err = marks ? set_accepting(all, marks, n, 2) : fail(-ENOMEM, "out of memory for the list of devices");

	if (!err)
		err = sysctl_write("ipv6", name, "forwarding", 1);
	int back = set_accepting(all, marks, n, 1);
	free(marks);
	if (all)
		if_freenameindex(all);
	return err ? err : back;
}

static int forward(const char *family, const char *name)
{
	int now = 0, err = sysctl_read(family, name, "forwarding", &now);

	if (err || now)
		return err;
	return strcmp(family, "ipv6") ? sysctl_write(family, name, "forwarding", 1) : forward_ipv6(name);
}

int device_set_up(const char *name, uint32_t ifindex)
{
	const bool ipv6 = has_ipv6(name);
	char commands[512];
	int err = forward("ipv4", name);

	if (!err && ipv6)
		err = sysctl_write("ipv6", name, "addr_gen_mode", 1);
	if (!err && ipv6)
		err = forward("ipv6", name);
	/* A route for each group device: which is meant is said by its index. IPv4 would do without, but make a new entry of the
	 * route for every datagram. */
	snprintf(commands, sizeof commands, "link set %s arp off mtu %d up\nroute replace %s dev %s metric %u\n", name, MTU, GROUP_NET4_TEXT,
		 name, ROUTE_METRIC + ifindex);
	if (ipv6)
		snprintf(commands + strlen(commands), sizeof commands - strlen(commands), "route replace %s dev %s metric %u\n", GROUP_NET6_TEXT,
			 name, ROUTE_METRIC + ifindex);
	return err ? err : device_ip(commands);
}

int device_forwards(const char *name, bool *ipv4, bool *ipv6)
{
	int value = 0, err = sysctl_read("ipv4", name, "forwarding", &value);

	*ipv4 = value;
	if (!err && has_ipv6(name))
		err = sysctl_read("ipv6", name, "forwarding", &value);
	*ipv6 = value;
	return err;
}

int device_make(char *name, const struct device_lo *before, int *fd, uint32_t *ifindex)
{
	int err = make_tap(name, fd);

	if (err)
		return err;
	*ifindex = if_nametoindex(name);
	err = set_mark(*fd, before);
	if (!err)
		err = device_set_up(name, *ifindex);
	if (err)
		close(*fd);
	return err;
}

int device_keep(int fd)
{
	return ioctl(fd, TUNSETPERSIST, 1) ? fail(-errno, "cannot keep the device: %s", strerror(errno)) : 0;
}

bool device_exists(const char *name, uint32_t ifindex)
{
	return ifindex && if_nametoindex(name) == ifindex;
}

int device_remove(const char *name, uint32_t ifindex)
{
	char commands[64];

	if (!device_exists(name, ifindex))
		return 0;
	snprintf(commands, sizeof commands, "link del %s\n", name);
	return device_ip(commands);
}
