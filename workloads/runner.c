/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runner.c: bursts by one way, one after the other, each between two readings of the thread's CPU time. */
#include "workloads/runner.h"

#include "base/err.h"
#include "workloads/block.h"
#include "workloads/group.h"
#include "workloads/pattern.h"
#include "workloads/process.h"
#include "workloads/rtp.h"
#include "workloads/spin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
	SENDERS_MAX = 32,	/* ways kept open at the same time: as many as the table has rows */
	BURST_BYTES_MAX = 1 << 28,
};

struct runner {
	struct runner_config config;
	int fd;			/* the socket that all ways send from */
	int timer, epoll;	/* for RUNNER_WAKE_EPOLL, else -1 */
	struct counters *counters; /* NULL: none */
	struct group *group;
	uint64_t group_head, group_tail; /* of `group` */
	bool group_one;		/* `group` is one recipient many times */
	struct sender *senders[SENDERS_MAX]; /* one per way in use */
	struct rtp stream;	/* header of the last burst; its sequence number goes on from block to block */
	uint32_t counter;	/* carried in the payload of the last burst */
	double iteration_ns;	/* of spin_run() */
	bool sent;
	uint8_t *payload;	/* of the burst; with one destination one for each message */
	size_t payload_room;
};

static int open_timer(struct runner *r)
{
	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r->timer < 0 || r->epoll < 0 ||
	    epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->timer, &(struct epoll_event){ .events = EPOLLIN }))
		return fail(-errno, "cannot make a timer: %s", strerror(errno));
	return 0;
}

int runner_new(const struct runner_config *config, struct runner **out)
{
	struct runner *r = calloc(1, sizeof *r);
	int err = 0;

	if (!r)
		return fail(-ENOMEM, "out of memory");
	r->config = *config;
	r->stream.type = RTP_TYPE_DYNAMIC;
	r->timer = r->epoll = -1;
	r->fd = net_sender(&config->to);
	if (r->fd < 0)
		err = fail(r->fd, "cannot open a UDP socket: %s", strerror(-r->fd));
	if (!err && config->wake == RUNNER_WAKE_EPOLL)
		err = open_timer(r);
	if (!err && config->events)
		err = counters_open(config->events, &r->counters);
	if (err) {
		runner_free(r);
		return err;
	}
	r->iteration_ns = spin_calibrate();
	*out = r;
	return 0;
}

void runner_free(struct runner *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < SENDERS_MAX; i++)
		sender_free(r->senders[i]);
	group_free(r->group);
	counters_free(r->counters);
	free(r->payload);
	for (size_t i = 0; i < 3; i++) {
		int fd = (int[]){ r->fd, r->timer, r->epoll }[i];

		if (fd >= 0)
			close(fd);
	}
	free(r);
}

static int grow_group(struct runner *r, uint64_t n)
{
	union net_addr addr = r->config.to;
	size_t last = r->group_one ? 1 : n;

	for (size_t i = group_size(r->group); i < last; i++) {
		int err;

		net_set_port(&addr, (uint16_t)(net_port(&r->config.to) + i));
		err = group_add(r->group, &addr, 0, (uint32_t)i + 1);
		if (err)
			return err;
	}
	return group_repeat(r->group, n);
}

/* Room for what a burst sends. */
static int prepare_payload(struct runner *r, const struct block *b, char *why, size_t n)
{
	size_t bytes = b->one_destination ? b->payload * b->group : b->payload;
	uint8_t *more;

	if (r->payload && bytes <= r->payload_room)
		return 0;
	more = bytes > BURST_BYTES_MAX ? NULL : realloc(r->payload, bytes + 1);
	if (!more) {
		snprintf(why, n, "a burst of %llu packets of %llu bytes to one recipient needs too much memory; make it smaller",
			 (unsigned long long)b->group, (unsigned long long)b->payload);
		return -ENOMEM;
	}
	r->payload = more;
	r->payload_room = bytes;
	return 0;
}

/* A group is kept while its shape stays the same; a smaller one is made anew, so that memory lies as for a fresh one. */
static int prepare_group(struct runner *r, const struct block *b, char *why, size_t n)
{
	int err = 0;

	if (!b->one_destination && net_port(&r->config.to) + b->group - 1 > UINT16_MAX) {
		snprintf(why, n, "%llu recipients from port %u on go beyond port 65535; begin at a lower port",
			 (unsigned long long)b->group, net_port(&r->config.to));
		return -EINVAL;
	}
	if (r->group && (group_size(r->group) > b->group || r->group_one != b->one_destination || r->group_head != b->head || r->group_tail != b->tail)) {
		group_free(r->group);
		r->group = NULL;
	}
	if (!r->group)
		err = group_new(b->head, b->tail, &r->group);
	r->group_head = b->head;
	r->group_tail = b->tail;
	r->group_one = b->one_destination;
	if (!err)
		err = grow_group(r, b->group);
	if (err)
		snprintf(why, n, "cannot make a group of %llu: %s", (unsigned long long)b->group, strerror(-err));
	return err;
}

static struct sender **kept_sender(struct runner *r, const char *way)
{
	size_t i = 0;

	while (i < SENDERS_MAX - 1 && r->senders[i] && strcmp(r->senders[i]->ops->name, way) != 0)
		i++;
	return &r->senders[i];
}

/* Whether a sender that was opened so can go on as it would be opened now. */
static bool serves(const struct sender_config *kept, const struct sender_config *now)
{
	return kept->group_max == now->group_max && kept->batch == now->batch && kept->registered == now->registered &&
	       kept->private_bytes == now->private_bytes && kept->one_destination == now->one_destination;
}

