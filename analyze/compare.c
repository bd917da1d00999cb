/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compare.c: the change of one benchmark from one side to the other, and what it does to a server. */
#include "analyze/compare.h"

#include "analyze/amdahl.h"
#include "analyze/signedrank.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#define ERROR_RATE 0.05

/* Of the logarithms of one side. */
struct side {
	double mean, variance; /* variance NAN when there is one run */
	size_t n;
	bool alike; /* every run has the same figure */
};

static int side_of(const double *x, size_t n, struct side *out)
{
	struct side side = { .n = n, .alike = true, .variance = NAN };
	double squares = 0;

	if (n == 0)
		return -ENODATA;
	for (size_t i = 0; i < n; i++) {
		if (!(x[i] > 0) || !isfinite(x[i]))
			return -EDOM;
		side.mean += log(x[i]) / (double)n;
		side.alike &= x[i] == x[0];
	}
	for (size_t i = 0; i < n; i++)
		squares += pow(log(x[i]) - side.mean, 2);
	if (n > 1)
		side.variance = side.alike ? 0 : squares / ((double)n - 1);
	*out = side;
	return 0;
}

/* Standard error of the difference, and its degrees of freedom; NAN when neither side has a variance. */
static double standard_error(struct side a, struct side b, double *freedom)
{
	bool pooled = isnan(a.variance) || isnan(b.variance);

	if (isnan(a.variance))
		a.variance = b.variance;
	if (isnan(b.variance))
		b.variance = a.variance;
	double va = a.variance / (double)a.n, vb = b.variance / (double)b.n;
	if (pooled)
		*freedom = (double)(a.n > b.n ? a.n : b.n) - 1;
	else
		*freedom = pow(va + vb, 2) / (va * va / ((double)a.n - 1) + vb * vb / ((double)b.n - 1));
	return sqrt(va + vb);
}

static struct figure change_within(double log_ratio, double half)
{
	return (struct figure){ expm1(log_ratio), expm1(log_ratio - half), expm1(log_ratio + half) };
}

static enum compare_verdict judge(struct figure change)
{
	if (!figure_has_interval(change))
		return COMPARE_UNKNOWN;
	return change.low > 0 ? COMPARE_MORE : change.high < 0 ? COMPARE_LESS : COMPARE_SAME;
}

int compare_runs(const double *a, size_t a_n, const double *b, size_t b_n, bool exact, size_t tests_n, struct comparison *out)
{
	struct side x, y;
	double freedom, error, log_ratio;
	int err = side_of(a, a_n, &x);

	if (!err)
		err = side_of(b, b_n, &y);
	if (!err && exact && !(x.alike && y.alike))
		err = -EXDEV;
	if (err)
		return err;
	log_ratio = y.mean - x.mean;
	*out = (struct comparison){ .a = exact ? a[0] : exp(x.mean), .b = exact ? b[0] : exp(y.mean), .a_n = a_n, .b_n = b_n, .exact = exact };
	error = exact ? 0 : standard_error(x, y, &freedom);
	if (exact) {
		double change = b[0] / a[0] - 1;

		out->change = out->plain = (struct figure){ change, change, change };
	} else if (isnan(error)) {
		out->change = out->plain = figure_exact(expm1(log_ratio));
	} else if (error == 0) {
		out->change = out->plain = change_within(log_ratio, 0);
	} else {
		out->plain = change_within(log_ratio, error * gsl_cdf_tdist_Qinv(ERROR_RATE / 2, freedom));
		out->change = change_within(log_ratio, error * gsl_cdf_tdist_Qinv(ERROR_RATE / 2 / (double)(tests_n ? tests_n : 1), freedom));
	}
	out->verdict = judge(out->change);
	return 0;
}

/* Student's interval over differences of logarithms. */
static struct figure student(const double *x, size_t n, double alpha)
{
	double mean = 0, squares = 0;

	for (size_t i = 0; i < n; i++)
		mean += x[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		squares += pow(x[i] - mean, 2);
	return change_within(mean, sqrt(squares / ((double)n - 1) / (double)n) * gsl_cdf_tdist_Qinv(alpha / 2, (double)n - 1));
}

/* Student's where there are too few, or more than are worth it. */
static int interval(const double *x, size_t n, double alpha, struct figure *out)
{
	struct figure logs;
	int err = n < COMPARE_RANKED ? -ENODATA : signedrank_interval(x, n, alpha, &logs);

	if (!err)
		*out = (struct figure){ expm1(logs.value), expm1(logs.low), expm1(logs.high) };
	else if (err != -ENOMEM)
		*out = student(x, n, alpha);
	return err == -ENOMEM ? err : 0;
}

int compare_pairs(const double *a, const double *b, size_t n, size_t tests_n, struct comparison *out)
{
	double *logs = malloc((n + 1) * sizeof *logs);
	struct side x, y;
	int err = !logs ? -ENOMEM : n < 2 ? -ENODATA : side_of(a, n, &x);

	if (!err)
		err = side_of(b, n, &y);
	for (size_t i = 0; i < n && !err; i++)
		logs[i] = log(b[i] / a[i]);
	if (!err) {
		*out = (struct comparison){ .a = exp(x.mean), .b = exp(y.mean), .a_n = n, .b_n = n, .paired = true };
		err = interval(logs, n, ERROR_RATE, &out->plain);
	}
	if (!err)
		err = interval(logs, n, ERROR_RATE / (double)(tests_n ? tests_n : 1), &out->change);
	if (!err)
		out->verdict = judge(out->change);
	free(logs);
	return err;
}

bool compare_above(const struct comparison *comparison, double above)
{
	return figure_has_interval(comparison->change) && comparison->change.low > above;
}

/* ---- What it does to a server ---- */

static double fraction_after(double f, double c)
{
	return f * c / (1 - f + f * c);
}

static double busy_after(double f, double c)
{
	double r = 1;

	amdahl_speedup(f, 1 / c, 0, &r);
	return 1 / r - 1;
}

static double squared_sum(double a, double b)
{
	return sqrt(a * a + b * b);
}

/* The value at both figures, and how far each figure's ends, alone, move it. */
static struct figure combine(double (*of)(double f, double c), struct figure f, struct figure c)
{
	struct figure out = figure_exact(of(f.value, c.value));

	if (!figure_has_interval(c))
		return out;
	double c_low = of(f.value, c.low) - out.value, c_high = of(f.value, c.high) - out.value, f_low = 0, f_high = 0;
	if (figure_has_interval(f)) {
		double one = of(fmax(f.low, 0), c.value) - out.value, other = of(fmin(f.high, 1), c.value) - out.value;

		f_low = fmin(one, other);
		f_high = fmax(one, other);
	}
	out.low = out.value - squared_sum(c_low, f_low);
	out.high = out.value + squared_sum(c_high, f_high);
	return out;
}

int compare_server(struct figure f, struct figure change, struct compare_server *out)
{
	struct figure c = { 1 + change.value, 1 + change.low, 1 + change.high };

	if (!(f.value >= 0 && f.value <= 1) || !(c.value > 0) || (figure_has_interval(c) && !(c.low > 0)))
		return -EDOM;
	out->fraction = combine(fraction_after, f, c);
	out->busy = combine(busy_after, f, c);
	return 0;
}
