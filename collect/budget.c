/* SPDX-License-Identifier: GPL-2.0-or-later */
/* budget.c: how many unprobed windows the next cycle needs. */
#include <linux/types.h>

#include "collect/budget.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "collect/measure.h"

#define CYCLES_MIN 4  /* hold the probed windows that a prediction needs (PREDICT_WINDOWS_MIN) */
#define CHECK_EVERY 4 /* cycles: one of them keeps its windows of the second dose where others go without */

void budget_window(struct budget *budget, int dose, double ns, double attached_ns)
{
	budget->windows[dose].n++;
	budget->windows[dose].ns += ns;
	budget->windows[dose].attached_ns += attached_ns;
}

void budget_between(struct budget *budget, double ns)
{
	budget->other_ns += ns;
	budget->between_ns = ns;
}

/* CPU time that was added and time that it was added to, both as ns of a target that is always busy. */
struct sums {
	double added_ns, ns;
};

static struct sums so_far(const struct budget *budget)
{
	struct sums sums = {.ns = budget->other_ns};

	for (int dose = 0; dose < BUDGET_DOSES; dose++) {
		sums.added_ns += budget->added[dose] * (budget->windows[dose].attached_ns + budget->other_attached_ns[dose]);
		sums.ns += budget->windows[dose].ns;
	}
	return sums;
}

double budget_spent(const struct budget *budget)
{
	struct sums sums = so_far(budget);

	return sums.ns > 0 ? sums.added_ns / sums.ns : 0;
}

/* Mean length of a window of this dose; of any where there was none. */
static double window_ns(const struct budget *budget, int dose)
{
	double n = 0, ns = 0;

	if (budget->windows[dose].n > 0)
		return budget->windows[dose].ns / budget->windows[dose].n;
	for (int i = 0; i < BUDGET_DOSES; i++) {
		n += budget->windows[i].n;
		ns += budget->windows[i].ns;
	}
	return n > 0 ? ns / n : 0;
}

static void add_window(const struct budget *budget, int dose, struct sums *sums)
{
	const struct budget_windows *seen = &budget->windows[dose];

	sums->ns += window_ns(budget, dose);
	sums->added_ns += seen->n > 0 ? budget->added[dose] * seen->attached_ns / seen->n : 0;
}

static bool has_dose(const struct measure_step *steps, int n, int dose)
{
	for (int i = 0; i < n; i++)
		if (steps[i].dose == dose)
			return true;
	return false;
}

static int without_check(const struct measure_step *steps, int n, struct measure_step *out)
{
	int kept = 0;

	for (int i = 0; i < n; i++)
		if (steps[i].dose != 2)
			out[kept++] = steps[i];
	return kept;
}

/* Unprobed windows that these steps need beside them; `ns` becomes the time of the steps alone. */
static double needed(const struct budget *budget, const struct measure_step *steps, int n, double *ns)
{
	struct sums sums = so_far(budget);
	double before_ns = sums.ns;

	for (int i = 0; i < n; i++)
		add_window(budget, steps[i].dose, &sums);
	*ns = sums.ns - before_ns;
	return fmax(0, ceil((sums.added_ns / budget->share - sums.ns) / window_ns(budget, 0)));
}

static int append_unprobed(struct measure_step *out, int n, double more)
{
	int all = (int)fmin(BUDGET_STEPS_MAX, n + fmax(0, more));

	for (int i = n; i < all; i++)
		out[i] = (struct measure_step){0, NULL};
	return all;
}

int budget_plan(const struct budget *budget, const struct measure_step *steps, int n, int64_t cycles_n, double left_ns, struct measure_step *out)
{
	double whole_ns, steps_ns, more;
	int kept = n;

	memcpy(out, steps, (size_t)n * sizeof *out);
	if (!(budget->share > 0) || !(budget->added[1] > 0))
		return n;
	more = needed(budget, out, n, &whole_ns);
	steps_ns = whole_ns;
	if (more > 0 && cycles_n % CHECK_EVERY && has_dose(steps, n, 0) && has_dose(steps, n, 1)) {
		kept = without_check(steps, n, out);
		more = needed(budget, out, kept, &steps_ns);
	}
	double reserved_ns = fmax(0, (double)(CYCLES_MIN - 1 - cycles_n)) * (whole_ns + budget->between_ns) + budget->between_ns;
	double room = floor((left_ns - steps_ns - reserved_ns) / window_ns(budget, 0));
	if (cycles_n >= CYCLES_MIN && more > BUDGET_STEPS_MAX - kept) /* more than one cycle holds */
		return append_unprobed(out, 0, fmin(more, floor(left_ns / window_ns(budget, 0))));
	if (more <= room)
		return append_unprobed(out, kept, more);
	if (cycles_n >= CYCLES_MIN)
		return append_unprobed(out, 0, floor(left_ns / window_ns(budget, 0)));
	if (room > 0)
		return append_unprobed(out, kept, room);
	memcpy(out, steps, (size_t)n * sizeof *out);
	return n;
}
