/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.h: figures with their intervals, and the resampling that gives the intervals. Pure: nothing here prints,
 * nothing depends on time; all randomness comes from the seed that is passed in.
 *
 * Every interval is one of 95 %. Unless said otherwise, functions return 0, -ENODATA when there is too little data,
 * -EDOM when a value is not finite or out of its domain, -ENOMEM.
 */
#ifndef ANALYZE_STATS_H
#define ANALYZE_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_SEED 20040915u /* the same data give the same intervals, unless the user asks for another seed */
#define STATS_REPLICATES 2000 /* enough for the 2.5 % points to be steady within about 2 % of the interval's width */

/* A value and its 95 % interval; low and high are NAN when it is not known. */
struct figure {
	double value, low, high;
};

/* A figure with the replicates that its interval came from, so that figures computed from it can be given intervals
 * too. rep is NULL and rep_n 0 for a figure that was given by hand. Does not own rep. */
struct sampled {
	struct figure figure;
	const double *rep;
	size_t rep_n;
};

/* A figure of which only the value is known. */
struct figure figure_exact(double value);

/* Whether low and high are known. */
bool figure_has_interval(struct figure figure);

/* (high - low) / 2; NAN when the interval is not known. */
double figure_half_width(struct figure figure);

/* Whether the half width is at most `width` times |value|: 0.01 for 1 %. False when the interval is not known. */
bool figure_narrower(struct figure figure, double width);

/* Mean of x[n], n >= 1, with Student's interval: mean +- t(0.975, n - 1) sd / sqrt(n). No interval when n is 1. */
int stats_mean(const double *x, size_t n, struct figure *out);

/* Quantile p (0 to 1) of x[n], n >= 1, in any order: linear between order statistics (GSL; R's type 7). */
int stats_quantile(const double *x, size_t n, double p, double *out);

/* Quantile 0.5. */
int stats_median(const double *x, size_t n, double *out);

/* Median of |x - median|, not scaled to a standard deviation. */
int stats_mad(const double *x, size_t n, double *out);

/*
 * Marks in outlier[n] the x, in the order of time, that lie more than 3.8 standard deviations from what the twenty around them
 * are, the deviation being told by the median deviation (1.4826 MAD): the rule of B. Iglewicz and D. Hoaglin, How to Detect and
 * Handle Outliers, 1993, of the differences to a moving median (3.8 for their 3.5, since these scatter less than what they are of).
 * For what disturbs a machine for a moment: what lasts for more than ten x is a mood, and none. Of normal noise it takes one in
 * 1,900, so that intervals of undisturbed data stay as they are. What is not finite is one too. None of the finite ones below 8 of
 * them, or when the MAD is 0. *outliers_n: how many; those who leave them out say it. -ENOMEM.
 */
int stats_outliers(const double *x, size_t n, bool *outlier, size_t *outliers_n);

/*
 * What an interval that rests on the x[n] that are no outliers must be widened by, since the rule would take others of another draw: the standard
 * error of a trimmed mean, of the winsorized deviation (J. Tukey and D. McLaughlin, Less vulnerable confidence and significance procedures,
 * 1963), over that of the mean of what is left. 1 when nothing is set aside; never less. -ENOMEM.
 */
int stats_trimmed(const double *x, size_t n, const bool *outlier, double *by);

/*
 * What an interval that takes the x[n] that are no outliers (NULL: all that are finite) for independent must be widened by, since each is like those before it (a machine has
 * moods of seconds): the standard error of their mean by overlapping batches of sqrt(n) of them (M. Meketon and B. Schmeiser, Overlapping batch
 * means: something for nothing?, 1984), over that of independent ones. x are in the order of time. 1 below 32 of them, and where chance would make as much of
 * independent ones in one series of twenty; never less. -ENOMEM.
 */
int stats_serial(const double *x, size_t n, const bool *outlier, double *by);

/* The same of the ratios a / b of n units whose members a and b are `stride` doubles apart, as in an array of structs of doubles. */
int stats_serial_ratio(const double *a, const double *b, size_t stride, size_t n, double *by);

/* Percentile interval: value, with the 2.5 % and 97.5 % quantiles of rep[n], n >= 2, as low and high. */
int stats_interval(const double *rep, size_t n, double value, struct figure *out);

/*
 * Widens bootstrap replicates of a figure that rests on units_n units (rounds, windows), which may be few: a plain
 * percentile interval of 8 units covers 89 %, not 95 %. Each replicate's distance from `value` is multiplied by
 * t(0.975, n - 1) / 1.96 * sqrt(n / (n - 1)) with n = units_n (the "expanded" interval of T. Hesterberg, What Teachers
 * Should Know About the Bootstrap, 2014, section 4.4). The _log form does it to the logarithms, for figures that
 * cannot be 0 or less (-EDOM if one is). Replicates so widened can be combined, and plain percentiles taken of the
 * result. -ENODATA when units_n < 2.
 */
int stats_widen(double *rep, size_t n, double value, size_t units_n);
int stats_widen_log(double *rep, size_t n, double value, size_t units_n);

/* The same by a factor of the caller's. */
void stats_stretch(double *rep, size_t n, double value, double by);
int stats_stretch_log(double *rep, size_t n, double value, double by);

/* Puts each of n replicates off by an error of its own, normal with standard deviation `sd`: what no repetition of the measurement would
 * show. 0, -ENOMEM. */
int stats_put_off(double *rep, size_t n, double sd);

/* Share hits / n with its interval. Normal: p +- 1.96 sqrt(p (1 - p) / n), cut at 0 and 1. Wilson: E. B. Wilson,
 * Probable inference, 1927; good for small n and p near 0 or 1. -ENODATA when n is 0, -EDOM when hits > n. */
int stats_share_normal(size_t hits, size_t n, struct figure *out);
int stats_share_wilson(size_t hits, size_t n, struct figure *out);

/* Random numbers (GSL's mt19937) fixed by the seed. NULL when out of memory; free accepts NULL. */
struct stats_rng;
struct stats_rng *stats_rng_new(uint64_t seed);
void stats_rng_free(struct stats_rng *rng);

/* Uniform in [0, 1), and normal with mean 0 and standard deviation 1. */
double stats_rng_uniform(struct stats_rng *rng);
double stats_rng_normal(struct stats_rng *rng);

/* Draws m indexes below n, with replacement, into index[m]: index i with probability weight[i] / sum of weight[n], all
 * alike when weight is NULL. -EDOM when a weight is negative or not finite, or their sum is 0. */
int stats_resample(struct stats_rng *rng, const double *weight, size_t n, size_t *index, size_t m);

#endif
