/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.c: a table of options on top of getopt_long(): reads values and checks them. */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/nearest.h"
#include "base/parse.h"
#include "cli/cli.h"

enum {
	SPECS_MAX = 64,  /* options of one command, the global ones included */
	LONG_BASE = 256, /* getopt_long() returns this + index for a long option: no letter */
};

/* Both tables in one, and the same for getopt_long(). */
struct parser {
	const struct usage *usage;
	const struct option_spec *specs[SPECS_MAX];
	int specs_n;
	struct option longs[SPECS_MAX + 1];
	char letters[2 * SPECS_MAX + 3];
	bool help;
};

static bool takes_value(const struct option_spec *spec)
{
	return spec->type != OPTION_FLAG;
}

static void parser_add(struct parser *p, const struct option_spec *spec)
{
	char letter[] = { spec->letter, takes_value(spec) ? ':' : 0, 0 };

	if (p->specs_n == SPECS_MAX)
		return;
	p->longs[p->specs_n] = (struct option){
		.name = spec->name,
		.has_arg = takes_value(spec) ? required_argument : no_argument,
		.val = LONG_BASE + p->specs_n,
	};
	p->specs[p->specs_n++] = spec;
	if (spec->letter)
		strcat(p->letters, letter);
}

static void parser_add_table(struct parser *p, const struct option_spec *options)
{
	for (; options->type != OPTION_END; options++)
		if (options->type != OPTION_HEADING)
			parser_add(p, options);
}

void options_global(struct cli *cli, struct option_spec *out)
{
	const struct option_spec table[OPTIONS_GLOBAL_MAX] = {
		OPT_STRING(0, "db", "FILE", &cli->db, "database of runs, from $FORECALL_DB if that is set"),
		OPT_FLAG(0, "json", &cli->json, "print one JSON object"),
		OPT_FLAG('q', "quiet", &cli->quiet, "print the result and errors only"),
		OPT_FLAG(0, "progress", &cli->progress, "print lines of progress where stderr is no terminal"),
		OPT_END,
	};

	memcpy(out, table, sizeof table);
}

/* Prints "forecall: profile: <text><after>"; the command's name is left out where there is none. */
static int complain(const struct usage *usage, const char *after, const char *fmt, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof text, fmt, args);
	return fail(CLI_USAGE, "%s%s%s%s", usage->name, *usage->name ? ": " : "", text, after);
}

int options_misuse(const struct usage *usage, const char *fmt, ...)
{
	char after[128];
	va_list args;

	snprintf(after, sizeof after, "; see forecall %s%s--help", usage->name, *usage->name ? " " : "");
	va_start(args, fmt);
	complain(usage, after, fmt, args);
	va_end(args);
	return CLI_USAGE;
}

/* For a bad value: what would be right is in the text. */
__attribute__((format(printf, 2, 3))) static int misvalue(const struct usage *usage, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain(usage, "", fmt, args);
	va_end(args);
	return CLI_USAGE;
}

/* ---- Values ---- */

static int bad_value(const struct usage *usage, const struct option_spec *spec, const char *text, const char *kind)
{
	const char *name = spec->name;

	if (isinf(spec->max))
		return misvalue(usage, "--%s: \"%s\" is not a %s from %.15g up", name, text, kind, spec->min);
	return misvalue(usage, "--%s: \"%s\" is not a %s from %.15g to %.15g", name, text, kind, spec->min, spec->max);
}

/* A bound of the table as a whole number. */
static uint64_t whole(double bound)
{
	return bound >= 0x1p64 ? UINT64_MAX : (uint64_t)bound;
}

/* Sets *target to the word of "one|two|three" that text is, without its neighbours. */
static int take_word(const struct usage *usage, const struct option_spec *spec, const char *text)
{
	char words[256], list[512] = "";
	struct nearest near = { .word = text };
	char *rest = words;

	snprintf(words, sizeof words, "%s", spec->metavar);
	for (char *word; (word = strsep(&rest, "|"));) {
		if (strcmp(word, text) == 0) {
			*spec->string = text;
			return CLI_GO_ON;
		}
		nearest_offer(&near, word);
		snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? ", " : "", word);
	}
	if (near.best)
		return misvalue(usage, "--%s: \"%s\" is none of %s; did you mean \"%s\"?", spec->name, text, list, near.best);
	return misvalue(usage, "--%s: \"%s\" is none of %s", spec->name, text, list);
}

static int take_list(const struct usage *usage, const struct option_spec *spec, const char *text)
{
	struct option_list list = { .n = OPTION_LIST_MAX };
	int err = parse_u64_list(text, whole(spec->min), whole(spec->max), list.value, &list.n);

	if (err == -E2BIG)
		return misvalue(usage, "--%s: \"%s\" has more than %d numbers", spec->name, text, OPTION_LIST_MAX);
	if (err)
		return bad_value(usage, spec, text, "comma separated list of whole numbers");
	*spec->list = list;
	return CLI_GO_ON;
}

