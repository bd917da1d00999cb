/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host.h: describes the machine that a run is made on, so that figures of different machines are never mixed by accident. */
#ifndef COLLECT_HOST_H
#define COLLECT_HOST_H

#include "analyze/rows.h"

struct host;

/* Reads the description. What the machine does not tell is NULL. -ENOMEM. */
int host_read(struct host **out);
void host_free(struct host *host);

/* The row to store; its strings live as long as the host. */
const struct host_row *host_row(const struct host *host);

#endif
