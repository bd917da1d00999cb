/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alternatives.c: which bench tells of which way, and what r comes of it. Surfaces are kept, as many profiles share a bench. */
#include "analyze/alternatives.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/answer.h"
#include "analyze/store.h"
#include "analyze/surface.h"
#include "base/err.h"

/* A way in a bench, beside the baseline of that bench. */
struct measured {
	const struct run_row *bench;
	char way[ALTERNATIVE_WAY];
	struct surface *surface; /* NULL: not asked for yet, or not to be had: then there is a text */
	char text[ALTERNATIVE_TEXT];
};

struct alternatives {
	struct store *store;
	alternatives_needs *needs;
	const struct run_row **benches; /* like profiles, and the newest over a grid; newest first */
	size_t benches_n;
	struct host_row *hosts;
	size_t hosts_n;
	struct measured *measured; /* by bench as above */
	size_t measured_n;
};

static int no_memory(void)
{
	return fail(-ENOMEM, "alternatives: out of memory");
}

/* ---- Benches ---- */

static bool is_bench(const struct run_row *run)
{
	return !strcmp(run->kind, "bench") && strcmp(run->state, "incomplete") != 0;
}

static void choose_benches(struct alternatives *a, const struct run_row *const *runs, size_t n)
{
	size_t grids_n = 0;

	for (size_t i = n; i-- > 0;)
		if (is_bench(runs[i]) && (runs[i]->like_run != STORE_NULL || grids_n++ < ALTERNATIVES_GRIDS))
			a->benches[a->benches_n++] = runs[i];
}

static bool is_measured(const struct alternatives *a, const struct run_row *bench, const char *way)
{
	for (size_t i = a->measured_n; i-- > 0 && a->measured[i].bench == bench;)
		if (!strcmp(a->measured[i].way, way))
			return true;
	return false;
}

static int add_way(struct alternatives *a, const struct run_row *bench, const char *way)
{
	struct measured *more = realloc(a->measured, (a->measured_n + 1) * sizeof *more);

	if (!more)
		return no_memory();
	a->measured = more;
	more += a->measured_n++;
	*more = (struct measured){ .bench = bench };
	snprintf(more->way, sizeof more->way, "%s", way);
	return 0;
}

/* The ways of a bench that has its baseline and null, but for these two. */
static int add_ways(struct alternatives *a, const struct run_row *bench)
{
	struct bench_row *rows;
	struct rank_needs needs;
	bool null = false, base = false;
	size_t n;
	int err = store_bench_round(a->store, bench->run, &rows, &n);

	for (size_t i = 0; i < n && !err; i++) {
		null |= !strcmp(rows[i].way, "null");
		base |= !strcmp(rows[i].way, bench->path);
	}
	for (size_t i = 0; i < n && !err && null && base; i++)
		if (strcmp(rows[i].way, "null") != 0 && strcmp(rows[i].way, bench->path) != 0 && a->needs(rows[i].way, &needs) &&
		    !is_measured(a, bench, rows[i].way))
			err = add_way(a, bench, rows[i].way);
	store_rows_free(rows);
	return err;
}

struct alternatives *alternatives_new(struct store *store, const struct run_row *const *runs, size_t n, alternatives_needs *needs)
{
	struct alternatives *a = calloc(1, sizeof *a);
	const struct run_row **benches = calloc(n + 1, sizeof *benches);

	if (!a || !benches) {
		free(benches);
		free(a);
		no_memory();
		return NULL;
	}
	*a = (struct alternatives){ .store = store, .needs = needs, .benches = benches };
	int err = store_hosts(store, &a->hosts, &a->hosts_n);
	if (!err)
		choose_benches(a, runs, n);
	for (size_t i = 0; !err && i < a->benches_n; i++)
		err = add_ways(a, a->benches[i]);
	if (!err)
		return a;
	alternatives_free(a);
	return NULL;
}

void alternatives_free(struct alternatives *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->measured_n; i++)
		surface_free(a->measured[i].surface);
	store_rows_free(a->hosts);
	free(a->measured);
	free(a->benches);
	free(a);
}