static int take_string(const struct usage *usage, const struct option_spec *spec, const char *text)
{
	if (spec->strings->n == OPTION_LIST_MAX)
		return misvalue(usage, "--%s is given more than %d times", spec->name, OPTION_LIST_MAX);
	spec->strings->value[spec->strings->n++] = text;
	return CLI_GO_ON;
}

static int take_value(const struct usage *usage, const struct option_spec *spec, const char *text)
{
	switch (spec->type) {
	case OPTION_FLAG:
		*spec->flag = true;
		return CLI_GO_ON;
	case OPTION_STRING:
		*spec->string = text;
		return CLI_GO_ON;
	case OPTION_STRINGS:
		return take_string(usage, spec, text);
	case OPTION_WORD:
		return take_word(usage, spec, text);
	case OPTION_U64:
		if (parse_u64(text, whole(spec->min), whole(spec->max), spec->u64))
			return bad_value(usage, spec, text, "whole number");
		return CLI_GO_ON;
	case OPTION_DOUBLE:
		if (parse_double(text, spec->min, spec->max, spec->number))
			return bad_value(usage, spec, text, "number");
		return CLI_GO_ON;
	case OPTION_LIST:
		return take_list(usage, spec, text);
	case OPTION_END:
	case OPTION_HEADING:
		break;
	}
	return CLI_GO_ON;
}

/* ---- Parsing ---- */

static const struct option_spec *spec_of(const struct parser *p, int c)
{
	if (c >= LONG_BASE)
		return p->specs[c - LONG_BASE];
	for (int i = 0; i < p->specs_n; i++)
		if (p->specs[i]->letter == c)
			return p->specs[i];
	return NULL;
}

/* `word` as typed, "--secnods" or "--secnods=5". */
static int unknown_long(const struct parser *p, const char *word)
{
	char name[64];
	struct nearest near = { .word = name };

	snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (int i = 0; i < p->specs_n; i++)
		nearest_offer(&near, p->specs[i]->name);
	if (near.best)
		return options_misuse(p->usage, "there is no option --%s; did you mean --%s?", name, near.best);
	return options_misuse(p->usage, "there is no option --%s", name);
}

/* getopt_long() said '?': an unknown letter, an unknown or ambiguous long option, or a flag that was given a value. */
static int unknown_option(const struct parser *p, const char *word)
{
	if (optopt >= LONG_BASE)
		return options_misuse(p->usage, "--%s takes no value", spec_of(p, optopt)->name);
	if (optopt)
		return options_misuse(p->usage, "there is no option -%c", optopt);
	return unknown_long(p, word);
}

static int missing_value(const struct parser *p)
{
	const struct option_spec *spec = spec_of(p, optopt);

	return options_misuse(p->usage, "--%s needs a value: --%s %s", spec->name, spec->name, spec->metavar);
}

static int parser_run(struct parser *p, int argc, char **argv)
{
	optind = 0; /* start anew: options in front of the sub-command were parsed before */
	opterr = 0;
	for (int c, status; (c = getopt_long(argc, argv, p->letters, p->longs, NULL)) != -1;) {
		if (c == '?')
			return unknown_option(p, argv[optind - 1]);
		if (c == ':')
			return missing_value(p);
		const struct option_spec *spec = spec_of(p, c);
		status = take_value(p->usage, spec, optarg);
		if (status != CLI_GO_ON)
			return status;
		if (p->help) /* whatever else is wrong, help is given */
			return CLI_GO_ON;
	}
	return CLI_GO_ON;
}

static int check_operands(const struct usage *usage, int argc, char **argv)
{
	if (argc < usage->operands_min)
		return options_misuse(usage, "needs %s", usage->operands);
	if (usage->operands_max >= 0 && argc > usage->operands_max)
		return options_misuse(usage, "\"%s\" is one operand too many", argv[usage->operands_max]);
	return CLI_GO_ON;
}

int options_parse(struct cli *cli, const struct usage *usage, const struct option_spec *options, int *argc, char ***argv)
{
	struct option_spec global[OPTIONS_GLOBAL_MAX];
	struct parser p = { .usage = usage };
	const struct option_spec help = OPT_FLAG('h', "help", &p.help, "print this");
	int status;

	/* Colon: tell a missing value from an unknown option. Plus: stop at the first operand. */
	strcpy(p.letters, usage->command ? "+:" : ":");
	options_global(cli, global);
	parser_add_table(&p, options);
	parser_add_table(&p, global);
	parser_add(&p, &help);
	status = parser_run(&p, *argc, *argv);
	if (status != CLI_GO_ON)
		return status;
	if (p.help) {
		options_help(usage, options, global);
		return CLI_DONE;
	}
	*argc -= optind;
	*argv += optind;
	return check_operands(usage, *argc, *argv);
}
