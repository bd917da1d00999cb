/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sampled.h: sums of a target's samples, and what samples do not show of its CPU time. f (fraction.h) and the stages of a path (slice.h) are made of these.
 *
 *   P    samples inside frames, T of the target, each weighed by the cycles it stands for, and for the expiries of the timer that left no sample (collect/sample.h):
 *        these were in the kernel, so P has as much of them as of the samples in system calls. Between two that found the target, m left none; k found it or another task, i
 *        found the CPU idle. Idle CPUs miss expiries, too, as a halted one need not wake for the timer: between two that found it idle q left none for each that found it
 *        so. So (m - i q) / k are missing for each sample of the target, whatever its neighbours; of that as much is taken as is not likely to be chance, where
 *        such odds are 0.02 or so (a standard deviation over machines). Where the CPU was hardly found idle, as far as what the target ran exceeds the samples; where nobody
 *        counted k (older runs), m as far as that
 *   c    CPU time over what the target ran, in the windows that know it (sampled_tells_ontime()), at least 1: the kernel charges a thread from before it
 *        switches to it. It may be less than 1 where who is woken is charged from then on, while the target still runs
 *   R    what the target ran in the others: CPU time / (the same, without "at least 1")
 *   D    what samples of the target have of the threads before it, less what the threads behind it have of the target, at most. By the windows that count the
 *        switches,
 *            D = V came / (came + own) - V' went / (went + others) - V'' went_idle / (went_idle + others_idle)
 *        with V the samples right behind switches to the target, V' to other threads, V'' to idle. In V is what the thread before did to go and what the target did to
 *        come, in V' and V'' the other way round, and as many switches lead to the target as away from it. So it is D where to come takes all threads equally
 *        long, and half of D where they differ in that as much as in going: half is taken, as it agreed with the ledger (docs/accuracy.md). Switches inside frames are
 *        counted, and have no samples in V: D is rough for a server that sleeps in its sends
 *   L    what the samples lack of it: R - (T - D / 2), without what they took themselves as far as that is lacked. N samples that take x each make a target run N x longer,
 *        which none of them shows where its runs are short against the period; where they are long, that lets later ones find it that otherwise had not. So N x / (1 +
 *        run / period), with the time from switch to switch as the windows tell it that count them
 *   B    (T - D / 2 + L') c, with L' as much of L as the target's sleeps explain: s for as many of them as the windows tell that count the switches to idle, give
 *        or take as much (SAMPLED_SLEEP_S), and L, give or take e, its chance error,
 *            L' = (L / e^2 + s / s^2) / (1 / e^2 + 1 / s^2), from 0 to 3 s
 *        What B has more than T lies outside of frames; what is lacked beside it (time that a host stole, chance) is missing of the path and all else alike.
 *        By chance N samples of a target that is busy for the share p of a CPU's time miss its CPU time by the share
 *        sqrt((1 - p + W / 12) / N), a standard deviation: each look at its CPU finds it there or not; one that is always busy is always found, and W, windows for
 *        each sample, end somewhere in a period. On several CPUs 1 - p is the mean of theirs, weighed by the samples. Where no window counts switches, nothing
 *        says how often it sleeps: L' = L - e^2 / L then, and nothing where L is below e (W. James and C. Stein, Estimation with quadratic loss, 1961).
 *        Not seen are sleeps of a target that leaves its CPU to others
 */
#ifndef ANALYZE_SAMPLED_H
#define ANALYZE_SAMPLED_H

#include <stdbool.h>
#include <stddef.h>

#include "analyze/rows.h"

/* What a sample takes of a server's time in a virtual machine (docs/design.md); less elsewhere. */
#define SAMPLED_COST_S 20e-6

/* What no sample shows of the CPU time for each time that the target leaves its CPU idle: 2 us where another CPU wakes it, 14 where a timer of its own does. */
#define SAMPLED_SLEEP_S 5e-6

#define SAMPLED_CPUS_MAX 1024 /* as many as are watched; what a database has more is taken for one CPU */

/* What is learnt in the windows that tell of switches instead of all else. All members are doubles. */
struct sample_switches {
	double cpu, on;			/* CPU time, and how long the target ran */
	double counted;			/* the CPU time of those that also count the switches: */
	double came, own;		/* how often to the target from all else, and between its own threads; */
	double went, went_idle;		/* from the target to other threads, and to idle; */
	double others, others_idle;	/* to other threads and to idle from all but the target */
};

/* Expiries by their neighbours (P above). All members are doubles. */
struct sample_expiries {
	double between, between_idle, between_missed; /* k, i, m */
	double idle, idle_missed;
};

/* Sums over windows, cycles; all members are doubles, so that they can be added as such. */
struct sample_sums {
	double target, path, call; /* without what is unknown: of the target, inside frames, in its other system calls */
	double unknown;		   /* expiries without a sample between two of the target */
	double came, came_other, came_idle; /* right behind a switch to the target, to other threads and to idle, on any CPU */
	double samples_n;	   /* of the target */
	double cpu;		   /* CPU time; NAN: not known */
	double windows;
	struct sample_expiries expiries;
	struct sample_switches switches;
};

/* Whether a sampled window was there to learn how long the target ran (target_cyc). Its samples are of a server that this slows down, and count for nothing. */
bool sampled_tells_ontime(const struct block_row *block);

/* A window without its samples. `by_samples`: the scope is CPUs, whose CPU time is that of samples itself, and tells nothing beside them. */
struct sample_sums sampled_window(const struct block_row *block, bool by_samples);

/* Of the target, and no expiry without a sample. */
bool sampled_is_target(const struct sample_row *row);

void sampled_add_row(struct sample_sums *sums, const struct sample_row *row);

void sampled_add(struct sample_sums *to, const struct sample_sums *from);

/* What P above has more of each sample in it, at least 1. */
double sampled_missed(const struct sample_sums *sums);

/* T above. */
double sampled_target(const struct sample_sums *sums);

/* Where the samples of all windows that count saw the target. Zero before the first use. */
struct sampled_presence {
	double wall; /* how long these windows lasted together */
	double cyc[SAMPLED_CPUS_MAX];
};

void sampled_see_window(struct sampled_presence *seen, const struct block_row *block);
void sampled_see_row(struct sampled_presence *seen, const struct sample_row *row);

/* 1 - p above; 1 where it is not known. */
double sampled_idle(const struct sampled_presence *seen);

/* What else B takes. */
struct sampled_terms {
	double sample_cyc; /* what a sample takes of the target, SAMPLED_COST_S of its clock, */
	double sleep_cyc;  /* and what samples lack for each of its sleeps, SAMPLED_SLEEP_S */
	double idle;       /* 1 - p, sampled_idle() */
	bool by_samples;   /* as of sampled_window() */
};

/* Those of a run, but for `idle`, which the windows tell. */
struct sampled_terms sampled_terms_of(const struct run_row *run);

/* B above. */
double sampled_busy(const struct sample_sums *sums, const struct sampled_terms *terms);

/* Standard deviation of B by what is not known of D, of which anything from nothing to all is as likely, and of what a sleep lacks. */
double sampled_busy_error(const struct sample_sums *sums, const struct sampled_terms *terms);

/* CPU time without what the samples took, as far as they lack that. */
double sampled_cpu(const struct sample_sums *sums, const struct sampled_terms *terms);

#endif
