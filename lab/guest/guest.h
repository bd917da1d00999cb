/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guest.h: the parts of the first process of a guest. It is linked statically and depends on nothing of forecall but the
 * headers that host and guest share, so that it runs on any kernel and architecture of the lab. */
#ifndef LAB_GUEST_GUEST_H
#define LAB_GUEST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/channel.h"

enum { JOB_WORDS_MAX = 256 };

/* lab/job.h, read. All strings lie in one block that is never freed. */
struct job {
	char *args[JOB_WORDS_MAX + 1], *envs[JOB_WORDS_MAX + 1], *outs[JOB_WORDS_MAX + 1], *loads[JOB_WORDS_MAX + 1];
	size_t args_n, envs_n, outs_n, loads_n;
	const char *host, *wire, *tty;
	bool settle;
};

/* ---- job.c ---- */

/* Reads JOB_PATH. Ends the guest if it is not there or not understood. */
void job_read(struct job *job);

/* ---- send.c ---- */

/* Finds and maps the memory shared with the host. 0 or -errno. */
int send_open(void);

/* Appends data to the channel, cut into records; waits while the ring is full. Without a channel it is lost. */
void send_data(enum channel_kind kind, const void *data, size_t bytes);

/* A message as one record. */
void send_text(enum channel_kind kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Whether a file could be opened; its contents go as records of that kind. 0 or -errno. */
int send_file(enum channel_kind kind, const char *path);

/* Tells the status and ends the guest. */
void send_status(int status) __attribute__((noreturn));

/* Tells why the job cannot be done, and ends the guest. */
void guest_fault(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* ---- command.c ---- */

/* Runs a program that helps to set up the guest, and waits for it. Its exit status, or 127. */
int command_help(char *const *argv);

/* Runs the job's command, its output to the host as it comes, and returns its status as a shell would give it. */
int command_run(const struct job *job);

/* ---- net.c ---- */

/* Brings the loopback device up. */
void net_loopback(void);

/* Names the cards, gives them addresses, and waits until a datagram got through (to a peer), or the card has a carrier. */
void net_wire(const char *wire);

/* Sleeps; under icount it takes no time but the guest's. */
void sleep_ms(int ms);

/* Writes a small file. 0 or -errno. */
int write_text(const char *path, const char *text);

#endif
