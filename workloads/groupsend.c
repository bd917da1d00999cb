/* SPDX-License-Identifier: GPL-2.0-or-later */
/* groupsend: the micro-benchmark: sends bursts to a group of recipients by one way or several and prints what it cost. */
#include "base/err.h"
#include "workloads/audience.h"
#include "workloads/block.h"
#include "workloads/group.h"
#include "workloads/option.h"
#include "workloads/process.h"
#include "workloads/runner.h"
#include "workloads/sender.h"
#include "workloads/sinks.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: groupsend --to ADDR:PORT [options]\n"
	"       groupsend --topology lo|veth|veth-rps|sink|nic [options]\n"
	"Sends bursts to the recipients ADDR:PORT, ADDR:PORT+1, ... and prints the CPU time that they took.\n"
	"  --to ADDR:PORT     first recipient (default 127.0.0.1:20000)\n"
	"  --topology NAME    make this topology, and sleeping receivers in it, for the time of the run; a sink has none: its\n"
	"                     device drops what is sent\n"
	"  --receivers N      how many of these (default: as many as --group)\n"
	"  --peer-cpu N       they stay on this CPU\n"
	"  --moderate-us N    they look for packets at most every N us (default 100), 0: they wake for every packet\n"
	"  --linger-us N      they look again and again for N us before they sleep (default 0)\n"
	"  --work-ns N        they work for N ns in the mean after each look (default 0)\n"
	"  --ipv6             over IPv6\n"
	"  --verify           they check every byte; status 1 when one is wrong\n"
	"  --multicast ADDR:PORT  group that the receivers have joined, for the way multicast\n"
	"  --way LIST         ways of sending, one block each (default sendmsg)\n"
	"  --group N          recipients (default 1)\n"
	"  --payload BYTES    whole datagram, private bytes included (default 1000)\n"
	"  --head BYTES       of these, private bytes before the shared ones (default 12: an RTP header)\n"
	"  --tail BYTES       of these, private bytes behind the shared ones (default 0)\n"
	"  --batch N          messages per call of batched ways (default 0: the whole group, at most 1024)\n"
	"  --one-destination  all packets of a burst go to the first recipient; with --head 0\n"
	"  --registered       io_uring ways with registered files, and buffers where they can\n"
	"  --bursts N         bursts per block (default 1)\n"
	"  --period-ns NS     from the begin of one burst to the next (default 0: no pause)\n"
	"  --gap-ns NS        user work before each message (default 0)\n"
	"  --train N          bursts that follow each other before a pause of N periods (default 1)\n"
	"  --between-ns NS    from the end of one burst of a train to the begin of the next (default 0)\n"
	"  --kinds LIST       instead of bursts that are alike: GROUPxPAYLOADxONE_DESTINATIONxWEIGHT,... by turns\n"
	"  --touch BYTES      of other memory are written to before each burst (default 0)\n"
	"  --wake WHAT        how it waits for the next burst: sleep or epoll (default sleep)\n"
	"  --event NAME,...   count these events of the sending thread in the bursts (at most 4; shown with --json or --serve)\n"
	"  --cpu N            stay on this CPU\n"
	"  --json             one JSON object per block instead of a table\n"
	"  --serve            read `block way=W group=N ...` from stdin, answer each with one line of JSON\n"
	"  --list             print the ways of sending and whether they work here, with the options that are given\n"
	"  --help\n";

struct options {
	struct runner_config runner;
	struct block block;
	struct audience_config audience; /* clients 0: block.group */
	const char *ways;
	bool has_topology;
	int cpu;
	bool json, serve, list, help;
};

static int set_wake(void *to, const char *name, const char *text)
{
	enum runner_wake *wake = to;

	if (!strcmp(text, "sleep"))
		*wake = RUNNER_WAKE_SLEEP;
	else if (!strcmp(text, "epoll"))
		*wake = RUNNER_WAKE_EPOLL;
	else
		return fail(-EINVAL, "--%s %s: give sleep or epoll", name, text);
	return 0;
}

/* Options of a block have the names of its fields. */
static int set_block(void *to, const char *option, const char *value)
{
	char name[32], why[256];

	snprintf(name, sizeof name, "%s", option);
	for (char *dash = name; (dash = strchr(dash, '-'));)
		*dash = '_';
	if (block_set(to, name, value, why, sizeof why))
		return fail(-EINVAL, "--%s %s: %s", option, value, why);
	return 0;
}

static int set_topology(void *to, const char *name, const char *value)
{
	struct options *o = to;

	(void)name;
	o->has_topology = true;
	return topology_parse(value, &o->audience.topology);
}

