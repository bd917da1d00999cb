/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_agreement.c: what was predicted beside what was observed, and the errors. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "reports/folder.h"
#include "reports/picture.h"
#include "reports/report_data.h"

/* Where a column of an interval is empty, the point stands for it. */
static const char agreement_script[] =
	"or(k, value) = valid(k) ? column(k) : value\n"
	"set size square\n"
	"set xrange [low:high]\n"
	"set yrange [low:high]\n"
	"set xlabel \"r predicted\" textcolor rgb muted\n"
	"set ylabel \"r observed\" textcolor rgb muted\n"
	"set key above left vertical Left reverse samplen 2 maxrows 3 width -6\n"
	"plot x with lines linecolor rgb muted dashtype 2 linewidth 1 title \"as predicted\", \\\n"
	"  data skip 1 using (column(13) == forced ? column(5) : NaN) : 8 : (or(6, $5)) : (or(7, $5)) : (or(9, $8)) : (or(10, $8)) \\\n"
	"  with xyerrorbars linecolor rgb other linewidth 1.25 pointtype 6 pointsize 0.7 title forced_title, \\\n"
	"  data skip 1 using (column(13) == 0 ? column(5) : NaN) : 8 : (or(6, $5)) : (or(7, $5)) : (or(9, $8)) : (or(10, $8)) \\\n"
	"  with xyerrorbars linecolor rgb accent linewidth 1.25 pointtype 7 pointsize 0.7 title \"predictions, 95 % intervals\"\n";

static const char errors_script[] =
	"or(k, value) = valid(k) ? column(k) : value\n"
	"set xrange [0:rows + 1]\n"
	"set yrange [low:high]\n"
	"set xtics (\"oldest\" 1, \"newest\" rows)\n"
	"set grid noxtics\n"
	"set ylabel \"error, per cent\" textcolor rgb muted\n"
	"unset key\n"
	"plot 0 with lines linecolor rgb muted linewidth 1 notitle, \\\n"
	"  data skip 1 using 1 : 2 : (or(3, $2)) : (or(4, $2)) \\\n"
	"  with yerrorbars linecolor rgb accent linewidth 1.25 pointtype 7 pointsize 0.7\n";

/* ---- Data ---- */

/* A number, or nothing where it is not known. */
static void cell(FILE *out, double value)
{
	if (isfinite(value))
		fprintf(out, ",%.8g", value);
	else
		putc(',', out);
}

static void cells(FILE *out, struct figure figure)
{
	cell(out, figure.value);
	cell(out, figure.low);
	cell(out, figure.high);
}

static void text_cell(FILE *out, const char *text)
{
	char clean[BAR_LABEL];

	label_clean(text, clean, sizeof clean);
	fprintf(out, ",\"%s\"", clean);
}

static int write_agreement(const struct folder *folder, const struct scored_row *rows, size_t n)
{
	FILE *out = folder_create(folder, "agreement.csv");

	if (!out)
		return -EIO;
	fputs("prediction,profile,path,alternative,predicted,predicted_low,predicted_high,observed,observed_low,observed_high,"
	      "fraction,speedup,forced,error\n", out);
	for (size_t i = n; i-- > 0;) {
		fprintf(out, "%" PRId64 ",", rows[i].prediction);
		if (rows[i].profile != STORE_NULL)
			fprintf(out, "%" PRId64, rows[i].profile);
		text_cell(out, rows[i].path);
		text_cell(out, rows[i].alternative);
		cells(out, report_predicted(&rows[i]));
		cells(out, report_observed(&rows[i]));
		cell(out, rows[i].fraction);
		cell(out, rows[i].speedup);
		fprintf(out, ",%d,%.8g\n", rows[i].forced != 0, rows[i].error);
	}
	return folder_close(out, "agreement.csv");
}

