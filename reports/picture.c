/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture.c: from CSV files and scripts to SVG, PNG and PDF. */
#include "reports/picture.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/err.h"
#include "reports/drawn.h"
#include "reports/folder.h"
#include "reports/gnuplot.h"
#include "reports/theme.h"

static int no_memory(void)
{
	return fail(-ENOMEM, "report: out of memory");
}

/* ---- Making ---- */

/* Room for one more at the end of a list, cleared; NULL, said, when there is no memory. */
static void *grow(void *list, size_t n, size_t size)
{
	char *grown = realloc(list, (n + 1) * size);

	if (!grown) {
		no_memory();
		return NULL;
	}
	memset(grown + n * size, 0, size);
	return grown;
}

unsigned picture_width(const struct pictures *set)
{
	static const unsigned widths[] = { [PICTURE_WIDE] = 560, [PICTURE_NARROW] = 380 };

	return set->form == PICTURE_TEXT ? CELL_WIDE * set->columns : widths[set->form];
}

static int add(struct pictures *set, struct picture *picture)
{
	struct picture **list = grow(set->list, set->n, sizeof *list);

	if (!list)
		return -ENOMEM;
	set->list = list;
	list[set->n++] = picture;
	return 0;
}

void picture_file(const struct picture *picture, const char *suffix, char out[PICTURE_FILE])
{
	snprintf(out, PICTURE_FILE, "%s%s.%s", picture->name, picture->form == PICTURE_NARROW ? "-narrow" : "", suffix);
}

static FILE *create(const struct pictures *set, const struct picture *picture, const char *suffix)
{
	char name[PICTURE_FILE];

	picture_file(picture, suffix, name);
	return folder_create(set->folder, name);
}

/* A narrow picture has the data of the wide one, whose CSV is there. */
static FILE *create_data(const struct pictures *set, const struct picture *picture)
{
	FILE *nowhere;

	if (picture->form != PICTURE_NARROW)
		return create(set, picture, "csv");
	nowhere = fopen("/dev/null", "we");
	if (!nowhere)
		fail(-errno, "report: cannot open /dev/null: %m");
	return nowhere;
}

struct picture *picture_begin(struct pictures *set, const char *section, int64_t run, const char *fmt, ...)
{
	struct picture *picture = calloc(1, sizeof *picture);
	va_list args;

	if (!picture || add(set, picture)) {
		free(picture);
		no_memory();
		return NULL;
	}
	picture->section = section;
	picture->run = run;
	picture->form = set->form;
	va_start(args, fmt);
	vsnprintf(picture->name, sizeof picture->name, fmt, args);
	va_end(args);
	picture->settings = open_memstream(&picture->settings_text, &picture->settings_size);
	if (!picture->settings)
		no_memory();
	else
		picture->data = create_data(set, picture);
	return picture->data ? picture : NULL; /* the set has it, and frees it */
}

int picture_end(struct pictures *set)
{
	struct picture *picture = set->list[set->n - 1];
	char name[PICTURE_FILE];

	picture_file(picture, "csv", name);
	int err = folder_close(picture->data, name);
	picture->data = NULL;
	if (fclose(picture->settings))
		err = no_memory();
	picture->settings = NULL;
	return err;
}

int picture_absent(struct pictures *set, const char *section, int64_t run, const char *fmt, ...)
{
	struct absence *absences = grow(set->absences, set->absences_n, sizeof *absences);
	va_list args;

	if (!absences)
		return -ENOMEM;
	set->absences = absences;
	struct absence *absence = &absences[set->absences_n++];
	absence->section = section;
	absence->run = run;
	va_start(args, fmt);
	vsnprintf(absence->text, sizeof absence->text, fmt, args);
	va_end(args);
	return 0;
}

void pictures_free(struct pictures *set)
{
	for (size_t i = 0; i < set->n; i++) {
		if (set->list[i]->data)
			fclose(set->list[i]->data);
		if (set->list[i]->settings)
			fclose(set->list[i]->settings);
		free(set->list[i]->settings_text);
		free(set->list[i]);
	}
	free(set->list);
	free(set->absences);
	*set = (struct pictures){ .n = 0 };
}

/* ---- Drawing ---- */

/* What all pictures have in common: thin axes at the left and below, no box, text in the page's grey. */
static const char common[] =
	"set encoding utf8\n"
	"set datafile separator comma\n"
	"set border 3 linecolor rgb muted linewidth 0.75\n"
	"set tics nomirror out scale 0.5 textcolor rgb ink\n"
	"set grid linecolor rgb rule linewidth 0.75 linetype 1\n"
	"set key textcolor rgb ink\n"
	"set pointsize 1\n"
	"set bars small\n"
	"or(k, value) = valid(k) ? column(k) : value\n"
	"set lmargin at screen 84 / wide\n"; /* room for the axis' title, a label: gnuplot's own is half outside in SVG, or left out */

static void write_head(FILE *out, const struct picture *p)
{
	theme_gnuplot(out);
	fprintf(out, "wide = %u.0\nhigh = %u.0\ncells = %d\n%sdata = \"%s.csv\"\n%s", p->width, p->height, p->form == PICTURE_TEXT, common, p->name, p->settings_text ? p->settings_text : "");
}

static void write_svg(FILE *out, const struct picture *p)
{
	char name[PICTURE_FILE];

	picture_file(p, "svg", name);
	fprintf(out, "set terminal svg size %u,%u dynamic noenhanced font \"DejaVu Sans,13\" background paper\n", p->width, p->height);
	fprintf(out, "set output \"%s\"\n%s", name, p->script);
}

