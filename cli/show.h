/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show.h: how a profile and a prediction look, for every command that ends with one. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <jansson.h>
#include <stdint.h>

struct cli;
struct store;
struct fraction;
struct answer;
struct answer_options;
struct observe;

/* A profile: its figures, the ledger, threads and calls. Text to stdout; 0 or -errno, said. */
int show_profile(const struct cli *cli, struct store *store, int64_t run, const struct fraction *fraction);
json_t *show_profile_json(struct store *store, int64_t run, const struct fraction *fraction);

/* What the clock of a run counts: "cycles", or "instructions" in a guest under icount; and how a reader is told: "instructions, not cycles". */
const char *show_unit(struct store *store, int64_t run);
const char *show_unit_text(struct store *store, int64_t run);

/* The ledger alone, as a table of shares. */
int show_ledger(struct store *store, int64_t run);

/* One line a prediction: "path sendmsg -> sendmmsg   f ...   s ...   r predicted ...", with what was observed unless NULL. */
void show_answer(const char *path, const char *alternative, const struct answer *answer, const struct observe *observed);
json_t *show_answer_json(const char *alternative, const struct answer *answer, const struct observe *observed);

#endif
