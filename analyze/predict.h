/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * predict.h: f and s into r, with its interval, and the rules by which a prediction is refused.
 *
 * predicted = 1 / (1 - f + f/s + o) (amdahl.h); its interval is the percentile interval of the same formula over replicate i of f
 * paired with replicate i of s. The two come from different runs, so any pairing is a fair draw.
 */
#ifndef ANALYZE_PREDICT_H
#define ANALYZE_PREDICT_H

#include "analyze/stats.h"

#include <stdbool.h>
#include <stdint.h>

struct host_row;
struct run_row;

/* Fewer windows than this give no interval worth the name. */
#define PREDICT_WINDOWS_MIN 8

enum predict_refusal {
	REFUSE_INCOMPLETE, /* the profile or the bench never came to its last write */
	REFUSE_NO_CALLS,   /* the target never made a path call: f = 0 */
	REFUSE_UNBALANCED, /* the ledger's rows do not add up to the clock */
	REFUSE_LOST,       /* events were lost */
	REFUSE_SHORT,      /* fewer than PREDICT_WINDOWS_MIN probed windows */
	REFUSE_HOST,       /* bench and profile are from different machines, or set up differently */
	REFUSE_KERNEL,     /* ... or from different kernels */
	REFUSE_CLOCK,      /* ... or measured with different clocks */
	REFUSE_IDLE,       /* ... or idle CPUs were kept from halting in one of them only */
	REFUSE_MAX
};

struct predict_input {
	const struct run_row *profile;       /* NULL when f was given by hand */
	const struct host_row *profile_host; /* NULL as profile is */
	const struct run_row *bench;         /* NULL when s was given by hand */
	const struct host_row *bench_host;   /* NULL as bench is */
	int64_t calls_n;                     /* path calls in the profile's probed windows */
	int64_t windows_n;                   /* probed windows of the profile */
	struct sampled fraction;             /* f */
	struct sampled busiest;              /* f of the busiest thread alone; value NAN when it is not known */
	struct sampled speedup;              /* s */
	double overhead;                     /* o, a share of the busy cycles */
	bool force;                          /* predict in spite of every refusal but the first two */
};

struct predict {
	struct figure predicted; /* r of all cycles in scope */
	struct figure capacity;  /* r of the busiest thread: how many times the load it could carry; value NAN if not known */
	double bound;            /* r as s grows without end; INFINITY when f = 1 and o = 0 */
	double break_even;       /* the s below which the port loses; INFINITY when no s is enough */
	unsigned forced;         /* 1 << enum predict_refusal of each that was overruled */
};

/* The refusals that hold, as 1 << enum predict_refusal. Prints nothing. */
unsigned predict_refusals(const struct predict_input *in);

/* A stable word for each: incomplete, no-calls, unbalanced, lost, short, host, kernel, clock, idle. */
const char *predict_refusal_code(enum predict_refusal refusal);

/*
 * 0, or, having printed why: -ECANCELED when it is refused (each reason on a line; with `force` they are warnings);
 * -EDOM when f, s or o is outside its domain (amdahl.h); -ENOMEM. A figure has an interval when f or s had replicates;
 * replicates of f that the widening took outside 0 to 1 count as 0 or 1.
 */
int predict_make(const struct predict_input *in, struct predict *out);

#endif
