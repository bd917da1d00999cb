/* SPDX-License-Identifier: GPL-2.0-or-later */
/* summary.c: adds up clients and writes them as JSON. */
#include "workloads/summary.h"

#include "workloads/sinks.h"

struct spread {
	double min, sum, max;
	size_t n;
};

struct total {
	uint64_t silent_n, packets_n, bytes, expected_n, lost_n, duplicates_n, reordered_n, restarts_n, malformed_n, corrupt_n;
	int64_t first_ns, last_ns;
	struct spread rate_bps, jitter_ns;
};

static void spread_add(struct spread *s, double value)
{
	s->min = !s->n || value < s->min ? value : s->min;
	s->max = !s->n || value > s->max ? value : s->max;
	s->sum += value;
	s->n++;
}

static json_t *spread_json(const struct spread *s)
{
	if (!s->n)
		return json_null();
	return json_pack("{s:f, s:f, s:f}", "min", s->min, "mean", s->sum / (double)s->n, "max", s->max);
}

/* The first packet begins the time that the others took. */
static double rate_bps(const struct sink *c)
{
	double packets = (double)c->packets_n, ns = (double)(c->last_ns - c->first_ns);

	return ns > 0 ? 8e9 * (double)c->bytes * (packets - 1) / packets / ns : 0;
}

static void total_add(struct total *t, const struct sink *c)
{
	if (!c->packets_n) {
		t->silent_n++;
		return;
	}
	if (!t->packets_n || c->first_ns < t->first_ns)
		t->first_ns = c->first_ns;
	if (c->last_ns > t->last_ns)
		t->last_ns = c->last_ns;
	t->packets_n += c->packets_n;
	t->bytes += c->bytes;
	t->expected_n += quality_expected(&c->quality);
	t->lost_n += quality_lost(&c->quality);
	t->duplicates_n += c->quality.duplicates_n;
	t->reordered_n += c->quality.reordered_n;
	t->restarts_n += c->quality.restarts_n;
	t->malformed_n += c->malformed_n;
	t->corrupt_n += c->corrupt_n;
	spread_add(&t->rate_bps, rate_bps(c));
	spread_add(&t->jitter_ns, c->quality.jitter_ns);
}

static json_t *total_json(const struct total *t, size_t n)
{
	double loss = t->expected_n ? (double)t->lost_n / (double)t->expected_n : 0;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:f}",
			 "clients", (json_int_t)n, "silent", (json_int_t)t->silent_n,
			 "packets", (json_int_t)t->packets_n, "bytes", (json_int_t)t->bytes,
			 "expected", (json_int_t)t->expected_n, "lost", (json_int_t)t->lost_n, "loss", loss,
			 "duplicates", (json_int_t)t->duplicates_n, "reordered", (json_int_t)t->reordered_n,
			 "restarts", (json_int_t)t->restarts_n, "malformed", (json_int_t)t->malformed_n,
			 "corrupt", (json_int_t)t->corrupt_n, "rate_bps", spread_json(&t->rate_bps),
			 "jitter_ns", spread_json(&t->jitter_ns), "seconds", (double)(t->last_ns - t->first_ns) / 1e9);
}

static json_t *client_json(const struct sink *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "packets", (json_int_t)c->packets_n,
			 "bytes", (json_int_t)c->bytes, "lost", (json_int_t)quality_lost(&c->quality),
			 "duplicates", (json_int_t)c->quality.duplicates_n, "reordered",
			 (json_int_t)c->quality.reordered_n, "restarts", (json_int_t)c->quality.restarts_n,
			 "malformed", (json_int_t)c->malformed_n, "corrupt", (json_int_t)c->corrupt_n,
			 "rate_bps", c->packets_n ? rate_bps(c) : 0.0, "jitter_ns", c->quality.jitter_ns);
}

json_t *summary_json(const struct sinks *sinks, size_t n, bool each)
{
	struct total total = { 0 };
	json_t *list = json_array(), *object;

	for (size_t i = 0; i < n; i++) {
		const struct sink *c = sinks_get(sinks, i);

		total_add(&total, c);
		if (each)
			json_array_append_new(list, client_json(c));
	}
	object = total_json(&total, n);
	if (each)
		json_object_set(object, "each", list);
	json_decref(list);
	return object;
}
