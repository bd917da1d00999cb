/* SPDX-License-Identifier: GPL-2.0-or-later */
/* costmodel.c: weighted linear least squares (GSL) over the net costs of two ways. */
#include "analyze/costmodel.h"

#include "analyze/speedup.h"

#include <errno.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit.h>
#include <math.h>
#include <stdlib.h>

enum { PART_MODE, PART_BYTE, PART_SEND, PARTS_N };

/* The system of equations, two for each point, and room for its solution. */
struct fit {
	gsl_matrix *x, *covariance;
	gsl_vector *weight, *y, *parts;
	gsl_multifit_linear_workspace *work;
};

static void fit_free(struct fit *f)
{
	gsl_matrix_free(f->x);
	gsl_matrix_free(f->covariance);
	gsl_vector_free(f->weight);
	gsl_vector_free(f->y);
	gsl_vector_free(f->parts);
	if (f->work)
		gsl_multifit_linear_free(f->work);
}

static int fit_alloc(struct fit *f, size_t equations)
{
	gsl_error_handler_t *handler = gsl_set_error_handler_off();

	*f = (struct fit){
		.x = gsl_matrix_alloc(equations, PARTS_N), .covariance = gsl_matrix_alloc(PARTS_N, PARTS_N),
		.weight = gsl_vector_alloc(equations), .y = gsl_vector_alloc(equations), .parts = gsl_vector_alloc(PARTS_N),
		.work = gsl_multifit_linear_alloc(equations, PARTS_N),
	};
	gsl_set_error_handler(handler);
	if (f->x && f->covariance && f->weight && f->y && f->parts && f->work)
		return 0;
	fit_free(f);
	return -ENOMEM;
}

/* How often each part is in the cost of a packet. */
static void baseline_parts(const struct costmodel_point *p, double *parts)
{
	parts[PART_MODE] = 1;
	parts[PART_BYTE] = p->payload_bytes;
	parts[PART_SEND] = 1;
}

static void alternative_parts(const struct costmodel_point *p, double *parts)
{
	parts[PART_MODE] = 1 / p->group;
	parts[PART_BYTE] = (p->payload_bytes - p->private_bytes) / p->group + p->private_bytes;
	parts[PART_SEND] = 1;
}

static void set_equations(struct fit *f, const struct costmodel_point *points, size_t n)
{
	double parts[PARTS_N];

	for (size_t i = 0; i < 2 * n; i++) {
		if (i % 2)
			alternative_parts(&points[i / 2], parts);
		else
			baseline_parts(&points[i / 2], parts);
		for (size_t k = 0; k < PARTS_N; k++)
			gsl_matrix_set(f->x, i, k, parts[k]);
	}
}

/* The costs of replicate `rep`, or of all rounds when it is -1. Weights make the relative errors count. */
static int set_costs(struct fit *f, const struct costmodel_point *points, size_t n, long rep)
{
	for (size_t i = 0; i < 2 * n; i++) {
		const struct speedup *s = points[i / 2].speedup;
		double cost = i % 2 ? s->alt_cyc.value : s->base_cyc.value;

		if (rep >= 0)
			cost = i % 2 ? s->alt_rep[rep] : s->base_rep[rep];
		if (!(cost > 0) || !isfinite(cost))
			return -EDOM;
		gsl_vector_set(f->y, i, cost);
		gsl_vector_set(f->weight, i, 1 / (cost * cost));
	}
	return 0;
}

static int solve(struct fit *f)
{
	gsl_error_handler_t *handler = gsl_set_error_handler_off();
	double chi_squared;
	int err = gsl_multifit_wlinear(f->x, f->weight, f->y, f->parts, f->covariance, &chi_squared, f->work);

	gsl_set_error_handler(handler);
	return err ? -EDOM : 0;
}

static double fitted(const struct fit *f, size_t equation)
{
	double sum = 0;

	for (size_t k = 0; k < PARTS_N; k++)
		sum += gsl_matrix_get(f->x, equation, k) * gsl_vector_get(f->parts, k);
	return sum;
}

