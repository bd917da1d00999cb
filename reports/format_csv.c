/* SPDX-License-Identifier: GPL-2.0-or-later */
/* format_csv.c: the predictions as a table (RFC 4180). */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "reports/content.h"
#include "reports/formats.h"

static void text(FILE *out, const char *text)
{
	fputs(",\"", out);
	if (text && *text && strchr("=+-@\t\r", *text))
		putc('\'', out);
	for (; text && *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void number(FILE *out, double value)
{
	if (isfinite(value))
		fprintf(out, ",%.8g", value);
	else
		putc(',', out);
}

static void figure(FILE *out, struct figure figure)
{
	number(out, figure.value);
	number(out, figure.low);
	number(out, figure.high);
}

static void id(FILE *out, int64_t id)
{
	putc(',', out);
	if (id != STORE_NULL)
		fprintf(out, "%" PRId64, id);
}

static void row(const struct content *content, const struct scored_row *p, FILE *out)
{
	const struct run_row *run = report_run(&content->data, p->profile);
	const struct host_row *host = report_host(&content->data, p->profile);

	fprintf(out, "%" PRId64, p->prediction);
	id(out, p->profile);
	id(out, p->bench);
	id(out, p->observe);
	text(out, run ? run->label : NULL);
	text(out, host ? host->name : NULL);
	text(out, host ? host->kernel : NULL);
	text(out, p->path);
	text(out, p->alternative);
	figure(out, report_fraction(p));
	figure(out, report_speedup(p));
	number(out, p->overhead);
	figure(out, report_predicted(p));
	figure(out, report_capacity(p));
	figure(out, report_observed(p));
	figure(out, report_error(p));
	fprintf(out, ",%d\r\n", p->forced != 0);
}

int format_csv(const struct content *content, FILE *out)
{
	fputs("prediction,profile,bench,observe,label,host,kernel,path,alternative,fraction,fraction_low,fraction_high,speedup,speedup_low,speedup_high,"
	      "overhead,predicted,predicted_low,predicted_high,capacity,capacity_low,capacity_high,observed,observed_low,observed_high,"
	      "error,error_low,error_high,forced\r\n", out);
	for (size_t i = 0; i < content->data.predictions_n; i++)
		row(content, &content->data.predictions[i], out);
	return 0;
}
