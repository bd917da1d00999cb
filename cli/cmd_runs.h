/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_runs.h: what the files of `forecall runs` share. */
#ifndef CLI_CMD_RUNS_H
#define CLI_CMD_RUNS_H

#include <stddef.h>
#include <stdint.h>

struct cli;
struct run_row;
struct store;
struct usage;
struct json_t;

/* Reads the operands, RUN..., as run numbers into *runs, which the caller frees. Returns CLI_GO_ON, or the status after a
 * message that names the operand. */
int runs_of_operands(const struct usage *usage, int argc, char **argv, int64_t **runs);

/* "complete, lost, steal": state and everything that was marked, for a table cell. */
enum { RUN_MARKS = 256 };
void run_marks(const struct run_row *run, char out[RUN_MARKS]);

/* When a run began, "2026-11-20 12:01:02" in local time. */
enum { RUN_STARTED = 32 };
void run_started(const struct run_row *run, char out[RUN_STARTED]);

/* The columns of `run` as one JSON object; NULL when memory ran out. */
struct json_t *run_json(const struct run_row *run);

/* Prints the counts of a run as tables. Returns 0 or what the store returned. */
int run_tables(struct store *store, int64_t run);

/* The sub-commands that have a file of their own. */
int cmd_runs_show(struct cli *cli, int argc, char **argv);
int cmd_runs_export(struct cli *cli, int argc, char **argv);
int cmd_runs_import(struct cli *cli, int argc, char **argv);

#endif
