/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_versus.h: a comparison as people and programs read it. */
#ifndef CLI_SHOW_VERSUS_H
#define CLI_SHOW_VERSUS_H

#include <math.h>

#include "analyze/versus.h"

struct cli;

struct show_versus {
	const struct side *a, *b;
	const struct versus *versus;
	const struct versus_server *server; /* NULL: none was asked for */
	int64_t profile;                    /* whose server that is */
	double above;                       /* the gate as a fraction; NAN: there is none */
	bool all;                           /* lines without a change too */
};

/* The line fails the gate: it is a cost that rose above it for sure, or that cannot be compared, so that nothing says it did not. */
bool versus_fails(const struct show_versus *show, const struct versus_line *line);

/* What a line's change is called: "more", "less", "same", "unknown", "refused". */
const char *versus_verdict(const struct versus_line *line);

/* Each prints the whole comparison to stdout. 0 or -errno, said. */
int show_versus_text(const struct cli *cli, const struct show_versus *show);
int show_versus_md(const struct cli *cli, const struct show_versus *show);
int show_versus_json(const struct cli *cli, const struct show_versus *show);
int show_versus_junit(const struct cli *cli, const struct show_versus *show);
int show_versus_github(const struct cli *cli, const struct show_versus *show);

/* "+2.10 [+1.90, +2.30] %", or "+2.10 %" for one without noise. */
enum { CHANGE_TEXT = 96 };
void versus_change(struct figure change, char out[CHANGE_TEXT]);

#endif
