/* SPDX-License-Identifier: GPL-2.0-or-later */
/* receivers: one process that is thousands of UDP clients, and says how well they were served. */
#include "base/err.h"
#include "workloads/join.h"
#include "workloads/option.h"
#include "workloads/process.h"
#include "workloads/rtp.h"
#include "workloads/sinks.h"
#include "workloads/summary.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const char usage[] =
	"usage: receivers [options]\n"
	"Opens UDP sockets on ports in a row and sleeps until packets come. Prints `ready listen=ADDR:PORT clients=N`, then\n"
	"`flowing` when every client has got a packet, and at the end, by --seconds, SIGINT or SIGTERM, a summary as JSON.\n"
	"Exit status 1 when nobody got data, or when --verify found a wrong byte.\n"
	"  --listen ADDR:PORT  first client (default 127.0.0.1:20000; port 0: wherever enough ports are free)\n"
	"  --count N           clients (default 1)\n"
	"  --control ADDR:PORT join the livecast whose control port this is\n"
	"  --seconds N         end by itself\n"
	"  --plain             count packets only: what comes is not RTP\n"
	"  --verify            check every byte; the stream comes from groupsend or livecast --produce\n"
	"  --head BYTES        private bytes before the payload, for --verify (default 12: the RTP header)\n"
	"  --tail BYTES        private bytes behind it (default 0)\n"
	"  --rtp-clock-hz N    clock of the stream's timestamps, for jitter (default 90000)\n"
	"  --receive-buffer BYTES  of each socket (default: the system's)\n"
	"  --each              the summary also lists every client\n"
	"  --cpu N             stay on this CPU\n"
	"  --help\n";

struct options {
	struct sinks_config sinks;
	union net_addr control;
	uint64_t seconds;	/* 0: until a signal */
	int cpu;
	int join, plain, verify, each, help;
};

/* What ends a run besides the packets. */
struct watched {
	int signals, timer, control; /* -1 where there is none */
};

static int set_count(const char *name, const char *value, uint64_t min, uint64_t max, size_t *out)
{
	uint64_t number;
	int err = option_u64(name, value, min, max, &number);

	if (!err)
		*out = number;
	return err;
}

static int set_option(struct options *o, const char *name, const char *value)
{
	size_t number = 0;
	int err;

	if (!strcmp(name, "listen"))
		return option_addr(name, value, &o->sinks.listen);
	if (!strcmp(name, "control")) {
		o->join = 1;
		return option_addr(name, value, &o->control);
	}
	if (!strcmp(name, "cpu"))
		return option_cpu(name, value, &o->cpu);
	if (!strcmp(name, "seconds"))
		return option_u64(name, value, 1, 1000000, &o->seconds);
	if (!strcmp(name, "count"))
		return set_count(name, value, 1, UINT16_MAX, &o->sinks.count);
	if (!strcmp(name, "head"))
		return set_count(name, value, RTP_HEADER_BYTES, UINT16_MAX, &o->sinks.head_bytes);
	if (!strcmp(name, "tail"))
		return set_count(name, value, 0, UINT16_MAX, &o->sinks.tail_bytes);
	err = set_count(name, value, 1, 1 << 30, &number);
	if (!strcmp(name, "rtp-clock-hz"))
		o->sinks.clock_hz = (uint32_t)number;
	else
		o->sinks.receive_buffer_bytes = (int)number;
	return err;
}

static int read_options(int argc, char **argv, struct options *o)
{
	const struct option table[] = {
		{ "listen", 1, NULL, 0 }, { "count", 1, NULL, 0 }, { "control", 1, NULL, 0 },
		{ "seconds", 1, NULL, 0 }, { "head", 1, NULL, 0 }, { "tail", 1, NULL, 0 },
		{ "rtp-clock-hz", 1, NULL, 0 }, { "receive-buffer", 1, NULL, 0 }, { "cpu", 1, NULL, 0 },
		{ "plain", 0, &o->plain, 1 }, { "verify", 0, &o->verify, 1 }, { "each", 0, &o->each, 1 },
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
	if (o->plain && (o->verify || o->join))
		return fail(-EINVAL, "--plain counts packets of any kind; leave out --verify and --control, or --plain");
	o->sinks.plain = o->plain;
	o->sinks.verify = o->verify;
	return 0;
}

static int open_timer(uint64_t seconds)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		timerfd_settime(fd, 0, &(struct itimerspec){ .it_value.tv_sec = (time_t)seconds }, NULL);
	return fd < 0 ? -errno : fd;
}