/* Each terminal plots anew: a picture of several panels cannot be replotted. In PNG everything is twice as large, for fine screens. */
static void write_script(FILE *out, const struct picture *p)
{
	fprintf(out, "# Made by forecall report. Draws %s.svg, .png and .pdf from %s.csv: gnuplot %s.gp\nreset\n", p->name, p->name, p->name);
	write_head(out, p);
	write_svg(out, p);
	if (p->form == PICTURE_NARROW) {
		fputs("unset output\n", out);
		return;
	}
	fprintf(out, "set terminal pngcairo size %u,%u noenhanced font \"DejaVu Sans,9.75\" fontscale 2 linewidth 2 pointscale 2 background paper\n",
		2 * p->width, 2 * p->height);
	fprintf(out, "set output \"%s.png\"\n%s", p->name, p->script);
	fprintf(out, "set terminal pdfcairo size %.3fin,%.3fin noenhanced font \"DejaVu Sans,9.75\" linewidth 1 background paper\n", p->width / 96.0,
		p->height / 96.0);
	fprintf(out, "set output \"%s.pdf\"\n%sunset output\n", p->name, p->script);
}

static int write_one(const struct pictures *set, const struct picture *picture)
{
	char name[PICTURE_NAME + 8];
	FILE *out = create(set, picture, "gp");

	if (!out)
		return -EIO;
	write_script(out, picture);
	snprintf(name, sizeof name, "%s.gp", picture->name);
	return folder_close(out, name);
}

/* The pictures are dealt out to a few gnuplots, each of which loads its own from such a file. */
struct deal {
	char names[GNUPLOT_MAX][16];
	const char *scripts[GNUPLOT_MAX];
	FILE *files[GNUPLOT_MAX];
	size_t n;
};

/* As many as there are processors, but none for fewer than four pictures. */
static size_t drawers_for(size_t pictures_n)
{
	long cpus_n = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = (pictures_n + 3) / 4, most = cpus_n < 1 ? 1 : cpus_n > GNUPLOT_MAX ? GNUPLOT_MAX : (size_t)cpus_n;

	return n < most ? n : most;
}

static int deal_open(struct deal *deal, const struct pictures *set)
{
	*deal = (struct deal){ .n = drawers_for(set->n) };
	for (size_t i = 0; i < deal->n; i++) {
		snprintf(deal->names[i], sizeof deal->names[i], "all%hhu.gp", (unsigned char)i);
		deal->scripts[i] = deal->names[i];
		deal->files[i] = folder_create(set->folder, deal->names[i]);
		if (!deal->files[i])
			return -EIO;
	}
	return 0;
}

static int deal_close(struct deal *deal, int err)
{
	for (size_t i = 0; i < deal->n; i++) {
		if (!deal->files[i])
			continue;
		if (err) /* said already */
			fclose(deal->files[i]);
		else
			err = folder_close(deal->files[i], deal->names[i]);
	}
	return err;
}

int pictures_draw(const struct pictures *set, const volatile sig_atomic_t *stop)
{
	char name[PICTURE_FILE];
	struct deal deal;
	int err = deal_open(&deal, set);

	for (size_t i = 0; i < set->n && deal.n && !err; i++) {
		err = write_one(set, set->list[i]);
		picture_file(set->list[i], "gp", name);
		fprintf(deal.files[i % deal.n], "load \"%s\"\n", name);
	}
	err = deal_close(&deal, err);
	if (!err)
		err = gnuplot_run(set->folder->work, deal.scripts, deal.n, -1, stop);
	for (size_t i = 0; i < deal.n; i++)
		folder_remove(set->folder, deal.names[i]);
	for (size_t i = 0; i < set->n && !err; i++)
		err = drawn_check(set->folder, set->list[i]);
	return err;
}

void pictures_remove(const struct pictures *set)
{
	static const char *const suffixes[] = { "gp", "svg" };
	char name[PICTURE_FILE];

	for (size_t i = 0; i < set->n; i++)
		for (size_t j = 0; j < sizeof suffixes / sizeof *suffixes; j++) {
			picture_file(set->list[i], suffixes[j], name);
			folder_remove(set->folder, name);
		}
}

/* A page of the usual size where stdout is no terminal. */
void pictures_for_terminal(struct pictures *set)
{
	struct winsize size;
	int known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 && size.ws_row > 10;

	set->form = PICTURE_TEXT;
	set->columns = known ? size.ws_col - 1u : 79;
	set->lines = known ? (size.ws_row < 40 ? size.ws_row - 2u : 38) : 24;
}

int picture_show(const struct pictures *set, const struct picture *picture, int sixel, const volatile sig_atomic_t *stop)
{
	static const char *const name = "show.gp";
	FILE *out = folder_create(set->folder, name);

	if (!out)
		return -EIO;
	write_head(out, picture);
	if (sixel)
		fprintf(out, "set terminal sixelgd size %u,%u noenhanced truecolor font \"DejaVu Sans,10\" background paper\n", picture->width,
			picture->height);
	else
		fprintf(out, "set terminal dumb size %u,%u noenhanced %s aspect 1\nset pointsize 1\nunset grid\n", picture->width / CELL_WIDE,
			(picture->height + CELL_HIGH - 1) / CELL_HIGH, isatty(STDOUT_FILENO) ? "ansi256" : "mono");
	fprintf(out, "%s", picture->script);
	int err = folder_close(out, name);
	if (!err)
		err = gnuplot_run(set->folder->work, &name, 1, STDOUT_FILENO, stop);
	folder_remove(set->folder, name);
	return err;
}
