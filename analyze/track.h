/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * track.h: benchmarks over kernel versions or dates: one line of time per benchmark and machine, with its changes.
 *
 * A line holds figures that can be compared: of one machine (under icount: of any that counts the same instructions), processor, clock
 * and flavour of kernel. Versions come in the order of kernelversion.h, runs of one version as they were made. Changes of a line with
 * noise are those of changepoint.h, at an error rate of 0.05 for all the lines together; of one without noise, every difference.
 */
#ifndef ANALYZE_TRACK_H
#define ANALYZE_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

struct track_options {
	const char *pattern; /* of benchmarks, * and ?; NULL: all */
	const char *label, *suite; /* only runs with this label, of this suite; NULL: any */
	bool by_date;        /* else by kernel version */
	double above;        /* changes of less than this share are left out: 0.002 for 0.2 %; 0: none is */
	int threads_n;       /* 0: one per processor */
	void (*progress)(void *arg, double done, const char *text); /* NULL: nobody wants to know */
	void *progress_arg;
};

/* Figures that stand together on the line: a kernel's, or neighbours in time (at most TRACK_MARKS_MAX marks). */
struct track_mark {
	const char *kernel;
	int64_t started_ns; /* of its first run */
	size_t n;
	double median, low, high; /* of its figures; low and high: the least and the greatest */
};

enum { TRACK_MARKS_MAX = 200 };

struct track_change {
	const char *kernel_before, *kernel_after; /* neighbouring versions on this line */
	int64_t started_before_ns, started_after_ns; /* of the runs at both sides of the change */
	int64_t run_before, run_after;
	size_t mark;          /* the first mark of the new level */
	double before, after; /* levels */
	double change;        /* after / before - 1 */
	double p;             /* chance of it without a change, for this line alone; 0: no noise */
};

struct track_line {
	char *name, *unit;
	const char *machine; /* what tells it from other lines of this benchmark: "lab, instructions", "host, 2 x Intel ..., ns" */
	bool cost, exact;
	bool mixed;          /* it is counted without noise, yet runs of one version differ: their boot parameters do, or what they ran */
	size_t points_n;
	struct track_mark *marks;
	size_t marks_n;
	struct track_change *changes;
	size_t changes_n;
};

struct track {
	struct track_line *lines; /* by name, then machine */
	size_t lines_n;
	size_t points_n, runs_n, kernels_n;
	bool by_date;
	void *memory; /* what the texts above lie in */
};

/* Brings the series up to date with the runs of the store, whose database must be open for writing for that to be kept. 0 or -errno,
 * said. A run that was never cached costs as much time as `compare` of it. */
int track_update(struct store *store, const struct track_options *options);

/* 0 or -errno, said: -ENOENT when no series matches. Free with track_free(). */
int track_make(struct store *store, const struct track_options *options, struct track *out);
void track_free(struct track *track);

/* The first change of a cost upwards by more than `above`: the neighbouring versions between which it became worse. NULL: none. */
const struct track_change *track_first_bad(const struct track_line *line, double above);

#endif
