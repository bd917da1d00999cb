/* SPDX-License-Identifier: GPL-2.0-or-later */
/* self.h: forecall as a child of itself: one command, its output kept aside and shown when it failed. */
#ifndef CLI_SELF_H
#define CLI_SELF_H

#include <stdio.h>
#include <sys/types.h>

enum { SELF_WORDS_MAX = 96 };

/* A command line while it is put together. Zeroed at first. Keeps its words by reference. */
struct self_words {
	const char *word[SELF_WORDS_MAX + 1];
	size_t n; /* beyond SELF_WORDS_MAX: too many, which self_start() refuses */
};

void self_add(struct self_words *words, const char *word);

/* The line that the child notes as its command, with blanks between the words, cut to size. */
void self_line(const struct self_words *words, char *line, size_t size);

/* A child. Zeroed: none. */
struct self {
	pid_t pid;
	FILE *log; /* its stdout and stderr, in a file without a name */
};

/* Starts `forecall WORDS`. It dies with us. 0 or -errno, said. */
int self_start(const struct self_words *words, struct self *out);

/* Waits for any of children[n] to end; *which says which, *status is its exit status, 128 + signal. A signal for us is sent on to all of
 * them. Its log stays open. -ECHILD when none runs. */
int self_wait_any(struct self *children, size_t n, size_t *which, int *status);

/* Copies the end of the log to stderr, each line indented. */
void self_tell(struct self *child);

/* Closes the log. */
void self_free(struct self *child);

#endif
