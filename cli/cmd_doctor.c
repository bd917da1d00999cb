/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_doctor.c: `forecall doctor`: what this machine can measure, what is missing, and what mends it. */
#include <jansson.h>
#include <stdlib.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/doctor.h"
#include "cli/options.h"
#include "cli/print.h"

static const char *const state_name[DOCTOR_STATE_MAX] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_LIMITED] = "limited",
	[DOCTOR_MISSING] = "missing",
};

/* What one check found. */
struct finding {
	enum doctor_state state;
	char found[DOCTOR_FOUND];
};

/* A check that is needed and is not there. */
static bool stops(size_t i, const struct finding *findings)
{
	return doctor_checks[i].needed && findings[i].state == DOCTOR_MISSING;
}

static bool is_ready(const struct finding *findings)
{
	for (size_t i = 0; i < doctor_checks_n; i++)
		if (stops(i, findings))
			return false;
	return true;
}

static int print_json(const struct finding *findings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < doctor_checks_n; i++) {
		const struct doctor_check *check = &doctor_checks[i];
		bool ok = findings[i].state == DOCTOR_OK;

		json_array_append_new(list, json_pack("{ss ss so sb so so}", "check", check->name, "state", state_name[findings[i].state],
						      "found", json_text(findings[i].found), "needed", check->needed, "consequence",
						      json_text(ok ? NULL : check->consequence), "fix", json_text(ok ? NULL : check->fix)));
	}
	return json_print(json_pack("{so sb}", "checks", list, "ready", is_ready(findings)));
}

static int print_table(const struct finding *findings)
{
	struct table *table = table_new("check|state|found");
	int err;

	for (size_t i = 0; i < doctor_checks_n; i++) {
		table_text(table, doctor_checks[i].name);
		table_text(table, state_name[findings[i].state]);
		table_text(table, findings[i].found);
	}
	err = table_print(table);
	table_free(table);
	return err;
}

static int print_text(const struct cli *cli, const struct finding *findings)
{
	int err = print_table(findings);

	if (!cli->quiet)
		putchar('\n');
	for (size_t i = 0; i < doctor_checks_n && !cli->quiet; i++)
		if (findings[i].state != DOCTOR_OK)
			printf("%s: %s\n  fix: %s\n", doctor_checks[i].name, doctor_checks[i].consequence, doctor_checks[i].fix);
	puts(is_ready(findings) ? "this machine can profile, bench and predict" : "this machine cannot profile: see what is missing above");
	return err;
}

int cmd_doctor(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "doctor",
		.about = "Looks at what this machine can measure, and says what each gap means and what mends it. Nothing is changed.\n"
			 "Exit status 3 when the machine cannot profile.",
	};
	struct finding *findings;
	int err, status = options_parse(cli, &usage, &(struct option_spec)OPT_END, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	findings = calloc(doctor_checks_n, sizeof *findings);
	if (!findings)
		return fail(CLI_FAILED, "doctor: out of memory");
	for (size_t i = 0; i < doctor_checks_n; i++)
		findings[i].state = doctor_checks[i].look(findings[i].found);
	err = cli->json ? print_json(findings) : print_text(cli, findings);
	status = is_ready(findings) ? CLI_DONE : CLI_GATE;
	free(findings);
	return err ? CLI_FAILED : status;
}
