/* SPDX-License-Identifier: GPL-2.0-or-later */
/* counted.c: parts of a figure from the counts of its rounds. The formulas stand in counted.h. */
#include "analyze/counted.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/rows.h"
#include "analyze/slice.h"

#define NOTHING 1e-9 /* instructions per packet that rounding leaves of none */

/* ---- Stages ---- */

static const char user_name[] = "user", user_title[] = "user space";

const char *counted_stage_name(size_t i)
{
	return i == 0 ? user_name : i <= SLICE_STAGE_MAX ? slice_stage_names[i - 1] : NULL;
}

const char *counted_stage_title(size_t i)
{
	return i == 0 ? user_title : i <= SLICE_STAGE_MAX ? slice_stage_titles[i - 1] : NULL;
}

/* ---- Rounds ---- */

/* What a round cost. */
struct cost {
	int64_t round;
	double value;
};

static int by_value(const void *a, const void *b)
{
	const struct cost *x = a, *y = b;

	return x->value != y->value ? (x->value > y->value) - (x->value < y->value) : (x->round > y->round) - (x->round < y->round);
}

static const struct bench_row *find_row(const struct bench_row *rows, size_t n, const char *way, int64_t round)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].round == round && rows[i].packets_n > 0 && !strcmp(rows[i].way, way))
			return &rows[i];
	return NULL;
}

static double cost_of(const struct bench_row *row)
{
	return ((double)row->cpu_cyc + (row->async_cyc == STORE_NULL ? 0 : (double)row->async_cyc)) / (double)row->packets_n;
}

/* Net of what `null` cost in the same round; NAN when it sent nothing then. */
static double net_cost(const struct bench_row *rows, size_t n, const struct bench_row *row)
{
	const struct bench_row *null = find_row(rows, n, "null", row->round);

	return null ? cost_of(row) - cost_of(null) : NAN;
}

size_t counted_rounds(const struct bench_row *rows, size_t n, const char *way, int64_t rounds[COUNTED_ROUNDS_MAX])
{
	struct cost *costs = malloc((n + 1) * sizeof *costs);
	size_t used = 0, found = 0;

	for (size_t i = 0; costs && i < n; i++) {
		if (strcmp(rows[i].way, way) != 0 || rows[i].packets_n <= 0)
			continue;
		costs[used] = (struct cost){ rows[i].round, net_cost(rows, n, &rows[i]) };
		used += isfinite(costs[used].value) != 0;
	}
	if (used) {
		qsort(costs, used, sizeof *costs, by_value);
		rounds[found++] = costs[(used - 1) / 2].round;
		if (used % 2 == 0)
			rounds[found++] = costs[used / 2].round;
	}
	free(costs);
	return found;
}

/* ---- Parts ---- */

static int by_place(const void *a, const void *b)
{
	const struct counted_part *x = a, *y = b;
	int order = strcmp(x->stage, y->stage);

	return order ? order : strcmp(x->function, y->function);
}

/* Joins those of one stage and function; what is nothing is dropped. parts[n] is sorted. */
static size_t join(struct counted_part *parts, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0, next; i < n; i = next) {
		struct counted_part sum = parts[i];

		for (next = i + 1; next < n && !by_place(&parts[next], &sum); next++)
			sum.insn += parts[next].insn;
		if (fabs(sum.insn) > NOTHING)
			parts[kept++] = sum;
	}
	return kept;
}

/* The point and the way of a bench, and the rounds that are meant. */
struct wanted {
	const struct bench_row *rows; /* of the point */
	size_t n;
	int64_t rounds[COUNTED_ROUNDS_MAX];
	size_t rounds_n;
};

/* What an instruction of this row is per packet of the figure; 0 when the row is not meant. */
static double weight_of(const struct wanted *w, const struct counted_row *row, const char *way)
{
	bool null = !strcmp(row->way, "null"), own = !strcmp(row->way, way);
	double weight = 0;

	for (size_t i = 0; i < w->rounds_n && (null || own); i++) {
		const struct bench_row *of = row->round == w->rounds[i] ? find_row(w->rows, w->n, row->way, row->round) : NULL;

		if (of)
			weight += (own ? 1.0 : -1.0) / (double)of->packets_n / (double)w->rounds_n;
	}
	return weight;
}

