/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_predictions.c: every prediction with its interval below the other, and what was observed: many runs and hosts at a glance. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "reports/bars.h"
#include "reports/content.h"
#include "reports/picture.h"
#include "reports/pictures.h"

enum { ROWS_MAX = 40, ROW_HIGH = 30 };

static const char script[] =
	"set xrange [xlow:xhigh]\n"
	"set yrange [rows + 0.6 : 0.4]\n"
	"set xlabel \"r, busy cycles before / after\" textcolor rgb muted\n"
	"set border 1\n"
	"set ytics scale 0\n"
	"set lmargin at screen beside\n"
	"set rmargin 2\n"
	"set key above left horizontal Left reverse samplen 2\n"
	"set arrow 9999 from 1, graph 0 to 1, graph 1 nohead linecolor rgb muted dashtype 3\n"
	"plot data skip 1 using 4 : ($1 - (both ? 0.14 : 0)) : (or(5, $4)) : (or(6, $4)) \\\n"
	"  with xerrorbars linecolor rgb way1 linewidth 1.5 pointtype 7 pointsize 0.7 title \"predicted\", \\\n"
	"  data skip 1 using 7 : ($1 + 0.14) : (or(8, $7)) : (or(9, $7)) \\\n"
	"  with xerrorbars linecolor rgb way2 linewidth 1.5 pointtype 6 pointsize 0.8 title observed\n";

/* "run 3 on web1: sendmmsg". */
static void name_of(const struct content *content, const struct scored_row *row, char *out, size_t size)
{
	char alternative[32], host[32];
	const struct host_row *of = content->data.hosts_n > 1 ? report_host(&content->data, row->profile) : NULL;
	const char *on = of ? of->name : NULL;

	label_clean(row->alternative, alternative, sizeof alternative);
	label_clean(on ? on : "", host, sizeof host);
	if (row->profile == STORE_NULL)
		snprintf(out, size, "by hand: %s", alternative);
	else
		snprintf(out, size, "run %" PRId64 "%s%s: %s", row->profile, on ? " on " : "", host, alternative);
}

static void write_row(FILE *data, size_t place, const char *name, const struct scored_row *row)
{
	fprintf(data, "%zu,\"%s\",%" PRId64, place, name, row->prediction);
	picture_cells(data, report_predicted(row));
	picture_cells(data, report_observed(row));
	putc('\n', data);
}

int picture_predictions(struct pictures *set, const struct content *content)
{
	const struct report_data *data = &content->data;
	size_t n = data->predictions_n > ROWS_MAX ? ROWS_MAX : data->predictions_n;
	struct axis x = { 1, 1 };
	bool observed = false;

	if (n < 2) /* one prediction stands in large on the page */
		return 0;
	struct picture *picture = picture_begin(set, "gain", STORE_NULL, "predictions");
	if (!picture)
		return -EIO;
	struct tic_names names = { .settings = picture->settings, .most = 0.5 * picture_width(set) };
	fputs("place,name,prediction,predicted,predicted_low,predicted_high,observed,observed_low,observed_high\n", picture->data);
	for (size_t i = 0; i < n; i++) {
		const struct scored_row *row = &data->predictions[i];
		char name[BAR_LABEL];

		name_of(content, row, name, sizeof name);
		tic_name(&names, name, (double)i + 1);
		write_row(picture->data, i + 1, name, row);
		axis_hold_figure(&x, report_predicted(row));
		axis_hold_figure(&x, report_observed(row));
		observed |= isfinite(row->observed);
	}
	tic_names_end(&names);
	picture->width = picture_width(set);
	picture->height = 100 + ROW_HIGH * (unsigned)n;
	axis_write(picture->settings, 'x', axis_widen(x, 0.05, 0.01));
	fprintf(picture->settings, "rows = %zu\nboth = %d\nobserved = \"%s\"\nbeside = %.4f\n", n, observed, observed ? "observed" : "",
		(names.wide + 16) / picture->width);
	picture->script = script;
	snprintf(picture->alt, sizeof picture->alt, "r of %zu predictions with 95 %% intervals, and what was observed; the figures are in predictions.csv", n);
	snprintf(picture->caption, sizeof picture->caption, "%s%zu predictions, newest first, with their 95 %% intervals.",
		 n < data->predictions_n ? "The newest " : "", n);
	return picture_end(set);
}
