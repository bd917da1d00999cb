/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.h: the group device: a TAP device that nobody reads, at which a tc program takes what is sent to it. A TAP is
 * what every kernel has, it leaves the checksum to the program's clones, and unless it is kept it is gone with the process
 * that made it. Its namespace is that of the calling thread. */
#ifndef BPFGROUP_DEVICE_H
#define BPFGROUP_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

/* Makes it, up and with its route; it must not be there yet. It lives until *fd is closed. By fail(); 0 or -errno. */
int device_make(const char *name, int *fd, uint32_t *ifindex);

/* Lets it outlive *fd. By fail(); 0 or -errno. */
int device_keep(int fd);

/* Removes it if it is there and has this ifindex. By fail(); 0 or -errno. */
int device_remove(const char *name, uint32_t ifindex);

bool device_exists(const char *name, uint32_t ifindex);

/* What the loopback device must allow to receive the program's clones; the values before, for device_lo_restore(). By
 * fail(); 0 or -errno. */
struct device_lo {
	int accept_local, route_localnet;
};
int device_lo_read(struct device_lo *now);
int device_lo_allow(void);
int device_lo_restore(const struct device_lo *before);

/* Runs ip(8) with a command per line as its input. By fail(); 0 or -errno. */
int device_ip(const char *commands);

#endif
