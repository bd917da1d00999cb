/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench.h: the engine of `forecall bench`: runs groupsend over a grid, every way of a round in random order, until the
 * speed-up of every alternative is known as narrowly as asked. */
#ifndef WORKLOADS_BENCH_H
#define WORKLOADS_BENCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/block.h"
#include "workloads/topology.h"

struct bench_row; /* analyze/rows.h */
struct bench_event_row;
struct counted_row;

enum {
	BENCH_WAYS_MAX = 32,	/* null and the baseline included */
	BENCH_GO_ON = 1, BENCH_END = 2, /* what bench_options.between() may answer */
	BENCH_ROUNDS_MIN = 10,	/* before the width of an interval is believed */
};

/* The shape of a profile, for `bench --like`. */
struct bench_like {
	uint64_t group;		/* length of its bursts, in the middle; the point's name */
	uint64_t payload_bytes;	/* of the whole datagram, in the mean; likewise */
	uint64_t private_bytes;	/* of these */
	bool one_destination;	/* each burst goes to one recipient; then private_bytes is 0 */
	struct block_kind kinds[BLOCK_KINDS_MAX]; /* what the bursts are: length, size and destinations together */
	size_t kinds_n;		/* 0: all of them are as the three above say */
	double packet_cyc;	/* what a path call cost: memory is touched before each burst so that a packet does, too; 0: none is */
	double wakes;		/* share of the path calls that woke a receiver, above 0; 0: not known */
	double packet_low_cyc;	/* lower end of its interval: a bench that costs so much is near enough */
	uint64_t gap_ns;	/* user work between two sends of a burst */
	uint64_t period_ns;	/* from the begin of one burst to that of the next, in the mean */
	uint64_t train;		/* bursts from one pause to the next; 1: there is one after each */
	uint64_t between_ns;	/* between the bursts of a train */
};

/* How the receivers wait, which decides what a send to them costs. What the clients of a server do, nothing tells but that cost. */
enum bench_receivers {
	BENCH_MODERATED,	/* they look for packets now and then, as a card with interrupt moderation does (sinks.h) */
	BENCH_PROMPT,		/* they sleep, and wake for every packet that comes then */
	BENCH_AWAKE,		/* they do not sleep while packets come */
	BENCH_WORKING,		/* they work for a while after each look, then sleep, and wake for the next packet: as many of them as of the server's */
	BENCH_RECEIVERS_MAX
};

/* Name of each: moderated, prompt, awake, working. */
extern const char *const bench_receivers_names[BENCH_RECEIVERS_MAX];

/* What a packet of the baseline cost with so much memory touched before each burst (bench_like.packet_cyc). */
struct bench_touch {
	uint64_t bytes;
	double packet_cyc;
	double sleeps;		/* of the receivers, for each packet of the baseline; NAN: not known */
	uint64_t work_ns;	/* of receivers that work */
	enum bench_receivers receivers;
	bool used;
};

/* What is known about a point when it is done. */
struct bench_point {
	uint64_t group, payload_bytes, private_bytes;
	uint64_t rounds_n;
	uint64_t late_n;	/* bursts that had no pause before them, because the period is shorter than a burst */
	bool narrow;		/* false: max_rounds was reached before every interval was as narrow as asked */
};

/* A way may be named again with a mark behind it, "sendmsg#2": the same way under another name, to compare it with itself. */
struct bench_options {
	const char *baseline;
	const char *const *alternatives;
	size_t alternatives_n;
	/* The grid: every combination in which the private bytes fit into the payload. Each list ascends without repeating. */
	const uint64_t *groups, *payloads, *privates;
	size_t groups_n, payloads_n, privates_n;
	const struct bench_like *like; /* not NULL: this one point instead of the grid */
	bool one_destination;	/* of the grid: the packets of a burst go to one recipient */
	bool registered;	/* io_uring ways with registered files and buffers */
	const char *events;	/* counted of the sending thread too, comma separated, at most 4; NULL: none */
	bool count;		/* the instructions of every block, function by function, where the emulator does that (collect/count.h) */
	enum bench_receivers receivers;
	uint64_t work_ns;	/* of BENCH_WORKING */
	bool match_receivers;	/* with like->packet_cyc: those with which a packet of the baseline costs most nearly that */
	uint64_t batch;		/* messages per call of batched ways; 0: the whole group */
	enum topology_kind topology;
	int server_cpu, peer_cpu; /* -1: not pinned */
	double clock_hz;	/* turns CPU time into cycles of the run's clock */
	uint64_t block_ms;	/* length of a block of the baseline; 0: 20 */
	double rel_width;	/* half width of the interval of s, relative to s; 0: 0.01 */
	uint64_t max_rounds;	/* per point; 0: 200; at least BENCH_ROUNDS_MIN otherwise */
	uint64_t seed;		/* of the order within rounds, and of the bootstrap */
	/* Whether a point is known from before, and is passed over; may be NULL. */
	bool (*is_done)(void *arg, uint64_t group, uint64_t payload_bytes, uint64_t private_bytes);
	void *done_arg;
	volatile sig_atomic_t *stop; /* ends the run before the next block when not zero; may be NULL */

	/* Rows of a point, handed over when the point is done; `run` is not set, `way` is the name as given. Not 0 ends the run and is
	 * returned. */
	int (*on_row)(void *arg, const struct bench_row *row);
	/* Likewise each event of each row, behind them; may be NULL without events. Its name lives as long as the run. */
	int (*on_event)(void *arg, const struct bench_event_row *row);
	/* Likewise what was counted in the rounds that are each way's figure; may be NULL without `count`. Its texts live as long as the run. */
	int (*on_counted)(void *arg, const struct counted_row *row);
	/* What was found about memory to touch, before the first row; may be NULL. Not 0 ends the run and is returned. */
	int (*on_touch)(void *arg, const struct bench_touch *touch);
	/* After its last row; may be NULL. Not 0 ends the run and is returned. */
	int (*on_point)(void *arg, const struct bench_point *point);
	/* For benches of a library that is preloaded into groupsend: runs in its process before it is groupsend; may be NULL. */
	void (*in_child)(void *arg);
	/* Before each block, with the way as it was given; may be NULL. */
	void (*on_way)(void *arg, const char *way);
	bool finish;		/* each burst ends with a call that does nothing, before which such a library sends what it holds back */
	/* How far it has come, 0 to 1, and what goes on; may be NULL. */
	void (*on_progress)(void *arg, double done, const char *text);
	/* After each round. 0: go on until every interval is narrow enough, BENCH_GO_ON: whether or not, BENCH_END: end, however wide they
	 * are, once there are BENCH_ROUNDS_MIN rounds; or -errno. May be NULL. */
	int (*between)(void *arg);
	void *row_arg, *touch_arg, *child_arg, *way_arg, *point_arg, *progress_arg, *between_arg;
};

struct sender_ops; /* sender.h */

/* Whether a way cannot send some point of the grid on this machine: true with the reason in why[n]. */
bool bench_refuses(const struct bench_options *options, const struct sender_ops *way, char *why, size_t n);

/* The way of a name, which may have a mark; NULL when there is none. */
const struct sender_ops *bench_way(const char *name);

/* Runs the whole grid. 0; -EINTR when *stop ended it: what was handed over until then stays good; or -errno, said by
 * fail(). */
int bench_run(const struct bench_options *options);

#endif
