/* SPDX-License-Identifier: GPL-2.0-or-later */
/* server.h: livecast's sockets behind one epoll: the incoming stream, the control port and its connections, stdin. */
#ifndef WORKLOADS_SERVER_H
#define WORKLOADS_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "workloads/net.h"

struct server_config {
	union net_addr ingest;	/* UDP, the RTP stream comes in here; port 0: any */
	union net_addr control;	/* TCP; clients get the stream at addresses of this family */
	bool control_stdio;	/* also serve the protocol on stdin and stdout; the end of stdin ends the server */
	const char *way;
	uint64_t batch, work_ns; /* as in cast.h */
	const char *tally;	/* file in which what was done is told (tally.h); NULL: none */
};

/* Serves until SIGINT, SIGTERM or the end of stdin (with control_stdio). Prints `ready control=ADDR:PORT ingest=ADDR:PORT`
 * to stdout when packets and connections can come. Says by fail() what is wrong; 0 or -errno. */
int server_run(const struct server_config *config);

#endif
