/* SPDX-License-Identifier: GPL-2.0-or-later */
/* progress.c: a bar that is drawn over itself, or lines for a log. */
#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

enum { BAR_WIDTH = 30, TEXT_MAX = 64 };

static const double bar_after_s = 1.0, bar_every_s = 0.1, line_every_s = 5.0;

struct progress {
	char what[TEXT_MAX], text[TEXT_MAX];
	bool bar;   /* else lines */
	bool drawn; /* a bar stands on the terminal, or the last line tells what there is */
	double start_s, next_s, done;
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* "1:05" until the end at the pace so far; "" while there is no pace yet. */
static const char *left_text(const struct progress *p, double elapsed_s, char *out, size_t size)
{
	double left_s = elapsed_s * (1 - p->done) / (p->done > 0 ? p->done : 1);

	*out = 0;
	if (p->done > 0.02 && p->done < 1 && left_s < 100 * 3600)
		snprintf(out, size, "%d:%02d left", (int)(left_s + 0.5) / 60, (int)(left_s + 0.5) % 60);
	return out;
}

static int terminal_columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void draw_bar(struct progress *p, double elapsed_s)
{
	char line[2 * TEXT_MAX + BAR_WIDTH + 64], left[32], bar[BAR_WIDTH + 1];
	int filled = (int)(p->done * BAR_WIDTH);

	memset(bar, '#', filled);
	memset(bar + filled, '.', BAR_WIDTH - filled);
	bar[BAR_WIDTH] = 0;
	snprintf(line, sizeof line, "%s [%s] %3d %%  %s  %s", p->what, bar, (int)(100 * p->done),
		 left_text(p, elapsed_s, left, sizeof left), p->text);
	/* One column is left free: some terminals wrap when the last one is filled. */
	fprintf(stderr, "\r%.*s\033[K", terminal_columns() - 1, line);
}

static void print_line(const struct progress *p, double elapsed_s)
{
	char left[32];

	left_text(p, elapsed_s, left, sizeof left);
	fprintf(stderr, "%s: %3d %%%s%s%s%s\n", p->what, (int)(100 * p->done), *left ? ", " : "", left, *p->text ? ", " : "", p->text);
}

static void draw(struct progress *p, double time_s)
{
	if (p->bar)
		draw_bar(p, time_s - p->start_s);
	else
		print_line(p, time_s - p->start_s);
	p->drawn = true;
	p->next_s = time_s + (p->bar ? bar_every_s : line_every_s);
}

struct progress *progress_new(const struct cli *cli, const char *what)
{
	bool bar = isatty(STDERR_FILENO);
	struct progress *p;

	if (cli->quiet || (!bar && !cli->progress))
		return NULL;
	p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->bar = bar;
	p->start_s = now_s();
	p->next_s = p->start_s + (bar ? bar_after_s : 0);
	snprintf(p->what, sizeof p->what, "%s", what);
	return p;
}

void progress_set(struct progress *p, double done, const char *text)
{
	double time_s;
	bool news = false; /* lines tell a new step at once: who reads them may wait for it */

	if (!p)
		return;
	p->done = done >= 1 ? 1 : done > 0 ? done : 0;
	if (text) {
		news = !p->bar && strcmp(p->text, text) != 0;
		snprintf(p->text, sizeof p->text, "%s", text);
	}
	time_s = now_s();
	if (news || time_s >= p->next_s)
		draw(p, time_s);
	else if (!p->bar)
		p->drawn = false;
}

void progress_tick(void *progress, double done, const char *text)
{
	progress_set(progress, done, text);
}

void progress_free(struct progress *p)
{
	if (p && p->bar && p->drawn)
		fputs("\r\033[K", stderr);
	else if (p && !p->bar && !p->drawn)
		print_line(p, now_s() - p->start_s);
	free(p);
}
