/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gain_plan.c: the axes of the curve of r over s, and a place for each label. */
#include "reports/gain_plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/amdahl.h"

enum { BESIDE = 84, BEYOND = 18, BELOW = 62, HIGH = 240, LINE = 18, MARGIN = 12 }; /* px */

double gain_r(double f, double s)
{
	double r = NAN;

	amdahl_speedup(f, s, 0, &r);
	return r;
}

bool gain_any_kept(const struct gain_marks *marks, bool kept)
{
	for (size_t i = 0; i < marks->n; i++)
		if (marks->mark[i].kept == kept)
			return true;
	return false;
}

bool gain_any_observed(const struct gain_marks *marks)
{
	for (size_t i = 0; i < marks->n; i++)
		if (isfinite(marks->mark[i].observed.value))
			return true;
	return false;
}

/* ---- Axes ---- */

/* The curve goes on beyond what was measured, so that it is seen what a faster alternative would be worth. */
static struct axis range_of_s(const struct gain_marks *marks, bool *logarithmic)
{
	struct axis axis = { 1, 1 };

	for (size_t i = 0; i < marks->n; i++)
		axis_hold_figure(&axis, marks->mark[i].s);
	*logarithmic = axis.low > 0 && axis.high > 4 * axis.low;
	if (*logarithmic)
		return (struct axis){ axis.low / 1.15, 2.2 * axis.high };
	axis.high = marks->n ? fmax(1.4, 1 + 3 * (axis.high - 1)) : 10;
	axis.low -= 0.06 * (axis.high - axis.low);
	return axis;
}

static struct axis range_of_r(const struct gain_marks *marks, struct figure f, struct axis s)
{
	struct axis axis = { 1, 1 };

	axis_hold(&axis, gain_r(f.value, s.low));
	axis_hold(&axis, gain_r(isfinite(f.high) ? f.high : f.value, s.high));
	for (size_t i = 0; i < marks->n; i++) {
		axis_hold_figure(&axis, marks->mark[i].r);
		axis_hold_figure(&axis, marks->mark[i].observed);
	}
	axis = axis_widen(axis, 0.05, 0.005);
	axis.low = fmax(axis.low, 0);
	return axis;
}

/* ---- Labels ---- */

/* At its point, right of it and below, where the curve leaves room; places are in px from the lower left corner of the axes. */
struct label {
	char name[GAIN_NAME];
	double at_x, at_y; /* the point */
	double x, y, wide;
};

/* Of neighbours above each other. A terminal rounds ends of axes to cells, which may make them shorter by two. */
static double apart(const struct gain_plan *plan)
{
	return plan->form == PICTURE_TEXT ? CELL_HIGH + 4 : 17;
}

static double wide_of(const struct gain_plan *plan, const char *name)
{
	size_t letters = 0;

	if (plan->form != PICTURE_TEXT)
		return label_wide(name) + 4;
	for (; *name; name++)
		letters += (*name & 0xc0) != 0x80;
	return CELL_WIDE * ((double)letters + 1);
}

static double place_s(const struct gain_plan *plan, double s)
{
	struct axis axis = plan->s;

	return plan->wide * (plan->logarithmic ? log(s / axis.low) / log(axis.high / axis.low) : (s - axis.low) / (axis.high - axis.low));
}

static double place_r(const struct gain_plan *plan, double r)
{
	return plan->high * (r - plan->r.low) / (plan->r.high - plan->r.low);
}

double gain_step(const struct gain_plan *plan, int i)
{
	double share = (double)i / GAIN_STEPS;

	return plan->logarithmic ? plan->s.low * pow(plan->s.high / plan->s.low, share) : plan->s.low + share * (plan->s.high - plan->s.low);
}

/* Below all that is drawn at this s: what was predicted and observed, and the curve, which an older prediction need not lie on. */
static double lowest(const struct gain_mark *mark)
{
	return fmin(mark->curve, isfinite(mark->observed.value) ? fmin(mark->r.value, mark->observed.value) : mark->r.value);
}

static int highest_first(const void *a, const void *b)
{
	double x = ((const struct label *)a)->y, y = ((const struct label *)b)->y;

	return (x < y) - (x > y);
}

static bool beside_each_other(const struct label *a, const struct label *b)
{
	return a->x + a->wide < b->x || b->x + b->wide < a->x;
}

/* A label goes down below those that are in its way, which belong to points above it. They come from above. */
static void spread(struct label *labels, size_t n, double gap)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (!beside_each_other(&labels[i], &labels[j]))
				labels[i].y = fmin(labels[i].y, labels[j].y - gap);
}