static const struct host_row *host_of(const struct alternatives *a, const struct run_row *run)
{
	for (size_t i = 0; i < a->hosts_n; i++)
		if (a->hosts[i].host == run->host)
			return &a->hosts[i];
	return NULL;
}

/* ---- Choosing ---- */

static struct predict_input input_of(const struct alternatives *a, const struct run_row *profile, const struct fraction *fraction,
				     const struct run_row *bench)
{
	return (struct predict_input){
		.profile = profile, .profile_host = host_of(a, profile), .bench = bench, .bench_host = bench ? host_of(a, bench) : NULL,
		.calls_n = fraction->calls_n, .windows_n = (int64_t)fraction->probed_n,
		.fraction = { fraction->f, fraction->f_rep, fraction->rep_n }, .busiest = { .figure = figure_exact(NAN) },
	};
}

/* Whether it tells of the baseline, in the shape of the profile or over a grid. */
static bool is_comparable(const struct alternatives *a, const struct predict_input *in, const char *baseline)
{
	return !strcmp(in->bench->path, baseline) && (in->bench->like_run == STORE_NULL || in->bench->like_run == in->profile->run) &&
	       host_of(a, in->bench) && !predict_refusals(in);
}

static bool is_like(const struct measured *m)
{
	return m->bench->like_run != STORE_NULL;
}

/* ---- Figures ---- */

/* Errors that speak of this bench are kept as its text; others are said after all, and stay. */
static int tell(int err, char *text)
{
	bool of_bench = err == -ERANGE || err == -ENODATA || err == -EDOM || err == -EINVAL;
	const char *what = strstr(text, ": "); /* "surface: ..." */

	if (err && !of_bench)
		return fail(err, "%s", text);
	if (!err)
		text[0] = 0;
	else if (what)
		memmove(text, what + 2, strlen(what + 2) + 1);
	return 0;
}

/* The surface is made once; a bench that has none keeps its text. */
static int make_surface(struct alternatives *a, struct measured *m)
{
	if (m->surface || m->text[0])
		return 0;
	err_catch(m->text, sizeof m->text);
	int err = answer_surface(a->store, m->bench->run, m->bench->path, m->way, &m->surface);
	err_catch(NULL, 0);
	return tell(err, m->text);
}

static int weigh(struct alternatives *a, const struct measured *m, int64_t profile, struct speedup *speedup, char *text, size_t size)
{
	err_catch(text, size);
	int err = answer_weigh(a->store, profile, m->surface, is_like(m), speedup);
	err_catch(NULL, 0);
	return err;
}

static int predict(struct alternatives *a, const struct measured *m, const struct run_row *profile, const struct fraction *fraction,
		   struct speedup *speedup, struct alternative *out, double *bound)
{
	struct predict_input in = input_of(a, profile, fraction, m->bench);
	struct predict predict;

	in.speedup = speedup_sampled(speedup);
	err_catch(out->text, sizeof out->text);
	int err = predict_make(&in, &predict);
	err_catch(NULL, 0);
	if (err)
		return err;
	out->speedup = speedup->s;
	out->predicted = predict.predicted;
	*bound = predict.bound;
	return 0;
}

/* With what limits it, or why there is no figure. */
static int derive(struct alternatives *a, struct measured *m, const struct run_row *profile, const struct fraction *fraction,
		  const struct rank_profile *sends, struct alternative *out)
{
	struct speedup speedup = { .rep_n = 0 };
	struct rank_needs needs, base;
	double bound = NAN;

	*out = (struct alternative){ .bench = m->bench->run, .speedup = figure_exact(NAN), .predicted = figure_exact(NAN) };
	snprintf(out->way, sizeof out->way, "%s", m->way);
	if (!a->needs(m->way, &needs) || rank_unsuited(&needs, sends, out->text, sizeof out->text))
		return 0;
	out->bound = needs.bound;
	int err = make_surface(a, m);
	if (err || !m->surface) {
		snprintf(out->text, sizeof out->text, "%s", m->text);
		return err;
	}
	err = weigh(a, m, profile->run, &speedup, out->text, sizeof out->text);
	if (err)
		return tell(err, out->text);
	if (is_like(m) && a->needs(m->bench->path, &base) && rank_keeps_cost(&base, &needs))
		answer_keep_cost(fraction, &speedup);
	err = predict(a, m, profile, fraction, &speedup, out, &bound);
	const struct rank_result result = { fraction->f.value, speedup.s.value, speedup.s.low, speedup.s.high, bound };
	if (!err)
		rank_limit(&needs, sends, &result, out->text, sizeof out->text);
	speedup_free(&speedup);
	return err ? tell(err, out->text) : 0;
}

