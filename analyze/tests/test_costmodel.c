/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_costmodel.c: the paper's three costs, found again in costs that were made of them. */
#include "analyze/costmodel.h"

#include "analyze/speedup.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { POINTS = 12, REPS = 200 };

static const double groups[] = { 1, 10, 100, 1000 }, payloads[] = { 100, 500, 1400 };

struct scene {
	struct speedup speedups[POINTS];
	struct costmodel_point points[POINTS];
	double base[POINTS][REPS], alt[POINTS][REPS];
};

/* copies: whether the alternative copies the payload for everybody, as sendmmsg does. */
static struct scene *scene_new(double mode, double byte, double send, double private_bytes, bool copies)
{
	struct scene *s = calloc(1, sizeof *s);

	assert_non_null(s);
	for (size_t i = 0; i < POINTS; i++) {
		double g = groups[i / 3], p = payloads[i % 3], shared = copies ? 0 : p - private_bytes;

		s->points[i] = (struct costmodel_point){ g, p, private_bytes, &s->speedups[i] };
		s->speedups[i].base_cyc = figure_exact(mode + byte * p + send);
		s->speedups[i].alt_cyc = figure_exact((mode + byte * shared) / g + byte * (p - shared) + send);
	}
	return s;
}

static void the_three_costs_are_found_again(void **state)
{
	struct scene *s = scene_new(900, 0.5, 4000, 12, false);
	struct costmodel m;

	(void)state;
	assert_int_equal(costmodel_fit(s->points, POINTS, &m), 0);
	assert_float_equal(m.mode_cyc.value, 900, 1e-6);
	assert_float_equal(m.byte_cyc.value, 0.5, 1e-9);
	assert_float_equal(m.send_cyc.value, 4000, 1e-6);
	assert_true(m.residual < 1e-9 && m.worst < 1e-9);
	assert_true(m.fits);
	assert_false(figure_has_interval(m.mode_cyc));
	free(s);
}

static void s_is_the_formula_of_the_paper(void **state)
{
	const struct costmodel m = { .mode_cyc = figure_exact(200), .byte_cyc = figure_exact(1), .send_cyc = figure_exact(500) };

	(void)state;
	/* G 10, Cmem 300: 10 (200 + 300 + 500) / (200 + 300 + 10 * 500) = 10000 / 5500 */
	assert_float_equal(costmodel_speedup(&m, 10, 300, 0), 10000.0 / 5500, 1e-12);
	assert_float_equal(costmodel_speedup(&m, 1, 300, 0), 1, 1e-12);
	/* all of it private: nothing but the mode switch is shared */
	assert_float_equal(costmodel_speedup(&m, 10, 300, 300), 1000.0 / (20 + 300 + 500), 1e-12);
}

static void a_way_that_copies_for_everybody_does_not_fit(void **state)
{
	struct scene *s = scene_new(300, 4, 1000, 0, true);
	struct costmodel m;

	(void)state;
	assert_int_equal(costmodel_fit(s->points, POINTS, &m), 0);
	assert_true(m.residual > COSTMODEL_RESIDUAL_MAX);
	assert_false(m.fits);
	free(s);
}

static void a_way_that_saves_by_being_slower_does_not_fit(void **state)
{
	struct scene *s = scene_new(-100, 0.1, 4000, 0, false); /* the group call costs more: Cms would be below 0 */
	struct costmodel m;

	(void)state;
	assert_int_equal(costmodel_fit(s->points, POINTS, &m), 0);
	assert_true(m.residual < 1e-6);
	assert_false(m.fits);
	free(s);
}

static void the_intervals_are_those_of_the_replicates(void **state)
{
	struct scene *s = scene_new(900, 0.5, 4000, 0, false);
	struct costmodel m;

	(void)state;
	for (size_t i = 0; i < POINTS; i++) {
		s->speedups[i].rep_n = REPS;
		s->speedups[i].base_rep = s->base[i];
		s->speedups[i].alt_rep = s->alt[i];
		for (size_t rep = 0; rep < REPS; rep++) { /* all costs by the same factor, 0.9 to 1.099 */
			double factor = 0.9 + (double)rep / 1000;

			s->base[i][rep] = s->speedups[i].base_cyc.value * factor;
			s->alt[i][rep] = s->speedups[i].alt_cyc.value * factor;
		}
	}
	assert_int_equal(costmodel_fit(s->points, POINTS, &m), 0);
	/* 2.5 % and 97.5 % of 200 evenly spaced factors */
	assert_float_equal(m.mode_cyc.low, 900 * (0.9 + 0.025 * 0.199), 1e-6);
	assert_float_equal(m.send_cyc.high, 4000 * (0.9 + 0.975 * 0.199), 1e-6);
	free(s);
}

static void points_that_cannot_tell_are_refused(void **state)
{
	struct scene *s = scene_new(900, 0.5, 4000, 0, false);
	struct costmodel m;

	(void)state;
	assert_int_equal(costmodel_fit(s->points, 0, &m), -ENODATA);
	assert_int_equal(costmodel_fit(s->points, 3, &m), -ENODATA); /* one group */
	s->points[3].payload_bytes = s->points[0].payload_bytes;
	assert_int_equal(costmodel_fit((struct costmodel_point[]){ s->points[0], s->points[3] }, 2, &m), -ENODATA); /* one payload */
	s->speedups[2].alt_cyc = figure_exact(0);
	assert_int_equal(costmodel_fit(s->points, POINTS, &m), -EDOM);
	s->speedups[2].alt_cyc = figure_exact(NAN);
	assert_int_equal(costmodel_fit(s->points, POINTS, &m), -EDOM);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_three_costs_are_found_again),
		cmocka_unit_test(s_is_the_formula_of_the_paper),
		cmocka_unit_test(a_way_that_copies_for_everybody_does_not_fit),
		cmocka_unit_test(a_way_that_saves_by_being_slower_does_not_fit),
		cmocka_unit_test(the_intervals_are_those_of_the_replicates),
		cmocka_unit_test(points_that_cannot_tell_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
