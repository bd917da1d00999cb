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

#include <stdbool.h>
#include <stdio.h>

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
	"  --tally FILE        tell in this file, which is mapped, what was sent, to whoever measures\n"
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
	bool is_producer, help;
};

static int read_options(int argc, char **argv, struct options *o)
{
	const struct option_row rows[] = {
		ROW_ADDR("ingest", &o->server.ingest),
		ROW_ADDR("control", &o->server.control),
		ROW_FLAG("control-stdio", &o->server.control_stdio),
		ROW_TEXT("send", &o->server.way),
		ROW_NUMBER("batch", &o->server.batch, 0, SENDER_BATCH_MAX),
		ROW_NUMBER("work-ns", &o->server.work_ns, 0, CONTROL_WORK_MAX_NS),
		ROW_TEXT("tally", &o->server.tally),
		ROW_FLAG("produce", &o->is_producer),
		ROW_ADDR("to", &o->produce.to),
		ROW_NUMBER("payload", &o->produce.datagram_bytes, RTP_HEADER_BYTES, BLOCK_PAYLOAD_MAX),
		ROW_NUMBER("rate-bps", &o->produce.rate_bps, 1, 1000000000000u),
		ROW_NUMBER("packets-per-s", &o->produce.packets_per_s, 1, 1000000),
		ROW_NUMBER("packets", &o->produce.packets_n, 1, UINT32_MAX),
		ROW_CPU("cpu", &o->cpu),
		ROW_FLAG("help", &o->help),
		{ 0 },
	};

	return option_read(argc, argv, rows);
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
