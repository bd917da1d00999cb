/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.c: reads, draws, writes, and only then shows. */
#include "reports/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/store.h"
#include "base/err.h"
#include "reports/folder.h"
#include "reports/page.h"

struct job {
	struct store *store;
	const struct report_options *options;
	struct report_data data;
	struct page_profile *profiles;
	struct page page;
	struct folder folder;
	size_t pictures_n, drawn_n; /* to draw in all, and so far */
};

/* Whether to go on; tells how far we are. */
static int next_picture(struct job *job, const char *text)
{
	if (job->options->stop && *job->options->stop)
		return fail(-EINTR, "report: interrupted; nothing was written");
	if (job->options->progress)
		job->options->progress(job->options->progress_arg, (double)job->drawn_n / (double)(job->pictures_n + 1), text);
	job->drawn_n++;
	return 0;
}

/* ---- Reading ---- */

static bool is_profile(const struct run_row *run)
{
	return !strcmp(run->kind, "profile");
}

/* Details of the newest profiles. */
static int load_profiles(struct job *job)
{
	int err = 0;

	job->profiles = calloc(PAGE_PROFILES_MAX, sizeof *job->profiles);
	if (!job->profiles)
		return fail(-ENOMEM, "report: out of memory");
	job->page.profiles = job->profiles;
	for (size_t i = job->data.runs_n; i-- > 0 && !err;) {
		if (!is_profile(job->data.runs[i]) || job->page.profiles_all_n++ >= PAGE_PROFILES_MAX)
			continue;
		err = detail_load(job->store, job->data.runs[i], &job->profiles[job->page.profiles_n].detail);
		job->page.profiles_n += !err;
	}
	return err;
}

/* Whether an observed prediction was made without force: others have no error worth a picture. */
static bool any_free(const struct report_data *data)
{
	for (size_t i = 0; i < data->observed_n; i++)
		if (!data->observed[i].forced)
			return true;
	return false;
}

static void count_pictures(struct job *job)
{
	job->pictures_n = (job->data.observed_n > 0) + any_free(&job->data);
	for (size_t i = 0; i < job->page.profiles_n; i++)
		job->pictures_n += (job->profiles[i].detail.cpus.n > 0) + (job->profiles[i].detail.threads.n > 0);
}

/* ---- Drawing ---- */

static int draw_observed(struct job *job)
{
	const struct report_data *data = &job->data;

	if (!data->observed_n)
		return 0;
	int err = next_picture(job, "predicted against observed");
	if (!err)
		err = picture_agreement(&job->folder, data->observed, data->observed_n, job->options->stop, &job->page.agreement);
	if (err || !any_free(data))
		return err;
	err = next_picture(job, "errors");
	if (!err)
		err = picture_errors(&job->folder, data->observed, data->observed_n, job->options->stop, &job->page.errors);
	return err;
}

static int draw_bars(struct job *job, const struct run_row *run, const char *what, const struct bars *bars, struct picture *out)
{
	if (!bars->n)
		return 0;
	int err = next_picture(job, "where the cycles go");
	return err ? err : picture_ledger(&job->folder, run->run, what, bars, job->options->stop, out);
}

static int draw(struct job *job)
{
	int err = draw_observed(job);

	for (size_t i = 0; i < job->page.profiles_n && !err; i++) {
		struct page_profile *p = &job->profiles[i];

		err = draw_bars(job, p->detail.run, "cpus", &p->detail.cpus, &p->cpus);
		if (!err)
			err = draw_bars(job, p->detail.run, "threads", &p->detail.threads, &p->threads);
	}
	return err;
}

/* ---- Writing ---- */

static int write_page(struct job *job)
{
	FILE *out = folder_create(&job->folder, "index.html");

	if (!out)
		return -EIO;
	job->page.out = out;
	job->page.folder = &job->folder;
	job->page.data = &job->data;
	int err = page_write(&job->page);
	int closed = folder_close(out, "index.html");
	return err ? err : closed;
}

static void job_free(struct job *job)
{
	for (size_t i = 0; i < job->page.profiles_n; i++)
		detail_free(&job->profiles[i].detail);
	free(job->profiles);
	report_data_free(&job->data);
	folder_free(&job->folder);
}

int report_write(struct store *store, const struct report_options *options, struct report_result *result)
{
	struct job job = { .store = store, .options = options };
	int err = report_data_load(store, options->runs, options->runs_n, &job.data);

	if (err)
		return err;
	err = load_profiles(&job);
	if (!err)
		err = folder_open(options->dir, &job.folder);
	if (!err) {
		count_pictures(&job);
		err = draw(&job);
	}
	if (!err)
		err = write_page(&job);
	if (!err)
		err = folder_publish(&job.folder, "index.html");
	if (!err)
		*result = (struct report_result){ job.data.runs_n, job.data.predictions_n, job.data.observed_n, job.pictures_n };
	job_free(&job);
	return err;
}
