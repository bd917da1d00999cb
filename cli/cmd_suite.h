/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_suite.h: what the parts of `forecall suite` share. */
#ifndef CLI_CMD_SUITE_H
#define CLI_CMD_SUITE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"
#include "cli/suite.h"

struct cli;
struct store;

enum { SUITE_MARK = 128 };

/* "NAME@VERSION/STEP#PASS": what a run is marked with. */
void suite_mark(const struct suite *suite, const struct suite_step *step, unsigned pass, char out[SUITE_MARK]);

struct suite_options {
	const char *label;
	const char *append;  /* for the command line of guests' kernels */
	unsigned passes;     /* 0: as many as the suite says */
	bool again;          /* behind those that are there */
	unsigned jobs;       /* guests at once; 0: one per processor */
};

/* Runs what is missing of the suite on this kernel. 0, or -errno, said: -EIO when a step failed (the others were run), -EINTR. */
int suite_run_here(const struct cli *cli, const char *name, const struct suite_options *options);

/* The same in a guest for each kernel, in which instructions are counted: kernels[n] are names or patterns of `lab kernels`, or
 * "all-cached". */
int suite_run_guests(const struct cli *cli, const char *name, const struct option_strings *kernels, const struct suite_options *options);

#endif
