/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control.h: livecast's control protocol: one line of text per request, one line per answer. Pure.
 *
 *   JOIN port [n]    send the stream to n UDP ports from `port` on, at the address that this connection comes from
 *                    -> OK joined=N clients=N          (a port that is in already is not joined twice)
 *   LEAVE port [n]   stop sending to them; only what this connection joined can leave
 *                    -> OK left=N clients=N
 *   SEND way         send by another way from the next packet on
 *                    -> OK way=W
 *   WORK ns          spin for so long before each recipient
 *                    -> OK work_ns=N iterations=N
 *   STATS            -> OK way=W clients=N ingested=N malformed=N bursts=N packets=N errors=N
 *   QUIT             -> OK, and the connection is closed; on stdin the server ends
 *
 * Anything else is answered with `ERR reason`. Words may be written in small letters. A line ends with a newline, a
 * carriage return before it is ignored, and it is at most CONTROL_LINE_BYTES - 1 long. Closing a connection takes all
 * that it joined out of the group. */
#ifndef WORKLOADS_CONTROL_H
#define WORKLOADS_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CONTROL_LINE_BYTES = 256,
	CONTROL_REPLY_BYTES = 512,
	CONTROL_WAY_BYTES = 32,
	CONTROL_WORK_MAX_NS = 1000000000,
};

enum control_verb {
	CONTROL_JOIN,
	CONTROL_LEAVE,
	CONTROL_SEND,
	CONTROL_WORK,
	CONTROL_STATS,
	CONTROL_QUIT,
	CONTROL_VERB_MAX,
};

/* A request. Only the fields of its verb are set. */
struct control {
	enum control_verb verb;
	uint16_t port;		/* JOIN, LEAVE: 1 to 65535 */
	uint32_t n;		/* JOIN, LEAVE: at least 1, and port + n - 1 is a port too */
	char way[CONTROL_WAY_BYTES]; /* SEND */
	uint64_t work_ns;	/* WORK */
};

/* Reads one line without its end. 0, or -EINVAL with the reason in *why (static text). */
int control_parse(const char *line, struct control *out, const char **why);

/* Bytes of a connection, cut into lines. Zeroed at first. */
struct control_lines {
	char text[CONTROL_LINE_BYTES];
	size_t n;
	bool overlong;		/* the rest of the line is being dropped */
};

/* Takes bytes from *data, at most *n, up to the end of a line; moves both behind what was taken. Returns 1 when a line is
 * complete: it is in lines->text until the next call; 0 when more bytes are needed; -EMSGSIZE, once and at its end, for a
 * line that is too long or holds a zero byte. */
int control_lines_take(struct control_lines *lines, const char **data, size_t *n);

#endif