static int check(const struct options *o)
{
	char why[256];

	if (block_check(&o->block, why, sizeof why))
		return fail(-EINVAL, "%s", why);
	if (o->audience.verify && (!o->has_topology || o->serve))
		return fail(-EINVAL, "--verify goes with --topology and without --serve: it checks packets of one shape");
	return 0;
}

static int read_options(int argc, char **argv, struct options *o)
{
	bool one_destination = false, registered = false;
	const struct option_row rows[] = {
		ROW_ADDR("to", &o->runner.to), ROW_ADDR("multicast", &o->runner.multicast), ROW_CPU("cpu", &o->cpu),
		ROW_OWN("topology", o, set_topology), ROW_CPU("peer-cpu", &o->audience.peer_cpu),
		ROW_NUMBER("receivers", &o->audience.clients, 1, GROUP_MAX), ROW_NUMBER("linger-us", &o->audience.linger_us, 0, 999999),
		ROW_NUMBER("moderate-us", &o->audience.moderate_us, 0, 999999), ROW_NUMBER("work-ns", &o->audience.work_ns, 0, 999999999),
		ROW_FLAG("ipv6", &o->audience.ipv6),
		ROW_FLAG("verify", &o->audience.verify), ROW_TEXT("way", &o->ways), ROW_OWN("group", &o->block, set_block),
		ROW_OWN("payload", &o->block, set_block), ROW_OWN("head", &o->block, set_block),
		ROW_OWN("tail", &o->block, set_block), ROW_OWN("batch", &o->block, set_block),
		ROW_OWN("bursts", &o->block, set_block), ROW_OWN("period-ns", &o->block, set_block),
		ROW_OWN("gap-ns", &o->block, set_block), ROW_OWN("train", &o->block, set_block),
		ROW_OWN("between-ns", &o->block, set_block), ROW_OWN("kinds", &o->block, set_block),
		ROW_OWN("touch", &o->block, set_block), ROW_FLAG("one-destination", &one_destination),
		ROW_FLAG("registered", &registered), ROW_OWN("wake", &o->runner.wake, set_wake), ROW_TEXT("event", &o->runner.events),
		ROW_FLAG("json", &o->json),
		ROW_FLAG("serve", &o->serve), ROW_FLAG("list", &o->list), ROW_FLAG("help", &o->help), { 0 },
	};
	int err = option_read(argc, argv, rows);

	o->block.one_destination = one_destination;
	o->block.registered = registered;
	return err ? err : check(o);
}

/* What each event advanced by, and whether it was on the PMU all the time: since the runner was made. */
static json_t *events_answer(const struct counters *counters, const struct runner_result *r)
{
	json_t *events = json_array();
	uint64_t enabled_ns = 0, running_ns = 0;

	if (counters && counters_times(counters, &enabled_ns, &running_ns))
		running_ns = 0;
	for (int i = 0; i < counters_n(counters); i++)
		json_array_append_new(events, json_pack("{s:s, s:I, s:I, s:I}", "name", counters_name(counters, i), "n", (json_int_t)r->events[i],
							"enabled_ns", (json_int_t)enabled_ns, "running_ns", (json_int_t)running_ns));
	return events;
}

static json_t *answer(const struct runner *runner, const struct block *b, const struct runner_result *r)
{
	json_t *object = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "way", b->way, "group", (json_int_t)b->group, "payload", (json_int_t)b->payload,
			 "private", (json_int_t)b->head + (json_int_t)b->tail, "packets", (json_int_t)r->packets_n,
			 "errors", (json_int_t)r->errors_n, "cpu_ns", (json_int_t)r->cpu_ns,
			 "bursts", (json_int_t)r->bursts_n, "preempt", (json_int_t)r->preempt_n,
			 "wall_ns", (json_int_t)r->wall_ns, "late", (json_int_t)r->late_n,
			 "copied", (json_int_t)r->copied_n);

	if (counters_n(runner_counters(runner))) {
		json_object_set_new(object, "events", events_answer(runner_counters(runner), r));
		json_object_set_new(object, "user_space", json_integer(counters_in_user_space(runner_counters(runner))));
	}
	return object;
}

static void print_json(json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT);
	json_decref(object);
	putchar('\n');
	fflush(stdout);
}

