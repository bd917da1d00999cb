/* SPDX-License-Identifier: GPL-2.0-or-later */
/* formats.h: the report as one document that is read elsewhere: Markdown, JSON, CSV. Errors stay in the stream but for those said. */
#ifndef REPORTS_FORMATS_H
#define REPORTS_FORMATS_H

#include <stdio.h>

struct content;

/* The answers of the page in its order, for a mail, an issue or a merge request. No text of a user becomes markup. 0. */
int format_md(const struct content *content, FILE *out);

/* Everything that the page shows, as one object; figures and names as in the other commands. -ENOMEM, said. */
int format_json(const struct content *content, FILE *out);

/* One line per prediction, with what was observed and where. A cell that a spreadsheet would take for a formula begins with an apostrophe. 0. */
int format_csv(const struct content *content, FILE *out);

#endif
