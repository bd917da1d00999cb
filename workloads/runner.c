/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runner.c: bursts by one way, one after the other, each between two readings of the thread's CPU time. */
#include "workloads/runner.h"

#include "base/err.h"
#include "lab/count.h"
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
	SENDERS_MAX = 64,	/* kept open at the same time: two for each row of the table of ways */
	BURST_BYTES_MAX = 1 << 28,
};

/* What bursts of one kind are sent from, kept from block to block. */
struct kit {
	struct group *group;
	uint64_t head, tail;	/* of `group` */
	bool one;		/* `group` is one recipient many times */
	uint64_t payload_n;	/* bytes of the whole datagram */
	uint8_t *payload;	/* of the burst; with one destination one for each message */
	size_t payload_room;
	struct sender *sender;	/* of the block in work */
};

struct runner {
	struct runner_config config;
	int fd;			/* the socket that all ways send from */
	int timer, epoll;	/* for RUNNER_WAKE_EPOLL, else -1 */
	struct counters *counters; /* NULL: none */
	struct kit kits[BLOCK_KINDS_MAX]; /* of the kinds of a block; the first alone of a block without */
	struct sender *senders[SENDERS_MAX]; /* one per way in use, and one more for bursts to one destination among others */
	struct rtp stream;	/* header of the last burst; its sequence number goes on from block to block */
	uint32_t counter;	/* carried in the payload of the last burst */
	double iteration_ns;	/* of spin_run() */
	bool sent;
	uint64_t *touched;	/* BLOCK_TOUCH_MAX bytes once they are needed */
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
	for (size_t i = 0; i < BLOCK_KINDS_MAX; i++) {
		group_free(r->kits[i].group);
		free(r->kits[i].payload);
	}
	counters_free(r->counters);
	free(r->touched);
	for (size_t i = 0; i < 3; i++) {
		int fd = (int[]){ r->fd, r->timer, r->epoll }[i];

		if (fd >= 0)
			close(fd);
	}
	free(r);
}

static int grow_group(const struct runner *r, struct kit *kit, uint64_t n)
{
	union net_addr addr = r->config.to;
	size_t last = kit->one ? 1 : n;

	for (size_t i = group_size(kit->group); i < last; i++) {
		int err;

		net_set_port(&addr, (uint16_t)(net_port(&r->config.to) + i));
		err = group_add(kit->group, &addr, 0, (uint32_t)i + 1);
		if (err)
			return err;
	}
	return group_repeat(kit->group, n);
}

/* Room for what a burst sends. */
static int prepare_payload(struct kit *kit, const struct block_kind *kind, char *why, size_t n)
{
	size_t bytes = kind->one_destination ? kind->payload * kind->group : kind->payload;
	uint8_t *more;

	kit->payload_n = kind->payload;
	if (kit->payload && bytes <= kit->payload_room)
		return 0;
	more = bytes > BURST_BYTES_MAX ? NULL : realloc(kit->payload, bytes + 1);
	if (!more) {
		snprintf(why, n, "a burst of %llu packets of %llu bytes to one recipient needs too much memory; make it smaller",
			 (unsigned long long)kind->group, (unsigned long long)kind->payload);
		return -ENOMEM;
	}
	kit->payload = more;
	kit->payload_room = bytes;
	return 0;
}

/* The private bytes of a kind: none where all goes to one, and no more than there are bytes. */
static void private_bytes(const struct block *b, const struct block_kind *kind, uint64_t *head, uint64_t *tail)
{
	*head = !kind->one_destination || !b->kinds_n ? b->head : 0;
	*tail = !kind->one_destination || !b->kinds_n ? b->tail : 0;
	if (*head > kind->payload)
		*head = kind->payload;
	if (*tail > kind->payload - *head)
		*tail = kind->payload - *head;
}

/* A group is kept while its shape stays the same; a smaller one is made anew, so that memory lies as for a fresh one. */
static int prepare_group(const struct runner *r, struct kit *kit, const struct block *b, const struct block_kind *kind, char *why, size_t n)
{
	uint64_t head, tail;
	int err = 0;

	private_bytes(b, kind, &head, &tail);
	if (!kind->one_destination && net_port(&r->config.to) + kind->group - 1 > UINT16_MAX) {
		snprintf(why, n, "%llu recipients from port %u on go beyond port 65535; begin at a lower port",
			 (unsigned long long)kind->group, net_port(&r->config.to));
		return -EINVAL;
	}
	if (kit->group && (group_size(kit->group) > kind->group || kit->one != kind->one_destination || kit->head != head || kit->tail != tail)) {
		group_free(kit->group);
		kit->group = NULL;
	}
	if (!kit->group)
		err = group_new(head, tail, &kit->group);
	kit->head = head;
	kit->tail = tail;
	kit->one = kind->one_destination;
	if (!err)
		err = grow_group(r, kit, kind->group);
	if (err)
		snprintf(why, n, "cannot make a group of %llu: %s", (unsigned long long)kind->group, strerror(-err));
	return err;
}

