/* SPDX-License-Identifier: GPL-2.0-or-later */
/* predict_all.c: asks of every way whether it suits the profile and what it would gain, and shows them in that order. */
#include "cli/predict_all.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/alternatives.h"
#include "analyze/answer.h"
#include "analyze/rank.h"
#include "analyze/store.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "cli/show.h"
#include "workloads/needs.h"
#include "workloads/sender.h"

enum { WAYS_ROOM = 64, TEXT_BYTES = 320 };

/* A way with its prediction or, where there is none, the reason. */
struct candidate {
	const struct sender_ops *ops;
	bool predicted, unsuited; /* neither: it was not measured, is not here, or */
	bool refused;             /* there are reasons not to predict */
	struct answer answer;     /* of a predicted one */
	char text[TEXT_BYTES];    /* what limits it, or why it has no prediction */
};

struct ranking {
	struct candidate ways[WAYS_ROOM];
	size_t n;
	struct rank_profile profile;
};

static void know(double *share, const char *word)
{
	if (word)
		*share = !strcmp(word, "one");
}

static int read_profile(struct store *store, int64_t run, const struct predict_known *known, struct rank_profile *out)
{
	int err = alternatives_profile(store, run, out);

	know(&out->one_socket, known->sockets);
	know(&out->one_destination, known->destinations);
	return err;
}

/* The bench that tells of the way: STORE_NULL when none does. */
static int find_bench(struct store *store, const struct answer_options *options, const char *way, int64_t *bench)
{
	struct bench_point_row *points;
	size_t n;
	int err;

	if (options->bench == STORE_NULL)
		return store_bench_for(store, options->profile, options->baseline, way, bench);
	*bench = STORE_NULL;
	err = store_bench_points(store, options->bench, &points, &n);
	for (size_t i = 0; !err && i < n; i++)
		if (!strcmp(points[i].way, way))
			*bench = options->bench;
	store_rows_free(points);
	return err;
}

static int predict_way(struct store *store, const struct answer_options *options, const struct ranking *ranking, const struct rank_needs *needs,
		       struct candidate *c)
{
	struct answer_options own = *options;
	int err = find_bench(store, options, c->ops->name, &own.bench);

	if (err)
		return err;
	if (own.bench == STORE_NULL) {
		snprintf(c->text, sizeof c->text, "not measured: forecall bench --like %" PRId64 " --baseline %s --alternative %s",
			 options->profile, options->baseline, c->ops->name);
		return 0;
	}
	own.alternative = c->ops->name;
	own.keeps_cost = sender_keeps_cost(own.baseline, own.alternative);
	err = answer_predict(store, &own, &c->answer);
	if (err == -ERANGE || err == -ENODATA || err == -EDOM || err == -ECANCELED) { /* of this way's bench, and said; the others may have better ones */
		snprintf(c->text, sizeof c->text, "run %" PRId64 " does not tell it", own.bench);
		c->refused = err == -ECANCELED;
		return 0;
	}
	if (err)
		return err;
	c->predicted = true;
	const struct rank_result result = {
		.fraction = c->answer.fraction.f.value, .speedup = c->answer.speedup.s.value, .speedup_low = c->answer.speedup.s.low,
		.speedup_high = c->answer.speedup.s.high, .bound = c->answer.predict.bound,
	};
	rank_limit(needs, &ranking->profile, &result, c->text, sizeof c->text);
	return 0;
}

static int judge(struct store *store, const struct answer_options *options, const struct ranking *ranking, struct candidate *c)
{
	const char *absent = c->ops->available();
	struct rank_needs needs;

	sender_needs(c->ops->name, &needs);
	c->unsuited = rank_unsuited(&needs, &ranking->profile, c->text, sizeof c->text);
	if (c->unsuited)
		return 0;
	if (absent) {
		snprintf(c->text, sizeof c->text, "not here: %s", absent);
		return 0;
	}
	return predict_way(store, options, ranking, &needs, c);
}

/* Predicted ones by r, then those that were not measured, then those that do not suit. */
static int better_first(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	double p = x->predicted ? x->answer.predict.predicted.value : -x->unsuited;
	double q = y->predicted ? y->answer.predict.predicted.value : -y->unsuited;

	return (p < q) - (p > q);
}

