/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status.c: reads what a group facility has done so far out of its maps. */
#include "bpfgroup/facility.h"

#include "base/err.h"
#include "bpfgroup/device.h"
#include "bpfgroup/place.h"
#include "bpfgroup/program.h"
#include "bpfgroup/state.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sums up a row of the counters over all CPUs. */
static int read_counters(int map, uint32_t row, struct group_counters *sum)
{
	int cpus_n = libbpf_num_possible_cpus();
	struct group_counters *each = cpus_n > 0 ? calloc((size_t)cpus_n, sizeof *each) : NULL;

	if (!each)
		return fail(-ENOMEM, "out of memory");
	memset(sum, 0, sizeof *sum);
	if (!bpf_map_lookup_elem(map, &row, each))
		for (int cpu = 0; cpu < cpus_n; cpu++) {
			sum->datagrams_n += each[cpu].datagrams_n;
			sum->bytes += each[cpu].bytes;
			for (int code = 0; code < GROUP_CODES; code++)
				sum->codes_n[code] += each[cpu].codes_n[code];
		}
	free(each);
	return 0;
}

static int read_quota(int map, uint32_t row, struct group_quota *out)
{
	struct {
		uint32_t lock, pad;
		struct group_quota quota;
	} value;

	if (bpf_map_lookup_elem(map, &row, &value))
		return fail(-errno, "cannot read quotas: %s", strerror(errno));
	*out = value.quota;
	return 0;
}

/* A lane is in use while a byte of the account's lock file is locked. */
static bool is_busy(int lock, uint32_t lane)
{
	struct flock probe = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = lane, .l_len = 1 };

	return lock >= 0 && !fcntl(lock, F_OFD_GETLK, &probe) && probe.l_type != F_UNLCK;
}

static int read_lanes(uint32_t inode, struct facility_account *account)
{
	char file[64], path[PLACE_PATH_BYTES];
	struct dirent *entry;
	DIR *folder;
	int lock;

	snprintf(file, sizeof file, "%s/lock", account->name);
	place_path(inode, file, path);
	lock = open(path, O_RDWR | O_CLOEXEC);
	snprintf(file, sizeof file, "maps/%s", account->name);
	place_path(inode, file, path);
	folder = opendir(path);
	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.') {
			account->lanes_n++;
			account->busy_n += is_busy(lock, (uint32_t)strtoul(entry->d_name, NULL, 10));
		}
	if (folder)
		closedir(folder);
	if (lock >= 0)
		close(lock);
	return folder ? 0 : fail(-errno, "cannot read %s: %s", path, strerror(errno));
}

static int read_account(uint32_t inode, uint32_t row, int counters, int quotas, struct facility_account *account)
{
	int err = read_counters(counters, row, &account->counters);

	if (!err)
		err = read_quota(quotas, row, &account->quota);
	return err ? err : read_lanes(inode, account);
}

static int read_maps(uint32_t inode, struct facility_status *out)
{
	int counters = program_map(inode, "counters"), quotas = counters < 0 ? counters : program_map(inode, "quotas");
	int settings = quotas < 0 ? quotas : program_map(inode, "settings"), err = settings < 0 ? settings : 0;
	struct group_counters strays = { 0 };
	struct group_config config = { 0 };

	for (uint32_t i = 0; !err && i < out->accounts_n; i++)
		err = read_account(inode, i, counters, quotas, &out->accounts[i]);
	if (!err)
		err = read_counters(counters, GROUP_STRAY, &strays);
	if (!err && bpf_map_lookup_elem(settings, &(uint32_t){ 0 }, &config))
		err = fail(-errno, "cannot read settings: %s", strerror(errno));
	out->strays_n = strays.datagrams_n;
	out->ignore_policy = config.ignore_policy;
	for (int i = 0, fds[] = { counters, quotas, settings }; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return err;
}

int facility_status(struct facility_status *out)
{
	struct state s;
	int err;

	memset(out, 0, sizeof *out);
	err = place_netns_inode(&out->netns_inode);
	if (!err)
		err = state_read(out->netns_inode, &s);
	if (err == -ENOENT)
		return 0;
	if (err)
		return err;
	out->up = state_is_up(out->netns_inode, &s);
	snprintf(out->device, sizeof out->device, "%s", s.device);
	out->ifindex = s.ifindex;
	for (char *rest = s.accounts, *name; out->accounts_n < ACCOUNTS_MAX && (name = strtok_r(rest, " ", &rest));)
		snprintf(out->accounts[out->accounts_n++].name, ACCOUNT_NAME_BYTES, "%s", name);
	if (!out->up)
		return 0;
	err = device_forwards(out->device, &out->forwards, &out->forwards6);
	return err ? err : read_maps(out->netns_inode, out);
}
