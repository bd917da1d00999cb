/* SPDX-License-Identifier: GPL-2.0-or-later */
/* join.h: the client's side of livecast's control protocol (control.h describes it). */
#ifndef WORKLOADS_JOIN_H
#define WORKLOADS_JOIN_H

#include <stddef.h>
#include <stdint.h>

#include "workloads/net.h"

/* Connects to livecast's control port and returns the descriptor; by fail(), -errno. */
int join_connect(const union net_addr *control);

/* Asks for the stream to `n` UDP ports from `port` on, at the address that the connection comes from, and waits up to
 * 10 s for the answer. The clients leave when the connection closes. Says by fail() what is wrong; 0 or -errno. */
int join_group(int fd, uint16_t port, size_t n);

#endif