static struct sender **kept_sender(struct runner *r, const char *way, bool one_destination)
{
	size_t i = 0;

	while (i < SENDERS_MAX - 1 && r->senders[i] &&
	       (strcmp(r->senders[i]->ops->name, way) != 0 || r->senders[i]->config.one_destination != one_destination))
		i++;
	return &r->senders[i];
}

/* Whether a sender that was opened so can go on as it would be opened now. */
static bool serves(const struct sender_config *kept, const struct sender_config *now)
{
	return kept->group_max == now->group_max && kept->batch == now->batch && kept->registered == now->registered &&
	       kept->private_bytes == now->private_bytes && kept->one_destination == now->one_destination;
}

/* The largest group among the kinds that go to one destination, or among the others. */
static size_t group_max(const struct block *b, bool one_destination)
{
	size_t most = b->kinds_n ? 1 : b->group;

	for (size_t i = 0; i < b->kinds_n; i++)
		if (b->kinds[i].one_destination == one_destination && b->kinds[i].group > most)
			most = b->kinds[i].group;
	return most;
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

static int prepare_sender(struct runner *r, struct kit *kit, const struct block *b, char *why, size_t n)
{
	struct sender_config config = {
		.fd = r->fd, .group_max = group_max(b, kit->one), .batch = b->batch, .registered = b->registered,
		.private_bytes = b->kinds_n && kit->one ? 0 : b->head + b->tail, .one_destination = kit->one, .to = &r->config.to.sa,
		.multicast = r->config.multicast.sa.sa_family ? &r->config.multicast.sa : NULL,
	};
	struct sender **kept = kept_sender(r, b->way, kit->one);
	int err = 0;

	if (*kept && (strcmp((*kept)->ops->name, b->way) != 0 || !serves(&(*kept)->config, &config))) {
		sender_free(*kept);
		*kept = NULL;
	}
	if (!*kept) {
		err = sender_open(b->way, &config, kept, why, n);
		if (!err && (*kept)->ops->traits & SENDER_THREAD)
			let_threads_sleep(); /* that of the ring by which the way was tried ends */
	}
	kit->sender = *kept;
	if (!err)
		group_prepare(kit->group, *kept);
	return err;
}

static int prepare_kit(struct runner *r, struct kit *kit, const struct block *b, const struct block_kind *kind, char *why, size_t n)
{
	int err = prepare_group(r, kit, b, kind, why, n);

	if (!err)
		err = prepare_payload(kit, kind, why, n);
	if (!err)
		err = prepare_sender(r, kit, b, why, n);
	if (!err && kind->one_destination)
		group_set_payloads(kit->group, kit->payload, kind->payload);
	else if (!err)
		group_set_payload(kit->group, kit->payload, kind->payload - kit->head - kit->tail);
	return err;
}

static int prepare_kits(struct runner *r, const struct block *b, char *why, size_t n)
{
	const struct block_kind own = { .group = b->group, .payload = b->payload, .one_destination = b->one_destination };
	int err = 0;

	if (!b->kinds_n)
		return prepare_kit(r, &r->kits[0], b, &own, why, n);
	for (size_t i = 0; i < b->kinds_n && !err; i++)
		err = prepare_kit(r, &r->kits[i], b, &b->kinds[i], why, n);
	return err;
}

static int prepare_touch(struct runner *r, const struct block *b, char *why, size_t n)
{
	if (b->touch && !r->touched)
		r->touched = malloc(BLOCK_TOUCH_MAX);
	if (!b->touch || r->touched)
		return 0;
	snprintf(why, n, "out of memory for %llu bytes to touch", (unsigned long long)b->touch);
	return -ENOMEM;
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
static void next_payload(struct runner *r, struct kit *kit)
{
	uint64_t shared_n = kit->payload_n - kit->head - kit->tail;

	r->stream.sequence++;
	r->stream.time += RTP_CLOCK_HZ / 100;
	if (!kit->one)
		pattern_fill_payload(kit->payload, shared_n, ++r->counter);
	for (uint64_t i = 0; kit->one && i < group_size(kit->group); i++)
		pattern_fill_payload(kit->payload + i * kit->payload_n, kit->payload_n, ++r->counter);
}

/* And done other work, which used the caches. */
static void touch(struct runner *r, uint64_t bytes)
{
	for (uint64_t at = 0; at < bytes / sizeof *r->touched; at += 64 / sizeof *r->touched)
		((volatile uint64_t *)r->touched)[at]++;
}

static uint64_t preemptions(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (uint64_t)usage.ru_nivcsw;
}

/* One burst, with the CPU time and the events between its begin and its end; in a guest, its instructions may be counted. */
static int measure_burst(struct runner *r, struct kit *kit, uint64_t work, bool finish, struct runner_result *result)
{
	uint64_t before[COUNTERS_MAX], after[COUNTERS_MAX];
	int err = counters_read(r->counters, before);
	uint64_t begin_ns = process_cpu_ns();

	COUNT_MARK(COUNT_BEGIN);
	group_burst(kit->group, kit->sender, &r->stream, work);
	if (finish)
		fsync(-1);
	COUNT_MARK(COUNT_END);
	result->cpu_ns += process_cpu_ns() - begin_ns;
	if (!err)
		err = counters_read(r->counters, after);
	for (int i = 0; i < counters_n(r->counters) && !err; i++)
		result->events[i] += after[i] - before[i];
	result->bursts_n++;
	return err;
}

/* What each burst of a block is sent from. */
static struct kit *kit_at(struct runner *r, const struct block *b, uint64_t i)
{
	return &r->kits[b->kinds_n ? block_kind_at(b, b->from + i) - b->kinds : 0];
}

static uint64_t train_of(const struct block *b)
{
	return b->train > 1 ? b->train : 1;
}

/* Until burst i is due: at its time the first of a train, the others when the one before has been over for a while. */
static void wait_for_burst(struct runner *r, const struct block *b, uint64_t i, uint64_t start_ns, uint64_t ended_ns, struct runner_result *result)
{
	uint64_t due_ns = start_ns + (i + train_of(b)) * b->period_ns;

	if (!b->period_ns)
		return;
	if (i % train_of(b))
		while (process_wall_ns() < ended_ns + b->between_ns)
			;
	else if (process_wall_ns() < due_ns)
		wait_until(r, due_ns);
	else
		result->late_n++;
}

/* The bursts of a block, those that warm up first. */
struct sequence {
	uint64_t i, start_ns, ended_ns;
	uint64_t work;	/* iterations before each message */
};

/* Gets the next burst ready, and waits until it is due. */
static struct kit *next_burst(struct runner *r, const struct block *b, const struct sequence *s, struct runner_result *result)
{
	struct kit *kit = kit_at(r, b, s->i);

	next_payload(r, kit);
	wait_for_burst(r, b, s->i, s->start_ns, s->ended_ns, result);
	touch(r, b->touch);
	return kit;
}

static void warm_up(struct runner *r, const struct block *b, struct sequence *s)
{
	struct runner_result forgotten = { 0 };

	for (; s->i < b->warm; s->i++) {
		struct kit *kit = next_burst(r, b, s, &forgotten);

		group_burst(kit->group, kit->sender, &r->stream, s->work);
		if (b->finish)
			fsync(-1);
		s->ended_ns = process_wall_ns();
	}
}

static int run_bursts(struct runner *r, const struct block *b, struct sequence *s, struct runner_result *result)
{
	bool has_thread = r->kits[0].sender->ops->traits & SENDER_THREAD;
	uint64_t start_ns = process_wall_ns(), others_ns = process_others_ns();
	int err = 0;

	for (; s->i < b->warm + b->bursts && !err; s->i++) {
		struct kit *kit = next_burst(r, b, s, result);

		if (has_thread && s->i == b->warm) /* until here a thread spins for what was sent before */
			others_ns = process_others_ns();
		err = measure_burst(r, kit, s->work, b->finish, result);
		s->ended_ns = process_wall_ns();
	}
	result->wall_ns = process_wall_ns() - start_ns;
	/* As after every train but the last, a thread spins until the next one would begin. */
	if (has_thread && b->period_ns && s->i % train_of(b) == 0)
		wait_until(r, s->start_ns + (s->i + train_of(b)) * b->period_ns);
	result->cpu_ns += spent_since(others_ns);
	if (has_thread)
		let_threads_sleep();
	return err;
}

/* Of all senders that the kits of a block use, each once. */
static struct sender_counts counts_of(const struct runner *r, const struct block *b)
{
	struct sender_counts sum = { 0 };

	for (size_t i = 0; i < SENDERS_MAX; i++)
		if (r->senders[i] && !strcmp(r->senders[i]->ops->name, b->way)) {
			sum.packets_n += r->senders[i]->counts.packets_n;
			sum.errors_n += r->senders[i]->counts.errors_n;
			sum.copied_n += r->senders[i]->counts.copied_n;
		}
	return sum;
}

int runner_block(struct runner *r, const struct block *b, struct runner_result *result, char *why, size_t n)
{
	struct sequence s = { .work = spin_iterations(r->iteration_ns, b->gap_ns) };
	struct sender_counts before, after;
	uint64_t preempted;
	int err = block_check(b, why, n);

	if (!err)
		err = prepare_kits(r, b, why, n);
	if (!err)
		err = prepare_touch(r, b, why, n);
	if (err)
		return err;
	memset(result, 0, sizeof *result);
	s.start_ns = s.ended_ns = process_wall_ns();
	warm_up(r, b, &s);
	before = counts_of(r, b);
	preempted = preemptions();
	err = run_bursts(r, b, &s, result);
	result->preempt_n = preemptions() - preempted;
	after = counts_of(r, b);
	result->packets_n = after.packets_n - before.packets_n;
	result->copied_n = after.copied_n - before.copied_n;
	result->errors_n = after.errors_n - before.errors_n;
	r->sent |= result->packets_n && strcmp(b->way, send_null.name) != 0;
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
