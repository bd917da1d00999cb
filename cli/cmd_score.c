/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_score.c: `forecall score`: how well the predictions held that were observed later. */
#include <jansson.h>

#include "analyze/score.h"
#include "analyze/store.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print.h"

static struct figure predicted_of(const struct scored_row *row)
{
	return (struct figure){ row->predicted, row->predicted_low, row->predicted_high };
}

static struct figure observed_of(const struct scored_row *row)
{
	return (struct figure){ row->observed, row->observed_low, row->observed_high };
}

static bool inside(const struct scored_row *row)
{
	return row->observed >= row->predicted_low && row->observed <= row->predicted_high;
}

/* Predictions made in spite of a refusal are shown, but say nothing about the method: the others move to the front.
 * Returns how many there are. */
static size_t drop_forced(struct scored_row *rows, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!rows[i].forced)
			rows[kept++] = rows[i];
	return kept;
}

/* ---- JSON ---- */

static json_t *scored_json(const struct scored_row *row)
{
	return json_pack("{sI so so so so so so so sb sb so}",
			 "prediction", (json_int_t)row->prediction, "run", json_i64(row->profile), "path", json_text(row->path),
			 "alternative", json_text(row->alternative),
			 "fraction", json_figure((struct figure){ row->fraction, row->fraction_low, row->fraction_high }, "1"),
			 "speedup", json_figure((struct figure){ row->speedup, row->speedup_low, row->speedup_high }, "1"),
			 "predicted", json_figure(predicted_of(row), "1"), "observed", json_figure(observed_of(row), "1"),
			 "inside", inside(row), "forced", row->forced != 0, "error", json_number(row->error));
}

static json_t *score_json(const struct score *score)
{
	return json_pack("{so so so so so so so}", "bias", json_number(score->bias), "median", json_number(score->median),
			 "p75", json_number(score->p75), "p95", json_number(score->p95), "worst", json_number(score->worst),
			 "inside", json_figure(score->inside, "1"), "joint", json_figure(score->joint, "1"));
}

static json_t *scored_list(const struct scored_row *rows, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, scored_json(&rows[i]));
	return list;
}

/* ---- Text ---- */

static int print_rows(const struct scored_row *rows, size_t n)
{
	struct table *table = table_new(">prediction|>run|path|alternative|>r predicted|>r observed|>error|held");
	int err;

	for (size_t i = 0; i < n; i++) {
		table_i64(table, rows[i].prediction);
		table_i64(table, rows[i].profile);
		table_text(table, rows[i].path);
		table_text(table, rows[i].alternative);
		table_figure(table, predicted_of(&rows[i]));
		table_figure(table, observed_of(&rows[i]));
		table_cell(table, "%+.2f %%", 100 * rows[i].error);
		table_cell(table, "%s%s", inside(&rows[i]) ? "yes" : rows[i].overlaps == 1 ? "overlap" : "no",
			   rows[i].forced ? ", forced" : "");
	}
	err = table_print(table);
	table_free(table);
	return err;
}

static void print_score(const struct score *score)
{
	char inside_text[FIGURE_TEXT], joint_text[FIGURE_TEXT];

	figure_percent(score->inside, inside_text);
	figure_percent(score->joint, joint_text);
	printf("\n%zu predictions: median error %+.2f %%; size of the error: median %.2f %%, 75 %% of them up to %.2f %%, "
	       "95 %% up to %.2f %%, worst %.2f %%\n",
	       score->n, 100 * score->bias, 100 * score->median, 100 * score->p75, 100 * score->p95, 100 * score->worst);
	printf("of %zu with both intervals: observed within the predicted interval %s; difference within both taken together %s\n",
	       score->intervals_n, inside_text, joint_text);
}

/* ---- The command ---- */

/* Scores all but the forced ones, which it drops from rows[*n]. Leaves score->n 0 where there are no others. */
static int compute(struct scored_row *rows, size_t *n, struct score *score)
{
	*score = (struct score){ .n = 0 };
	*n = drop_forced(rows, *n);
	return *n ? score_compute(rows, *n, score) : 0;
}

static int show_json(struct scored_row *rows, size_t n)
{
	json_t *list = scored_list(rows, n);
	struct score score;
	int err = compute(rows, &n, &score);

	if (err) {
		json_decref(list);
		return err;
	}
	return json_print(json_pack("{so sI so}", "predictions", list, "scored", (json_int_t)score.n, "error",
				    score.n ? score_json(&score) : json_null()));
}

static int show_text(const struct cli *cli, struct scored_row *rows, size_t n)
{
	size_t all_n = n;
	struct score score;
	int err = print_rows(rows, n);

	if (!err)
		err = compute(rows, &n, &score);
	if (err)
		return err;
	if (score.n)
		print_score(&score);
	if (!cli->quiet && n < all_n)
		printf("forced predictions left out: %zu\n", all_n - n);
	if (!cli->quiet && all_n == 0)
		printf("no prediction in %s was observed yet: forecall observe does that\n", cli->db);
	return 0;
}

int cmd_score(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "score",
		.about = "Sets every prediction that was observed beside what was observed: the errors, and how often the interval held.\n"
			 "Predictions made with --force are shown but left out of the sums.",
	};
	struct store *store = NULL;
	struct scored_row *rows = NULL;
	size_t n = 0;
	int err, status = options_parse(cli, &usage, &(struct option_spec)OPT_END, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	err = store_open(cli->db, STORE_READ, &store);
	if (!err)
		err = store_scored(store, &rows, &n);
	if (!err)
		err = cli->json ? show_json(rows, n) : show_text(cli, rows, n);
	store_rows_free(rows);
	store_free(store);
	return cli_status(err);
}
