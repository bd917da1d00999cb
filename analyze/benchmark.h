/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * benchmark.h: the figures of one run, each under the name of what was measured, so that runs on other kernels, machines and days
 * can be set beside it.
 *
 *   bench/TOPOLOGY/WAY/gGROUP/pPAYLOAD/hPRIVATE  a packet by this way without what the `null` sender costs: the median over rounds,
 *                                                which a neighbour that takes the machine for a moment does not move
 *   bench/TOPOLOGY/null/...                      the harness alone: code of forecall's own, which no kernel makes slower
 *   call/null, call/send                         the known calls of a profile's calibration, unprobed: medians
 *   profile/TARGET/PATH/busy, /path, /f          busy cycles per path call, those of the path, and f (fraction.h); TARGET is the
 *                                                program's name, and its way of sending where that is known
 *   predict/TARGET/PATH/ALTERNATIVE/r            what was predicted from the profile, unless by force; the last of several
 *
 * Unit: ns on the TSC, cycles of a PMU's clock, instructions under icount; 1 for f and r.
 */
#ifndef ANALYZE_BENCHMARK_H
#define ANALYZE_BENCHMARK_H

#include <stdbool.h>
#include <stddef.h>

struct host_row;
struct run_row;
struct store;

enum { BENCHMARK_NAME = 160 };

struct benchmark {
	char name[BENCHMARK_NAME];
	const char *unit; /* static text */
	double value;
	bool cost; /* more is worse. Not: f, r and the harness, which are no fault of a kernel by themselves */
};

/* Whether time is counted in instructions there (`forecall lab run --clock icount` tells its guest so on the kernel's command line):
 * the same work gives the same figures, to the last digit. */
bool benchmark_exact(const struct host_row *host);

/* The figures of a run that is complete or interrupted; a run of another kind has none, which is no error. 0 or -errno, said. The
 * caller frees *out. */
int benchmark_of_run(struct store *store, const struct run_row *run, const struct host_row *host, struct benchmark **out, size_t *n);

#endif
