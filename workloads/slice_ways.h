/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slice_ways.h: samples the micro-benchmark while it sends by each way in turn: where a packet's cycles go, way by way. One run of
 * the store, of kind `slice`: every block of sampled windows holds one block of groupsend, with its exact number of packets. */
#ifndef WORKLOADS_SLICE_WAYS_H
#define WORKLOADS_SLICE_WAYS_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/topology.h"

struct store;

enum { SLICE_WAYS_MAX = 32, SLICE_ROUNDS_MIN = 3 };

/* All calls that send, and those that a way needs besides: the path of every way. */
#define SLICE_PATH "io_uring_enter,recvmsg,sendmmsg,sendmsg,sendto,write"

struct slice_ways_options {
	const char *const *ways;
	size_t ways_n;
	uint64_t group, payload_bytes, private_bytes;
	uint64_t block_ms;  /* of sending, about */
	uint64_t rounds;    /* blocks of each way, in random order within a round */
	enum topology_kind topology;
	int server_cpu, peer_cpu; /* -1: not pinned */
	int exact;          /* time the stages by probes (slice_exact.h) instead of sampling them */
	double rate;        /* of samples; 0: SAMPLE_STAGES_HZ */
	uint64_t seed;
	const char *clock, *label, *command_line, *version;
	const volatile sig_atomic_t *stop;
	/* Told of a way that cannot send this here, which is then left out; NULL: that is an error. */
	void (*absent)(void *context, const char *way, const char *why);
	void *absent_context;
	void (*progress)(void *context, double done, const char *text); /* may be NULL */
	void *progress_context;
};

/* 0, with *run the new run; also when interrupted behind SLICE_ROUNDS_MIN rounds. -errno, said. */
int slice_ways_run(struct store *store, const struct slice_ways_options *options, int64_t *run);

#endif
