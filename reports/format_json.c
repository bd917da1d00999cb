/* SPDX-License-Identifier: GPL-2.0-or-later */
/* format_json.c: the report as one JSON object. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "analyze/trials.h"
#include "base/err.h"
#include "reports/content.h"
#include "reports/formats.h"
#include "version.h"

/* ---- Values: null where one is not known ---- */

static json_t *text(const char *text)
{
	json_t *value = text ? json_string(text) : NULL; /* NULL also where it is not UTF-8 */

	return value ? value : json_null();
}

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *id(int64_t value)
{
	return value == STORE_NULL ? json_null() : json_integer(value);
}

static json_t *figure(struct figure figure, const char *unit)
{
	return json_pack("{so so so ss}", "value", number(figure.value), "low", number(figure.low), "high", number(figure.high), "unit", unit);
}

/* ---- Lists ---- */

static json_t *warnings(const struct report_data *data)
{
	json_t *list = json_array();

	for (size_t i = 0; i < data->warnings_n; i++)
		json_array_append_new(list, json_pack("{so so so}", "run", id(data->warnings[i].run->run), "code", text(data->warnings[i].code), "text",
						      text(data->warnings[i].text)));
	return list;
}

static json_t *predictions(const struct report_data *data)
{
	json_t *list = json_array();

	for (size_t i = 0; i < data->predictions_n; i++) {
		const struct scored_row *p = &data->predictions[i];

		json_array_append_new(list, json_pack("{so so so so so so so so sf so so so so sb}", "prediction", id(p->prediction), "profile", id(p->profile),
						      "bench", id(p->bench), "observe", id(p->observe), "path", text(p->path), "way", text(p->alternative),
						      "fraction", figure(report_fraction(p), "1"), "speedup", figure(report_speedup(p), "1"), "overhead",
						      p->overhead, "predicted", figure(report_predicted(p), "1"), "capacity", figure(report_capacity(p), "1"),
						      "observed", figure(report_observed(p), "1"), "error", figure(report_error(p), "1"), "forced",
						      p->forced != 0));
	}
	return list;
}

static json_t *score(const struct score *score)
{
	if (!score->n)
		return json_null();
	return json_pack("{sI sf sf sf sf so so}", "n", (json_int_t)score->n, "bias", score->bias, "median", score->median, "p95", score->p95, "worst",
			 score->worst, "inside", figure(score->inside, "1"), "joint", figure(score->joint, "1"));
}

static json_t *hist(const struct hist_row *rows, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{sI sI sI}", "low", (json_int_t)rows[i].low, "n", (json_int_t)rows[i].n, "total", (json_int_t)rows[i].total));
	return list;
}

/* What each CPU, or each thread, did: shares of its time. */
static json_t *bars(const struct bars *bars)
{
	json_t *list = json_array();

	for (size_t i = 0; i < bars->n; i++) {
		json_t *bar = json_pack("{ss}", "name", bars->bar[i].label);

		for (size_t j = 0; j < PART_MAX; j++)
			json_object_set_new(bar, part_kinds[j].column, json_real(bars->bar[i].share[j]));
		json_array_append_new(list, bar);
	}
	return list;
}

static json_t *moments(const struct detail *detail)
{
	json_t *list = json_array();

	for (size_t i = 0; i < detail->moments_n; i++)
		json_array_append_new(list, json_pack("[ff]", detail->moments[i].at_s, detail->moments[i].f));
	return list;
}

static json_t *alternatives(const struct detail *detail)
{
	json_t *list = json_array();

	for (size_t i = 0; i < detail->alternatives_n; i++) {
		const struct alternative *a = &detail->alternatives[i];

		json_array_append_new(list, json_pack("{ss so so so sb so}", "way", a->way, "bench", id(a->bench), "speedup", figure(a->speedup, "1"),
						      "predicted", figure(a->predicted, "1"), "drop_in", !a->bound,
						      isfinite(a->predicted.value) ? "limit" : "reason", text(a->text)));
	}
	return list;
}

static json_t *profiles(const struct content *content)
{
	json_t *list = json_array();

	for (size_t i = 0; i < content->profiles_n; i++) {
		const struct detail *d = &content->profiles[i];
		json_t *profile = json_pack("{so so so so so so so so}", "run", id(d->run->run), "path", text(d->run->path), "target", text(d->run->target),
					    "alternatives", alternatives(d), "cpus", bars(&d->cpus), "threads", bars(&d->threads), "bursts", hist(d->bursts, d->bursts_n), "sizes",
					    hist(d->sizes, d->sizes_n));

		if (d->known) {
			const char *unit = report_unit(&content->data, d->run->run);

			json_object_set_new(profile, "fraction", figure(d->fraction.f, "1"));
			json_object_set_new(profile, "fraction_raw", figure(d->fraction.raw, "1"));
			json_object_set_new(profile, "fraction_busiest", figure(d->fraction.busiest, "1"));
			json_object_set_new(profile, "busy_cycles_per_call", figure(d->fraction.busy_cyc, unit));
			json_object_set_new(profile, "path_cycles_per_call", figure(d->fraction.path_cyc, unit));
			json_object_set_new(profile, "timeline", moments(d));
		}
		json_array_append_new(list, profile);
	}
	return list;
}

