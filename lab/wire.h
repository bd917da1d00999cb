/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wire.h: addresses of the two network cards of a guest, which are joined by a wire. Shared by host, guest and workloads,
 * whose veth pair has the same. */
#ifndef LAB_WIRE_H
#define LAB_WIRE_H

/* The card of the command's namespace, and the one in the namespace WIRE_PEER_NS. */
#define WIRE_DEVICE   "nic0"
#define WIRE_MAC      "52:54:00:66:63:01"
#define WIRE_HOST     "198.18.0.1"
#define WIRE_HOST6    "fd00::1"
#define WIRE_PEER_DEVICE "nic1"
#define WIRE_PEER_MAC "52:54:00:66:63:02"
#define WIRE_PEER_HOST "198.18.0.2"
#define WIRE_PEER_HOST6 "fd00::2"
#define WIRE_PEER_NS  "peer" /* as `ip netns` names it */

#endif
