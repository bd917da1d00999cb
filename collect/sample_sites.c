/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample_sites.c: a hash table of call sites, open addressing. */
#include "collect/sample_sites.h"

#include <stdlib.h>

#define SLOTS (2 * SITES_MAX) /* a power of two */

struct slot {
	uint64_t ip; /* 0: free */
	uint32_t pid;
	uint64_t path_n, other_n;
	double due; /* share of the path that was not handed out yet */
};

struct sites {
	size_t n;
	uint64_t refused_n;
	struct slot slots[SLOTS];
};

struct sites *sites_new(void)
{
	return calloc(1, sizeof(struct sites));
}

void sites_free(struct sites *sites)
{
	free(sites);
}

/* The slot of a site, or the free one where it would be. The table is never full. */
static struct slot *find(struct sites *sites, uint32_t pid, uint64_t ip)
{
	uint64_t hash = (ip ^ (uint64_t)pid << 40) * 0x9e3779b97f4a7c15u;

	for (size_t i = hash >> 47;; i++) {
		struct slot *slot = &sites->slots[i % SLOTS];

		if (!slot->ip || (slot->ip == ip && slot->pid == pid))
			return slot;
	}
}

void sites_learn(struct sites *sites, uint32_t pid, uint64_t ip, bool path)
{
	struct slot *slot = find(sites, pid, ip);

	if (!ip)
		return;
	if (!slot->ip) {
		if (sites->n == SITES_MAX) {
			sites->refused_n++;
			return;
		}
		sites->n++;
		slot->ip = ip;
		slot->pid = pid;
	}
	slot->path_n += path;
	slot->other_n += !path;
}

enum site sites_resolve(struct sites *sites, uint32_t pid, uint64_t ip)
{
	struct slot *slot = find(sites, pid, ip);

	if (!ip || !slot->ip)
		return SITE_UNKNOWN;
	slot->due += (double)slot->path_n / (double)(slot->path_n + slot->other_n);
	if (slot->due < 0.5)
		return SITE_OTHER;
	slot->due -= 1;
	return SITE_PATH;
}

uint64_t sites_refused(const struct sites *sites)
{
	return sites->refused_n;
}
