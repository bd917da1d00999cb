/* SPDX-License-Identifier: MIT */
/* backend_sendmmsg.c: one sendmmsg() per SENDGROUP_CHUNK recipients. */
#include "kmod/lib/backend.h"

#include <errno.h>

struct chunk {
	struct mmsghdr headers[SENDGROUP_CHUNK];
	struct iovec parts[SENDGROUP_CHUNK][SENDGROUP_PARTS];
};

static int batch_probe(void)
{
	return 0;
}

static unsigned fill(struct chunk *chunk, const struct sendgroup_job *job, size_t from)
{
	unsigned n = 0;

	for (; n < SENDGROUP_CHUNK && from + n < job->recnum; n++)
		sendgroup_message(job, from + n, &chunk->headers[n].msg_hdr, chunk->parts[n]);
	return n;
}

/* The kernel stops at the first message that it refuses and returns how many it took; only a call that begins with the
 * refused message says why. So after a short call the rest is tried again, and after an error the first is left out.
 * Returns how many of the n were passed, of which *reached (added to) were reached; *err stopped it before the end. */
static unsigned send_chunk(const struct sendgroup_job *job, struct chunk *chunk, size_t from, unsigned n, int *reached,
			   int *err)
{
	unsigned done = 0;

	while (done < n) {
		int sent = sendmmsg(job->sd, chunk->headers + done, n - done, job->flags);
		int why = sent < 0 ? errno : 0;

		if (sendgroup_fatal(why)) {
			*err = why;
			break;
		}
		for (int i = 0; i < sent; i++)
			sendgroup_mark(job, from + done++, 0);
		if (sent > 0)
			*reached += sent;
		else
			sendgroup_mark(job, from + done++, why);
	}
	return done;
}

static int batch_send(const struct sendgroup_job *job)
{
	struct chunk chunk;
	int reached = 0, err = 0;
	size_t done = 0;

	while (done < job->recnum && !err)
		done += send_chunk(job, &chunk, done, fill(&chunk, job, done), &reached, &err);
	return err ? sendgroup_stop(job, done, reached, err) : reached;
}

const struct sendgroup_backend sendgroup_sendmmsg = {
	.name = "sendmmsg",
	.probe = batch_probe,
	.send = batch_send,
};