static json_t *points(const struct grid *grid, const char *unit)
{
	json_t *list = json_array();

	for (size_t i = 0; i < grid->points_n; i++) {
		const struct grid_point *p = &grid->points[i];

		json_array_append_new(list, json_pack("{ss sI sI sI so so}", "way", grid->ways[p->way], "group", (json_int_t)p->group, "payload",
						      (json_int_t)p->payload, "private", (json_int_t)p->private, "cycles_per_packet",
						      figure(p->cyc, unit), "speedup", p->way ? figure(p->s, "1") : json_null()));
	}
	return list;
}

static json_t *benches(const struct content *content)
{
	json_t *list = json_array();

	for (size_t i = 0; i < content->grids_n; i++)
		json_array_append_new(list, json_pack("{so ss so}", "run", id(content->grids[i].run->run), "path", content->grids[i].base, "points",
						      points(&content->grids[i], report_unit(&content->data, content->grids[i].run->run))));
	return list;
}

static json_t *stages(const struct slice *slice, const char *unit)
{
	json_t *list = json_array();

	for (int i = 0; i < SLICE_STAGE_MAX; i++)
		json_array_append_new(list, json_pack("{ss so so}", "stage", slice_stage_names[i], "share", figure(slice->share[i], "1"), "cycles_per_packet",
						      figure(slice->cyc[i], unit)));
	return list;
}

static json_t *ways(const struct slices *slices, const char *unit)
{
	json_t *list = json_array();

	for (size_t i = 0; i < slices->n; i++)
		json_array_append_new(list, json_pack("{so so sI sI so}", "way", text(slices->way[i]), "cycles_per_packet",
						      figure(slices->slice[i].total_cyc, unit), "packets", (json_int_t)slices->slice[i].packets_n,
						      "samples", (json_int_t)slices->slice[i].samples_n, "stages", stages(&slices->slice[i], unit)));
	return list;
}

static json_t *sliced(const struct content *content)
{
	json_t *list = json_array();

	for (size_t i = 0; i < content->sliced_n; i++) {
		const struct run_row *run = content->sliced[i].run;

		json_array_append_new(list, json_pack("{so so so so}", "run", id(run->run), "path", text(run->path), "clock", text(run->clock), "slices",
						      ways(&content->sliced[i].slices, report_unit(&content->data, run->run))));
	}
	return list;
}

static json_t *trials(const struct search *search)
{
	json_t *list = json_array();

	for (size_t i = 0; i < search->n; i++) {
		const struct trial_row *t = &search->rows[i];

		json_array_append_new(list, json_pack("{so sI so sf sf sf sb}", "way", text(t->way), "group", (json_int_t)t->group_size, "cpu_share",
						      number(trial_cpu_share(t)), "rate_bps", t->rate_bps, "rate_bps_min", t->rate_bps_min, "rate_bps_mean",
						      t->rate_bps_mean, "served", trial_served(t)));
	}
	return list;
}

static json_t *capacities(const struct content *content)
{
	json_t *list = json_array();

	for (size_t i = 0; i < content->searches_n; i++)
		json_array_append_new(list, json_pack("{so so so}", "run", id(content->searches[i].run->run), "path", text(content->searches[i].run->path),
						      "trials", trials(&content->searches[i])));
	return list;
}

static json_t *hosts(const struct report_data *data)
{
	json_t *list = json_array();

	for (size_t i = 0; i < data->hosts_n; i++) {
		const struct host_row *h = data->hosts[i];

		json_array_append_new(list, json_pack("{so so so so so so so so so so so so so}", "host", id(h->host), "name", text(h->name), "cpu_model",
						      text(h->cpu_model), "cpus", id(h->cpus_n), "microcode", text(h->microcode), "kernel", text(h->kernel),
						      "build", text(h->build), "arch", text(h->arch), "cmdline", text(h->cmdline), "mitigations",
						      text(h->mitigations), "governor", text(h->governor), "clocksource", text(h->clocksource), "virt",
						      text(h->virt)));
	}
	return list;
}

static json_t *runs(const struct report_data *data)
{
	json_t *list = json_array();

	for (size_t i = 0; i < data->runs_n; i++) {
		const struct run_row *r = data->runs[i];

		json_array_append_new(list, json_pack("{so so so so so so so so so so so sf so so so so sb so}", "run", id(r->run), "kind", text(r->kind), "state",
						      text(r->state), "label", text(r->label), "host", id(r->host), "started_ns", id(r->started_ns), "wall_ns",
						      id(r->wall_ns), "command", text(r->command), "target", text(r->target), "path", text(r->path), "clock",
						      text(r->clock), "clock_hz", r->clock_hz, "topology", text(r->topology), "idle", text(r->idle), "lost", id(r->lost_n),
						      "residue", number(r->residue), "unbalanced", r->unbalanced > 0, "steal_ns", id(r->steal_ns)));
	}
	return list;
}

int format_json(const struct content *content, FILE *out)
{
	const struct report_data *data = &content->data;
	json_t *report = json_pack("{ss so so so so so so so so so}", "version", FORECALL_VERSION, "warnings", warnings(data), "predictions",
				   predictions(data), "score", score(&data->score), "profiles", profiles(content), "stages", sliced(content), "benches",
				   benches(content), "capacities", capacities(content), "hosts", hosts(data), "runs", runs(data));

	if (!report)
		return fail(-ENOMEM, "report: out of memory");
	json_dumpf(report, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	putc('\n', out);
	json_decref(report);
	return 0;
}