static void judge(const struct fit *f, size_t n, struct costmodel *out)
{
	double squares = 0;

	out->worst = 0;
	for (size_t i = 0; i < 2 * n; i++) {
		double error = fitted(f, i) / gsl_vector_get(f->y, i) - 1;

		squares += error * error;
	}
	for (size_t i = 0; i < n; i++) {
		double s = fitted(f, 2 * i) / fitted(f, 2 * i + 1);
		double error = fabs(s * gsl_vector_get(f->y, 2 * i + 1) / gsl_vector_get(f->y, 2 * i) - 1);

		out->worst = error > out->worst ? error : out->worst;
	}
	out->residual = sqrt(squares / (2 * (double)n));
	out->fits = out->residual <= COSTMODEL_RESIDUAL_MAX;
	for (size_t k = 0; k < PARTS_N; k++)
		out->fits &= gsl_vector_get(f->parts, k) >= 0;
}

/* The three parts of every replicate, one behind the other for each part. */
static int solve_replicates(struct fit *f, const struct costmodel_point *points, size_t n, size_t rep_n, double *parts)
{
	for (size_t rep = 0; rep < rep_n; rep++) {
		int err = set_costs(f, points, n, (long)rep);

		if (!err)
			err = solve(f);
		if (err)
			return err;
		for (size_t k = 0; k < PARTS_N; k++)
			parts[k * rep_n + rep] = gsl_vector_get(f->parts, k);
	}
	return 0;
}

static int find_intervals(struct fit *f, const struct costmodel_point *points, size_t n, struct costmodel *out)
{
	struct figure *figures[PARTS_N] = { &out->mode_cyc, &out->byte_cyc, &out->send_cyc };
	size_t rep_n = points[0].speedup->rep_n;
	double *parts = malloc(PARTS_N * rep_n * sizeof *parts);
	int err = parts ? solve_replicates(f, points, n, rep_n, parts) : -ENOMEM;

	for (size_t k = 0; !err && k < PARTS_N; k++)
		err = stats_interval(parts + k * rep_n, rep_n, figures[k]->value, figures[k]);
	free(parts);
	return err;
}

static int fit_points(struct fit *f, const struct costmodel_point *points, size_t n, struct costmodel *out)
{
	int err;

	set_equations(f, points, n);
	err = set_costs(f, points, n, -1);
	if (!err)
		err = solve(f);
	if (err)
		return err;
	out->mode_cyc = figure_exact(gsl_vector_get(f->parts, PART_MODE));
	out->byte_cyc = figure_exact(gsl_vector_get(f->parts, PART_BYTE));
	out->send_cyc = figure_exact(gsl_vector_get(f->parts, PART_SEND));
	judge(f, n, out);
	return points[0].speedup->rep_n > 1 ? find_intervals(f, points, n, out) : 0;
}

/* A mode switch is told from the rest by groups of different size, a byte by payloads of different size. */
static bool tells_apart(const struct costmodel_point *points, size_t n)
{
	bool groups = false, payloads = false;

	for (size_t i = 1; i < n; i++) {
		groups |= points[i].group != points[0].group;
		payloads |= points[i].payload_bytes != points[0].payload_bytes;
	}
	return groups && payloads;
}

int costmodel_fit(const struct costmodel_point *points, size_t n, struct costmodel *out)
{
	struct fit fit;
	int err;

	*out = (struct costmodel){ 0 };
	for (size_t i = 1; i < n; i++)
		if (points[i].speedup->rep_n != points[0].speedup->rep_n)
			return -ENODATA;
	if (!tells_apart(points, n))
		return -ENODATA;
	err = fit_alloc(&fit, 2 * n);
	if (err)
		return err;
	err = fit_points(&fit, points, n, out);
	fit_free(&fit);
	return err;
}

double costmodel_speedup(const struct costmodel *model, double group, double payload_bytes, double private_bytes)
{
	const struct costmodel_point point = { .group = group, .payload_bytes = payload_bytes, .private_bytes = private_bytes };
	const double cost[PARTS_N] = { model->mode_cyc.value, model->byte_cyc.value, model->send_cyc.value };
	double base[PARTS_N], alt[PARTS_N], base_cyc = 0, alt_cyc = 0;

	baseline_parts(&point, base);
	alternative_parts(&point, alt);
	for (size_t k = 0; k < PARTS_N; k++) {
		base_cyc += base[k] * cost[k];
		alt_cyc += alt[k] * cost[k];
	}
	return base_cyc / alt_cyc;
}
