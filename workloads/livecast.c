/* SPDX-License-Identifier: GPL-2.0-or-later */
/* livecast: a live-broadcast server: one RTP stream in, the same stream out to every client. Stands for the servers that
 * send one payload to many; with --produce it is the source of such a stream instead. */
#include "base/err.h"
#include "workloads/block.h"
#include "workloads/control.h"
#include "workloads/option.h"
#include "workloads/process.h"
#include "workloads/produce.h"
#include "workloads/rtp.h"
#include "workloads/sender.h"
#include "workloads/server.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: livecast [options]\n"
	"       livecast --produce --to ADDR:PORT [options]\n"
	"Sends one RTP stream, which comes in by UDP, to every client that joined over TCP, each with its own RTP header.\n"
	"Prints `ready control=ADDR:PORT ingest=ADDR:PORT` when it can be reached.\n"
	"  --ingest ADDR:PORT  where the stream comes in (default 127.0.0.1:5004; port 0: any)\n"
	"  --control ADDR:PORT where clients join: JOIN port [n], LEAVE port [n], SEND way, WORK ns, STATS, QUIT\n"
	"                      (default 127.0.0.1:5005; port 0: any)\n"
	"  --control-stdio     the same on stdin and stdout; the end of stdin ends the server\n"
	"  --send WAY          way of sending to begin with (default sendmsg)\n"
	"  --batch N           messages per call of batched ways (default 0: the whole group, at most 1024)\n"
	"  --work-ns NS        user work per recipient (default 0)\n"
	"  --cpu N             stay on this CPU\n"
	"  --help\n"
	"With --produce:\n"
	"  --to ADDR:PORT      where to send the stream: the `ingest=` address of a livecast (default 127.0.0.1:5004)\n"
	"  --payload BYTES     datagram, RTP header included (default 1000)\n"
	"  --rate-bps N        bits per second of these datagrams (default 100000)\n"
	"  --packets-per-s N   packets per second instead\n"
	"  --packets N         end after so many (default: at SIGINT or SIGTERM)\n";

struct options {
	struct server_config server;
	struct produce_config produce;
	int cpu;
	int is_producer, control_stdio, help;
};

static int set_number(struct options *o, const char *name, const char *value)
{
	const struct number {
		const char *name;
		uint64_t min, max, *to;
	} numbers[] = {
		{ "batch", 0, SENDER_BATCH_MAX, &o->server.batch },
		{ "work-ns", 0, CONTROL_WORK_MAX_NS, &o->server.work_ns },
		{ "payload", RTP_HEADER_BYTES, BLOCK_PAYLOAD_MAX, &o->produce.datagram_bytes },
		{ "rate-bps", 1, 1000000000000u, &o->produce.rate_bps },
		{ "packets-per-s", 1, 1000000, &o->produce.packets_per_s },
		{ "packets", 1, UINT32_MAX, &o->produce.packets_n },
	};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (!strcmp(name, numbers[i].name))
			return option_u64(name, value, numbers[i].min, numbers[i].max, numbers[i].to);
	return -EINVAL;
}

static int set_option(struct options *o, const char *name, const char *value)
{
	if (!strcmp(name, "ingest"))
		return option_addr(name, value, &o->server.ingest);
	if (!strcmp(name, "control"))
		return option_addr(name, value, &o->server.control);
	if (!strcmp(name, "to"))
		return option_addr(name, value, &o->produce.to);
	if (!strcmp(name, "cpu"))
		return option_cpu(name, value, &o->cpu);
	if (!strcmp(name, "send")) {
		o->server.way = value;
		return 0;
	}
	return set_number(o, name, value);
}

static int read_options(int argc, char **argv, struct options *o)
{
	const struct option table[] = {
		{ "ingest", 1, NULL, 0 }, { "control", 1, NULL, 0 }, { "send", 1, NULL, 0 },
		{ "batch", 1, NULL, 0 }, { "work-ns", 1, NULL, 0 }, { "cpu", 1, NULL, 0 },
		{ "to", 1, NULL, 0 }, { "payload", 1, NULL, 0 }, { "rate-bps", 1, NULL, 0 },
		{ "packets-per-s", 1, NULL, 0 }, { "packets", 1, NULL, 0 },
		{ "produce", 0, &o->is_producer, 1 }, { "control-stdio", 0, &o->control_stdio, 1 },
		{ "help", 0, &o->help, 1 }, { 0 },
	};
	int i, c;

	while ((c = getopt_long(argc, argv, "", table, &i)) == 0)
		if (table[i].has_arg && set_option(o, table[i].name, optarg))
			return -EINVAL;
	if (c != -1)
		return -EINVAL;
	if (optind < argc)
		return fail(-EINVAL, "%s: no argument is expected here; see --help", argv[optind]);
	o->server.control_stdio = o->control_stdio;
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = {
		.server = { .way = "sendmsg" },
		.produce = { .datagram_bytes = 1000, .rate_bps = 100000 },
		.cpu = -1,
	};
	int err;

	err_program("livecast");
	net_parse("127.0.0.1:5004", &o.server.ingest);
	net_parse("127.0.0.1:5005", &o.server.control);
	net_parse("127.0.0.1:5004", &o.produce.to);
	if (read_options(argc, argv, &o))
		return 2;
	if (o.help) {
		fputs(usage, stdout);
		return 0;
	}
	err = process_pin(o.cpu);
	if (!err)
		err = o.is_producer ? produce_run(&o.produce) : server_run(&o.server);
	return err ? 1 : 0;
}
