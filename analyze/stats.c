/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats.c: figures with their intervals, and resampling, on top of GSL. */
#include "analyze/stats.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_movstat.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <gsl/gsl_vector.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOW 0.025
#define HIGH 0.975
#define OUTLIER_DEVIATIONS 3.8
#define OUTLIER_LEAST 8
#define OUTLIER_NEIGHBOURS 21 /* itself among them */
#define SERIAL_LEAST 32 /* below it there are too few batches to tell anything */

struct figure figure_exact(double value)
{
	return (struct figure){ .value = value, .low = NAN, .high = NAN };
}

bool figure_has_interval(struct figure figure)
{
	return !isnan(figure.low) && !isnan(figure.high);
}

double figure_half_width(struct figure figure)
{
	return (figure.high - figure.low) / 2;
}

bool figure_narrower(struct figure figure, double width)
{
	return figure_half_width(figure) <= width * fabs(figure.value);
}

static int check_finite(const double *x, size_t n)
{
	if (n == 0)
		return -ENODATA;
	for (size_t i = 0; i < n; i++)
		if (!isfinite(x[i]))
			return -EDOM;
	return 0;
}

int stats_mean(const double *x, size_t n, struct figure *out)
{
	int err = check_finite(x, n);

	if (err)
		return err;
	*out = figure_exact(gsl_stats_mean(x, 1, n));
	if (n > 1) {
		double error = gsl_stats_sd_m(x, 1, n, out->value) / sqrt((double)n);
		double half = gsl_cdf_tdist_Pinv(HIGH, (double)n - 1) * error;

		out->low = out->value - half;
		out->high = out->value + half;
	}
	return 0;
}

/* A sorted copy of x[n]; the caller frees it. */
static int sorted_copy(const double *x, size_t n, double **out)
{
	int err = check_finite(x, n);
	double *copy;

	if (err)
		return err;
	copy = malloc(n * sizeof *copy);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, x, n * sizeof *copy);
	gsl_sort(copy, 1, n);
	*out = copy;
	return 0;
}

int stats_quantile(const double *x, size_t n, double p, double *out)
{
	double *sorted;
	int err;

	if (!(p >= 0 && p <= 1))
		return -EDOM;
	err = sorted_copy(x, n, &sorted);
	if (err)
		return err;
	*out = gsl_stats_quantile_from_sorted_data(sorted, 1, n, p);
	free(sorted);
	return 0;
}

int stats_median(const double *x, size_t n, double *out)
{
	return stats_quantile(x, n, 0.5, out);
}

int stats_mad(const double *x, size_t n, double *out)
{
	double median, *work;
	int err = stats_median(x, n, &median);

	if (err)
		return err;
	work = malloc(n * sizeof *work);
	if (!work)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		work[i] = fabs(x[i] - median);
	err = stats_median(work, n, out);
	free(work);
	return err;
}

/* Takes the median of its neighbours off each of x[n]. */
static int take_level_off(double *x, size_t n)
{
	gsl_error_handler_t *handler = gsl_set_error_handler_off(); /* it would end the program */
	gsl_movstat_workspace *work = gsl_movstat_alloc(OUTLIER_NEIGHBOURS);
	gsl_vector *level = gsl_vector_alloc(n);
	gsl_vector_view all = gsl_vector_view_array(x, n);
	int err = work && level ? 0 : -ENOMEM;

	if (!err)
		err = gsl_movstat_median(GSL_MOVSTAT_END_TRUNCATE, &all.vector, level, work) ? -EINVAL : 0;
	if (!err)
		gsl_vector_sub(&all.vector, level);
	if (level)
		gsl_vector_free(level);
	if (work)
		gsl_movstat_free(work);
	gsl_set_error_handler(handler);
	return err;
}

int stats_outliers(const double *x, size_t n, bool *outlier, size_t *outliers_n)
{
	double *off = calloc(n + 1, sizeof *off), median = 0, mad = 0;
	size_t finite_n = 0;
	int err = off ? 0 : -ENOMEM;

	*outliers_n = 0;
	for (size_t i = 0; i < n && !err; i++)
		if (isfinite(x[i]))
			off[finite_n++] = x[i];
	if (!err && finite_n >= OUTLIER_LEAST) {
		err = take_level_off(off, finite_n);
		if (!err)
			err = stats_median(off, finite_n, &median);
		if (!err)
			err = stats_mad(off, finite_n, &mad);
	}
	for (size_t i = 0, j = 0; i < n && !err; i++) {
		bool finite = isfinite(x[i]);

		outlier[i] = !finite || (mad > 0 && fabs(off[j] - median) > OUTLIER_DEVIATIONS * 1.4826 * mad);
		j += finite;
		*outliers_n += outlier[i];
	}
	free(off);
	return err;
}

