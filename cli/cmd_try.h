/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_try.h: what `forecall try` was told, for the two things it does. */
#ifndef CLI_CMD_TRY_H
#define CLI_CMD_TRY_H

#include <stdbool.h>
#include <stdint.h>

#include "try/launch.h"

struct cli;

struct try_arguments {
	const char *with;
	uint64_t batch, delay_us;
	bool stream;
	/* --compare only */
	bool compare, force;
	const char *load, *path, *clock, *idle, *label;
	double seconds, observe, wait, settle, width;
	uint64_t window_ms, rounds, seed, cpu, peer_cpu;
};

/* Runs the server's load without and with the library at work, and sets r as observed beside r as predicted. An exit status. */
int try_compare(const struct cli *cli, const struct try_arguments *arguments, const struct launch_options *launch, char *const *command);

#endif
