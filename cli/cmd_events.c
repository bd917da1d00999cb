/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_events.c: `forecall events`: the events that this machine counts, each opened once to prove it. */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print.h"
#include "collect/events.h"

static const struct usage usage = {
	.name = "events",
	.operands = "[PATTERN]",
	.about = "Lists the events that this machine really counts, by libpfm4's names and the kernel's, with libpfm4's descriptions. Each was\n"
		 "opened once. PATTERN is a part of a name.",
	.notes = "Examples:\n"
		 "  forecall events\n"
		 "  forecall events --all cache\n"
		 "Exit status 3: no event that is listed can be counted here.\n",
	.operands_max = 1,
};

struct listing {
	struct table *table;
	json_t *list;
	bool all;
	size_t opened_n, refused_n;
};

static const char *state_of(const struct event_info *event)
{
	if (event->opened < 0)
		return "refused";
	return event->opened ? "whole CPUs" : "counts";
}

static int take(void *context, const struct event_info *event)
{
	struct listing *l = context;
	bool refused = event->opened < 0;

	l->opened_n += !refused;
	l->refused_n += refused;
	if (refused && !l->all)
		return 0;
	if (l->list)
		return json_array_append_new(l->list, json_pack("{ss ss ss so so}", "event", event->name, "pmu", event->pmu, "state", state_of(event),
								"description", json_text(event->description), "why",
								json_text(refused ? event->why : NULL))) ? -ENOMEM : 0;
	table_text(l->table, event->name);
	table_text(l->table, state_of(event));
	table_text(l->table, refused ? event->why : event->description);
	return 0;
}

int cmd_events(struct cli *cli, int argc, char **argv)
{
	struct listing l = {0};
	const struct option_spec specs[] = {
		OPT_FLAG('a', "all", &l.all, "those too that cannot be counted here, with the kernel's reason"),
		OPT_END,
	};
	int status = options_parse(cli, &usage, specs, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	l.table = table_new("event|state|what it counts");
	l.list = cli->json ? json_array() : NULL;
	int err = events_each(argc ? argv[0] : NULL, take, &l);
	if (!err && cli->json)
		err = json_print(json_pack("{sO sI sI}", "events", l.list, "counted", (json_int_t)l.opened_n, "refused", (json_int_t)l.refused_n));
	else if (!err)
		err = table_print(l.table);
	if (!err && !cli->json && !cli->quiet)
		printf("%zu events can be counted here, %zu cannot%s\n", l.opened_n, l.refused_n, l.refused_n && !l.all ? " (--all shows them)" : "");
	table_free(l.table);
	json_decref(l.list);
	return err ? cli_status(err) : l.opened_n ? CLI_DONE : CLI_GATE;
}
