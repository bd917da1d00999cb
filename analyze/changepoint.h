/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * changepoint.h: where the level of a series changes. Pure and without chance: the same series gives the same answer.
 *
 * Method. The split t of a piece of n observations that explains most, by B = (mean after - mean before)^2 t (n - t) / n, is tested
 * with Student's t on n - 2 degrees of freedom, T^2 = (n - 2) B / (S - B), S being the sum of squares about the piece's mean
 * (K. J. Worsley, On the likelihood ratio test for a shift in location of normal populations, JASA 74, 1979; with his bound of
 * Bonferroni over every split of every piece). Pieces: seeded intervals, half as long from layer to layer and half over
 * each other (S. Kovács, P. Bühlmann, H. Li, A. Munk, Seeded binary segmentation, Biometrika 110, 2023): n log n work in all. Of
 * those that hold a change the narrowest tell first (R. Baranowski, Y. Chen, P. Fryzlewicz, Narrowest-over-threshold detection, JRSS B 81, 2019);
 * each change is then put where it explains most between its neighbours, and tested once more there, with the variance of means
 * enlarged by (1 + rho) / (1 - rho) for residuals that follow each other with a correlation rho > 0.
 *
 * Spikes. What lies more than 3 deviations from the median of five (itself and its neighbours) counts as 3 deviations away
 * (F. Hampel's filter), the deviation being told by the median difference of neighbours; and a level holds for CHANGEPOINT_LEVEL
 * observations at least. A single spike, or two, is no change.
 *
 * Not for series without noise: see changepoint_steps().
 */
#ifndef ANALYZE_CHANGEPOINT_H
#define ANALYZE_CHANGEPOINT_H

#include <stddef.h>
#include <stdint.h>

enum { CHANGEPOINT_LEVEL = 3 };

struct changepoint {
	size_t at;            /* the first observation of the new level */
	double before, after; /* median of the observations between the neighbouring changes and this */
	double p;             /* chance of such a split without a change, corrected for the splits that were tried; 0: no noise */
};

/*
 * The changes in x[n], finite, in their order, at the family-wise error rate `alpha` (0.05: one series in twenty without a change
 * shows one). edges[edges_n], ascending: a change may be only there (the first observation of each kernel version); NULL: anywhere.
 * 0, -ENOMEM, or -EDOM for what is not finite. The caller frees *out, which is NULL when there is none.
 */
int changepoint_find(const double *x, size_t n, const size_t *edges, size_t edges_n, double alpha, struct changepoint **out, size_t *out_n);

/* Of a series without noise (instructions under icount): every observation that differs from the one before it by more than
 * `above` of that (0: at all). -ENOMEM. The caller frees. */
int changepoint_steps(const double *x, size_t n, double above, struct changepoint **out, size_t *out_n);

#endif
