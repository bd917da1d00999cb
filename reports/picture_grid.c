/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_grid.c: the micro-benchmark along each of its axes: what is gained by group size, what a packet costs by payload and private share. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "reports/bars.h"
#include "reports/content.h"
#include "reports/picture.h"
#include "reports/pictures.h"

static const char script[] =
	"set xrange [xlow:xhigh]\n"
	"set yrange [ylow:yhigh]\n"
	"set xlabel title_x textcolor rgb muted\n"
	"if (!cells) set label 9999 title_y at screen 15 / wide, graph 0.5 center rotate by 90 textcolor rgb muted\n"
	"set rmargin at screen 1 - margin / wide\n"
	"unset key\n"
	"if (logarithmic) set logscale x\n"
	"set arrow 9999 from graph 0, first level to graph 1, first level nohead linecolor rgb muted dashtype 3\n"
	"plot for [i = 1 : lines] data skip 1 using ($1 == i ? $6 : NaN) : 7 with lines linecolor rgb colours[i] dashtype dashes[i] linewidth 1.5, \\\n"
	"  for [i = 1 : lines] data skip 1 using ($1 == i ? $6 : NaN) : 7 : (or(8, $7)) : (or(9, $7)) \\\n"
	"  with yerrorbars linecolor rgb colours[i] linewidth 1.25 pointtype 7 pointsize 0.6\n";

/* One kind of picture. */
struct view {
	enum grid_axis axis;
	const char *name;                /* of its files */
	const char *title_x, *title_y;
	const char *caption, *absence;
	int gain;                        /* s of the alternatives, or else cycles of every way */
};

static const struct view views[] = {
	{ GRID_GROUP, "improvement", "group size: packets in a burst", "s, baseline / alternative",
	  "What each alternative gains against the baseline, by the size of the group. Below 1 it loses.",
	  "No picture of the gain by group size: the bench has one group size, or no alternative.", 1 },
	{ GRID_PAYLOAD, "payload", "bytes per packet", "cycles per packet",
	  "What a packet costs by each way, by its size; the harness's own cost is taken off.",
	  "No picture of the cost by payload: the bench has one payload.", 0 },
	{ GRID_PRIVATE, "private", "private share of the packet, per cent", "cycles per packet",
	  "What a packet costs by each way, by how much of it is each recipient's own.",
	  "No picture of the cost by private share: the bench has one private size.", 0 },
};

enum { LINES_MAX = 72 }; /* every way with three payloads */

struct drawing {
	struct picture *picture;
	const struct content *content;
	const struct grid *grid;
	const struct view *view;
	const struct grid_point **line; /* room for the points of one */
	struct line_label labels[LINES_MAX];
	size_t lines_n;
	double wide;                    /* of the longest label, in px */
	int dashes[LINES_MAX];
	struct axis x, y;
};

/* ---- Lines ---- */

static double place(const struct view *view, const struct grid_point *point)
{
	double at = (double)grid_at(point, view->axis);

	return view->axis == GRID_PRIVATE ? 100 * at / fmax((double)point->payload, 1) : at;
}

static struct figure value(const struct view *view, const struct grid_point *point)
{
	return view->gain ? point->s : point->cyc;
}

