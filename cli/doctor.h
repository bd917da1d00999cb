/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor.h: what a machine must have to be measured, as a table of checks that look but leave nothing behind. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_LIMITED, /* works, but less well or less exactly */
	DOCTOR_MISSING,
	DOCTOR_STATE_MAX
};

enum { DOCTOR_FOUND = 256 };

struct doctor_check {
	const char *name;
	bool needed;             /* without it the main job (profile, bench, predict) cannot run */
	const char *consequence; /* when it is not ok */
	const char *fix;
	/* Looks at the machine and says in `found` what is there. */
	enum doctor_state (*look)(char found[DOCTOR_FOUND]);
};

extern const struct doctor_check doctor_checks[];
extern const size_t doctor_checks_n;

#endif
