/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link.h: by which device, from which address and to which neighbour the kernel would send to an address: what a way must
 * know that builds frames, or chooses the device itself. */
#ifndef WORKLOADS_LINK_H
#define WORKLOADS_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "workloads/net.h"

enum { LINK_MAC_BYTES = 6 };

struct link {
	int device;		/* its number */
	bool loopback;
	uint32_t mtu_bytes;
	union net_addr source;	/* this machine's address there; port 0 */
	uint8_t mac[LINK_MAC_BYTES], next_mac[LINK_MAC_BYTES]; /* of the device, and of the neighbour; zero on loopback */
};

/* Asks the kernel (rtnetlink). 0; -ENETUNREACH without a route; -EHOSTUNREACH when the neighbour is not resolved yet: send it
 * something first; -EPROTONOSUPPORT for a device that is no Ethernet; -errno. Prints nothing. */
int link_find(const union net_addr *to, struct link *out);

/* The device and the source address alone: no neighbour is needed. 0 or -errno as above. */
int link_find_device(const union net_addr *to, struct link *out);

#endif