static int watch(struct sinks *sinks, int fd)
{
	return fd < 0 ? fd : sinks_watch(sinks, fd);
}

static int watch_ends(struct sinks *sinks, const struct options *o, struct watched *w)
{
	int err;

	w->signals = process_signals();
	err = watch(sinks, w->signals);
	if (!err && o->seconds) {
		w->timer = open_timer(o->seconds);
		err = watch(sinks, w->timer);
	}
	return err ? fail(err, "cannot wait for signals: %s", strerror(-err)) : 0;
}

static int join(struct sinks *sinks, const struct options *o, struct watched *w)
{
	int err;

	w->control = join_connect(&o->control);
	if (w->control < 0)
		return w->control;
	err = join_group(w->control, net_port(sinks_addr(sinks)), o->sinks.count);
	if (!err)
		err = sinks_watch(sinks, w->control);
	return err;
}

static void say_ready(const struct sinks *sinks, size_t n)
{
	char text[NET_TEXT_BYTES];

	printf("ready listen=%s clients=%zu\n", net_format(sinks_addr(sinks), text), n);
	fflush(stdout);
}

static int receive(struct sinks *sinks, size_t n, const struct watched *w)
{
	int fd = -1, err = 0;
	bool flowing = false;

	while (!err && fd < 0) {
		err = sinks_wait(sinks, &fd);
		if (flowing || sinks_reached(sinks) < n)
			continue;
		flowing = true;
		puts("flowing");
		fflush(stdout);
	}
	sinks_drain(sinks);
	if (fd >= 0 && fd == w->control)
		warn("livecast has closed the connection");
	return err;
}

static int judge(const struct sinks *sinks, const struct options *o)
{
	char text[NET_TEXT_BYTES];
	uint64_t corrupt_n = 0, malformed_n = 0;

	for (size_t i = 0; i < o->sinks.count; i++) {
		corrupt_n += sinks_get(sinks, i)->corrupt_n;
		malformed_n += sinks_get(sinks, i)->malformed_n;
	}
	if (!sinks_reached(sinks))
		return fail(-ENODATA, "none of %zu clients from %s on got a packet; is the sender running, and does it send here?",
			    o->sinks.count, net_format(sinks_addr(sinks), text));
	if (o->verify && corrupt_n + malformed_n)
		return fail(-EBADMSG, "%llu packets are not what was sent and %llu are not RTP; do --head and --tail match the sender?",
			    (unsigned long long)corrupt_n, (unsigned long long)malformed_n);
	return 0;
}

static int summarize(const struct sinks *sinks, const struct options *o)
{
	json_t *summary = summary_json(sinks, o->sinks.count, o->each);

	if (!summary)
		return fail(-ENOMEM, "out of memory for the summary");
	json_dumpf(summary, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(summary);
	return judge(sinks, o);
}

static int run(const struct options *o)
{
	struct watched w = { -1, -1, -1 };
	struct sinks *sinks = NULL;
	int err = process_pin(o->cpu);

	if (!err)
		err = sinks_new(&o->sinks, &sinks);
	if (!err)
		err = watch_ends(sinks, o, &w);
	if (!err && o->join)
		err = join(sinks, o, &w);
	if (!err) {
		say_ready(sinks, o->sinks.count);
		err = receive(sinks, o->sinks.count, &w);
	}
	if (!err)
		err = summarize(sinks, o);
	if (w.control >= 0)
		close(w.control);
	sinks_free(sinks);
	return err;
}

int main(int argc, char **argv)
{
	struct options o = {
		.sinks = { .count = 1, .head_bytes = RTP_HEADER_BYTES, .clock_hz = RTP_CLOCK_HZ },
		.cpu = -1,
	};

	err_program("receivers");
	net_parse("127.0.0.1:20000", &o.sinks.listen);
	if (read_options(argc, argv, &o))
		return 2;
	if (o.help) {
		fputs(usage, stdout);
		return 0;
	}
	return run(&o) ? 1 : 0;
}
