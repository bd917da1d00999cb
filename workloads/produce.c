/* SPDX-License-Identifier: GPL-2.0-or-later */
/* produce.c: sends one RTP packet per period. */
#include "workloads/produce.h"

#include "base/err.h"
#include "workloads/block.h"
#include "workloads/pattern.h"
#include "workloads/process.h"
#include "workloads/rtp.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SSRC = 0x666f7265, HELD_UP_NS = 200000000 };

static uint64_t period_of(const struct produce_config *config)
{
	double packets_per_s = config->packets_per_s ? (double)config->packets_per_s
						     : (double)config->rate_bps / 8 / (double)config->datagram_bytes;

	return (uint64_t)(1e9 / packets_per_s + 0.5);
}

/* Whether it got to that time without a signal. */
static int sleep_until(uint64_t wall_ns, int signals)
{
	struct pollfd fd = { .fd = signals, .events = POLLIN };
	uint64_t now_ns = process_wall_ns(), left_ns = wall_ns > now_ns ? wall_ns - now_ns : 0;
	struct timespec left = { (time_t)(left_ns / 1000000000u), (long)(left_ns % 1000000000u) };

	return ppoll(&fd, 1, &left, NULL) == 0;
}

static int open_stream(const struct produce_config *config)
{
	char text[NET_TEXT_BYTES];
	int fd = net_sender(&config->to), err = fd < 0 ? fd : 0;

	if (!err && connect(fd, &config->to.sa, net_len(&config->to))) {
		err = -errno;
		close(fd);
	}
	return err ? fail(err, "cannot send to %s: %s", net_format(&config->to, text), strerror(-err)) : fd;
}

static ssize_t send_packet(int fd, const struct produce_config *config, uint64_t i, uint64_t period_ns)
{
	uint8_t data[BLOCK_PAYLOAD_MAX];

	rtp_write(data, &(struct rtp){
		.type = RTP_TYPE_DYNAMIC,
		.sequence = (uint16_t)i,
		.time = (uint32_t)(uint64_t)((double)(i * period_ns) * RTP_CLOCK_HZ / 1e9),
		.ssrc = SSRC,
	});
	pattern_fill_payload(data + RTP_HEADER_BYTES, config->datagram_bytes - RTP_HEADER_BYTES, (uint32_t)i);
	return send(fd, data, config->datagram_bytes, 0);
}

/* How late it is, if so late that it must have been stopped: what was not sent then is not made up for. */
static uint64_t held_up_ns(uint64_t due_ns)
{
	uint64_t late_ns = process_wall_ns() - due_ns;

	return late_ns > HELD_UP_NS ? late_ns : 0;
}

static int stream(const struct produce_config *config, int fd, int signals)
{
	uint64_t period_ns = period_of(config), start_ns = process_wall_ns(), errors_n = 0, i = 0;
	char text[NET_TEXT_BYTES];

	while ((!config->packets_n || i < config->packets_n) && sleep_until(start_ns + i * period_ns, signals)) {
		start_ns += held_up_ns(start_ns + i * period_ns);
		if (send_packet(fd, config, i++, period_ns) >= 0)
			continue;
		if (errno == ECONNREFUSED)
			return fail(-errno, "nobody listens at %s: start livecast first, and send to its `ingest=` address",
				    net_format(&config->to, text));
		errors_n++;
	}
	printf("{\"packets\":%" PRIu64 ",\"errors\":%" PRIu64 "}\n", i, errors_n);
	return 0;
}

int produce_run(const struct produce_config *config)
{
	int signals, fd, err;

	if (period_of(config) > PRODUCE_PERIOD_MAX_NS)
		return fail(-EINVAL, "less than a packet a second is no stream; raise --rate-bps or --packets-per-s");
	signals = process_signals();
	if (signals < 0)
		return fail(signals, "cannot wait for signals: %s", strerror(-signals));
	fd = open_stream(config);
	err = fd < 0 ? fd : stream(config, fd, signals);
	if (fd >= 0)
		close(fd);
	close(signals);
	return err;
}
