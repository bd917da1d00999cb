/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signedrank.c: Hodges and Lehmann's estimate with Wilcoxon's interval. The formulas stand in signedrank.h. */
#include "analyze/signedrank.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

/* The greatest k with P(T < k) <= tail, T the signed-rank sum of n: the distribution is built rank by rank. */
static size_t exact(size_t n, double tail)
{
	double p[SIGNEDRANK_EXACT_MAX * (SIGNEDRANK_EXACT_MAX + 1) / 2 + 1] = { 1 }, sum = 0;
	size_t room = n * (n + 1) / 2 + 1, k = 0;

	for (size_t rank = 1; rank <= n; rank++)
		for (size_t t = rank * (rank + 1) / 2 + 1; t-- > 0;)
			p[t] = (p[t] + (t >= rank ? p[t - rank] : 0)) / 2;
	while (k < room && sum + p[k] <= tail)
		sum += p[k++];
	return k;
}

static size_t normal(size_t n, double tail)
{
	double m = (double)n, k = m * (m + 1) / 4 - gsl_cdf_ugaussian_Qinv(tail) * sqrt(m * (m + 1) * (2 * m + 1) / 24);

	return k > 0 ? (size_t)k : 0;
}

size_t signedrank_critical(size_t n, double alpha)
{
	return n <= SIGNEDRANK_EXACT_MAX ? exact(n, alpha / 2) : normal(n, alpha / 2);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int signedrank_interval(const double *x, size_t n, double alpha, struct figure *out)
{
	size_t pairs_n = n * (n + 1) / 2, used = 0, k = n > SIGNEDRANK_MAX ? 0 : signedrank_critical(n, alpha);
	double *means;

	if (n > SIGNEDRANK_MAX)
		return -E2BIG;
	if (n == 0 || k == 0)
		return -ENODATA;
	means = malloc(pairs_n * sizeof *means);
	if (!means)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < n; j++)
			means[used++] = (x[i] + x[j]) / 2;
	qsort(means, pairs_n, sizeof *means, ascending);
	*out = (struct figure){ (means[(pairs_n - 1) / 2] + means[pairs_n / 2]) / 2, means[k - 1], means[pairs_n - k] };
	free(means);
	return 0;
}
