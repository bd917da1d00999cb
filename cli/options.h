/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.h: a sub-command's options as a table beside it; parsing, range checks and --help come from that table. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli;

enum option_type {
	OPTION_END, /* closes the table */
	OPTION_FLAG,
	OPTION_STRING,
	OPTION_STRINGS, /* may be given again: each adds to its list */
	OPTION_WORD, /* one of the words in `metavar`, "ledger|sample" */
	OPTION_U64,
	OPTION_DOUBLE,
	OPTION_LIST,
	OPTION_HEADING, /* no option: a line of its own in --help */
};

enum { OPTION_LIST_MAX = 64 };

struct option_strings {
	const char *value[OPTION_LIST_MAX]; /* point into argv */
	size_t n;
};

struct option_list {
	uint64_t value[OPTION_LIST_MAX];
	size_t n;
};

/* One option. What its target holds before parsing is its default, and is shown by --help; it is left unshown where it
 * is "none": false, NULL, NAN, an empty list, a whole number outside of its range. */
struct option_spec {
	enum option_type type;
	char letter; /* 0: it has no short form */
	const char *name;
	const char *metavar;
	const char *help;
	double min, max; /* of a number, or of each number in a list; both inclusive, max up to 2^53 */
	union {
		bool *flag;
		const char **string; /* points into argv afterwards */
		uint64_t *u64;
		double *number;
		struct option_list *list;
		struct option_strings *strings;
	};
};

/* clang-format off */
#define OPT_HEADING(text_)                               { .type = OPTION_HEADING, .help = (text_) }
#define OPT_FLAG(letter_, name_, target_, help_)         { .type = OPTION_FLAG, .letter = (letter_), .name = (name_), .help = (help_), .flag = (target_) }
#define OPT_STRING(letter_, name_, meta_, target_, help_) { .type = OPTION_STRING, .letter = (letter_), .name = (name_), .metavar = (meta_), .help = (help_), .string = (target_) }
#define OPT_STRINGS(letter_, name_, meta_, target_, help_) \
	{ .type = OPTION_STRINGS, .letter = (letter_), .name = (name_), .metavar = (meta_), .help = (help_), .strings = (target_) }
#define OPT_WORD(letter_, name_, words_, target_, help_) { .type = OPTION_WORD, .letter = (letter_), .name = (name_), .metavar = (words_), .help = (help_), .string = (target_) }
#define OPT_U64(letter_, name_, meta_, target_, min_, max_, help_) \
	{ .type = OPTION_U64, .letter = (letter_), .name = (name_), .metavar = (meta_), .help = (help_), .min = (min_), .max = (max_), .u64 = (target_) }
#define OPT_DOUBLE(letter_, name_, meta_, target_, min_, max_, help_) \
	{ .type = OPTION_DOUBLE, .letter = (letter_), .name = (name_), .metavar = (meta_), .help = (help_), .min = (min_), .max = (max_), .number = (target_) }
#define OPT_LIST(letter_, name_, meta_, target_, min_, max_, help_) \
	{ .type = OPTION_LIST, .letter = (letter_), .name = (name_), .metavar = (meta_), .help = (help_), .min = (min_), .max = (max_), .list = (target_) }
#define OPT_END                                          { .type = OPTION_END }
/* clang-format on */

struct usage {
	const char *name;     /* "profile", "runs show": how messages name the command; "" for forecall itself */
	const char *operands; /* what follows the options: "[RUN]", "-- CMD [ARG...]"; NULL: nothing */
	const char *about;    /* for --help: what the command does, in whole sentences */
	const char *notes;    /* below the options: examples, each line indented by two; NULL: none */
	void (*more)(void);   /* prints further lines between about and the options; NULL: nothing */
	bool command;         /* the first operand begins a command whose own options are left alone */
	int operands_min, operands_max; /* how many operands there may be; max -1: any number */
};

/* Reads argv[1...] into the targets of `options` and, for the global options, into `cli`. On return *argc and *argv are
 * the operands alone. Returns CLI_GO_ON, or the status to end with: CLI_DONE when --help was printed to stdout, CLI_USAGE
 * when something was wrong, which has then been printed with what would be right. */
int options_parse(struct cli *cli, const struct usage *usage, const struct option_spec *options, int *argc, char ***argv);

/* Reports bad usage that the table cannot see ("profile: give one of -p, -C and a command"), with a pointer to --help.
 * Returns CLI_USAGE. */
int options_misuse(const struct usage *usage, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The options that every command understands; `out` has room for OPTIONS_GLOBAL_MAX, the closing OPT_END included. */
enum { OPTIONS_GLOBAL_MAX = 5 };
void options_global(struct cli *cli, struct option_spec *out);

/* What --help prints, to stdout. */
void options_help(const struct usage *usage, const struct option_spec *options, const struct option_spec *global);

#endif
