/* SPDX-License-Identifier: GPL-2.0-or-later */
/* progress.h: how far a long command has come, on stderr: a bar on a terminal, lines with --progress, else nothing. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

struct cli;
struct progress;

/* Begins work named `what` ("profile"). The bar appears after one second, so that quick work shows none; lines appear at
 * once and then every five seconds. Never NULL-checked by callers: when there is nothing to show, or no memory, it
 * returns NULL, which the functions below accept. */
struct progress *progress_new(const struct cli *cli, const char *what);

/* `done` is the part of the work that is done, 0 to 1; `text` says what goes on now ("round 3 of 8", NULL: as before) and
 * is copied. Cheap enough to be called for every block: it draws at most ten times a second. */
void progress_set(struct progress *progress, double done, const char *text);

/* The same as a callback: `progress` is what progress_new() returned. */
void progress_tick(void *progress, double done, const char *text);

/* Ends it: removes the bar, or prints the last line. Accepts NULL. */
void progress_free(struct progress *progress);

#endif
