/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gain_plan.h: how the picture of r over s is laid out: what stands in it, how far its axes go, where each label has its place. */
#ifndef REPORTS_GAIN_PLAN_H
#define REPORTS_GAIN_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "analyze/stats.h"
#include "reports/picture.h"

enum { GAIN_STEPS = 120, GAIN_MARKS_MAX = 24, GAIN_NAME = 48 };

/* An alternative. */
struct gain_mark {
	const char *alternative;
	char name[GAIN_NAME]; /* the same, fit for a picture */
	bool kept;     /* a prediction of the store; else what would be predicted */
	struct figure s, r, observed; /* observed.value NAN: nothing was */
	double curve;  /* r on the curve at s */
};

struct gain_marks {
	struct gain_mark mark[GAIN_MARKS_MAX];
	size_t n;
};

struct gain_plan {
	enum picture_form form;
	struct figure f;
	struct axis s, r;
	bool logarithmic;    /* s; where ways that gain much and ways that lose much would press the others together */
	unsigned wide, high; /* of the axes, in px; they go on below what is drawn where labels need it */
	double tic, first_tic; /* of r: none where there are labels only */
};

/* r = 1 / (1 - f + f/s); NAN where there is none. */
double gain_r(double f, double s);

/* Whether any is a prediction of the store, or with `kept` false is none; whether any was observed. */
bool gain_any_kept(const struct gain_marks *marks, bool kept);
bool gain_any_observed(const struct gain_marks *marks);

/* For pictures of this set. */
void gain_plan(const struct pictures *set, const struct gain_marks *marks, struct figure f, struct gain_plan *plan);

/* s of step i of GAIN_STEPS along the axis. */
double gain_step(const struct gain_plan *plan, int i);

/* The size of the picture, its axes and its labels as settings. */
void gain_plan_write(struct picture *picture, const struct gain_plan *plan, const struct gain_marks *marks);

#endif
