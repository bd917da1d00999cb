/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block.h: what groupsend is asked for (one block: some bursts by one way), as text between programs. Pure. */
#ifndef WORKLOADS_BLOCK_H
#define WORKLOADS_BLOCK_H

#include <stddef.h>
#include <stdint.h>

enum {
	BLOCK_WAY_BYTES = 32,	/* room for the name of a way */
	BLOCK_KINDS_MAX = 16,
	BLOCK_TOUCH_MAX = 1 << 26,
	BLOCK_WEIGHT_MAX = 1000000,
	BLOCK_WARM_MAX = 1000,
	BLOCK_PAYLOAD_MAX = 65507, /* largest UDP datagram over IPv4 */
};

/* One of several kinds of bursts that take turns in a block. */
struct block_kind {
	uint64_t group, payload; /* as of the block */
	uint64_t one_destination;
	uint64_t weight;	/* of all bursts it is weight / sum of the weights */
};

struct block {
	char way[BLOCK_WAY_BYTES];
	uint64_t group;		/* recipients per burst */
	uint64_t payload;	/* bytes of the whole datagram, private bytes included */
	uint64_t head, tail;	/* of these, private to each recipient, before and after what is shared */
	uint64_t batch;		/* messages per call of batched ways; 0: the whole group */
	uint64_t one_destination; /* 1: the messages of a burst go to one recipient; then none of their bytes are private */
	uint64_t registered;	/* 1: io_uring ways with registered files and buffers */
	uint64_t bursts;
	uint64_t period_ns;	/* from the begin of one burst to that of the next; 0: no pause */
	uint64_t gap_ns;	/* user work before each message */
	uint64_t train;		/* so many bursts follow each other, and then comes a pause of as many periods; 0 and 1: each burst has its own */
	uint64_t between_ns;	/* from the end of one burst of a train to the begin of the next, awake */
	uint64_t finish;	/* 1: each burst ends with a call that does nothing, for a preloaded library that holds sends back until one */
	uint64_t touch;		/* bytes of other memory that are written to before each burst, outside of what is measured */
	uint64_t warm;		/* so many bursts more go first, like the others, and are in none of the figures: what lies between two blocks leaves the caches as its own */
	uint64_t from;		/* which burst of the endless sequence of kinds is the first one */
	struct block_kind kinds[BLOCK_KINDS_MAX]; /* instead of group, payload and one_destination; none: kinds_n is 0 */
	size_t kinds_n;
};

/* The recipients that its bursts go to: as many as the largest has. */
uint64_t block_recipients(const struct block *block);

/* Burst i of the sequence: which of the block's kinds it is. Each comes as often as its weight says, and as evenly as can be
 * (multiples of the golden ratio, modulo 1). */
const struct block_kind *block_kind_at(const struct block *block, uint64_t i);

/* sendmsg, 1 burst to 1 recipient of 1000 bytes with a head of 12. */
extern const struct block block_default;

/* Sets one field by its name ("way", "group", "payload", "head", "tail", "batch", "one_destination", "registered", "bursts",
 * "period_ns", "gap_ns", "train", "between_ns", "finish", "touch", "warm", "from", "kinds": GROUPxPAYLOADxONE_DESTINATIONxWEIGHT,...).
 * 0; -ENOENT for another name; -EINVAL for a value that the field does not take, with what it takes in why[n]. */
int block_set(struct block *block, const char *name, const char *value, char *why, size_t n);

/* Reads "block way=sendmsg group=100 ..."; what is not named keeps its default. The line is cut up in place.
 * 0, or -EINVAL with the reason in why[n]. */
int block_parse(char *line, struct block *block, char *why, size_t n);

/* Whether the fields go together: 0, or -EINVAL with the reason in why[n]. */
int block_check(const struct block *block, char *why, size_t n);

/* The line that block_parse() reads, without a newline. Returns its length, as snprintf() does. */
int block_format(const struct block *block, char *text, size_t n);

#endif
