/* SPDX-License-Identifier: GPL-2.0-or-later */
/* answer.h: from runs in the store to answers: f of a profile, s of a bench, r of both. What `predict` and `validate` share. */
#ifndef ANALYZE_ANSWER_H
#define ANALYZE_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/fraction.h"
#include "analyze/observe.h"
#include "analyze/predict.h"
#include "analyze/speedup.h"

struct store;
struct surface;
struct run_row;

/* f of a profile run. 0 also when the target never made the call (calls_n 0, f 0); -ENODATA, said, when the run is too short
 * for any figure. Free with fraction_free(). */
int answer_fraction(struct store *store, int64_t run, enum fraction_async async, struct fraction *out);

/* The same without a word, and with -ENOENT where the target never made the call. `run` by its row. */
int answer_estimate(struct store *store, const struct run_row *run, enum fraction_async async, struct fraction *out);

/* f of the other engine in a run of both: from its samples. -ENODATA, without a word, when there are none. */
int answer_sampled(struct store *store, const struct run_row *run, enum fraction_async async, struct fraction *out);

/* Path calls in the probed windows of a run; of one that was sampled only, samples inside them. */
int answer_calls(struct store *store, int64_t run, int64_t *calls_n);

struct answer_options {
	int64_t profile;
	int64_t bench;            /* STORE_NULL: s is given by hand */
	const char *baseline;     /* way of sending that the path stands for */
	const char *alternative;
	double speedup;           /* with bench STORE_NULL */
	double overhead;
	enum fraction_async async;
	bool keeps_cost;          /* the alternative's cost is time: see answer_keep_cost() */
	bool force;
};

struct answer {
	struct fraction fraction;
	struct speedup speedup; /* rounds_n 0: given by hand */
	struct predict predict;
	int64_t prediction;     /* its row in the store */
	bool like;              /* the bench copied this profile's shape */
};

/* Predicts and keeps the prediction. Errors as of predict_make(), surface_weigh() and the store, said. Free with answer_free(). */
int answer_predict(struct store *store, const struct answer_options *options, struct answer *out);
void answer_free(struct answer *answer);

/* The two steps from a bench to s for a profile. Errors as of surface_new() and surface_weigh(), said. */

/* The surface of a bench, from its blocks, joined as they are read; surface_free() it. */
int answer_surface(struct store *store, int64_t bench, const char *baseline, const char *alternative, struct surface **out);

/* s at the bench's own shape when it was made `like` the profile, else weighted with the profile's histograms; speedup_free() it. */
int answer_weigh(struct store *store, int64_t profile, const struct surface *surface, bool like, struct speedup *out);

/*
 * s where the alternative's cost is not in proportion to the baseline's: a thread that spins between the sends costs the time that the
 * bench found, however much a send of this server costs more or less than one of the bench. `speedup` of a bench like the profile, whose
 * path's calls send one message each; nothing is changed where the profile does not know what they cost.
 */
void answer_keep_cost(const struct fraction *fraction, struct speedup *speedup);

/* Which bench to use for a profile: the newest made like it, else the newest that has both ways. -ENOENT, said. */
int answer_choose_bench(struct store *store, int64_t profile, const char *baseline, const char *alternative, int64_t *bench);

/* The way of sending whose bench stands for a path ("sendmsg", "sendto" ...); NULL when there is none. */
const char *answer_baseline(const char *path);

/* r as observed in a run that alternated between two ways; kept with `prediction` unless that is STORE_NULL. */
int answer_observe(struct store *store, int64_t observe_run, const char *before, const char *after, int64_t prediction, struct observe *out);

/* The same when the two sides are runs of their own: unprobed windows of `before_run` (a profile) and of `after_run`. */
int answer_observe_runs(struct store *store, int64_t before_run, int64_t after_run, int64_t prediction, struct observe *out);

#endif
