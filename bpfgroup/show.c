/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show.c: a facility's status as text and as JSON. */
#include "bpfgroup/show.h"

#include "base/err.h"
#include "bpfgroup/facility.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

/* Names of enum group_code, and what each means to a reader. */
static const struct {
	const char *name, *help;
} codes[GROUP_CODES] = {
	[GROUP_NONE] = { "none", "" },
	[GROUP_SENT] = { "sent", "" },
	[GROUP_DROPPED] = { "dropped", "the device's queue was full" },
	[GROUP_NO_ROUTE] = { "no_route", "none, or one that forbids" },
	[GROUP_NO_NEIGHBOUR] = { "no_neighbour", "link address not known yet" },
	[GROUP_REFRESH] = { "refresh", "link address to be confirmed" },
	[GROUP_MTU] = { "mtu", "larger than the route's MTU" },
	[GROUP_ADDRESS] = { "address", "broadcast, multicast, reserved, or local since the last `up`" },
	[GROUP_SOURCE] = { "source", "the socket's address does not go there" },
	[GROUP_DEVICE] = { "device", "the socket is bound to another device" },
	[GROUP_LOCAL] = { "local", "lo's accept_local or route_localnet was taken back" },
	[GROUP_PRIVATE] = { "private", "private bytes outside the lane" },
	[GROUP_QUOTA] = { "quota", "above --rate and --burst" },
	[GROUP_POLICY] = { "policy", "netfilter, IPsec, a routing rule or a cgroup's program would not see it" },
	[GROUP_PLACE] = { "place", "from another network namespace or cgroup than the socket's" },
	[GROUP_FORM] = { "form", "no plain UDP datagram, or without checksum offload" },
	[GROUP_BUSY] = { "busy", "" },
};

static void show_account(const struct facility_account *account, FILE *out)
{
	const struct group_counters *c = &account->counters;

	fprintf(out, "%s: %u lanes, %u in use; at most %" PRIu64 " packets/s, %" PRIu64 " at once\n", account->name, account->lanes_n,
		account->busy_n, account->quota.rate, account->quota.burst);
	fprintf(out, "  sent %" PRIu64 " packets, %" PRIu64 " bytes of payload, from %" PRIu64 " datagrams; dropped %" PRIu64 "\n",
		c->codes_n[GROUP_SENT], c->bytes, c->datagrams_n, c->codes_n[GROUP_DROPPED]);
	for (int code = GROUP_PLAIN; code < GROUP_CODES; code++)
		if (c->codes_n[code])
			fprintf(out, "  left to sendmsg: %" PRIu64 " %s (%s)\n", c->codes_n[code], codes[code].name, codes[code].help);
}

void show_text(const struct facility_status *status, FILE *out)
{
	if (!status->up) {
		fputs("down\n", out);
		return;
	}
	fprintf(out, "up: device %s, ifindex %u, network namespace %u%s\n", status->device, status->ifindex, status->netns_inode,
		status->ignore_policy ? ", policy ignored" : "");
	if (!status->forwards || !status->forwards6)
		fprintf(out, "forwarding of %s was switched off for %s, so that is left to sendmsg; run `sendgroupctl up` again, with the options that it had\n",
			status->forwards ? "IPv6" : status->forwards6 ? "IPv4" : "IPv4 and IPv6", status->device);
	for (uint32_t i = 0; i < status->accounts_n; i++)
		show_account(&status->accounts[i], out);
	if (status->strays_n)
		fprintf(out, "dropped %" PRIu64 " datagrams that came to the device and were of nobody's\n", status->strays_n);
}

static json_t *account_json(const struct facility_account *account)
{
	const struct group_counters *c = &account->counters;
	json_t *left = json_object();

	for (int code = GROUP_PLAIN; code < GROUP_CODES; code++)
		if (c->codes_n[code])
			json_object_set_new(left, codes[code].name, json_integer((json_int_t)c->codes_n[code]));
	return json_pack("{s:s, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "account", account->name, "lanes", (int)account->lanes_n,
			 "busy", (int)account->busy_n, "rate", (json_int_t)account->quota.rate, "burst", (json_int_t)account->quota.burst,
			 "datagrams", (json_int_t)c->datagrams_n, "sent", (json_int_t)c->codes_n[GROUP_SENT], "payload_bytes",
			 (json_int_t)c->bytes, "dropped", (json_int_t)c->codes_n[GROUP_DROPPED], "left", left);
}

int show_json(const struct facility_status *status, FILE *out)
{
	json_t *accounts = json_array(), *all;

	for (uint32_t i = 0; i < status->accounts_n; i++)
		json_array_append_new(accounts, account_json(&status->accounts[i]));
	all = json_pack("{s:b, s:s, s:I, s:I, s:b, s:b, s:b, s:I, s:o}", "up", status->up, "device", status->device, "ifindex",
			(json_int_t)status->ifindex, "netns", (json_int_t)status->netns_inode, "ignore_policy", status->ignore_policy,
			"forwards_ipv4", status->forwards, "forwards_ipv6", status->forwards6, "strays", (json_int_t)status->strays_n, "accounts", accounts);
	if (!all)
		return fail(-ENOMEM, "out of memory");
	json_dumpf(all, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(all);
	return 0;
}
