/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_agreement.c: what was predicted beside what was observed. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "reports/content.h"
#include "reports/picture.h"
#include "reports/pictures.h"

enum { MANY = 200 }; /* bars become a band */

static const char script[] =
	"set rmargin at screen 1 - 20 / wide\n"
	"set bmargin at screen 62 / high\n"
	"set tmargin at screen 1 - above / high\n"
	"set xrange [xlow:xhigh]\n"
	"set yrange [xlow:xhigh]\n"
	"set xlabel \"r predicted\" textcolor rgb muted\n"
	"if (!cells) set label 9999 \"r observed\" at screen 15 / wide, graph 0.5 center rotate by 90 textcolor rgb muted\n"
	"set key above left vertical Left reverse samplen 2 maxrows 3 width -6\n"
	"plot x with lines linecolor rgb muted dashtype 2 linewidth 1 title \"as predicted\", \\\n"
	"  data skip 1 using (column(13) == forced ? column(5) : NaN) : 8 : (or(6, $5)) : (or(7, $5)) : (or(9, $8)) : (or(10, $8)) \\\n"
	"  with xyerrorbars linecolor rgb other linewidth 1.25 pointtype 6 pointsize 0.7 title forced_title, \\\n"
	"  data skip 1 using (column(13) == 0 ? column(5) : NaN) : 8 : (or(6, $5)) : (or(7, $5)) : (or(9, $8)) : (or(10, $8)) \\\n"
	"  with xyerrorbars linecolor rgb bar linewidth 1.25 pointsize 0 notitle, \\\n"
	"  data skip 1 using (column(13) == 0 ? column(5) : NaN) : 8 with points linecolor rgb way0 pointtype 7 pointsize size title \"predictions, 95 % intervals\"\n";

static void write_row(FILE *data, const struct scored_row *row)
{
	fprintf(data, "%" PRId64 ",", row->prediction);
	if (row->profile != STORE_NULL)
		fprintf(data, "%" PRId64, row->profile);
	picture_text(data, row->path);
	picture_text(data, row->alternative);
	picture_cells(data, report_predicted(row));
	picture_cells(data, report_observed(row));
	picture_cell(data, row->fraction);
	picture_cell(data, row->speedup);
	fprintf(data, ",%d,%.8g\n", row->forced != 0, row->error);
}

int picture_agreement(struct pictures *set, const struct content *content)
{
	const struct report_data *data = &content->data;
	struct axis axis = { 1, 1 }; /* r = 1, nothing gained, is always in sight */
	bool forced = false;

	if (!data->observed_n)
		return picture_absent(set, "observed", STORE_NULL, "No picture of predicted against observed: none of these predictions was observed.");
	struct picture *picture = picture_begin(set, "observed", STORE_NULL, "agreement");
	if (!picture)
		return -EIO;
	fputs("prediction,profile,path,alternative,predicted,predicted_low,predicted_high,observed,observed_low,observed_high,"
	      "fraction,speedup,forced,error\n", picture->data);
	for (size_t i = data->observed_n; i-- > 0;) {
		const struct scored_row *row = &data->observed[i];

		write_row(picture->data, row);
		axis_hold_figure(&axis, report_predicted(row));
		axis_hold_figure(&axis, report_observed(row));
		forced |= row->forced != 0;
	}
	axis_write(picture->settings, 'x', axis_widen(axis, 0.06, 0.02));
	/* Points that are not there would still have a line in the legend. */
	fprintf(picture->settings, "forced = %d\nforced_title = \"%s\"\n", forced ? 1 : -1, forced ? "made in spite of a refusal" : "");
	/* Both axes are of one length: 84 px are left of them, 20 right, 62 below. */
	unsigned above = 16 + 18 * (forced ? 3 : 2);
	picture->width = set->form == PICTURE_WIDE ? 520 : picture_width(set);
	picture->height = picture->width - 104 + 62 + above;
	bool many = data->observed_n > MANY;
	fprintf(picture->settings, "above = %u\nbar = %s\nsize = %g\n", above, many ? "band" : "way0", many ? 0.4 : 0.7);
	picture->script = script;
	snprintf(picture->alt, sizeof picture->alt, "Observed against predicted r of %zu predictions, with 95 %% intervals and the diagonal; "
		 "the figures are in agreement.csv", data->observed_n);
	snprintf(picture->caption, sizeof picture->caption, "Predicted against observed. On the diagonal a prediction was right; a point whose "
		 "bars reach it is right within what was measured.");
	return picture_end(set);
}
