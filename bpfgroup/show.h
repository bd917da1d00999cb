/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show.h: prints what `sendgroupctl status` found. */
#ifndef BPFGROUP_SHOW_H
#define BPFGROUP_SHOW_H

#include <stdio.h>

struct facility_status;

void show_text(const struct facility_status *status, FILE *out);
int show_json(const struct facility_status *status, FILE *out); /* by fail(); 0 or -errno */

#endif
