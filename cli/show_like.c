/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_like.c: the shape of a bench as text and as JSON. */
#include "cli/show_like.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "analyze/store.h"
#include "cli/print.h"
#include "workloads/bench.h"

enum { KINDS_SHOWN = 5 };

static double weight_of(const struct bench_like *like)
{
	double sum = 0;

	for (size_t i = 0; i < like->kinds_n; i++)
		sum += (double)like->kinds[i].weight;
	return sum > 0 ? sum : 1;
}

static void print_kinds(int64_t profile, const struct bench_like *like)
{
	printf("bursts of run %" PRId64 ":", profile);
	for (size_t i = 0; i < like->kinds_n && i < KINDS_SHOWN; i++)
		printf("%s %.3g %% of %" PRIu64 " x %" PRIu64 " bytes%s", i ? "," : "", 100 * (double)like->kinds[i].weight / weight_of(like),
		       like->kinds[i].group, like->kinds[i].payload, like->kinds[i].one_destination ? " to one destination" : "");
	if (like->kinds_n > KINDS_SHOWN)
		printf(", and %zu kinds more", like->kinds_n - KINDS_SHOWN);
	if (!like->kinds_n)
		printf(" %" PRIu64 " x %" PRIu64 " bytes", like->group, like->payload_bytes);
	if (like->period_ns)
		printf("; one every %.0f us", (double)like->period_ns / 1e3);
	if (like->train > 1)
		printf(" in the mean, in trains of %" PRIu64 " with %.1f us between two", like->train, (double)like->between_ns / 1e3);
	printf("; %" PRIu64 " ns of work before each send\n", like->gap_ns);
}

/* What was tried, and what was used; nothing where the cost of a path call is not known. */
static void print_footprint(const struct footprint_row *rows, size_t n)
{
	const struct footprint_row *used = NULL, *least = NULL;
	int64_t most = 0;

	for (size_t i = 0; i < n; i++)
		if (rows[i].used)
			used = &rows[i];
	if (!used)
		return;
	if (used->work_ns != STORE_NULL)
		printf("receivers that work for %.1f us after each look: %.0f %% of the packets wake them, in the profile %.0f %% of the calls\n",
		       (double)used->work_ns / 1e3, 100 * used->sleeps, 100 * used->wanted_wakes);
	printf("receivers %s, most like the clients of the profile by what a packet of the baseline costs and how many wake one:", used->receivers);
	for (size_t i = 0; i < n; i++) {
		bool same = !strcmp(rows[i].receivers, used->receivers);

		if (!rows[i].bytes)
			printf(" %s %.0f,", rows[i].receivers, rows[i].packet_cyc);
		if (same && !rows[i].bytes)
			least = &rows[i];
		if (same && rows[i].bytes > most)
			most = rows[i].bytes;
	}
	printf(" in the profile %.0f cycles\n", used->wanted_cyc);
	if (!least)
		return;
	if (used->bytes)
		printf("cold caches: %.0f KiB are touched before each burst; then a packet costs %.0f cycles, without %.0f, in the profile %.0f\n",
		       (double)used->bytes / 1024, used->packet_cyc, least->packet_cyc, used->wanted_cyc);
	else if (most)
		printf("a packet costs %.0f cycles here and %.0f in the profile, and no memory touched between bursts (up to %.0f KiB) makes them alike: "
		       "the two are in different states; bench close to the profile\n",
		       used->packet_cyc, used->wanted_cyc, (double)most / 1024);
}

int show_like(struct store *store, int64_t bench, int64_t profile, const struct bench_like *like)
{
	struct footprint_row *rows;
	size_t n;
	int err = store_footprints(store, bench, &rows, &n);

	if (err)
		return err;
	print_kinds(profile, like);
	print_footprint(rows, n);
	printf("\n");
	store_rows_free(rows);
	return 0;
}

static json_t *kinds_json(const struct bench_like *like)
{
	json_t *list = json_array();

	for (size_t i = 0; i < like->kinds_n; i++)
		json_array_append_new(list, json_pack("{sf sI sI sb}", "share", (double)like->kinds[i].weight / weight_of(like), "group",
						      (json_int_t)like->kinds[i].group, "payload", (json_int_t)like->kinds[i].payload,
						      "one_destination", (int)like->kinds[i].one_destination));
	return list;
}

json_t *show_like_json(struct store *store, int64_t bench, int64_t profile, const struct bench_like *like)
{
	struct footprint_row *rows;
	json_t *list = json_array();
	size_t n;

	if (store_footprints(store, bench, &rows, &n)) {
		json_decref(list);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{ss sI sf sb}", "receivers", rows[i].receivers, "bytes", (json_int_t)rows[i].bytes, "cycles_per_packet", rows[i].packet_cyc, "used",
						      (int)rows[i].used));
	store_rows_free(rows);
	return json_pack("{sI so sI sI sI sI so so}", "run", (json_int_t)profile, "kinds", kinds_json(like), "period_ns", (json_int_t)like->period_ns,
			 "train", (json_int_t)like->train, "between_ns", (json_int_t)like->between_ns, "gap_ns", (json_int_t)like->gap_ns, "footprint", list, "cycles_per_call",
			 like->packet_cyc > 0 ? json_real(like->packet_cyc) : json_null());
}
