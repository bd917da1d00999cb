/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.h: the group device: a TAP device that nobody reads, at which a tc program takes what is sent to it. A TAP is
 * what every kernel has, it leaves the checksum to the program's clones, and unless it is kept it is gone with the process
 * that made it. Its namespace is that of the calling thread. */
#ifndef BPFGROUP_DEVICE_H
#define BPFGROUP_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

/* What the loopback device must allow, to receive the program's clones. */
struct device_lo {
	int accept_local, route_localnet;
};

/* lo's settings before the first group device that is in this namespace now. By fail(); 0 or -errno. */
int device_lo_before(struct device_lo *before);
int device_lo_allow(void);

/* Sets them back, unless another group device than `name` still needs them. */
int device_lo_restore(const char *name, const struct device_lo *before);

/* Makes it, up and with its route; it must not be there yet. A %d in name[IFNAMSIZ] becomes the first free number. The device
 * lives until *fd is closed, and remembers lo's settings before. By fail(); 0 or -errno. */
int device_make(char *name, const struct device_lo *before, int *fd, uint32_t *ifindex);

/* Sets its routes and what else it needs, again where somebody has changed that. By fail(); 0 or -errno. */
int device_set_up(const char *name, uint32_t ifindex);

/* Whether it forwards, which the program needs to look routes up, as for packets that had come in by it: whoever switches
 * net.ipv4.ip_forward off takes it from all devices. *ipv6 is as *ipv4 where it has none. By fail(); 0 or -errno. */
int device_forwards(const char *name, bool *ipv4, bool *ipv6);

/* Lets it outlive *fd. By fail(); 0 or -errno. */
int device_keep(int fd);

/* Removes it if it is there and has this ifindex. By fail(); 0 or -errno. */
int device_remove(const char *name, uint32_t ifindex);

bool device_exists(const char *name, uint32_t ifindex);

/* Runs ip(8) with a command per line as its input. By fail(); 0 or -errno. */
int device_ip(const char *commands);

#endif
