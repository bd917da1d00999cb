/* SPDX-License-Identifier: MIT */
/* backend_sendmsg.c: one sendmsg() per recipient: works everywhere, and says what the other ways must do. */
#include "kmod/lib/backend.h"

#include <errno.h>

static int loop_probe(void)
{
	return 0;
}

static int loop_send(const struct sendgroup_job *job)
{
	struct iovec parts[SENDGROUP_PARTS];
	struct msghdr header;
	int reached = 0;

	for (size_t i = 0; i < job->recnum; i++) {
		int err = 0;

		sendgroup_message(job, i, &header, parts);
		if (sendmsg(job->sd, &header, job->flags) < 0)
			err = errno;
		if (sendgroup_fatal(err))
			return sendgroup_stop(job, i, reached, err);
		sendgroup_mark(job, i, err);
		reached += !err;
	}
	return reached;
}

const struct sendgroup_backend sendgroup_sendmsg = {
	.name = "sendmsg",
	.probe = loop_probe,
	.send = loop_send,
};
