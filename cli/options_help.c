/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options_help.c: --help, printed from the table of options. */
#include "cli/options.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HELP_COLUMN = 30, VALUE_MAX = 512 };

static void list_text(const struct option_list *list, char *out, size_t size)
{
	*out = 0;
	for (size_t i = 0; i < list->n; i++)
		snprintf(out + strlen(out), size - strlen(out), "%s%llu", i ? "," : "", (unsigned long long)list->value[i]);
}

/* The value that the target holds, as the user would type it; "" where it holds none. */
static void default_text(const struct option_spec *spec, char *out, size_t size)
{
	*out = 0;
	switch (spec->type) {
	case OPTION_STRING:
	case OPTION_WORD:
		snprintf(out, size, "%s", *spec->string ? *spec->string : "");
		break;
	case OPTION_U64:
		if ((double)*spec->u64 >= spec->min && (double)*spec->u64 <= spec->max)
			snprintf(out, size, "%llu", (unsigned long long)*spec->u64);
		break;
	case OPTION_DOUBLE:
		if (!isnan(*spec->number))
			snprintf(out, size, "%.15g", *spec->number);
		break;
	case OPTION_LIST:
		list_text(spec->list, out, size);
		break;
	case OPTION_STRINGS: /* a list that is empty at first */
	case OPTION_FLAG:
	case OPTION_HEADING:
	case OPTION_END:
		break;
	}
}

static void option_help(const struct option_spec *spec)
{
	char left[128], value[VALUE_MAX];
	char letter[] = { '-', spec->letter, ',', 0 };

	snprintf(left, sizeof left, "  %3s --%s%s%s", spec->letter ? letter : "", spec->name, spec->metavar ? " " : "",
		 spec->metavar ? spec->metavar : "");
	default_text(spec, value, sizeof value);
	if (strlen(left) + 2 > HELP_COLUMN)
		printf("%s\n%*s", left, HELP_COLUMN, "");
	else
		printf("%-*s", HELP_COLUMN, left);
	printf("%s%s%s%s\n", spec->help, *value ? " [default: " : "", value, *value ? "]" : "");
}

static void table_help(const struct option_spec *options)
{
	for (; options->type != OPTION_END; options++)
		if (options->type == OPTION_HEADING)
			printf("\n%s:\n", options->help);
		else
			option_help(options);
}

void options_help(const struct usage *usage, const struct option_spec *options, const struct option_spec *global)
{
	printf("usage: forecall%s%s [OPTION...]", *usage->name ? " " : "", usage->name);
	if (usage->operands)
		printf(" %s", usage->operands);
	printf("\n\n%s\n", usage->about);
	if (usage->more)
		usage->more();
	if (options->type != OPTION_END && options->type != OPTION_HEADING)
		printf("\nOptions:\n");
	table_help(options);
	printf("\nOptions of every command:\n");
	table_help(global);
	if (usage->notes)
		printf("\n%s", usage->notes);
}
