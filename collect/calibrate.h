/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calibrate.h: what the probes cost, found by timing two known calls on the CPUs that will be measured.
 *
 * U: cycles per call without probes. V: with them, as the caller sees it. W: as the ledger sees it. A probed call costs
 * V - U too much; a frame's true cost, mode switch included, is its ledger figure - W + U. The `null` call (getppid) does
 * nothing; the `send` call (UDP on loopback, to a socket of its own) is as cache-hungry as real work and runs one softirq, and
 * probes around it cost half as much again. Dose 2 has every probe twice.
 */
#ifndef COLLECT_CALIBRATE_H
#define COLLECT_CALIBRATE_H

#include <signal.h>
#include <stdint.h>

#include "analyze/rows.h"

struct ledger;
struct clock;

#define CALIBRATE_ROWS 7    /* at most, per round and CPU */
#define CALIBRATE_ROUNDS 96 /* are enough to know a probed send to within 1 %; they take some 4 s */

/*
 * Runs the rounds from `from` up to, but not including, `to` on each CPU of cpus[]; sets the path of the ledger to the known calls
 * and the scope to this process, and takes both back. Adds to rows[*n], which has room for CALIBRATE_ROWS per round and CPU (run is
 * left 0), and counts *n on. Without a loopback device there are no `send` rows. Stops early, with whole rounds, when *stop is set.
 * Some 25 ms per round; every eighth, which has all the rows, 150 ms. After every fourth it waits until the CPU has been idle, so that a target makes up
 * for what it could not do meanwhile before anything of it is measured; at most five times as long, and no more where that was not enough.
 *
 * The machine's pace drifts: half the rounds before and half after what they are to correct tell it best.
 */
int calibrate(struct ledger *ledger, const struct clock *clock, const int *cpus, int cpus_n, int from, int to,
	      const volatile sig_atomic_t *stop, struct calibration_row *rows, int *n);

#endif