/* Outliers moved to the nearest x that is none; what is not finite to the middle. */
static void winsorize(const double *x, size_t n, const bool *outlier, double *out)
{
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < n; i++)
		if (!outlier[i]) {
			low = fmin(low, x[i]);
			high = fmax(high, x[i]);
		}
	for (size_t i = 0; i < n; i++)
		out[i] = isnan(x[i]) ? (low + high) / 2 : fmin(high, fmax(low, x[i]));
}

int stats_trimmed(const double *x, size_t n, const bool *outlier, double *by)
{
	double *all = malloc((n + 1) * sizeof *all), *kept = malloc((n + 1) * sizeof *kept);
	size_t kept_n = 0;

	*by = 1;
	if (all && kept) {
		for (size_t i = 0; i < n; i++)
			if (!outlier[i])
				kept[kept_n++] = x[i];
		if (kept_n > 1 && kept_n < n) {
			winsorize(x, n, outlier, all);
			double share = (double)kept_n / (double)n, sd = gsl_stats_sd(kept, 1, kept_n);

			if (sd > 0)
				*by = fmax(1, gsl_stats_sd(all, 1, n) / (share * sqrt((double)n)) / (sd / sqrt((double)kept_n)));
		}
	}
	int err = all && kept ? 0 : -ENOMEM;
	free(all);
	free(kept);
	return err;
}

/* The variance of the mean of x[n] times n, by the means of all batches of b that follow each other. */
static double batch_variance(const double *x, size_t n, size_t b)
{
	double mean = gsl_stats_mean(x, 1, n), sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++) {
		sum += x[i] - mean - (i >= b ? x[i - b] - mean : 0);
		if (i + 1 >= b)
			squares += sum / (double)b * (sum / (double)b);
	}
	return (double)n * (double)b / ((double)(n - b) * (double)(n - b + 1)) * squares;
}

int stats_serial(const double *x, size_t n, const bool *outlier, double *by)
{
	double *kept = malloc((n + 1) * sizeof *kept);
	size_t kept_n = 0;

	*by = 1;
	if (!kept)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (isfinite(x[i]) && !(outlier && outlier[i]))
			kept[kept_n++] = x[i];
	double variance = kept_n >= SERIAL_LEAST ? gsl_stats_variance(kept, 1, kept_n) : 0;
	if (variance > 0) {
		size_t b = (size_t)sqrt((double)kept_n);
		double ratio = batch_variance(kept, kept_n, b) / variance;
		double freedom = 1.5 * (double)kept_n / (double)b; /* of independent x the ratio is chi-squared over that */

		if (ratio > gsl_cdf_chisq_Pinv(0.95, freedom) / freedom)
			*by = sqrt(ratio);
	}
	free(kept);
	return 0;
}

int stats_serial_ratio(const double *a, const double *b, size_t stride, size_t n, double *by)
{
	double *ratios = malloc((n + 1) * sizeof *ratios);

	if (!ratios)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ratios[i] = a[i * stride] / b[i * stride];
	int err = stats_serial(ratios, n, NULL, by);
	free(ratios);
	return err;
}

int stats_interval(const double *rep, size_t n, double value, struct figure *out)
{
	double *sorted;
	int err;

	if (n < 2)
		return -ENODATA;
	err = sorted_copy(rep, n, &sorted);
	if (err)
		return err;
	out->value = value;
	out->low = gsl_stats_quantile_from_sorted_data(sorted, 1, n, LOW);
	out->high = gsl_stats_quantile_from_sorted_data(sorted, 1, n, HIGH);
	free(sorted);
	return 0;
}

static double expansion(size_t units_n)
{
	double n = (double)units_n;

	return gsl_cdf_tdist_Pinv(HIGH, n - 1) / gsl_cdf_ugaussian_Pinv(HIGH) * sqrt(n / (n - 1));
}

