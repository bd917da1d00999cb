/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facility.c: the order in which the parts of a group facility are made and taken away. */
#include "bpfgroup/facility.h"

#include "base/err.h"
#include "bpfgroup/device.h"
#include "bpfgroup/place.h"
#include "bpfgroup/program.h"
#include "bpfgroup/routes.h"
#include "bpfgroup/state.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void name_accounts(const struct accounts *accounts, char *text, size_t bytes)
{
	size_t n = 0;

	*text = '\0';
	for (size_t i = 0; i < accounts->n && n < bytes; i++)
		n += (size_t)snprintf(text + n, bytes - n, "%s ", accounts->list[i].name);
}

/* ---- Down ---- */

static int take_down(uint32_t inode)
{
	struct state s;
	int err = state_read(inode, &s), rest;

	if (err && err != -ENOENT)
		return err;
	if (!err) {
		err = device_remove(s.device, s.ifindex);
		rest = device_lo_restore(s.device, &s.lo);
		err = err ? err : rest;
	} else {
		err = 0;
	}
	rest = place_remove(inode);
	return err ? err : rest;
}

int facility_down(void)
{
	uint32_t inode;
	int err = place_netns_inode(&inode);

	if (!err)
		err = place_lock();
	return err ? err : take_down(inode);
}

/* ---- What is brought up to date ---- */

static int set(uint32_t inode, const char *name, uint32_t key, const void *value)
{
	int map = program_map(inode, name), err = 0;

	if (map < 0)
		return map;
	if (bpf_map_update_elem(map, &key, value, BPF_ANY))
		err = fail(-errno, "cannot set %s: %s", name, strerror(errno));
	close(map);
	return err;
}

static int grant(int map, const struct account *account, uint32_t number)
{
	for (size_t i = 0; i < account->members_n; i++) {
		struct group_grant key = { .uid = account->members[i], .account = number };

		if (bpf_map_update_elem(map, &key, &(uint8_t){ 1 }, BPF_ANY))
			return fail(-errno, "cannot grant %s to user %u: %s", account->name, key.uid, strerror(errno));
	}
	return 0;
}

static bool is_granted(const struct accounts *accounts, const struct group_grant *key)
{
	const struct account *account = key->account < accounts->n ? &accounts->list[key->account] : NULL;

	for (size_t i = 0; account && i < account->members_n; i++)
		if (account->members[i] == key->uid)
			return true;
	return false;
}

/* Those who are no members any more lose their right here, and what they have mapped is of no use to them. Others are never without it. */
static int withdraw(int map, const struct accounts *accounts)
{
	struct group_grant kept, key;
	const struct group_grant *behind = NULL;

	while (!bpf_map_get_next_key(map, behind, &key)) {
		if (is_granted(accounts, &key)) {
			kept = key;
			behind = &kept;
		} else if (bpf_map_delete_elem(map, &key)) {
			return fail(-errno, "cannot take the grant of user %u away: %s", key.uid, strerror(errno));
		}
	}
	return 0;
}

static int refresh_grants(uint32_t inode, const struct accounts *accounts)
{
	int map = program_map(inode, "grants"), err;

	if (map < 0)
		return map;
	err = withdraw(map, accounts);
	for (size_t i = 0; !err && i < accounts->n; i++)
		err = grant(map, &accounts->list[i], (uint32_t)i);
	close(map);
	return err;
}

static int refresh_quotas(uint32_t inode, const struct facility_options *o)
{
	struct {
		uint32_t lock, pad;
		struct group_quota quota;
	} value = { .quota = { .rate = o->rate, .burst = o->burst, .tokens = o->burst } };
	int err = 0;

	for (uint32_t i = 0; !err && i < o->accounts.n; i++)
		err = set(inode, "quotas", i, &value);
	return err;
}

static int refresh_routes(uint32_t inode)
{
	int map = program_map(inode, "locals"), err;

	if (map < 0)
		return map;
	err = routes_locals(map);
	close(map);
	if (err)
		return err;
	map = program_map(inode, "sources");
	if (map < 0)
		return map;
	err = routes_sources(map);
	close(map);
	return err;
}

static int refresh(uint32_t inode, uint32_t ifindex, const struct facility_options *o)
{
	const struct group_config config = { .ifindex = ifindex, .netns_inode = inode, .ignore_policy = o->ignore_policy };
	int err = set(inode, "settings", 0, &config);

	if (!err)
		err = refresh_quotas(inode, o);
	if (!err)
		err = refresh_grants(inode, &o->accounts);
	return err ? err : refresh_routes(inode);
}