/* Adds the way, or its figure where an earlier bench had none to tell. */
static int improve(struct alternatives *a, struct measured *m, const struct run_row *profile, const struct fraction *fraction,
		   const struct rank_profile *sends, struct alternative *out, size_t *n)
{
	struct alternative own;
	size_t at = 0;

	while (at < *n && strcmp(out[at].way, m->way) != 0)
		at++;
	if (at < *n && isfinite(out[at].predicted.value))
		return 0;
	int err = derive(a, m, profile, fraction, sends, &own);
	if (!err && (at == *n || isfinite(own.predicted.value)))
		out[at] = own;
	*n += !err && at == *n;
	return err;
}

static int largest_first(const void *a, const void *b)
{
	double x = ((const struct alternative *)a)->predicted.value, y = ((const struct alternative *)b)->predicted.value;

	return isnan(x) || isnan(y) ? isnan(x) - isnan(y) : (x < y) - (x > y);
}

int alternatives_of(struct alternatives *a, const struct run_row *profile, const struct fraction *fraction, struct alternative **out, size_t *n)
{
	const struct predict_input alone = input_of(a, profile, fraction, NULL);
	const char *baseline = answer_baseline(profile->path);
	struct rank_profile sends;
	int err = 0;

	*n = 0;
	*out = calloc(a->measured_n + 1, sizeof **out);
	if (!*out)
		return no_memory();
	if (!baseline || !host_of(a, profile) || predict_refusals(&alone))
		return 0;
	err = alternatives_profile(a->store, profile->run, &sends);
	for (int like = 1; like >= 0; like--) /* benches in the shape of the profile go first */
		for (size_t i = 0; i < a->measured_n && !err; i++) {
			const struct predict_input in = input_of(a, profile, fraction, a->measured[i].bench);

			if (is_like(&a->measured[i]) == like && is_comparable(a, &in, baseline))
				err = improve(a, &a->measured[i], profile, fraction, &sends, *out, n);
		}
	if (err) {
		free(*out);
		*out = NULL;
		return err;
	}
	qsort(*out, *n, sizeof **out, largest_first);
	return 0;
}

/* ---- What the profile sends ---- */

/* The share of bursts that used one of something; NAN where that was not recorded. */
static int read_one(struct store *store, int64_t run, const char *name, double *share)
{
	struct hist_row *rows;
	double one = 0, all = 0;
	size_t n;
	int err = store_hist(store, run, name, &rows, &n);

	for (size_t i = 0; !err && i < n; i++) {
		one += rows[i].low == 1 ? (double)rows[i].n : 0;
		all += (double)rows[i].n;
	}
	*share = all > 0 ? one / all : NAN;
	store_rows_free(rows);
	return err;
}

int alternatives_profile(struct store *store, int64_t profile, struct rank_profile *out)
{
	struct hist_row *bursts = NULL, *bytes = NULL;
	size_t bursts_n = 0, bytes_n = 0;
	int err = store_hist(store, profile, "burst", &bursts, &bursts_n);

	if (!err)
		err = store_hist(store, profile, "bytes", &bytes, &bytes_n);
	if (!err)
		rank_profile_read(bursts, bursts_n, bytes, bytes_n, out);
	if (!err)
		err = read_one(store, profile, "sockets", &out->one_socket);
	if (!err)
		err = read_one(store, profile, "destinations", &out->one_destination);
	store_rows_free(bursts);
	store_rows_free(bytes);
	return err;
}