void stats_stretch(double *rep, size_t n, double value, double by)
{
	for (size_t i = 0; i < n; i++)
		rep[i] = value + by * (rep[i] - value);
}

int stats_put_off(double *rep, size_t n, double sd)
{
	struct stats_rng *rng = stats_rng_new(STATS_SEED + 2); /* not the one that resamples */

	if (!rng)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		rep[i] += sd * stats_rng_normal(rng);
	stats_rng_free(rng);
	return 0;
}

int stats_widen(double *rep, size_t n, double value, size_t units_n)
{
	if (units_n < 2)
		return -ENODATA;
	stats_stretch(rep, n, value, expansion(units_n));
	return 0;
}

int stats_stretch_log(double *rep, size_t n, double value, double by)
{
	if (!(value > 0))
		return -EDOM;
	for (size_t i = 0; i < n; i++) {
		if (!(rep[i] > 0))
			return -EDOM;
		rep[i] = value * pow(rep[i] / value, by);
	}
	return 0;
}

int stats_widen_log(double *rep, size_t n, double value, size_t units_n)
{
	return units_n < 2 ? -ENODATA : stats_stretch_log(rep, n, value, expansion(units_n));
}

static int share(size_t hits, size_t n, double *p)
{
	if (n == 0)
		return -ENODATA;
	if (hits > n)
		return -EDOM;
	*p = (double)hits / (double)n;
	return 0;
}

int stats_share_normal(size_t hits, size_t n, struct figure *out)
{
	double p, half;
	int err = share(hits, n, &p);

	if (err)
		return err;
	half = gsl_cdf_ugaussian_Pinv(HIGH) * sqrt(p * (1 - p) / (double)n);
	*out = (struct figure){ p, fmax(0, p - half), fmin(1, p + half) };
	return 0;
}

/* (p + z^2/2n +- z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n) */
int stats_share_wilson(size_t hits, size_t n, struct figure *out)
{
	double z = gsl_cdf_ugaussian_Pinv(HIGH), p, zz, centre, half;
	int err = share(hits, n, &p);

	if (err)
		return err;
	zz = z * z / (double)n;
	centre = (p + zz / 2) / (1 + zz);
	half = z * sqrt(p * (1 - p) / (double)n + zz / (double)n / 4) / (1 + zz);
	*out = (struct figure){ p, fmax(0, centre - half), fmin(1, centre + half) };
	return 0;
}

struct stats_rng {
	gsl_rng *gsl;
};

struct stats_rng *stats_rng_new(uint64_t seed)
{
	struct stats_rng *rng = malloc(sizeof *rng);

	if (!rng)
		return NULL;
	rng->gsl = gsl_rng_alloc(gsl_rng_mt19937);
	if (!rng->gsl) {
		free(rng);
		return NULL;
	}
	gsl_rng_set(rng->gsl, seed);
	return rng;
}

void stats_rng_free(struct stats_rng *rng)
{
	if (rng)
		gsl_rng_free(rng->gsl);
	free(rng);
}

double stats_rng_uniform(struct stats_rng *rng)
{
	return gsl_rng_uniform(rng->gsl);
}

double stats_rng_normal(struct stats_rng *rng)
{
	return gsl_ran_ugaussian(rng->gsl);
}

static int check_weights(const double *weight, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isfinite(weight[i]) || weight[i] < 0)
			return -EDOM;
		sum += weight[i];
	}
	return sum > 0 && isfinite(sum) ? 0 : -EDOM;
}

static int resample_weighted(struct stats_rng *rng, const double *weight, size_t n, size_t *index, size_t m)
{
	gsl_ran_discrete_t *table;
	int err = check_weights(weight, n);

	if (err)
		return err;
	table = gsl_ran_discrete_preproc(n, weight);
	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < m; i++)
		index[i] = gsl_ran_discrete(rng->gsl, table);
	gsl_ran_discrete_free(table);
	return 0;
}

int stats_resample(struct stats_rng *rng, const double *weight, size_t n, size_t *index, size_t m)
{
	if (n == 0)
		return -ENODATA;
	if (weight)
		return resample_weighted(rng, weight, n, index, m);
	for (size_t i = 0; i < m; i++)
		index[i] = gsl_rng_uniform_int(rng->gsl, n);
	return 0;
}