/* ---- Up ---- */

static int check_policy(struct program *program, bool ignore)
{
	uint32_t reasons = 0;
	int err = program_policy(program, &reasons);

	if (err || ignore || !reasons)
		return err;
	return fail(-ECANCELED, "%s would not see what is sent to a group; remove these, or say --ignore-policy to send past them",
		    reasons & GROUP_NETFILTER ? "netfilter's hooks for outgoing packets (nft, iptables, connection tracking)" :
		    reasons & GROUP_XFRM ? "IPsec policies (ip xfrm policy)" : "routing rules of this host (ip rule)");
}

static int make_accounts(uint32_t inode, const struct accounts *accounts)
{
	char file[64];
	int err = 0;

	for (size_t i = 0; !err && i < accounts->n; i++) {
		const struct account *account = &accounts->list[i];

		err = place_make_folder(inode, account->name);
		snprintf(file, sizeof file, "maps/%s", account->name);
		if (!err)
			err = place_make_folder(inode, file);
		snprintf(file, sizeof file, "%s/lock", account->name);
		if (!err)
			err = place_write(inode, file, account->mode, "");
		if (!err)
			err = place_give(inode, file, account->uid, account->gid, account->mode);
	}
	return err;
}

/* `info` comes last: with it, libsendgroup finds the facility. */
static int publish(uint32_t inode, const struct state *s)
{
	char text[128];

	snprintf(text, sizeof text, GROUP_INFO_WRITE, s->device, s->ifindex);
	return place_write(inode, "info", 0644, text);
}

static int begin(uint32_t inode, const struct facility_options *o, struct state *s)
{
	int err;

	memset(s, 0, sizeof *s);
	s->lanes_n = o->lanes_n;
	snprintf(s->device, sizeof s->device, "%s", o->device);
	name_accounts(&o->accounts, s->accounts, sizeof s->accounts);
	err = device_lo_before(&s->lo);
	if (!err)
		err = place_make(inode);
	return err ? err : state_write(inode, s); /* before anything that it would undo */
}

/* The device stays only when it is known where `down` finds it: a kill at any moment leaves nothing that is lost. */
static int make_device(uint32_t inode, struct state *s, int *fd)
{
	int err = device_make(s->device, &s->lo, fd, &s->ifindex);

	if (!err)
		err = state_write(inode, s);
	return err ? err : device_lo_allow();
}

static int fill(uint32_t inode, const struct facility_options *o, struct program *program, const struct state *s)
{
	int err = make_accounts(inode, &o->accounts);

	if (!err)
		err = program_pin(program, &o->accounts, inode);
	if (!err)
		err = refresh(inode, s->ifindex, o);
	if (!err)
		err = program_attach(program, s->ifindex);
	return err ? err : publish(inode, s);
}

static int make(uint32_t inode, const struct facility_options *o, struct program *program, bool hold)
{
	struct state s;
	int fd = -1, err = begin(inode, o, &s);

	if (!err)
		err = make_device(inode, &s, &fd);
	if (!err && !hold)
		err = device_keep(fd);
	if (!err)
		err = fill(inode, o, program, &s);
	if (fd >= 0 && !(hold && !err)) /* a held one is this process's until its end */
		close(fd);
	if (err)
		take_down(inode);
	return err;
}

/* Whether it is up just as asked for. */
static bool is_up_as(uint32_t inode, const struct facility_options *o, struct state *s)
{
	char accounts[sizeof s->accounts];

	name_accounts(&o->accounts, accounts, sizeof accounts);
	return !state_read(inode, s) && !strcmp(s->device, o->device) && s->lanes_n == o->lanes_n &&
	       !strcmp(s->accounts, accounts) && state_is_up(inode, s);
}

int facility_up(const struct facility_options *o, bool hold)
{
	struct program *program = NULL;
	struct state s;
	uint32_t inode;
	int err = place_netns_inode(&inode);

	if (!err && hold)
		err = place_hide();
	if (!err)
		err = place_lock();
	if (!err)
		err = program_load(&o->accounts, (uint32_t)o->lanes_n, &program);
	if (!err)
		err = check_policy(program, o->ignore_policy);
	if (!err && is_up_as(inode, o, &s)) {
		err = device_lo_allow();
		if (!err)
			err = device_set_up(s.device, s.ifindex);
		if (!err)
			err = refresh(inode, s.ifindex, o);
	} else if (!err) {
		err = take_down(inode);
		if (!err)
			err = make(inode, o, program, hold);
	}
	program_free(program);
	if (err)
		place_forget();
	return err;
}
