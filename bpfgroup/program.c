/* SPDX-License-Identifier: GPL-2.0-or-later */
/* program.c: loads the tc program by its skeleton, and pins what outlives this process. */
#include "bpfgroup/program.h"

#include "base/err.h"
#include "bpfgroup/accounts.h"
#include "bpfgroup/group.skel.h"
#include "bpfgroup/place.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct program {
	struct group_bpf *skel;
	int lanes[GROUP_LANES_MAX];
	uint32_t lanes_n;	/* per account */
};

/* Maps that outlive up: for refresh and status. */
static const char *const pinned[] = { "settings", "grants", "quotas", "counters", "locals", "sources" };

/* libbpf's own words go to stderr only when somebody debugs; the verifier's log is thousands of lines. */
static int say_nothing(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (getenv("SENDGROUPCTL_DEBUG"))
		return vfprintf(stderr, fmt, args);
	(void)level;
	return 0;
}

static int explain(int err, const char *what)
{
	const char *remedy = "set SENDGROUPCTL_DEBUG=1 to see what the kernel says";

	if (err == -EPERM || err == -EACCES)
		remedy = "run as root (CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON)";
	else if (err == -ESRCH || err == -ENOENT)
		remedy = "the kernel needs CONFIG_DEBUG_INFO_BTF and CONFIG_NET_CLS_BPF (every Debian kernel from 6.1 has them)";
	return fail(err, "cannot %s the tc program: %s; %s", what, strerror(-err), remedy);
}

/* The element that tells a lane from memory that was never one. */
static int make_lane(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sendgroup_lane", sizeof(uint32_t), sizeof(struct group_lane), 1, &options);
	struct group_lane *lane;

	if (fd < 0)
		return -errno;
	lane = mmap(NULL, sizeof *lane, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (lane == MAP_FAILED) {
		int err = -errno;

		close(fd);
		return err;
	}
	lane->magic = GROUP_MAGIC;
	munmap(lane, sizeof *lane);
	return fd;
}

static int make_lanes(struct program *p, const struct accounts *accounts)
{
	int outer = bpf_map__fd(p->skel->maps.lanes), owners = bpf_map__fd(p->skel->maps.owners);

	for (uint32_t lane = 0; lane < p->lanes_n * accounts->n; lane++) {
		struct group_owner owner = { .account = lane / p->lanes_n + 1 };

		p->lanes[lane] = make_lane();
		if (p->lanes[lane] < 0)
			return fail(p->lanes[lane], "cannot make a lane: %s; give fewer by --lanes", strerror(-p->lanes[lane]));
		if (bpf_map_update_elem(outer, &lane, &p->lanes[lane], BPF_ANY) ||
		    bpf_map_update_elem(owners, &lane, &owner, BPF_ANY))
			return fail(-errno, "cannot set up lane %u: %s", lane, strerror(errno));
	}
	return 0;
}

int program_load(const struct accounts *accounts, uint32_t lanes_n, struct program **out)
{
	struct program *p = calloc(1, sizeof *p);
	int err;

	if (!p)
		return fail(-ENOMEM, "out of memory");
	memset(p->lanes, -1, sizeof p->lanes);
	p->lanes_n = lanes_n;
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(say_nothing);
	p->skel = group_bpf__open();
	err = p->skel ? bpf_map__set_max_entries(p->skel->maps.states, lanes_n * (uint32_t)accounts->n) : -errno;
	if (!err)
		err = group_bpf__load(p->skel);
	err = err ? explain(err, "load") : make_lanes(p, accounts);
	if (err)
		program_free(p);
	else
		*out = p;
	return err;
}

void program_free(struct program *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < GROUP_LANES_MAX; i++)
		if (p->lanes[i] >= 0)
			close(p->lanes[i]);
	group_bpf__destroy(p->skel);
	free(p);
}

static int pin(int fd, uint32_t inode, const char *file, uid_t uid, gid_t gid, mode_t mode)
{
	char path[PLACE_PATH_BYTES];

	place_path(inode, file, path);
	if (bpf_obj_pin(fd, path))
		return fail(-errno, "cannot pin a map at %s: %s", path, strerror(errno));
	return place_give(inode, file, uid, gid, mode);
}

static int pin_lanes(struct program *p, const struct accounts *accounts, uint32_t inode)
{
	char file[64];
	int err = 0;

	for (uint32_t lane = 0; !err && lane < p->lanes_n * accounts->n; lane++) {
		const struct account *account = &accounts->list[lane / p->lanes_n];

		snprintf(file, sizeof file, "maps/%s/%u", account->name, lane);
		err = pin(p->lanes[lane], inode, file, account->uid, account->gid, account->mode);
	}
	return err;
}

int program_pin(struct program *p, const struct accounts *accounts, uint32_t inode)
{
	char file[64];
	int err = pin_lanes(p, accounts, inode);

	for (size_t i = 0; !err && i < sizeof pinned / sizeof *pinned; i++) {
		snprintf(file, sizeof file, "maps/%s", pinned[i]);
		err = pin(bpf_object__find_map_fd_by_name(p->skel->obj, pinned[i]), inode, file, 0, 0, 0600);
	}
	return err;
}

int program_attach(struct program *p, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = bpf_program__fd(p->skel->progs.group_send));
	int err = bpf_tc_hook_create(&hook);

	if (!err)
		err = bpf_tc_attach(&hook, &options);
	return err ? explain(err, "attach") : 0;
}

int program_policy(struct program *p, uint32_t *reasons)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	int err = bpf_prog_test_run_opts(bpf_program__fd(p->skel->progs.group_policy), &options);

	*reasons = options.retval;
	return err ? explain(err, "run") : 0;
}

int program_map(uint32_t inode, const char *name)
{
	char file[64], path[PLACE_PATH_BYTES];
	int fd;

	snprintf(file, sizeof file, "maps/%s", name);
	place_path(inode, file, path);
	fd = bpf_obj_get(path);
	return fd < 0 ? fail(-errno, "cannot open the map %s: %s; run as root, and `sendgroupctl up` again", path, strerror(errno)) : fd;
}