static void show_table(const struct ranking *ranking, const char *path)
{
	struct table *table = table_new("way|>s|>r predicted|>at most|>pays from s|what limits it");
	char text[TEXT_BYTES + 64];

	for (size_t i = 0; i < ranking->n; i++) {
		const struct candidate *c = &ranking->ways[i];
		bool bound = c->ops->traits & SENDER_BOUND;

		snprintf(text, sizeof text, "%s%s%s", c->unsuited ? "not applicable: " : "", c->text,
			 bound && c->predicted ? "; a bound, no drop-in" : "");
		table_text(table, c->ops->name);
		table_figure(table, c->predicted ? c->answer.speedup.s : figure_exact(NAN));
		table_figure(table, c->predicted ? c->answer.predict.predicted : figure_exact(NAN));
		table_cell(table, c->predicted ? "%.4g" : "-", c->answer.predict.bound);
		table_cell(table, c->predicted ? "%.4g" : "-", c->answer.predict.break_even);
		table_text(table, text);
	}
	printf("path %s, bursts of %.3g, %.0f bytes a send\n", path, ranking->profile.burst, ranking->profile.bytes);
	table_print(table);
	table_free(table);
}

static json_t *candidate_json(const struct candidate *c)
{
	json_t *out = c->predicted ? show_answer_json(c->ops->name, &c->answer, NULL) : json_pack("{ss}", "way", c->ops->name);

	json_object_set_new(out, "applicable", json_boolean(!c->unsuited));
	json_object_set_new(out, "drop_in", json_boolean(!(c->ops->traits & SENDER_BOUND)));
	json_object_set_new(out, c->predicted ? "limit" : "reason", json_string(c->text));
	return out;
}

static int show(const struct cli *cli, struct store *store, int64_t profile, const struct ranking *ranking)
{
	struct warning_row *warnings = NULL;
	struct run_row *run;
	size_t warnings_n = 0;
	json_t *list;
	int err = store_run(store, profile, &run);

	if (!err)
		err = store_warnings(store, profile, &warnings, &warnings_n);
	if (!err && cli->json) {
		list = json_array();
		for (size_t i = 0; i < ranking->n; i++)
			json_array_append_new(list, candidate_json(&ranking->ways[i]));
		err = json_print(json_pack("{sI ss so so}", "run", (json_int_t)profile, "path", run->path, "alternatives", list, "warnings",
					   json_warnings(warnings, warnings_n)));
	} else if (!err) {
		show_table(ranking, run->path);
		print_warnings(cli, warnings, warnings_n);
	}
	store_rows_free(warnings);
	store_rows_free(run);
	return err;
}

static bool only_refused(const struct ranking *ranking)
{
	bool refused = false, predicted = false;

	for (size_t i = 0; i < ranking->n; i++) {
		refused |= ranking->ways[i].refused;
		predicted |= ranking->ways[i].predicted;
	}
	return refused && !predicted;
}

int predict_all(const struct cli *cli, struct store *store, const struct answer_options *options, const struct predict_known *known)
{
	struct ranking *ranking = calloc(1, sizeof *ranking);
	const struct sender_ops *ops;
	int err;

	if (!ranking)
		return fail(-ENOMEM, "predict: out of memory");
	err = read_profile(store, options->profile, known, &ranking->profile);

	for (size_t i = 0; !err && (ops = sender_way(i)) && ranking->n < WAYS_ROOM; i++) {
		if (ops == &send_null || !strcmp(ops->name, options->baseline))
			continue;
		ranking->ways[ranking->n].ops = ops;
		err = judge(store, options, ranking, &ranking->ways[ranking->n++]);
	}
	if (!err) {
		qsort(ranking->ways, ranking->n, sizeof ranking->ways[0], better_first);
		err = show(cli, store, options->profile, ranking);
	}
	if (!err && only_refused(ranking))
		err = -ECANCELED;
	for (size_t i = 0; i < ranking->n; i++)
		if (ranking->ways[i].predicted)
			answer_free(&ranking->ways[i].answer);
	free(ranking);
	return err;
}
