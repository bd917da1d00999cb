/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wakes.c: loads the probes, attaches them for a while and adds up what they counted. */
#include <linux/types.h>

#include "collect/wakes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "collect/account.h"
#include "collect/wakes.skel.h"

#define SLICE_MS 50 /* how long until *stop is looked at */

struct wakes {
	struct wakes_bpf *bpf;
	struct wakes_count *counts; /* one per possible CPU */
	int cpus_n;
};

int wakes_open(const uint8_t *path, struct wakes **out)
{
	struct wakes *w = calloc(1, sizeof *w);

	if (!w)
		return fail(-ENOMEM, "out of memory");
	w->cpus_n = libbpf_num_possible_cpus();
	w->counts = w->cpus_n > 0 ? calloc((size_t)w->cpus_n, sizeof *w->counts) : NULL;
	w->bpf = w->counts ? wakes_bpf__open_and_load() : NULL;
	if (!w->bpf) {
		int err = errno ? -errno : -ENOMEM;

		wakes_free(w);
		return fail(err, "wakes: cannot load the probes: %s; run as root on a kernel with BTF", strerror(-err));
	}
	_Static_assert(sizeof w->bpf->bss->path == ACCOUNT_CALLS_MAX, "as wide as the path");
	memcpy(w->bpf->bss->path, path, sizeof w->bpf->bss->path);
	*out = w;
	return 0;
}

void wakes_free(struct wakes *wakes)
{
	if (!wakes)
		return;
	wakes_bpf__destroy(wakes->bpf);
	free(wakes->counts);
	free(wakes);
}

static void wait_ms(int ms, const volatile sig_atomic_t *stop)
{
	for (; ms > 0 && !*stop; ms -= SLICE_MS) {
		struct timespec slice = {.tv_nsec = (ms < SLICE_MS ? ms : SLICE_MS) * 1000000L};

		nanosleep(&slice, NULL);
	}
}

static int sum_up(const struct wakes *wakes, struct wakes_count *out)
{
	uint32_t key = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(wakes->bpf->maps.counts), &key, wakes->counts))
		return fail(-errno, "wakes: cannot read the counts: %s", strerror(errno));
	*out = (struct wakes_count){0};
	for (int cpu = 0; cpu < wakes->cpus_n; cpu++)
		for (int woke = 0; woke < 2; woke++) {
			out->calls_n[woke] += wakes->counts[cpu].calls_n[woke];
			out->ns[woke] += wakes->counts[cpu].ns[woke];
		}
	return 0;
}

int wakes_watch(struct wakes *wakes, const pid_t *pids, int n, int ms, const volatile sig_atomic_t *stop, struct wakes_count *out)
{
	uint8_t one = 1;
	int err = 0;

	for (int i = 0; i < n && !err; i++) {
		uint32_t pid = (uint32_t)pids[i];

		if (bpf_map__update_elem(wakes->bpf->maps.targets, &pid, sizeof pid, &one, sizeof one, BPF_ANY))
			err = fail(-errno, "wakes: cannot watch process %u: %s", pid, strerror(errno));
	}
	if (!err && (err = wakes_bpf__attach(wakes->bpf)) != 0)
		err = fail(err, "wakes: cannot attach the probes: %s", strerror(-err));
	if (err)
		return err;
	wait_ms(ms, stop);
	wakes_bpf__detach(wakes->bpf);
	return sum_up(wakes, out);
}