/* A reason may quote what came in; JSON takes only valid UTF-8. */
static json_t *refusal(char *why)
{
	for (char *c = why; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return json_pack("{s:s}", "error", why);
}

/* The answer also tells how often the receivers slept meanwhile. */
static void serve_line(struct runner *runner, const struct audience *audience, char *line)
{
	int64_t sleeps = audience_sleeps(audience);
	struct runner_result result;
	struct block block;
	char why[512];
	int err = block_parse(line, &block, why, sizeof why);

	if (!err)
		err = runner_block(runner, &block, &result, why, sizeof why);
	json_t *object = err ? refusal(why) : answer(runner, &block, &result);
	if (sleeps >= 0)
		json_object_set_new(object, "sleeps", json_integer((json_int_t)(audience_sleeps(audience) - sleeps)));
	print_json(object);
}

static int serve(struct runner *runner, const struct audience *audience)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, stdin) >= 0)
		serve_line(runner, audience, line);
	free(line);
	return 0;
}

static void print_row(const struct block *b, const struct runner_result *r)
{
	double per_packet = r->packets_n ? (double)r->cpu_ns / (double)r->packets_n : 0;
	uint64_t private = b->head + b->tail;

	printf("%-12s %6" PRIu64 " %8" PRIu64 " %8" PRIu64 " %10" PRIu64 " %8" PRIu64 " %12.1f %8" PRIu64 "\n", b->way,
	       b->group, b->payload, private, r->packets_n, r->errors_n, per_packet, r->preempt_n);
}

static int run_way(struct runner *runner, const struct options *o, const struct block *b)
{
	struct runner_result result;
	char why[512];
	int err = runner_block(runner, b, &result, why, sizeof why);

	if (err)
		return fail(err, "%s", why);
	if (o->json)
		print_json(answer(runner, b, &result));
	else
		print_row(b, &result);
	return 0;
}

static int run_ways(struct runner *runner, struct options *o)
{
	char *ways = strdup(o->ways), *rest = ways, *way;
	int err = ways ? 0 : fail(-ENOMEM, "out of memory");

	if (!o->json)
		printf("%-12s %6s %8s %8s %10s %8s %12s %8s\n", "way", "group", "payload", "private", "packets",
		       "errors", "ns/packet", "preempt");
	while (!err && (way = strsep(&rest, ",")))
		if (!(err = set_block(&o->block, "way", way)))
			err = run_way(runner, o, &o->block);
	free(ways);
	return err;
}

/* Every way, and what speaks against it on this machine and with the other options. */
static void list(const struct options *o)
{
	const struct sender_config config = {
		.group_max = o->block.group, .private_bytes = o->block.head + o->block.tail, .to = &o->runner.to.sa,
		.one_destination = o->block.one_destination,
		.multicast = o->runner.multicast.sa.sa_family ? &o->runner.multicast.sa : NULL,
	};
	const struct sender_ops *ops;
	char why[512];

	for (size_t i = 0; (ops = sender_way(i)); i++) {
		bool refused = sender_refused(ops, &config, why, sizeof why);

		printf("%-12s %s%s%s\n", ops->name, ops->help, refused ? "; not here: " : "", refused ? why : "");
	}
}

/* Makes what lies around the sender, and sends from within it. */
static int prepare(struct options *o, struct audience **audience)
{
	int err = 0;

	if (!o->audience.clients)
		o->audience.clients = block_recipients(&o->block);
	o->audience.head_bytes = o->block.head;
	o->audience.tail_bytes = o->block.tail;
	o->audience.multicast = o->runner.multicast;
	if (o->has_topology)
		err = audience_new(&o->audience, audience);
	if (!err && *audience) {
		o->runner.to = *audience_addr(*audience);
		err = audience_enter(*audience);
	}
	return err ? err : process_pin(o->cpu);
}

static int run(struct options *o)
{
	struct audience *audience = NULL;
	struct runner *runner = NULL;
	int err = prepare(o, &audience), left;

	if (!err)
		err = runner_new(&o->runner, &runner);
	if (!err)
		err = o->serve ? serve(runner, audience) : run_ways(runner, o);
	left = audience_free(audience, !err && runner_sent(runner));
	runner_free(runner);
	return err ? err : left;
}

int main(int argc, char **argv)
{
	struct options o = { .block = block_default, .ways = "sendmsg", .cpu = -1, .audience.peer_cpu = -1, .audience.moderate_us = SINKS_MODERATE_US };

	err_program("groupsend");
	net_parse("127.0.0.1:20000", &o.runner.to);
	if (read_options(argc, argv, &o))
		return 2;
	if (o.help)
		fputs(usage, stdout);
	if (o.list)
		list(&o);
	if (o.help || o.list)
		return 0;
	return run(&o) ? 1 : 0;
}
