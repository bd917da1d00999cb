/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_samples.c: what was sampled, as text and as JSON. */
#include "cli/show_samples.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "analyze/answer.h"
#include "analyze/slices.h"
#include "analyze/store.h"
#include "cli/print.h"
#include "cli/show.h"

void show_sampled(struct store *store, const struct run_row *run, const struct fraction *fraction)
{
	char f[FIGURE_TEXT];

	figure_text(fraction->f, f);
	printf("f = %s   share of the busy %s that %s takes, by samples\n", f, show_unit(store, run->run), run->path);
	if (!isfinite(fraction->busiest.value))
		return;
	figure_text(fraction->busiest, f);
	printf("busiest thread: %" PRId64 ", f = %s\n", fraction->busiest_tid, f);
}

/* f of the samples of a run of both, and its difference from the ledger's. -ENODATA when there is none. */
static int compare(struct store *store, const struct run_row *run, const struct fraction *fraction, struct fraction *sampled, bool *agree,
		   struct figure *difference)
{
	if (strcmp(run->engine, "both"))
		return -ENODATA;
	int err = answer_sampled(store, run, fraction->async, sampled);
	if (!err || err == -ENOENT)
		*agree = fraction_agree(fraction->f, sampled->f, difference);
	return err == -ENOENT ? 0 : err;
}

int show_agreement(struct store *store, const struct run_row *run, const struct fraction *fraction)
{
	struct fraction sampled;
	struct figure difference;
	char f[FIGURE_TEXT], gap[FIGURE_TEXT];
	bool agree;
	int err = compare(store, run, fraction, &sampled, &agree, &difference);

	if (err)
		return err == -ENODATA ? 0 : err;
	figure_text(sampled.f, f);
	figure_text(difference, gap);
	printf("sampled: f = %s of %" PRId64 " samples inside frames; ledger less samples: %s: %s\n", f, sampled.calls_n, gap,
	       agree ? "the engines agree" : "THE ENGINES DISAGREE beyond their joint 95 % interval: trust neither before you know why");
	fraction_free(&sampled);
	return 0;
}

int show_agreement_json(struct store *store, const struct run_row *run, const struct fraction *fraction, json_t *object)
{
	struct fraction sampled;
	struct figure difference;
	bool agree;
	int err = compare(store, run, fraction, &sampled, &agree, &difference);

	if (err)
		return err == -ENODATA ? 0 : err;
	json_object_set_new(object, "sampled", json_pack("{so sI so sb}", "fraction", json_figure(sampled.f, "1"), "samples",
							 (json_int_t)sampled.calls_n, "difference", json_figure(difference, "1"), "agree", agree));
	fraction_free(&sampled);
	return 0;
}

static int print_stages(const struct slice *slice, const char *unit)
{
	char titles[96];
	snprintf(titles, sizeof titles, "stage of the path|>share|>%s per packet", unit);
	struct table *table = table_new(titles);

	for (int i = 0; i < SLICE_STAGE_MAX; i++) {
		char share[FIGURE_TEXT];

		if (slice->share[i].value <= 0)
			continue;
		figure_percent(slice->share[i], share);
		table_text(table, slice_stage_titles[i]);
		table_text(table, share);
		table_figure(table, slice->cyc[i]);
	}
	int err = table_print(table);
	table_free(table);
	return err;
}

int show_stages(struct store *store, const struct run_row *run)
{
	struct slice slice;
	int err = slices_load_one(store, run, NULL, &slice);

	if (!err)
		return print_stages(&slice, show_unit_text(store, run->run));
	return err == -ENOENT || err == -ENODATA ? 0 : err;
}

json_t *show_stages_json(const struct slice *slice, const char *unit)
{
	json_t *list = json_array();

	for (int i = 0; i < SLICE_STAGE_MAX; i++)
		json_array_append_new(list, json_pack("{ss so so}", "stage", slice_stage_names[i], "share", json_figure(slice->share[i], "1"),
						      "cycles_per_packet", json_figure(slice->cyc[i], unit)));
	return list;
}
