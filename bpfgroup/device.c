/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.c: makes the group device by /dev/net/tun, and sets it and the loopback device up by ip(8) and /proc/sys. */
#include "bpfgroup/device.h"

#include "base/err.h"
#include "bpfgroup/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MTU = 65521 }; /* the most that a TAP takes: the MTU that counts is that of each recipient's route */

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
	*value = text[0] != '0';
	return 0;
}

static bool has_ipv6(void)
{
	return access("/proc/sys/net/ipv6/conf", F_OK) == 0;
}

int device_lo_read(struct device_lo *now)
{
	int err = sysctl_read("ipv4", "lo", "accept_local", &now->accept_local);

	return err ? err : sysctl_read("ipv4", "lo", "route_localnet", &now->route_localnet);
}

int device_lo_allow(void)
{
	return device_lo_restore(&(struct device_lo){ 1, 1 });
}

int device_lo_restore(const struct device_lo *before)
{
	int err = sysctl_write("ipv4", "lo", "accept_local", before->accept_local);

	return err ? err : sysctl_write("ipv4", "lo", "route_localnet", before->route_localnet);
}

/* ---- The device ---- */

static int make_tap(const char *name, int *out)
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
	*out = fd;
	return 0;
}

/* The program looks routes up as if packets had come in from the device and were to be forwarded. */
static int set_up(const char *name)
{
	char commands[256];
	int err = sysctl_write("ipv4", name, "forwarding", 1);

	if (!err && has_ipv6())
		err = sysctl_write("ipv6", name, "addr_gen_mode", 1);
	if (!err && has_ipv6())
		err = sysctl_write("ipv6", name, "forwarding", 1);
	snprintf(commands, sizeof commands, "link set %s arp off mtu %d up\n", name, MTU);
	if (!err && has_ipv6())
		snprintf(commands + strlen(commands), sizeof commands - strlen(commands), "route add %s dev %s\n", GROUP_NET6_TEXT,
			 name);
	return err ? err : device_ip(commands);
}

int device_make(const char *name, int *fd, uint32_t *ifindex)
{
	int err = make_tap(name, fd);

	if (err)
		return err;
	*ifindex = if_nametoindex(name);
	err = set_up(name);
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
