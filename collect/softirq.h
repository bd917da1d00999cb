/* SPDX-License-Identifier: GPL-2.0-or-later */
/* softirq.h: how long CPUs were in the network's softirqs (NET_TX, NET_RX), interrupts inside included. For a micro-benchmark whose
 * packets are received on another CPU than they are sent from: a probe on each softirq costs less than one on each call. */
#ifndef COLLECT_SOFTIRQ_H
#define COLLECT_SOFTIRQ_H

#include <stdint.h>

struct softirq;

/* Begins to count, on every CPU. Says by fail() what is wrong; 0 or -errno. */
int softirq_new(struct softirq **out);
void softirq_free(struct softirq *softirq); /* accepts NULL */

/* Time until now on all CPUs but `skip_cpu` (-1: none), in ns. Returns 0 or -errno; prints nothing. */
int softirq_read(const struct softirq *softirq, int skip_cpu, uint64_t *ns);

#endif