static void place_labels(const struct gain_marks *marks, const struct gain_plan *plan, struct label *labels)
{
	double beside = plan->form == PICTURE_TEXT ? 1.5 * CELL_WIDE : 6;

	for (size_t i = 0; i < marks->n; i++) {
		const struct gain_mark *mark = &marks->mark[i];
		struct label *label = &labels[i];
		double end = fmax(mark->s.value, isfinite(mark->s.high) ? mark->s.high : 0), y = place_r(plan, lowest(mark));

		*label = (struct label){ .at_x = place_s(plan, mark->s.value), .at_y = y, .y = y - 0.6 * apart(plan) };
		snprintf(label->name, sizeof label->name, "%s", mark->name);
		label_fit(label->name, 0.6 * plan->wide);
		label->wide = wide_of(plan, label->name);
		label->x = fmin(place_s(plan, end) + beside, plan->wide - label->wide);
	}
	if (marks->n)
		qsort(labels, marks->n, sizeof *labels, highest_first);
	spread(labels, marks->n, apart(plan));
}

/* Where labels fall out of the axes, these go on below what is drawn: by how much, in px. */
static double room_below(const struct gain_marks *marks, const struct gain_plan *plan)
{
	struct label labels[GAIN_MARKS_MAX];
	double room = 0;

	place_labels(marks, plan, labels);
	for (size_t i = 0; i < marks->n; i++)
		room = fmax(room, 0.6 * apart(plan) - labels[i].y);
	return room;
}

static void write_label(FILE *settings, const struct label *l, const struct gain_plan *plan)
{
	fprintf(settings, "set label \"%s\" at graph %.5f, graph %.5f left front textcolor rgb ink\n", l->name, l->x / plan->wide, l->y / plan->high);
	if (l->at_y - l->y > 1.5 * apart(plan))
		fprintf(settings, "set arrow from graph %.5f, graph %.5f to graph %.5f, graph %.5f nohead linecolor rgb muted linewidth 0.5\n",
			l->at_x / plan->wide, l->at_y / plan->high, (l->x - 2) / plan->wide, l->y / plan->high);
}

static void write_labels(FILE *settings, const struct gain_marks *marks, const struct gain_plan *plan)
{
	struct label labels[GAIN_MARKS_MAX];

	place_labels(marks, plan, labels);
	for (size_t i = 0; i < marks->n; i++)
		write_label(settings, &labels[i], plan);
}

/* ---- All of it ---- */

/* Of 1, 2 or 5 times a power of ten, so that there are four to eight. */
static double tic_step(double length)
{
	double raw = length / 8, power = pow(10, floor(log10(raw)));

	return power * (raw <= power ? 1 : raw <= 2 * power ? 2 : raw <= 5 * power ? 5 : 10);
}

/* A line for each kind of point. */
static unsigned room_above(const struct gain_marks *marks)
{
	return MARGIN + LINE * (1u + gain_any_kept(marks, true) + gain_any_kept(marks, false) + gain_any_observed(marks));
}

/* As high as the terminal, if that is not too low. */
static unsigned axes_high(const struct pictures *set, const struct gain_marks *marks)
{
	unsigned around = BELOW + room_above(marks), lines = set->lines * CELL_HIGH;

	return set->form == PICTURE_TEXT && lines > around + HIGH / 2 ? lines - around : HIGH;
}

void gain_plan(const struct pictures *set, const struct gain_marks *marks, struct figure f, struct gain_plan *plan)
{
	*plan = (struct gain_plan){ .form = set->form, .wide = picture_width(set) - BESIDE - BEYOND, .high = axes_high(set, marks), .f = f };
	plan->s = range_of_s(marks, &plan->logarithmic);
	plan->r = range_of_r(marks, f, plan->s);
	plan->tic = tic_step(plan->r.high - plan->r.low);
	plan->first_tic = ceil(plan->r.low / plan->tic - 1e-9) * plan->tic;

	unsigned more = (unsigned)ceil(room_below(marks, plan));
	plan->r.low -= (plan->r.high - plan->r.low) * more / plan->high;
	plan->high += more;
}

void gain_plan_write(struct picture *picture, const struct gain_plan *plan, const struct gain_marks *marks)
{
	unsigned above = room_above(marks);
	double wide = BESIDE + plan->wide + BEYOND;

	picture->width = BESIDE + plan->wide + BEYOND;
	picture->height = above + plan->high + BELOW;
	axis_write(picture->settings, 'x', plan->s);
	axis_write(picture->settings, 'y', plan->r);
	fprintf(picture->settings, "logarithmic = %d\ntic = %.8g\nfirst_tic = %.8g\nlast_tic = %.8g\n", plan->logarithmic, plan->tic, plan->first_tic, plan->r.high);
	fprintf(picture->settings, "beside = %.5f\nbeyond = %.5f\nbelow = %.5f\nabove = %.5f\n",
		BESIDE / wide, BEYOND / wide, BELOW / (double)picture->height, above / (double)picture->height);
	write_labels(picture->settings, marks, plan);
}