static bool same_point(int64_t group, int64_t payload, int64_t private, const int64_t point[3])
{
	return group == point[0] && payload == point[1] && private == point[2];
}

static int add_parts(const struct wanted *w, const struct counted_row *rows, size_t n, const char *way, const int64_t point[3], struct counted *out)
{
	bool own = false;

	out->parts = malloc((n + 1) * sizeof *out->parts);
	if (!out->parts)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		double weight = same_point(rows[i].group_size, rows[i].payload_bytes, rows[i].private_bytes, point) ? weight_of(w, &rows[i], way) : 0;

		if (weight == 0)
			continue;
		own |= weight > 0;
		out->parts[out->n++] = (struct counted_part){ rows[i].stage, rows[i].function, weight * (double)rows[i].insn_n };
	}
	if (!own)
		return -ENOENT;
	qsort(out->parts, out->n, sizeof *out->parts, by_place);
	out->n = join(out->parts, out->n);
	return 0;
}

int counted_compute(const struct bench_row *bench, size_t bench_n, const struct counted_row *rows, size_t n, const char *way, int64_t group_size,
		    int64_t payload_bytes, int64_t private_bytes, struct counted *out)
{
	const int64_t point[3] = { group_size, payload_bytes, private_bytes };
	struct wanted w = { .n = 0 };
	int err;

	*out = (struct counted){ .n = 0 };
	while (bench_n && !same_point(bench->group_size, bench->payload_bytes, bench->private_bytes, point)) {
		bench++;
		bench_n--;
	}
	w.rows = bench;
	while (w.n < bench_n && same_point(bench[w.n].group_size, bench[w.n].payload_bytes, bench[w.n].private_bytes, point))
		w.n++;
	w.rounds_n = counted_rounds(w.rows, w.n, way, w.rounds);
	err = w.rounds_n ? add_parts(&w, rows, n, way, point, out) : -ENOENT;
	for (size_t i = 0; i < w.rounds_n && !err; i++)
		out->total += net_cost(w.rows, w.n, find_row(w.rows, w.n, way, w.rounds[i])) / (double)w.rounds_n;
	out->rest = out->total;
	for (size_t i = 0; i < out->n && !err; i++)
		out->rest -= out->parts[i].insn;
	if (err)
		counted_free(out);
	return err;
}

void counted_free(struct counted *counted)
{
	free(counted->parts);
	*counted = (struct counted){ .n = 0 };
}

double counted_stage(const struct counted *counted, const char *stage)
{
	double sum = 0;

	for (size_t i = 0; i < counted->n; i++)
		if (!strcmp(counted->parts[i].stage, stage))
			sum += counted->parts[i].insn;
	return sum;
}

/* ---- Two sides ---- */

static int by_move(const void *a, const void *b)
{
	const struct counted_move *x = a, *y = b;
	double dx = fabs(x->after - x->before), dy = fabs(y->after - y->before);

	if (dx != dy)
		return dx < dy ? 1 : -1;
	int order = strcmp(x->stage, y->stage);
	return order ? order : strcmp(x->function, y->function);
}

int counted_moves(const struct counted *before, const struct counted *after, struct counted_move **moves, size_t *n)
{
	size_t i = 0, j = 0;

	*n = 0;
	*moves = malloc((before->n + after->n + 1) * sizeof **moves);
	if (!*moves)
		return -ENOMEM;
	while (i < before->n || j < after->n) {
		int order = i == before->n ? 1 : j == after->n ? -1 : by_place(&before->parts[i], &after->parts[j]);
		const struct counted_part *part = order <= 0 ? &before->parts[i] : &after->parts[j];

		(*moves)[(*n)++] = (struct counted_move){
			part->stage, part->function, order <= 0 ? before->parts[i].insn : 0, order >= 0 ? after->parts[j].insn : 0,
		};
		i += order <= 0;
		j += order >= 0;
	}
	qsort(*moves, *n, sizeof **moves, by_move);
	return 0;
}
