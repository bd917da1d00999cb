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
#include <sched.h>
#include <stdbool.h>
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
	"  --multicast ADDR:PORT  every client joins this group too, and counts what comes there as its own\n"
	"  --verify            check every byte; the stream comes from groupsend or livecast --produce\n"
	"  --head BYTES        private bytes before the payload (default 12: the RTP header). With fewer there is no RTP: order\n"
	"                      and loss are told by the counter that groupsend's payload begins with\n"
	"  --tail BYTES        private bytes behind it (default 0)\n"
	"  --rtp-clock-hz N    clock of the stream's timestamps, for jitter (default 90000)\n"
	"  --receive-buffer BYTES  of each socket (default: the system's)\n"
	"  --linger-us N       look again and again for N us before sleeping, as a client that is awake (default 0)\n"
	"  --work-ns N         work for N ns in the mean after each look (default 0)\n"
	"  --moderate-us N     look for packets at most every N us, as a card with interrupt moderation does (default 0)\n"
	"  --each              the summary also lists every client\n"
	"  --cpu N             stay on this CPU\n"
	"  --help\n";

struct options {
	struct sinks_config sinks;
	union net_addr control;
	uint64_t seconds;	/* 0: until a signal */
	int cpu;
	bool each, help;
};

static bool has_control(const struct options *o)
{
	return o->control.sa.sa_family != AF_UNSPEC;
}

/* What ends a run besides the packets. */
struct watched {
	int signals, timer, control; /* -1 where there is none */
};

static int read_options(int argc, char **argv, struct options *o)
{
	struct sinks_config *s = &o->sinks;
	const struct option_row rows[] = {
		ROW_ADDR("listen", &s->listen),
		ROW_NUMBER("count", &s->count, 1, UINT16_MAX),
		ROW_ADDR("multicast", &s->multicast),
		ROW_ADDR("control", &o->control),
		ROW_NUMBER("seconds", &o->seconds, 1, 1000000),
		ROW_FLAG("plain", &s->plain),
		ROW_FLAG("verify", &s->verify),
		ROW_NUMBER("head", &s->head_bytes, 0, UINT16_MAX),
		ROW_NUMBER("tail", &s->tail_bytes, 0, UINT16_MAX),
		ROW_NUMBER("rtp-clock-hz", &s->clock_hz, 1, 1 << 30),
		ROW_NUMBER("receive-buffer", &s->receive_buffer_bytes, 1, 1 << 30),
		ROW_NUMBER("linger-us", &s->linger_us, 0, 999999),
		ROW_NUMBER("work-ns", &s->work_ns, 0, 999999999),
		ROW_NUMBER("moderate-us", &s->moderate_us, 0, 999999),
		ROW_FLAG("each", &o->each),
		ROW_CPU("cpu", &o->cpu),
		ROW_FLAG("help", &o->help),
		{ 0 },
	};
	int err = option_read(argc, argv, rows);

	if (err)
		return err;
	if (s->plain && (s->verify || has_control(o)))
		return fail(-EINVAL, "--plain counts packets of any kind; leave out --verify and --control, or --plain");
	if (s->multicast.sa.sa_family && s->multicast.sa.sa_family != s->listen.sa.sa_family)
		return fail(-EINVAL, "--multicast: give a group of the address family of --listen");
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
		return fail(-ENODATA, "none of %llu clients from %s on got a packet; is the sender running, and does it send here?",
			    (unsigned long long)o->sinks.count, net_format(sinks_addr(sinks), text));
	if (o->sinks.verify && corrupt_n + malformed_n)
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

/* On a machine with one processor, clients wait until the sender sleeps. Otherwise the first packet of a batch that a softirq
 * receives within the sender's call wakes a client, who then preempts the sender; and the kernel charges the client for the
 * rest of that batch, since it takes no new time for a switch that a wake-up has asked for (rq_clock_skip_update()). */
static void stand_back(void)
{
	const struct sched_param none = { 0 };

	if (sysconf(_SC_NPROCESSORS_ONLN) == 1)
		sched_setscheduler(0, SCHED_BATCH, &none); /* anybody may */
}

static int run(const struct options *o)
{
	struct watched w = { -1, -1, -1 };
	struct sinks *sinks = NULL;
	int err = process_pin(o->cpu);

	stand_back();

	if (!err)
		err = sinks_new(&o->sinks, &sinks);
	if (!err)
		err = watch_ends(sinks, o, &w);
	if (!err && has_control(o))
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
