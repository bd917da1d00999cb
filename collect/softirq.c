/* SPDX-License-Identifier: GPL-2.0-or-later */
/* softirq.c: loads the two probes and adds up what they count. */
#include "collect/softirq.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "collect/softirq.skel.h"

struct softirq_time { /* as in softirq.bpf.c */
	uint64_t from_ns, sum_ns;
};

struct softirq {
	struct softirq_bpf *bpf;
	struct softirq_time *times; /* one per possible CPU */
	int cpus_n;
};

int softirq_new(struct softirq **out)
{
	struct softirq *s = calloc(1, sizeof *s);
	int err;

	if (!s)
		return fail(-ENOMEM, "out of memory");
	s->cpus_n = libbpf_num_possible_cpus();
	s->times = s->cpus_n > 0 ? calloc((size_t)s->cpus_n, sizeof *s->times) : NULL;
	s->bpf = s->times ? softirq_bpf__open_and_load() : NULL;
	err = s->bpf ? softirq_bpf__attach(s->bpf) : -errno;
	if (!err) {
		*out = s;
		return 0;
	}
	softirq_free(s);
	return fail(err, "cannot count the time of softirqs: %s; run as root on a kernel with BTF, or use --topology veth", strerror(-err));
}

void softirq_free(struct softirq *s)
{
	if (!s)
		return;
	softirq_bpf__destroy(s->bpf);
	free(s->times);
	free(s);
}

int softirq_read(const struct softirq *s, int skip_cpu, uint64_t *ns)
{
	uint32_t key = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(s->bpf->maps.times), &key, s->times))
		return -errno;
	*ns = 0;
	for (int cpu = 0; cpu < s->cpus_n; cpu++)
		*ns += cpu == skip_cpu ? 0 : s->times[cpu].sum_ns;
	return 0;
}
