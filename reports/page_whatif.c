/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_whatif.c: sliders for f, s, o and the group size, which begin at this run's figures (whatif.js), and without JavaScript a table. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/amdahl.h"
#include "reports/html.h"
#include "reports/page.h"
#include "whatif.h"

/* Where the sliders begin. */
struct start {
	double f, s, o, group;
	bool measured; /* s is of a prediction */
};

/* By the main prediction, else by the newest profile. Whether there is anything to begin with. */
static bool start_of(const struct content *content, struct start *out)
{
	const struct scored_row *row = content->main;
	const struct detail *detail = content_first(content);
	double burst = detail ? detail_burst(detail) : NAN;

	*out = (struct start){ .s = 2, .group = isfinite(burst) ? burst : 100 };
	if (row)
		*out = (struct start){ row->fraction, row->speedup, row->overhead, out->group, true };
	else if (detail && detail->known)
		out->f = detail->fraction.f.value;
	return row || (detail && detail->known);
}

/* ---- s by group size, as it was measured ---- */

static size_t way_of(const struct grid *grid, const char *way)
{
	size_t i = 0;

	while (i < grid->ways_n && strcmp(grid->ways[i], way))
		i++;
	return i;
}

/* The points as a list of [group, s]. Returns whether there are two or more. */
static bool grid_points(const struct content *content, FILE *out)
{
	const struct grid *grid = content_grid(content, content->main);
	const struct grid_point *like = grid ? grid_longest(grid, GRID_GROUP) : NULL;
	const struct grid_point **line = like ? calloc(grid->points_n, sizeof *line) : NULL;
	size_t n = line ? grid_line(grid, way_of(grid, content->main->alternative), GRID_GROUP, like, line) : 0;

	for (size_t i = 0; i < n && n > 1; i++)
		fprintf(out, "%s[%" PRId64 ",%.6g]", i ? "," : "", line[i]->group, line[i]->s.value);
	free(line);
	return n > 1;
}

/* ---- The parts ---- */

static void slider(FILE *out, const char *name, const char *text)
{
	fprintf(out, "<label for=\"whatif-%s\">%s</label><input type=\"range\" id=\"whatif-%s\"><input type=\"number\" id=\"whatif-%s-number\" "
		"aria-label=\"%s, as a number\">\n", name, text, name, name, text);
}

static void controls(FILE *out, bool grid)
{
	fputs("<div><div class=\"controls\">\n", out);
	slider(out, "f", "f, share of the path");
	slider(out, "s", "s, speed-up of the path");
	slider(out, "o", "o, cost of the port elsewhere");
	slider(out, "group", "group size, clients");
	fputs("</div>\n", out);
	fputs(grid ? "<p class=\"note\">Moving the group size sets s to what was measured for it; f stays.</p>\n"
		     "<p class=\"note\" id=\"whatif-note\" hidden>This group size lies outside of what was measured: s is that of the nearest one.</p>\n"
		   : "<p class=\"note\">s by group size was not measured over a grid: moving the group size leaves f and s as they are.</p>\n"
		     "<p id=\"whatif-note\" hidden></p>\n", out);
	fputs("<button type=\"button\" id=\"whatif-reset\">Back to the measured figures</button></div>\n", out);
}

static void outputs(FILE *out)
{
	fputs("<div><dl class=\"facts\"><dt>speed-up r</dt><dd><output id=\"whatif-r\" class=\"large\"></output></dd>\n"
	      "<dt>busy cycles saved</dt><dd><output id=\"whatif-saved\"></output></dd>\n"
	      "<dt>clients at the same use of the CPU</dt><dd><output id=\"whatif-clients\"></output></dd>\n"
	      "<dt>r, however large s</dt><dd><output id=\"whatif-bound\"></output></dd>\n"
	      "<dt>the port pays from this s on</dt><dd><output id=\"whatif-even\"></output></dd></dl>\n"
	      "<svg id=\"whatif-chart\" viewBox=\"0 0 440 270\" role=\"img\" aria-label=\"r over s\"></svg></div>\n", out);
}

/* What the sliders would show, for some values of s. */
static void table(FILE *out, const struct start *start)
{
	static const double speeds[] = { 1.1, 1.25, 1.5, 2, 3, 5, 10 };
	double r = NAN;

	fputs("<div class=\"still\">\n", out);
	html_table(out, "r of this server by s, with its f and o", ">s|>r|>busy cycles saved|>clients in place of each 100");
	for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++) {
		amdahl_speedup(start->f, speeds[i], start->o, &r);
		html_row(out);
		html_td_number(out, "%.3g", speeds[i]);
		html_td_number(out, "%.3f", r);
		html_td_number(out, "%.1f %%", 100 * (1 - 1 / r));
		html_td_number(out, "%.0f", floor(100 * r + 1e-9));
	}
	html_table_end(out);
	fputs("</div>\n", out);
}

void page_whatif(struct page *page)
{
	struct start start;

	if (!start_of(page->content, &start))
		return;
	fprintf(page->out, "<div id=\"whatif\" class=\"whatif\" data-f=\"%.6g\" data-s=\"%.6g\" data-o=\"%.6g\" data-group=\"%.0f\" data-grid=\"[", start.f,
		start.s, start.o, start.group);
	bool grid = grid_points(page->content, page->out);
	fputs("]\">\n<h3>What if?</h3>\n", page->out);
	if (!start.measured)
		fputs("<p class=\"note\">f is this profile’s; s was not measured yet, and begins at 2.</p>\n", page->out);
	fputs("<div class=\"live-only\">\n", page->out);
	controls(page->out, grid);
	outputs(page->out);
	fputs("</div>\n", page->out);
	table(page->out, &start);
	fputs("</div>\n", page->out);
}

void page_script(FILE *out)
{
	fputs(whatif_js, out);
}
