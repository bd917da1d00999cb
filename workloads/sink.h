/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sink.h: a network device that drops every packet as its driver would take it: after all that the kernel does to send, and
 * before anything is done to receive. */
#ifndef WORKLOADS_SINK_H
#define WORKLOADS_SINK_H

#include <stdint.h>

#define SINK_DEVICE "fc-sink"

/* Makes it in the network namespace of the calling thread. Returns the descriptor that holds it, or -errno. Prints nothing. */
int sink_open(void);

/* Packets that it has dropped, in the namespace of the calling thread. 0 or -errno. */
int sink_dropped(uint64_t *packets_n);

#endif