/* Forced predictions say nothing about the method. */
static int write_errors(const struct folder *folder, const struct scored_row *rows, size_t n)
{
	FILE *out = folder_create(folder, "errors.csv");
	size_t place = 0;

	if (!out)
		return -EIO;
	fputs("place,error_percent,error_percent_low,error_percent_high,prediction\n", out);
	for (size_t i = n; i-- > 0;) {
		struct figure error = report_error(&rows[i]);

		if (rows[i].forced)
			continue;
		fprintf(out, "%zu", ++place);
		cells(out, (struct figure){ 100 * error.value, 100 * error.low, 100 * error.high });
		fprintf(out, ",%" PRId64 "\n", rows[i].prediction);
	}
	return folder_close(out, "errors.csv");
}

/* ---- Ranges: what holds every figure with its interval, and a margin ---- */

struct range {
	double low, high;
};

static void range_hold(struct range *range, struct figure figure)
{
	range->low = fmin(range->low, fmin(figure.value, figure.low));
	range->high = fmax(range->high, fmax(figure.value, figure.high));
}

static struct range range_widen(struct range range, double least)
{
	double margin = fmax(0.06 * (range.high - range.low), least);

	return (struct range){ range.low - margin, range.high + margin };
}

static void range_text(struct range range, size_t rows_n, const char *more, char *out, size_t size)
{
	snprintf(out, size, "low = %.8g\nhigh = %.8g\nrows = %zu\n%s", range.low, range.high, rows_n, more);
}

/* ---- Pictures ---- */

static size_t count_forced(const struct scored_row *rows, size_t n)
{
	size_t forced_n = 0;

	for (size_t i = 0; i < n; i++)
		forced_n += rows[i].forced != 0;
	return forced_n;
}

int picture_agreement(const struct folder *folder, const struct scored_row *rows, size_t n, const volatile sig_atomic_t *stop,
		      struct picture *out)
{
	struct range range = { .low = 1, .high = 1 }; /* r = 1, nothing gained, is always in sight */
	char settings[256];
	int err = write_agreement(folder, rows, n);

	for (size_t i = 0; i < n; i++) {
		range_hold(&range, report_predicted(&rows[i]));
		range_hold(&range, report_observed(&rows[i]));
	}
	/* Points that are not there would still have a line in the legend. */
	range_text(range_widen(range, 0.02), n,
		   count_forced(rows, n) ? "forced = 1\nforced_title = \"made in spite of a refusal\"\n" : "forced = -1\nforced_title = \"\"\n",
		   settings, sizeof settings);
	*out = (struct picture){ .name = "agreement", .width = 520, .height = 500, .settings = settings, .script = agreement_script };
	snprintf(out->alt, sizeof out->alt, "Observed against predicted r of %zu predictions, with 95 %% intervals and the diagonal; "
		 "the figures are in agreement.csv", n);
	if (!err)
		err = picture_draw(folder, out, stop);
	out->settings = NULL;
	return err;
}

int picture_errors(const struct folder *folder, const struct scored_row *rows, size_t n, const volatile sig_atomic_t *stop,
		   struct picture *out)
{
	struct range range = { .low = 0, .high = 0 };
	size_t shown_n = n - count_forced(rows, n);
	char settings[256];
	int err = write_errors(folder, rows, n);

	for (size_t i = 0; i < n; i++) {
		struct figure error = report_error(&rows[i]);

		if (!rows[i].forced)
			range_hold(&range, (struct figure){ 100 * error.value, 100 * error.low, 100 * error.high });
	}
	range_text(range_widen(range, 0.1), shown_n, "", settings, sizeof settings);
	*out = (struct picture){ .name = "errors", .width = 520, .height = 500, .settings = settings, .script = errors_script };
	snprintf(out->alt, sizeof out->alt, "Error of %zu predictions in per cent, oldest first, with 95 %% intervals; "
		 "the figures are in errors.csv", shown_n);
	if (!err)
		err = picture_draw(folder, out, stop);
	out->settings = NULL;
	return err;
}
