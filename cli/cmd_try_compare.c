/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_try_compare.c: `forecall try --compare`: r observed beside r predicted of a server that was ported from outside. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "analyze/store.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/cmd_try.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/show.h"
#include "cli/signals.h"
#include "try/compare.h"
#include "version.h"

static json_t *compare_json(const struct compare *c, json_t *warnings)
{
	json_t *library = show_answer_json(c->alternative, &c->answer, &c->observed), *source = show_answer_json(c->alternative, &c->in_source, NULL);

	json_object_set_new(library, "by", json_string("library"));
	json_object_set_new(source, "by", json_string("source"));
	return json_pack("{ss s[oo] sI sI sI sf sf sI sI sI sI sI so}", "path", c->path, "alternatives", library, source, "profile", (json_int_t)c->profile, "bench",
			 (json_int_t)c->bench, "observe", (json_int_t)c->observe, "batch", c->batch, "guard", c->guard_share, "lost",
			 (json_int_t)c->lost_n, "batches",
			 (json_int_t)c->batches_n, "over", (json_int_t)c->over_n, "delay_max_ns", (json_int_t)c->delay_max_ns, "delay_999_ns",
			 (json_int_t)c->delay_most_ns, "warnings", warnings);
}

static void compare_text(const struct compare *c)
{
	char r[FIGURE_TEXT], s[FIGURE_TEXT], by[64];

	figure_text(c->in_source.predict.predicted, r);
	figure_text(c->in_source.speedup.s, s);
	snprintf(by, sizeof by, "%s by the library", c->alternative);
	show_answer(c->path, by, &c->answer, &c->observed);
	printf("  by %s in the source, without the library's copies and locks: s %s, r predicted %s\n", c->alternative, s, r);
	printf("  while observed: %.1f datagrams to a batch; %" PRIu64 " datagrams lost; delay: 99.9 %% of %" PRIu64 " batches within %.0f us, longest %.0f us, %"
	       PRIu64 " beyond the bound\n",
	       c->batch, c->lost_n, c->batches_n, (double)c->delay_most_ns / 1e3, (double)c->delay_max_ns / 1e3, c->over_n);
	printf("  left out of r observed: the guard, %.1f %% of a CPU, which a port in the source does not have\n", 100 * c->guard_share);
}

static int show(const struct cli *cli, struct store *store, const struct compare *c)
{
	struct warning_row *warnings = NULL;
	size_t warnings_n = 0;
	int err = store_warnings(store, c->profile, &warnings, &warnings_n);

	if (!err && cli->json)
		err = json_print(compare_json(c, json_warnings(warnings, warnings_n)));
	else if (!err) {
		compare_text(c);
		print_warnings(cli, warnings, warnings_n);
	}
	store_rows_free(warnings);
	return err;
}

static int status_of(int err)
{
	return err == -ECANCELED || err == -EOPNOTSUPP || err == -ERANGE ? CLI_GATE : err == -EINVAL ? CLI_USAGE : cli_status(err);
}

int try_compare(const struct cli *cli, const struct try_arguments *arguments, const struct launch_options *launch, char *const *command)
{
	struct progress *progress = progress_new(cli, "try");
	const struct compare_options options = {
		.launch = *launch,
		.command = command,
		.load = arguments->load,
		.wait_seconds = arguments->wait,
		.settle_seconds = arguments->settle,
		.path = arguments->path,
		.clock = arguments->clock,
		.profile_seconds = arguments->seconds,
		.observe_seconds = arguments->observe > 0 ? arguments->observe : arguments->seconds,
		.rel_width = arguments->width,
		.max_rounds = arguments->rounds,
		.window_ms = (int)arguments->window_ms,
		.seed = arguments->seed,
		.server_cpu = (int)arguments->cpu,
		.peer_cpu = (int)arguments->peer_cpu,
		.force = arguments->force,
		.halt = !strcmp(arguments->idle, "halt"),
		.stop = &signals_stop,
		.progress = progress_tick,
		.progress_context = progress,
		.label = arguments->label,
		.command_line = cli->command_line,
		.version = FORECALL_VERSION,
	};
	struct compare compare;
	struct store *store = NULL;
	int err = store_open(cli->db, STORE_WRITE, &store);

	if (!err)
		err = compare_run(store, &options, &compare);
	progress_free(progress);
	if (err == -EINTR)
		fail(err, "try: interrupted; the runs that were finished are kept");
	if (!err) {
		err = show(cli, store, &compare);
		if (!err && compare.lost_n)
			err = fail(-EOPNOTSUPP, "try: %" PRIu64 " datagrams were lost: r observed is of less work", compare.lost_n);
		compare_free(&compare);
	}
	store_free(store);
	return status_of(err);
}
