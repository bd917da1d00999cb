/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sink.c: an Ethernet tap whose socket filter takes no packet. */
#include "workloads/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* TUN_F_USO4 and TUN_F_USO6 of Linux 6.2, younger than Debian 12's headers: segments of UDP. */
enum { F_USO4 = 0x20, F_USO6 = 0x40 };

int sink_open(void)
{
	struct sock_filter take_none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog filter = { .len = 1, .filter = &take_none };
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	/* A card would add checksums and cut segments itself: so the kernel does neither here. */
	unsigned offloads = TUN_F_CSUM | F_USO4 | F_USO6;
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", SINK_DEVICE);
	if (ioctl(fd, TUNSETIFF, &request) || ioctl(fd, TUNATTACHFILTER, &filter))
		err = -errno;
	if (!err && ioctl(fd, TUNSETOFFLOAD, offloads) && ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM)) /* before Linux 6.2 */
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* A line of /proc/net/dev: the name, then 8 figures of reception, then packets and drops of sending. */
int sink_dropped(uint64_t *packets_n)
{
	FILE *devices = fopen("/proc/thread-self/net/dev", "re");
	char line[512], name[64];
	int err = devices ? -ENODEV : -errno;

	while (devices && err && fgets(line, sizeof line, devices)) {
		if (sscanf(line, " %63[^:]: %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %" SCNu64, name, packets_n) == 2 &&
		    !strcmp(name, SINK_DEVICE))
			err = 0;
	}
	if (devices)
		fclose(devices);
	return err;
}
