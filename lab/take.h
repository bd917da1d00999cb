/* SPDX-License-Identifier: GPL-2.0-or-later */
/* take.h: the host's end of the channel: takes records out of the ring and deals with them. */
#ifndef LAB_TAKE_H
#define LAB_TAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/channel.h"
#include "lab/spawn.h"

/* A file that the guest brings back. */
struct taken_file {
	int32_t index;	/* of the --out */
	uint32_t mode;
	struct buffer data;
};

/* What has come so far. Zeroed at first. */
struct take {
	bool done;   /* the status has come */
	bool faulty; /* the guest said what went wrong; it has been printed */
	int status;
	struct buffer runs;
	struct taken_file *files;
	size_t files_n;
};

/* Takes what is there: output goes to stdout and stderr, messages by fail() and warn(), the rest is kept. Returns how
 * many bytes it took, 0 when there was nothing, or, by fail(), -errno: -EPROTO for what no guest of ours writes. */
int64_t take_records(struct take *take, struct channel *channel);
void take_free(struct take *take);

#endif