static void write_point(struct drawing *d, const struct grid_point *point)
{
	struct figure figure = value(d->view, point);
	double x = place(d->view, point);

	fprintf(d->picture->data, "%zu", d->lines_n + 1);
	picture_text(d->picture->data, d->grid->ways[point->way]);
	fprintf(d->picture->data, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%.8g", point->group, point->payload, point->private, x);
	picture_cells(d->picture->data, figure);
	putc('\n', d->picture->data);
	axis_hold(&d->x, x);
	axis_hold_figure(&d->y, figure);
}

/* A label names the way, and what tells this line from others of it. */
static void write_line(struct drawing *d, size_t way, const struct grid_point *like, size_t shade, int several)
{
	size_t n = grid_line(d->grid, way, d->view->axis, like, d->line);
	struct line_label *label = &d->labels[d->lines_n];
	char name[48];

	if (n < 2 || d->lines_n == LINES_MAX)
		return;
	for (size_t i = 0; i < n; i++)
		write_point(d, d->line[i]);
	label_clean(d->grid->ways[way], name, sizeof name);
	label_fit(name, 0.3 * d->picture->width);
	snprintf(label->text, sizeof label->text, several ? "%s, %" PRId64 " B" : "%s", name, like->payload);
	label->y = value(d->view, d->line[n - 1]).value;
	label->colour = content_colour(d->content, d->grid->ways[way]);
	d->dashes[d->lines_n++] = 1 + (int)shade;
	d->wide = fmax(d->wide, label_wide(label->text));
}

/* Along the group size there is a line per payload, up to three: the smallest, one between, the largest. */
static size_t payloads_of(const struct grid *grid, const struct grid_point *like, const struct grid_point *out[3], const struct grid_point **room)
{
	size_t n = grid_line(grid, 0, GRID_PAYLOAD, like, room);

	if (n <= 3) {
		memcpy(out, room, n * sizeof *out);
		return n;
	}
	out[0] = room[0];
	out[1] = room[n / 2];
	out[2] = room[n - 1];
	return 3;
}

static void write_lines(struct drawing *d, const struct grid_point *like)
{
	const struct grid_point *payloads[3] = { like };
	size_t n = d->view->axis == GRID_GROUP ? payloads_of(d->grid, like, payloads, d->line) : 1;

	for (size_t way = d->view->gain; way < d->grid->ways_n; way++)
		for (size_t i = n; i-- > 0;)
			write_line(d, way, payloads[i], n - 1 - i, n > 1);
}

/* ---- Settings ---- */

static void write_settings(struct drawing *d)
{
	FILE *out = d->picture->settings;
	int logarithmic = d->view->axis != GRID_PRIVATE && d->x.low > 0;
	double factor = pow(d->x.high / fmax(d->x.low, 1), 0.04);

	if (d->view->gain)
		axis_hold(&d->y, 1);
	struct axis y = axis_widen(d->y, 0.08, d->view->gain ? 0.01 : 1);
	axis_write(out, 'x', logarithmic ? (struct axis){ d->x.low / factor, d->x.high * factor } : axis_widen(d->x, 0.04, 1));
	axis_write(out, 'y', y);
	fprintf(out, "title_x = \"%s\"\ntitle_y = \"%s\"\nlogarithmic = %d\nlines = %zu\nlevel = %.8g\nmargin = %.1f\n", d->view->title_x, d->view->title_y,
		logarithmic, d->lines_n, d->view->gain ? 1 : y.low, d->wide + 22);
	fputs("array colours[lines] = [", out);
	for (size_t i = 0; i < d->lines_n; i++)
		fprintf(out, "%s%s", i ? ", " : "", d->labels[i].colour);
	fputs("]\narray dashes[lines] = [", out);
	for (size_t i = 0; i < d->lines_n; i++)
		fprintf(out, "%s%d", i ? ", " : "", d->dashes[i]);
	fputs("]\n", out);
	line_labels_write(out, d->labels, d->lines_n, logarithmic ? d->x.high * factor : axis_widen(d->x, 0.04, 1).high, y, 0.06 * (y.high - y.low));
}

/* What the other two coordinates are, in words. */
static void write_caption(struct drawing *d, const struct grid_point *like)
{
	char rest[96];

	if (d->view->axis == GRID_GROUP)
		snprintf(rest, sizeof rest, "%" PRId64 " private bytes", like->private);
	else if (d->view->axis == GRID_PAYLOAD)
		snprintf(rest, sizeof rest, "Groups of %" PRId64 ", %" PRId64 " private bytes", like->group, like->private);
	else
		snprintf(rest, sizeof rest, "Groups of %" PRId64 ", packets of %" PRId64 " bytes", like->group, like->payload);
	snprintf(d->picture->caption, sizeof d->picture->caption, "%s %s%s%s; bars are 95 %% intervals.", d->view->caption, rest,
		 d->grid->run->topology ? ", over " : "", d->grid->run->topology ? d->grid->run->topology : "");
	snprintf(d->picture->alt, sizeof d->picture->alt, "%s against %s, run %" PRId64 "; the figures are in %s.csv", d->view->title_y, d->view->title_x,
		 d->grid->run->run, d->picture->name);
}

static int make(struct pictures *set, const struct content *content, const struct grid *grid, const struct view *view)
{
	struct drawing d = { .content = content, .grid = grid, .view = view, .x = axis_new(), .y = axis_new() };
	const struct grid_point *like = grid_longest(grid, view->axis);

	if (!like || (view->gain && grid->ways_n < 2))
		return picture_absent(set, "costs", grid->run->run, "%s", view->absence);
	d.line = calloc(grid->points_n + 1, sizeof *d.line);
	if (!d.line)
		return fail(-ENOMEM, "report: out of memory");
	d.picture = picture_begin(set, "costs", grid->run->run, "%s-run-%" PRId64, view->name, grid->run->run);
	if (d.picture) {
		d.picture->width = picture_width(set);
		fprintf(d.picture->data, "line,way,group,payload,private,at,%s\n", view->gain ? "speedup,speedup_low,speedup_high" :
			"cycles_per_packet,cycles_per_packet_low,cycles_per_packet_high");
		write_lines(&d, like);
		write_settings(&d);
		d.picture->height = 360;
		d.picture->script = script;
		write_caption(&d, like);
	}
	free(d.line);
	return d.picture ? picture_end(set) : -EIO;
}

int picture_grid(struct pictures *set, const struct content *content)
{
	int err = 0;

	for (size_t i = 0; i < content->grids_n && !err; i++)
		for (size_t j = 0; j < sizeof views / sizeof *views && !err; j++)
			err = make(set, content, &content->grids[i], &views[j]);
	if (!content->grids_n)
		err = picture_absent(set, "costs", STORE_NULL, "No pictures of costs: they take a bench over a grid, forecall bench --group 1,10,100,1000.");
	return err;
}
