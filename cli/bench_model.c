/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_model.c: gathers a way's points, fits the cost model to them and shows it. */
#include "cli/bench_model.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "analyze/costmodel.h"
#include "analyze/rows.h"
#include "analyze/speedup.h"
#include "base/err.h"
#include "cli/print.h"

enum { REPLICATES = 500 }; /* of each point; a fit for each */

struct points {
	struct costmodel_point *points;
	struct speedup *speedups;
	size_t n;
};

static bool same_point(const struct bench_row *a, const struct bench_row *b)
{
	return a->group_size == b->group_size && a->payload_bytes == b->payload_bytes && a->private_bytes == b->private_bytes;
}

static void points_free(struct points *p)
{
	for (size_t i = 0; i < p->n; i++)
		speedup_free(&p->speedups[i]);
	free(p->points);
	free(p->speedups);
}

static int points_read(const struct bench_row *rows, size_t n, const char *base, const char *alt, struct points *out)
{
	int err = 0;

	*out = (struct points){.points = calloc(n + 1, sizeof *out->points), .speedups = calloc(n + 1, sizeof *out->speedups)};
	if (!out->points || !out->speedups)
		return fail(-ENOMEM, "bench: out of memory");
	for (size_t from = 0, to; !err && from < n; from = to) {
		for (to = from; to < n && same_point(&rows[from], &rows[to]);)
			to++;
		err = speedup_compute(rows + from, to - from, base, alt, STATS_SEED, REPLICATES, &out->speedups[out->n]);
		if (err)
			break;
		out->points[out->n] = (struct costmodel_point){
			.group = (double)rows[from].group_size,
			.payload_bytes = (double)rows[from].payload_bytes,
			.private_bytes = (double)rows[from].private_bytes,
			.speedup = &out->speedups[out->n],
		};
		out->n++;
	}
	return err;
}

static int fit(const struct bench_row *rows, size_t n, const char *base, const char *alt, struct costmodel *model)
{
	struct points points;
	int err = points_read(rows, n, base, alt, &points);

	if (!err)
		err = costmodel_fit(points.points, points.n, model);
	points_free(&points);
	return err;
}

static void add_row(struct table *table, const char *way, const struct costmodel *m)
{
	table_text(table, way);
	table_figure(table, m->mode_cyc);
	table_figure(table, m->byte_cyc);
	table_figure(table, m->send_cyc);
	table_cell(table, "%.1f %%", 100 * m->residual);
	table_cell(table, "%.1f %%", 100 * m->worst);
	table_text(table, m->fits ? "follows the model" : "does not follow the model");
}

int bench_model_print(const struct bench_row *rows, size_t n, const char *base, const char *const *alternatives, size_t alternatives_n)
{
	struct table *table = table_new("way|>Cms|>Cmem per byte|>Csend|>residual|>worst s|r = G (Cms + Cmem + Csend) / (Cms + Cmem + G Csend)");
	struct costmodel model;
	bool any = false;
	int err = 0;

	for (size_t i = 0; !err && i < alternatives_n; i++) {
		err = fit(rows, n, base, alternatives[i], &model);
		if (!err)
			add_row(table, alternatives[i], &model);
		any |= !err;
		if (err == -ENODATA || err == -EDOM)
			err = 0;
	}
	if (!err && any) {
		putchar('\n');
		err = table_print(table);
	}
	table_free(table);
	return err;
}

json_t *bench_model_json(const struct bench_row *rows, size_t n, const char *base, const char *const *alternatives, size_t alternatives_n,
			 const char *unit)
{
	json_t *list = json_array();
	struct costmodel m;

	for (size_t i = 0; i < alternatives_n; i++) {
		if (fit(rows, n, base, alternatives[i], &m))
			continue;
		json_array_append_new(list, json_pack("{ss so so so so so sb}", "way", alternatives[i], "mode_switch",
						      json_figure(m.mode_cyc, unit), "per_byte", json_figure(m.byte_cyc, unit), "send",
						      json_figure(m.send_cyc, unit), "residual", json_number(m.residual), "worst",
						      json_number(m.worst), "fits", m.fits));
	}
	return list;
}
