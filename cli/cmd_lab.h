/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_lab.h: what the parts of `forecall lab` share. */
#ifndef CLI_CMD_LAB_H
#define CLI_CMD_LAB_H

#include "lab/lab.h"

struct cli;

int cmd_lab_kernels(struct cli *cli, int argc, char **argv);
int cmd_lab_unpack(struct cli *cli, int argc, char **argv);
int cmd_lab_run(struct cli *cli, int argc, char **argv);

/* Adds the runs of a guest to the host's database, their times moved from the guest's clock to ours: under icount every
 * guest begins at the same moment. Prints a line for each. 0 or, by fail(), -errno. */
int lab_store_runs(const struct cli *cli, const struct lab_options *options, const struct lab_result *result);

#endif
