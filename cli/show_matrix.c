/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_matrix.c: what the stages and functions of many counted figures moved by, from one side to another. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/stages.h"
#include "analyze/stats.h"
#include "base/err.h"
#include "cli/print.h"
#include "cli/show_stages.h"

enum { FUNCTIONS_SHOWN = 15 };

#define SHOWN_LEAST 0.05 /* instructions per packet: less would be printed as 0 */

/* One function in one of the changes. */
struct move {
	const char *stage, *function;
	double moved;
};

/* A function over all changes. */
struct mean {
	const char *stage, *function;
	double median, least, greatest;
	size_t n; /* changes in which it moved */
};

struct matrix {
	const struct counted **before, **after; /* of those that were counted on both sides */
	const struct stages_change **changes;
	size_t n;
	struct move *moves;
	size_t moves_n;
	struct mean *means;
	size_t means_n;
};

static int collect(struct matrix *m, struct stages *stages, struct stages *other, const struct stages_change *changes, size_t n)
{
	m->before = calloc(n + 1, sizeof *m->before);
	m->after = calloc(n + 1, sizeof *m->after);
	m->changes = calloc(n + 1, sizeof *m->changes);
	if (!m->before || !m->after || !m->changes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		m->before[m->n] = stages_counted(stages, changes[i].benchmark, changes[i].kernel_before);
		m->after[m->n] = stages_counted(other ? other : stages, changes[i].benchmark, changes[i].kernel_after);
		m->changes[m->n] = &changes[i];
		m->n += m->before[m->n] && m->after[m->n] && fabs(m->after[m->n]->total - m->before[m->n]->total) >= SHOWN_LEAST;
	}
	return 0;
}

/* ---- Stages ---- */

static bool stage_moves(const struct matrix *m, const char *stage)
{
	for (size_t i = 0; i < m->n; i++)
		if (fabs(counted_stage(m->after[i], stage) - counted_stage(m->before[i], stage)) >= SHOWN_LEAST)
			return true;
	return false;
}

static int print_stages(const struct matrix *m)
{
	char titles[1024] = "moved by, in instructions";
	int err;

	for (size_t j = 0; counted_stage_name(j); j++)
		if (stage_moves(m, counted_stage_name(j)))
			snprintf(titles + strlen(titles), sizeof titles - strlen(titles), "|>%s", counted_stage_title(j));
	snprintf(titles + strlen(titles), sizeof titles - strlen(titles), "|>all of it");
	struct table *table = table_new(titles);
	for (size_t i = 0; i < m->n; i++) {
		table_text(table, m->changes[i]->benchmark);
		for (size_t j = 0; counted_stage_name(j); j++) {
			const char *stage = counted_stage_name(j);

			if (stage_moves(m, stage))
				table_cell(table, "%+.1f", counted_stage(m->after[i], stage) - counted_stage(m->before[i], stage));
		}
		table_cell(table, "%+.1f", m->after[i]->total - m->before[i]->total);
	}
	err = table_print(table);
	table_free(table);
	return err;
}

/* ---- Functions ---- */

static int by_place(const void *a, const void *b)
{
	const struct move *x = a, *y = b;
	int order = strcmp(x->stage, y->stage);

	return order ? order : strcmp(x->function, y->function);
}

static int by_size(const void *a, const void *b)
{
	const struct mean *x = a, *y = b;

	if (fabs(x->median) != fabs(y->median))
		return fabs(x->median) < fabs(y->median) ? 1 : -1;
	return strcmp(x->function, y->function);
}

static int add_moves(struct matrix *m, size_t i)
{
	struct counted_move *found = NULL;
	size_t n = 0;
	int err = counted_moves(m->before[i], m->after[i], &found, &n);
	struct move *more = err ? NULL : realloc(m->moves, (m->moves_n + n + 1) * sizeof *more);

	if (!err && !more)
		err = -ENOMEM;
	if (more)
		m->moves = more;
	for (size_t j = 0; j < n && !err; j++)
		if (fabs(found[j].after - found[j].before) >= SHOWN_LEAST)
			m->moves[m->moves_n++] = (struct move){ found[j].stage, found[j].function, found[j].after - found[j].before };
	free(found);
	return err;
}

/* moves[n] of one function; where it did not move it moved by 0. */
static int mean_of(const struct matrix *m, const struct move *moves, size_t n, double *room, struct mean *out)
{
	*out = (struct mean){ .stage = moves->stage, .function = moves->function, .n = n };
	memset(room, 0, m->n * sizeof *room);
	for (size_t i = 0; i < n; i++)
		room[i] = moves[i].moved;
	out->least = out->greatest = room[0];
	for (size_t i = 1; i < m->n; i++) {
		out->least = fmin(out->least, room[i]);
		out->greatest = fmax(out->greatest, room[i]);
	}
	return stats_median(room, m->n, &out->median);
}

static int find_means(struct matrix *m)
{
	double *room = calloc(m->n + 1, sizeof *room);
	int err = 0;

	m->means = calloc(m->moves_n + 1, sizeof *m->means);
	if (!room || !m->means) {
		free(room);
		return -ENOMEM;
	}
	if (m->moves_n)
		qsort(m->moves, m->moves_n, sizeof *m->moves, by_place);
	for (size_t from = 0, to; from < m->moves_n && !err; from = to) {
		for (to = from; to < m->moves_n && !by_place(&m->moves[to], &m->moves[from]);)
			to++;
		err = mean_of(m, m->moves + from, to - from, room, &m->means[m->means_n++]);
	}
	if (m->means_n)
		qsort(m->means, m->means_n, sizeof *m->means, by_size);
	free(room);
	return err;
}

static int print_functions(const struct matrix *m)
{
	struct table *table = table_new("function|stage|>median|>least|>greatest|>moved in");
	int err;

	for (size_t i = 0; i < m->means_n && i < FUNCTIONS_SHOWN && fabs(m->means[i].median) >= SHOWN_LEAST; i++) {
		const struct mean *mean = &m->means[i];

		table_text(table, *mean->function ? mean->function : "(user space)");
		table_text(table, mean->stage);
		table_cell(table, "%+.1f", mean->median);
		table_cell(table, "%+.1f", mean->least);
		table_cell(table, "%+.1f", mean->greatest);
		table_cell(table, "%zu of %zu", mean->n, m->n);
	}
	err = table_print(table);
	table_free(table);
	return err;
}

int show_stages_matrix(struct stages *stages, struct stages *other, const struct stages_change *changes, size_t n)
{
	struct matrix m = { .n = 0 };
	int err = collect(&m, stages, other, changes, n);

	for (size_t i = 0; i < m.n && !err; i++)
		err = add_moves(&m, i);
	if (!err && m.n)
		err = find_means(&m);
	if (err)
		fail(err, "compare: out of memory");
	if (!err && m.n) {
		putchar('\n');
		err = print_stages(&m);
		putchar('\n');
	}
	if (!err && m.n)
		err = print_functions(&m);
	free(m.before);
	free(m.after);
	free(m.changes);
	free(m.moves);
	free(m.means);
	return err;
}
