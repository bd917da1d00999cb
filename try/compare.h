/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare.h: r observed beside r predicted, for a server whose source nobody has. It is started with the library preloaded, which
 * passes everything on at first. Then, in turns of half a second, so that what the machine does falls on all alike: it is profiled under
 * its load as it is; its sends are benched in its shape, the load standing still; and it is observed in short windows in random
 * order, with its sends held back in batches and not.
 *
 * What is observed is a port by the library, whose copies, locks and wake-ups a port in the source does not have. The bench
 * therefore measures both: the way itself, and the server's own calls with the same library preloaded into the bench's sender.
 */
#ifndef TRY_COMPARE_H
#define TRY_COMPARE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "analyze/answer.h"
#include "try/launch.h"

struct store;

struct compare_options {
	struct launch_options launch;
	char *const *command;
	const char *load;     /* a shell's command line that keeps the server busy, started again when it ends; NULL: somebody else does */
	double wait_seconds;  /* for the first sends */
	double settle_seconds; /* and then, until the load is what it will be */
	const char *path;     /* NULL: the calls by which the server sends, found out */
	const char *clock;
	double profile_seconds, observe_seconds;
	double rel_width;     /* of the bench's s */
	uint64_t max_rounds;
	int window_ms;
	uint64_t seed;
	int server_cpu, peer_cpu; /* of the bench; -1: anywhere */
	bool force;
	bool halt;            /* let idle CPUs halt (collect/idle.h) */
	volatile sig_atomic_t *stop;
	void (*progress)(void *context, double done, const char *text); /* may be NULL */
	void *progress_context;
	const char *label, *command_line, *version;
};

struct compare {
	int64_t profile, bench, observe; /* runs */
	char path[64];
	const char *baseline, *alternative;
	char library[32];   /* the way of the bench that is the baseline with the library at work */
	struct answer answer, in_source; /* by the library, as observed; by `alternative` in the server's source */
	struct observe observed;
	double batch;       /* datagrams to a batch while observed */
	double guard_share; /* of a CPU that the guard took then; it is left out of r, a port in the source has none */
	uint64_t batches_n, lost_n, over_n, delay_max_ns;
	uint64_t delay_most_ns; /* within which COMPARE_MOST of the batches were given */
};

#define COMPARE_MOST 0.999

/* Runs it all. 0; -EINTR when *stop was set; -EOPNOTSUPP its sends cannot be reached; -ECANCELED the prediction was refused; or as the
 * parts say. Free with compare_free() after success. */
int compare_run(struct store *store, const struct compare_options *options, struct compare *out);
void compare_free(struct compare *compare);

#endif