static int prepare_sender(struct runner *r, const struct block *b, struct sender **out, char *why, size_t n)
{
	struct sender_config config = {
		.fd = r->fd, .group_max = b->group, .batch = b->batch, .registered = b->registered,
		.private_bytes = b->head + b->tail, .one_destination = b->one_destination, .to = &r->config.to.sa,
		.multicast = r->config.multicast.sa.sa_family ? &r->config.multicast.sa : NULL,
	};
	struct sender **kept = kept_sender(r, b->way);
	int err = 0;

	if (*kept && (strcmp((*kept)->ops->name, b->way) != 0 || !serves(&(*kept)->config, &config))) {
		sender_free(*kept);
		*kept = NULL;
	}
	if (!*kept)
		err = sender_open(b->way, &config, kept, why, n);
	*out = *kept;
	if (!err)
		group_prepare(r->group, *kept);
	return err;
}

static void wait_until(struct runner *r, uint64_t wall_ns)
{
	struct timespec at = { (time_t)(wall_ns / 1000000000u), (long)(wall_ns % 1000000000u) };
	struct epoll_event event;
	uint64_t expired;

	if (r->config.wake == RUNNER_WAKE_SLEEP) {
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
			;
		return;
	}
	timerfd_settime(r->timer, TFD_TIMER_ABSTIME, &(struct itimerspec){ .it_value = at }, NULL);
	while (epoll_wait(r->epoll, &event, 1, -1) < 0 && errno == EINTR)
		;
	if (read(r->timer, &expired, sizeof expired) < 0)
		return; /* it expired: only a signal can come in between */
}

/* What a server has done before it sends: got a new packet, which differs from the one before. */
static void next_payload(struct runner *r, const struct block *b)
{
	r->stream.sequence++;
	r->stream.time += RTP_CLOCK_HZ / 100;
	if (!b->one_destination)
		pattern_fill_payload(r->payload, b->payload - b->head - b->tail, ++r->counter);
	for (uint64_t i = 0; b->one_destination && i < b->group; i++)
		pattern_fill_payload(r->payload + i * b->payload, b->payload, ++r->counter);
}

static uint64_t preemptions(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (uint64_t)usage.ru_nivcsw;
}

/* CPU time of the other threads since; one may have ended meanwhile. */
static uint64_t spent_since(uint64_t others_ns)
{
	uint64_t now_ns = process_others_ns();

	return now_ns > others_ns ? now_ns - others_ns : 0;
}

/* What a thread spins on after the last burst must not be another way's cost. */
static void let_threads_sleep(void)
{
	uint64_t before_ns;

	do {
		before_ns = process_others_ns();
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	} while (spent_since(before_ns));
}

/* One burst, with the CPU time and the events between its begin and its end. */
static int measure_burst(struct runner *r, struct sender *sender, uint64_t work, struct runner_result *result)
{
	uint64_t before[COUNTERS_MAX], after[COUNTERS_MAX];
	int err = counters_read(r->counters, before);
	uint64_t begin_ns = process_cpu_ns();

	group_burst(r->group, sender, &r->stream, work);
	result->cpu_ns += process_cpu_ns() - begin_ns;
	if (!err)
		err = counters_read(r->counters, after);
	for (int i = 0; i < counters_n(r->counters) && !err; i++)
		result->events[i] += after[i] - before[i];
	result->bursts_n++;
	return err;
}

static int run_bursts(struct runner *r, const struct block *b, struct sender *sender, struct runner_result *result)
{
	uint64_t work = spin_iterations(r->iteration_ns, b->gap_ns);
	uint64_t others_ns = process_others_ns(), start_ns = process_wall_ns();
	int err = 0;

	for (uint64_t i = 1; i <= b->bursts && !err; i++) {
		uint64_t due_ns = start_ns + i * b->period_ns;

		next_payload(r, b);
		if (b->period_ns && process_wall_ns() < due_ns)
			wait_until(r, due_ns);
		else if (b->period_ns)
			result->late_n++;
		err = measure_burst(r, sender, work, result);
	}
	result->wall_ns = process_wall_ns() - start_ns;
	/* As after every burst but the last, a thread spins until the next one would begin. */
	if (sender->ops->traits & SENDER_THREAD && b->period_ns)
		wait_until(r, start_ns + (b->bursts + 1) * b->period_ns);
	result->cpu_ns += spent_since(others_ns);
	if (sender->ops->traits & SENDER_THREAD)
		let_threads_sleep();
	return err;
}

int runner_block(struct runner *r, const struct block *b, struct runner_result *result, char *why, size_t n)
{
	struct sender_counts before;
	struct sender *sender;
	uint64_t preempted;
	int err = block_check(b, why, n);

	if (!err)
		err = prepare_group(r, b, why, n);
	if (!err)
		err = prepare_payload(r, b, why, n);
	if (!err)
		err = prepare_sender(r, b, &sender, why, n);
	if (err)
		return err;
	if (b->one_destination)
		group_set_payloads(r->group, r->payload, b->payload);
	else
		group_set_payload(r->group, r->payload, b->payload - b->head - b->tail);
	memset(result, 0, sizeof *result);
	before = sender->counts;
	preempted = preemptions();
	err = run_bursts(r, b, sender, result);
	result->preempt_n = preemptions() - preempted;
	result->packets_n = sender->counts.packets_n - before.packets_n;
	result->copied_n = sender->counts.copied_n - before.copied_n;
	result->errors_n = sender->counts.errors_n - before.errors_n;
	r->sent |= result->packets_n && sender->ops != &send_null;
	if (err)
		snprintf(why, n, "the events cannot be read: %s", strerror(-err));
	return err;
}

const struct counters *runner_counters(const struct runner *r)
{
	return r->counters;
}

bool runner_sent(const struct runner *r)
{
	return r && r->sent;
}
