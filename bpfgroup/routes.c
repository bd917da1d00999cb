/* SPDX-License-Identifier: GPL-2.0-or-later */
/* routes.c: reads the local routing table and the devices' addresses from ip(8), which prints them as JSON. */
#include "bpfgroup/routes.h"

#include "base/err.h"
#include "bpfgroup/kernel.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <jansson.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The answer of an ip(8) command, an array; NULL and said by fail() when there is none. */
static json_t *ask(const char *command)
{
	FILE *in = popen(command, "re"); /* NOLINT(cert-env33-c): constant commands */
	json_t *answer = in ? json_loadf(in, 0, NULL) : NULL;
	int status = in ? pclose(in) : -1;

	if (status == 0 && !answer)
		return json_array(); /* ip(8) prints nothing for an empty table */
	if (status)
		fail(-EIO, "`%s` has failed; is iproute2 installed?", command);
	if (status && answer) {
		json_decref(answer);
		return NULL;
	}
	return status ? NULL : answer;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* An address as the maps have it: IPv4 in addr[3] behind ::ffff. Returns its family, or 0. */
static int read_mapped(const char *text, uint32_t addr[4])
{
	memset(addr, 0, 16);
	if (inet_pton(AF_INET6, text, addr) == 1)
		return AF_INET6;
	addr[2] = htonl(0xffff);
	return inet_pton(AF_INET, text, &addr[3]) == 1 ? AF_INET : 0;
}

/* A source as the program wants it: IPv4 in [0]. */
static void set_addr(uint32_t *to, int family, const uint32_t *mapped)
{
	memset(to, 0, 16);
	if (family == AF_INET)
		to[0] = mapped[3];
	else
		memcpy(to, mapped, 16);
}

/* Towards a local address the kernel prefers the route's source, else the address itself. */
static void set_source(struct group_local *local, int family, const uint32_t *to, const char *prefsrc)
{
	uint32_t addr[4];

	if (!*prefsrc || read_mapped(prefsrc, addr) != family)
		memcpy(addr, to, sizeof addr);
	set_addr(local->source, family, addr);
}

static int add_local(int map, const json_t *route)
{
	struct group_local_key key = { .prefix_bits = 128 };
	struct group_local value = { .not_local = strcmp(text_of(route, "type"), "local") != 0 };
	char dst[64];
	char *slash;
	int family;

	snprintf(dst, sizeof dst, "%s", text_of(route, "dst"));
	slash = strchr(dst, '/');
	if (slash)
		*slash++ = '\0';
	family = read_mapped(dst, key.addr);
	if (!family)
		return 0; /* "default", or nothing that a recipient can be */
	if (slash)
		key.prefix_bits = (uint32_t)strtoul(slash, NULL, 10) + (family == AF_INET ? 96 : 0);
	set_source(&value, family, key.addr, text_of(route, "prefsrc"));
	if (bpf_map_update_elem(map, &key, &value, BPF_ANY))
		return fail(-errno, "cannot enter local address %s: %s", dst, strerror(errno));
	return 0;
}

static void empty(int map, size_t key_bytes)
{
	uint32_t key[8];

	while (key_bytes <= sizeof key && !bpf_map_get_next_key(map, NULL, key) && !bpf_map_delete_elem(map, key))
		;
}

static int add_all(int map, const char *command, int (*add)(int map, const json_t *row))
{
	json_t *rows = ask(command);
	int err = rows ? 0 : -EIO;

	for (size_t i = 0; !err && i < json_array_size(rows); i++)
		err = add(map, json_array_get(rows, i));
	json_decref(rows);
	return err;
}

int routes_locals(int map)
{
	int err;

	empty(map, sizeof(struct group_local_key));
	err = add_all(map, "ip -4 -j route show table local", add_local);
	return err ? err : add_all(map, "ip -6 -j route show table local", add_local);
}

/* The first address of global scope of each family, as the kernel's inet_select_addr() begins. */
static int add_source(int map, const json_t *device)
{
	struct group_source_key key = { .ifindex = (uint32_t)json_integer_value(json_object_get(device, "ifindex")) };
	json_t *info;
	size_t i;

	json_array_foreach(json_object_get(device, "addr_info"), i, info) {
		struct group_source value = { 0 };
		uint32_t addr[4];
		int family = read_mapped(text_of(info, "local"), addr);

		if (!family || strcmp(text_of(info, "scope"), "global") != 0)
			continue;
		key.family = (uint32_t)family;
		set_addr(value.addr, family, addr);
		if (bpf_map_update_elem(map, &key, &value, BPF_NOEXIST) && errno != EEXIST)
			return fail(-errno, "cannot enter the source of device %u: %s", key.ifindex, strerror(errno));
	}
	return 0;
}

int routes_sources(int map)
{
	empty(map, sizeof(struct group_source_key));
	return add_all(map, "ip -j addr show", add_source);
}
