/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench.c: rounds of blocks, point by point, through one `groupsend --serve` that keeps running. */
#include "workloads/bench.h"

#include "analyze/rows.h"
#include "analyze/speedup.h"
#include "analyze/stats.h"
#include "base/err.h"
#include "collect/counter.h"
#include "collect/softirq.h"
#include "workloads/bench_count.h"
#include "workloads/bench_like.h"
#include "workloads/block.h"
#include "workloads/child.h"
#include "workloads/net.h"
#include "workloads/sender.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_BLOCK_MS = 20,
	DEFAULT_MAX_ROUNDS = 200,
	PROBE_PACKETS = 2000,	/* of the blocks that find out how many bursts fill a block */
	BURSTS_MIN = 2,
	LOOKS_SHARE = 20,	/* whether s is narrow is looked at when there are a 20th more rounds */
	REPLICATES = 500,	/* enough for the stop rule; the figures that are printed are computed elsewhere */
	ANSWER_SPARE_MS = 20000,
	WARM_BURSTS_MAX = 4,	/* before those of a block, until WARM_PACKETS have gone, or WARM_NS */
	LINGER_US = 5000,	/* receivers that are awake sleep when the bench makes a pause for another measurement */
	TOUCH_BLOCKS = 5,	/* for each size of memory that is tried */
};

#define WORK_FIRST_NS 1000.0 /* of receivers, after a look: where the search begins, */
#define WORK_MOST_NS 4e6     /* how far it goes */
#define WORK_STEPS 6         /* and how often it is halved */
#define WARM_PACKETS 400.0   /* of bursts before a block: WARM_BURSTS_MAX */
#define WARM_NS 1e7
#define TOUCH_NEAR 0.02 /* costs that differ by less are the same */

#define MULTICAST "239.66.67.68:5006" /* of the scope of an organisation, where nobody is asked for one (RFC 2365) */

const char *const bench_receivers_names[BENCH_RECEIVERS_MAX] = {
	[BENCH_MODERATED] = "moderated",
	[BENCH_PROMPT] = "prompt",
	[BENCH_AWAKE] = "awake",
	[BENCH_WORKING] = "working",
};

static const double default_rel_width = 0.01;

struct bench {
	struct bench_options o;	/* with defaults filled in */
	struct child groupsend;
	struct softirq *softirq; /* where another CPU does a part of the work, else NULL */
	struct bench_count *count; /* NULL: nothing is counted */
	struct topology *here;	/* groupsend makes the topology of the run itself */
	struct stats_rng *rng;
	const char *ways[BENCH_WAYS_MAX];
	size_t ways_n;
	struct bench_row *rows;	/* of the point in work */
	size_t rows_n;
	struct bench_event_row *events; /* likewise, COUNTERS_MAX for each row */
	size_t events_n;
	char *event_names[COUNTERS_MAX]; /* as groupsend has them */
	bool has_multicast;	/* one of the ways needs receivers that join a group */
	uint64_t touch;		/* bytes before each burst */
	double sleeps;		/* of the receivers in the last block; NAN: not known */
	double last_sleeps;	/* for each packet, of the receivers that were tried last */
	uint64_t points_n, points_done_n;
};

static bool stopped(const struct bench *b)
{
	return b->o.stop && *b->o.stop;
}

static void progress(const struct bench *b, const struct bench_point *p)
{
	double within = (double)p->rounds_n / (double)b->o.max_rounds;
	char text[128];

	if (!b->o.on_progress)
		return;
	snprintf(text, sizeof text, "group %" PRIu64 ", %" PRIu64 " bytes, %" PRIu64 " private: round %" PRIu64, p->group,
		 p->payload_bytes, p->private_bytes, p->rounds_n + 1);
	b->o.on_progress(b->o.progress_arg, ((double)b->points_done_n + within) / (double)b->points_n, text);
}

/* ---- One block ---- */

static int64_t number(const json_t *answer, const char *name)
{
	return json_integer_value(json_object_get(answer, name));
}

/* Its own copy of the name of event `i`. */
static const char *event_name(struct bench *b, size_t i, const char *name)
{
	if (!b->event_names[i] && name)
		b->event_names[i] = strdup(name);
	return b->event_names[i];
}

static int read_events(struct bench *b, const json_t *answer, const struct bench_row *row)
{
	const json_t *events = json_object_get(answer, "events");

	for (size_t i = 0; i < json_array_size(events) && i < COUNTERS_MAX; i++) {
		const json_t *event = json_array_get(events, i);
		const char *name = event_name(b, i, json_string_value(json_object_get(event, "name")));

		if (!name)
			return fail(-ENOMEM, "out of memory");
		b->events[b->events_n++] = (struct bench_event_row){
			.run = STORE_NULL, .round = row->round, .way = row->way, .group_size = row->group_size, .payload_bytes = row->payload_bytes,
			.private_bytes = row->private_bytes, .name = name, .n = number(event, "n"), .enabled_ns = number(event, "enabled_ns"),
			.running_ns = number(event, "running_ns"),
		};
	}
	return 0;
}

static int read_answer(struct bench *b, const char *line, struct bench_row *row, struct bench_point *p, uint64_t *cpu_ns)
{
	json_t *answer = json_loads(line, 0, NULL);
	const json_t *error = json_object_get(answer, "error");
	int err = 0;

	if (!answer || error || !json_object_get(answer, "cpu_ns")) {
		err = fail(-EPROTO, "groupsend refused a block: %s", error ? json_string_value(error) : line);
	} else {
		*cpu_ns = (uint64_t)number(answer, "cpu_ns");
		p->late_n += (uint64_t)number(answer, "late");
		b->sleeps = json_object_get(answer, "sleeps") ? (double)number(answer, "sleeps") : NAN;
		row->packets_n = number(answer, "packets");
		row->errors_n = number(answer, "errors");
		row->preempt_n = number(answer, "preempt");
		row->cpu_cyc = (int64_t)((double)*cpu_ns * b->o.clock_hz / 1e9 + 0.5);
		err = row->way ? read_events(b, answer, row) : 0;
	}
	json_decref(answer);
	return err;
}

/* Time that other CPUs have spent in the network's softirqs until now. */
static int read_async(const struct bench *b, uint64_t *ns)
{
	int err = b->softirq ? softirq_read(b->softirq, b->o.server_cpu, ns) : 0;

	return err ? fail(err, "cannot read the time of softirqs: %s", strerror(-err)) : 0;
}

/* The bursts that warm up are in what is counted elsewhere, too: the share of the others. */
static double measured_share(const struct block *block)
{
	return (double)block->bursts / (double)(block->bursts + block->warm);
}

static int take_async(const struct bench *b, const struct block *block, uint64_t before_ns, struct bench_row *row)
{
	uint64_t now_ns = 0;
	int err = read_async(b, &now_ns);

	row->async_cyc = b->softirq ? (int64_t)(measured_share(block) * (double)(now_ns - before_ns) * b->o.clock_hz / 1e9 + 0.5) : STORE_NULL;
	return err;
}

/* Runs a block of `way` and enters it into *row; p->late_n goes on counting. */
static int run_block(struct bench *b, struct bench_point *p, const struct block *block, struct bench_row *row,
		     uint64_t *cpu_ns)
{
	char line[CHILD_LINE_BYTES];
	uint64_t pauses_ms = (block->bursts + block->train + block->warm) * block->period_ns / 1000000, async_ns = 0;
	int err = read_async(b, &async_ns);

	block_format(block, line, sizeof line);
	if (!err)
		err = child_say(&b->groupsend, line);
	if (!err)
		err = child_hear(&b->groupsend, (int)pauses_ms + ANSWER_SPARE_MS, line, sizeof line);
	if (!err)
		err = read_answer(b, line, row, p, cpu_ns);
	b->sleeps *= measured_share(block);
	if (!err && b->count)
		err = bench_count_block(b->count, row);
	return err ? err : take_async(b, block, async_ns, row);
}

/* Packets of a burst, in the mean. */
static double burst_packets(const struct bench *b, const struct bench_point *p)
{
	double packets = 0, weights = 0;

	if (!b->o.like || !b->o.like->kinds_n)
		return (double)p->group;
	for (size_t i = 0; i < b->o.like->kinds_n; i++) {
		packets += (double)(b->o.like->kinds[i].group * b->o.like->kinds[i].weight);
		weights += (double)b->o.like->kinds[i].weight;
	}
	return packets / weights;
}

/* The first bursts behind an answer, or another way, cost up to a twentieth more each, but for long ones. Those that lie far apart always do. */
static uint64_t warm_bursts(const struct bench *b, const struct bench_point *p)
{
	double most = fmin(WARM_BURSTS_MAX, ceil(WARM_PACKETS / burst_packets(b, p)));

	if (b->o.like->period_ns)
		most = fmin(most, WARM_NS / (double)b->o.like->period_ns);
	return most > 1 ? (uint64_t)most : 1;
}

/* The block, which is to run next. */
static struct block block_of(const struct bench *b, const struct bench_point *p, const char *way, uint64_t bursts)
{
	struct block block = {
		.group = p->group, .payload = p->payload_bytes, .head = p->private_bytes, .batch = b->o.batch,
		.one_destination = b->o.one_destination, .registered = b->o.registered, .bursts = bursts,
		.finish = b->o.finish,
	};

	snprintf(block.way, sizeof block.way, "%s", bench_way(way)->name);
	if (b->o.on_way)
		b->o.on_way(b->o.way_arg, way);
	if (b->o.like) {
		block.period_ns = b->o.like->period_ns;
		block.train = b->o.like->train;
		block.between_ns = b->o.like->between_ns;
		block.warm = warm_bursts(b, p);
		block.gap_ns = b->o.like->gap_ns;
		block.kinds_n = b->o.like->kinds_n;
		memcpy(block.kinds, b->o.like->kinds, sizeof block.kinds);
		block.touch = b->touch;
		block.from = p->rounds_n * bursts; /* every way of a round sends the same */
	}
	return block;
}

/* ---- One point ---- */

/* Bursts that fill a block: found with the baseline, the same for every way. */
static int find_bursts(struct bench *b, struct bench_point *p, uint64_t *bursts)
{
	uint64_t probe_bursts = (uint64_t)(PROBE_PACKETS / burst_packets(b, p)) + 1, cpu_ns = 0, burst_ns;
	struct block probe = block_of(b, p, b->o.baseline, probe_bursts);
	struct bench_row row = { 0 }; /* of no way: its events are not kept */
	int err = 0;

	probe.period_ns = 0;
	for (int i = 0; !err && i < 2; i++) /* the first one also makes the group */
		err = run_block(b, p, &probe, &row, &cpu_ns);
	if (err)
		return err;
	burst_ns = cpu_ns / probe_bursts + 1;
	if (b->o.like && b->o.like->period_ns > burst_ns)
		burst_ns = b->o.like->period_ns;
	*bursts = b->o.block_ms * 1000000 / burst_ns;
	if (*bursts < BURSTS_MIN)
		*bursts = BURSTS_MIN;
	if (b->o.like && b->o.like->train > 1)
		*bursts = (*bursts + b->o.like->train - 1) / b->o.like->train * b->o.like->train;
	return 0;
}

/* ---- Memory between the bursts ---- */

/* What a packet of the baseline costs above one of null, with `touch` bytes touched, and how often the receivers sleep for each. */
static int packet_cost(struct bench *b, struct bench_point *p, uint64_t bursts, uint64_t touch, double *cyc, double *sleeps)
{
	struct bench_row rows[2] = { { .async_cyc = STORE_NULL }, { .async_cyc = STORE_NULL } };
	const char *const ways[2] = { b->o.baseline, send_null.name };
	double costs[TOUCH_BLOCKS], cost[2];
	double sleeps_n = 0, packets_n = 0;
	uint64_t cpu_ns;
	int err = 0;

	b->touch = touch;
	for (size_t i = 0; i < TOUCH_BLOCKS && !err; i++) {
		for (size_t way = 0; way < 2 && !err; way++) {
			struct block block = block_of(b, p, ways[way], bursts);

			err = stopped(b) ? -EINTR : run_block(b, p, &block, &rows[way], &cpu_ns);
			if (!err)
				cost[way] = (double)rows[way].cpu_cyc / (double)(rows[way].packets_n ? rows[way].packets_n : 1);
			if (!way) {
				sleeps_n += b->sleeps;
				packets_n += (double)rows[way].packets_n;
			}
		}
		if (!err)
			costs[i] = cost[0] - cost[1];
	}
	*sleeps = sleeps_n / packets_n;
	return err ? err : stats_median(costs, TOUCH_BLOCKS, cyc);
}

/* What a packet of the baseline should cost; 0 where that is not known. */
static double wanted_cost(const struct bench *b)
{
	return b->o.like && !(bench_way(b->o.baseline)->traits & SENDER_BATCHES) ? b->o.like->packet_cyc : 0;
}

/*
 * How much memory to touch: the least with which a packet of the baseline costs what a path call of the profile did, 0 when it costs
 * so much without, or does not come near with as much as there is time for. More of it costs more, but for noise.
 */
static int find_touch(struct bench *b, struct bench_point *p, uint64_t bursts)
{
	static const uint64_t sizes[] = { 0, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 23 };
	struct bench_touch found[sizeof sizes / sizeof *sizes];
	double wanted = wanted_cost(b);
	size_t n = 0, used = 0;
	int err = 0;

	b->touch = 0;
	if (!(wanted > 0))
		return 0;
	do {
		found[n] = (struct bench_touch){ .receivers = b->o.receivers, .work_ns = b->o.work_ns, .bytes = sizes[n] };
		err = packet_cost(b, p, bursts, sizes[n], &found[n].packet_cyc, &found[n].sleeps);
		n++;
	} while (!err && n < sizeof sizes / sizeof *sizes && found[n - 1].packet_cyc < (n > 1 ? wanted * (1 - TOUCH_NEAR) : b->o.like->packet_low_cyc));
	if (!err && found[n - 1].packet_cyc >= wanted * (1 - TOUCH_NEAR))
		used = n - 1;
	b->touch = found[used].bytes;
	found[used].used = true;
	for (size_t i = 0; i < n && !err && b->o.on_touch; i++)
		err = b->o.on_touch(b->o.touch_arg, &found[i]);
	return err;
}

/* Fisher and Yates: every order is equally likely. */
static void shuffle(struct bench *b, const char **ways)
{
	memcpy(ways, b->ways, b->ways_n * sizeof *ways);
	for (size_t i = b->ways_n; i-- > 1;) {
		size_t j = (size_t)(stats_rng_uniform(b->rng) * (double)(i + 1));
		const char *way = ways[i];

		ways[i] = ways[j];
		ways[j] = way;
	}
}

static int run_round(struct bench *b, struct bench_point *p, uint64_t bursts)
{
	const char *ways[BENCH_WAYS_MAX];
	uint64_t cpu_ns;
	int err = 0;

	progress(b, p);
	shuffle(b, ways);
	for (size_t i = 0; !err && i < b->ways_n; i++) {
		struct block block = block_of(b, p, ways[i], bursts);
		struct bench_row *row = &b->rows[b->rows_n + i];

		*row = (struct bench_row){
			.run = STORE_NULL, .round = (int64_t)p->rounds_n, .way = ways[i], .group_size = (int64_t)p->group,
			.payload_bytes = (int64_t)p->payload_bytes, .private_bytes = (int64_t)p->private_bytes,
		};
		err = stopped(b) ? -EINTR : run_block(b, p, &block, row, &cpu_ns);
	}
	if (!err) {
		b->rows_n += b->ways_n;
		p->rounds_n++;
	}
	return err;
}

/* What a way makes once, when it is first opened (routes, rings, registered memory), is no packet's cost: a block that is not kept. */
static int open_ways(struct bench *b, struct bench_point *p, uint64_t bursts)
{
	struct bench_row row = { 0 };
	uint64_t cpu_ns;
	int err = 0;

	for (size_t i = 0; !err && i < b->ways_n; i++) {
		struct block block = block_of(b, p, b->ways[i], bursts);

		err = stopped(b) ? -EINTR : run_block(b, p, &block, &row, &cpu_ns);
	}
	return err;
}

/* Whether s of every alternative is known as narrowly as asked. An alternative that costs no more than null, or sends
 * nothing, cannot become narrow by repeating: speedup_compute() has said so, and that is an error. */
static int narrow(const struct bench *b, bool *out)
{
	*out = true;
	for (size_t i = 0; *out && i < b->o.alternatives_n; i++) {
		struct speedup s;
		int err = speedup_compute(b->rows, b->rows_n, b->o.baseline, b->o.alternatives[i], b->o.seed, REPLICATES, &s);

		if (err)
			return err;
		*out = speedup_narrow(&s, b->o.rel_width);
		speedup_free(&s);
	}
	return 0;
}

static int hand_over(const struct bench *b, const struct bench_point *p)
{
	int err = 0;

	for (size_t i = 0; !err && i < b->rows_n; i++)
		err = b->o.on_row(b->o.row_arg, &b->rows[i]);
	for (size_t i = 0; !err && i < b->events_n; i++)
		err = b->o.on_event(b->o.row_arg, &b->events[i]);
	if (!err && b->count)
		err = bench_count_point(b->count, b->rows, b->rows_n, b->o.on_counted, b->o.row_arg);
	if (!err && b->o.on_point)
		err = b->o.on_point(b->o.point_arg, p);
	return err;
}

static int go_on(const struct bench *b, const struct bench_point *p, int *more)
{
	*more = b->o.between ? b->o.between(b->o.between_arg) : 0;
	if (*more < 0)
		return *more;
	if (*more == BENCH_END)
		*more = p->rounds_n < BENCH_ROUNDS_MIN;
	else
		*more |= !p->narrow;
	return 0;
}

static int run_point(struct bench *b, struct bench_point *p)
{
	uint64_t bursts = 0;
	int err = find_bursts(b, p, &bursts);

	if (!err)
		err = find_touch(b, p, bursts);
	if (!err)
		err = open_ways(b, p, bursts);
	b->rows_n = 0;
	b->events_n = 0;
	p->late_n = 0;
	uint64_t look_at = BENCH_ROUNDS_MIN;
	for (int more = 1; !err && more && p->rounds_n < b->o.max_rounds;) {
		err = run_round(b, p, bursts);
		if (!err && p->rounds_n >= look_at) {
			err = narrow(b, &p->narrow);
			look_at = p->rounds_n + p->rounds_n / LOOKS_SHARE + 1; /* the look takes longer, the more rounds there are */
		}
		if (!err)
			err = go_on(b, p, &more);
	}
	if (err)
		return err;
	b->points_done_n++;
	return hand_over(b, p);
}

/* ---- The grid ---- */

static bool fits(const struct bench *b, size_t payload, size_t private)
{
	return b->o.privates[private] <= b->o.payloads[payload];
}

static int run_unless_done(struct bench *b, struct bench_point *p)
{
	if (!b->o.is_done || !b->o.is_done(b->o.done_arg, p->group, p->payload_bytes, p->private_bytes))
		return run_point(b, p);
	b->points_done_n++;
	return 0;
}

static int run_grid(struct bench *b)
{
	int err = 0;

	for (size_t g = 0; g < b->o.groups_n; g++)
		for (size_t y = 0; y < b->o.payloads_n; y++)
			for (size_t v = 0; !err && v < b->o.privates_n; v++)
				if (fits(b, y, v))
					err = run_unless_done(b, &(struct bench_point){ .group = b->o.groups[g],
											.payload_bytes = b->o.payloads[y],
											.private_bytes = b->o.privates[v] });
	return err;
}

static uint64_t greatest_group(const struct bench *b)
{
	uint64_t greatest = 0;

	for (size_t i = 0; i < b->o.groups_n; i++)
		if (b->o.groups[i] > greatest)
			greatest = b->o.groups[i];
	for (size_t i = 0; b->o.like && i < b->o.like->kinds_n; i++)
		if (b->o.like->kinds[i].group > greatest)
			greatest = b->o.like->kinds[i].group;
	return greatest;
}

static int start_groupsend(struct bench *b)
{
	struct child_args args = { 0 };
	int err = b->here ? 0 : topology_new(TOPOLOGY_LO, -1, &b->here);

	child_arg(&args, "groupsend");
	child_arg(&args, "--serve");
	child_arg(&args, "--wake=epoll");
	child_arg(&args, "--topology=%s", topology_names[b->o.topology]);
	child_arg(&args, "--receivers=%" PRIu64, greatest_group(b));
	if (b->o.events)
		child_arg(&args, "--event=%s", b->o.events);
	if (b->o.receivers != BENCH_MODERATED)
		child_arg(&args, "--moderate-us=0");
	if (b->o.receivers == BENCH_WORKING)
		child_arg(&args, "--work-ns=%" PRIu64, b->o.work_ns);
	if (b->o.receivers == BENCH_AWAKE)
		child_arg(&args, "--linger-us=%d", LINGER_US);
	if (b->has_multicast)
		child_arg(&args, "--multicast=%s", MULTICAST);
	if (b->o.server_cpu >= 0)
		child_arg(&args, "--cpu=%d", b->o.server_cpu);
	if (b->o.peer_cpu >= 0)
		child_arg(&args, "--peer-cpu=%d", b->o.peer_cpu);
	return err ? err : child_start_with(&b->groupsend, "groupsend", &args, b->here, TOPOLOGY_SERVER, b->o.in_child, b->o.child_arg);
}

/* ---- Options ---- */

static void fill_defaults(struct bench_options *o)
{
	if (o->like) {
		o->one_destination = o->like->one_destination;
		o->groups = &o->like->group;
		o->payloads = &o->like->payload_bytes;
		o->privates = &o->like->private_bytes;
		o->groups_n = o->payloads_n = o->privates_n = 1;
	}
	if (!o->block_ms)
		o->block_ms = DEFAULT_BLOCK_MS;
	if (!(o->rel_width > 0))
		o->rel_width = default_rel_width;
	if (!o->max_rounds)
		o->max_rounds = DEFAULT_MAX_ROUNDS;
	if (o->max_rounds < BENCH_ROUNDS_MIN)
		o->max_rounds = BENCH_ROUNDS_MIN;
}

const struct sender_ops *bench_way(const char *name)
{
	char way[BLOCK_WAY_BYTES];

	snprintf(way, sizeof way, "%.*s", (int)strcspn(name, "#"), name);
	return sender_find(way);
}

bool bench_refuses(const struct bench_options *o, const struct sender_ops *way, char *why, size_t n)
{
	struct sender_config config = { .one_destination = o->one_destination };
	union net_addr to, multicast;

	for (size_t i = 0; i < o->privates_n; i++)
		if (o->privates[i] > config.private_bytes)
			config.private_bytes = o->privates[i];
	if (o->like) {
		config.private_bytes = o->like->private_bytes;
		config.one_destination = o->like->one_destination;
	}
	net_parse(MULTICAST, &multicast);
	net_parse("127.0.0.1", &to);
	if (o->topology == TOPOLOGY_LO) /* elsewhere the devices are not made yet */
		config.to = &to.sa;
	config.multicast = &multicast.sa;
	return sender_refused(way, &config, why, n);
}

static int add_way(struct bench *b, const char *name)
{
	const struct sender_ops *way = bench_way(name);
	char why[512];

	if (!way)
		return fail(-EINVAL, "no way of sending is called %s; give one of %s", name, sender_names());
	if (bench_refuses(&b->o, way, why, sizeof why))
		return fail(-EOPNOTSUPP, "%s", why);
	if (way == &send_multicast)
		b->has_multicast = true;
	for (size_t i = 0; i < b->ways_n; i++)
		if (!strcmp(b->ways[i], name))
			return fail(-EINVAL, "%s is named twice; to compare it with itself name it %s#2 (null always runs)", name, name);
	if (b->ways_n == BENCH_WAYS_MAX)
		return fail(-E2BIG, "more than %d ways at once; run the bench twice", BENCH_WAYS_MAX - 2);
	b->ways[b->ways_n++] = name;
	return 0;
}

static int add_ways(struct bench *b)
{
	int err = add_way(b, send_null.name);

	if (!err)
		err = add_way(b, b->o.baseline);
	for (size_t i = 0; !err && i < b->o.alternatives_n; i++)
		err = add_way(b, b->o.alternatives[i]);
	return err;
}

static int count_points(struct bench *b)
{
	for (size_t y = 0; y < b->o.payloads_n; y++)
		for (size_t v = 0; v < b->o.privates_n; v++)
			b->points_n += fits(b, y, v) ? b->o.groups_n : 0;
	if (!b->points_n)
		return fail(-EINVAL, "the grid is empty: the private bytes are part of the payload; make them fewer");
	return 0;
}

static int prepare(struct bench *b)
{
	int err = add_ways(b);

	if (!err)
		err = count_points(b);
	if (err)
		return err;
	b->rng = stats_rng_new(b->o.seed);
	b->rows = calloc(b->o.max_rounds, sizeof(struct bench_row[BENCH_WAYS_MAX]));
	if (b->o.events)
		b->events = calloc(b->o.max_rounds * BENCH_WAYS_MAX * COUNTERS_MAX, sizeof *b->events);
	return b->rng && b->rows && (b->events || !b->o.events) ? 0 : fail(-ENOMEM, "out of memory for %" PRIu64 " rounds", b->o.max_rounds);
}

/* At its end groupsend checks that its packets arrived: a bench without receivers would measure something else. */
static int end_groupsend(struct bench *b, int err)
{
	int status;

	if (err && err != -EINTR) {
		child_kill(&b->groupsend);
		return err;
	}
	status = child_wait(&b->groupsend);
	return status && !err ? fail(-EIO, "groupsend ended with status %d; its own message is above", status) : err;
}

/* ---- The receivers ---- */

/* What a packet of the baseline costs with the receivers of b->o. */
static int try_receivers(struct bench *b, struct bench_touch *touch)
{
	struct bench_point p = { .group = b->o.groups[0], .payload_bytes = b->o.payloads[0], .private_bytes = b->o.privates[0] };
	uint64_t bursts = 0;
	int err = start_groupsend(b);

	if (!err)
		err = find_bursts(b, &p, &bursts);
	if (!err)
		err = packet_cost(b, &p, bursts, 0, &touch->packet_cyc, &touch->sleeps);
	return end_groupsend(b, err);
}

/* ---- Receivers that are woken as often as the server's ---- */

static int try_work(struct bench *b, uint64_t work_ns, struct bench_touch *best)
{
	struct bench_touch now = { .receivers = BENCH_WORKING, .work_ns = work_ns };

	b->o.receivers = BENCH_WORKING;
	b->o.work_ns = work_ns;
	int err = try_receivers(b, &now);
	if (!err && !isfinite(now.sleeps))
		err = fail(-ENODATA, "cannot tell how often the receivers sleep; is /proc mounted?");
	if (!err && !(fabs(now.sleeps - b->o.like->wakes) > fabs(best->sleeps - b->o.like->wakes)))
		*best = now;
	b->last_sleeps = now.sleeps;
	return err;
}

/*
 * The more they work after a look, the fewer packets find them asleep. The time is doubled until fewer do than in the profile, and then
 * bisected. The nearest is kept.
 */
static int choose_work(struct bench *b, struct bench_touch *best)
{
	double low_ns = 0, high_ns = WORK_FIRST_NS;
	int err = try_work(b, 0, best);

	if (err || !(b->last_sleeps > b->o.like->wakes))
		return err;
	for (err = try_work(b, (uint64_t)high_ns, best); !err && b->last_sleeps > b->o.like->wakes && high_ns < WORK_MOST_NS;) {
		low_ns = high_ns;
		high_ns *= 2;
		err = try_work(b, (uint64_t)high_ns, best);
	}
	for (int i = 0; i < WORK_STEPS && !err; i++) {
		double middle_ns = (low_ns + high_ns) / 2;

		err = try_work(b, (uint64_t)middle_ns, best);
		*(b->last_sleeps > b->o.like->wakes ? &low_ns : &high_ns) = middle_ns;
	}
	return err;
}

/* Tries each, and those that work as they must for as many packets to wake them as in the profile, where that is known. */
static int try_all(struct bench *b, struct bench_touch *tried, int *n)
{
	int err = 0;

	for (*n = 0; !err && *n < BENCH_WORKING; (*n)++) {
		tried[*n] = (struct bench_touch){ .receivers = (enum bench_receivers)*n };
		b->o.receivers = tried[*n].receivers;
		err = try_receivers(b, &tried[*n]);
	}
	if (!err && b->o.like->wakes > 0 && b->o.topology != TOPOLOGY_SINK) {
		tried[*n] = (struct bench_touch){ .sleeps = NAN };
		err = choose_work(b, &tried[(*n)++]);
	}
	return err;
}

/* Keeps the receivers that are most like the clients of the profile. */
static int choose_receivers(struct bench *b)
{
	double nearest = INFINITY;
	struct bench_touch tried[BENCH_RECEIVERS_MAX];
	int n, best = 0;

	if (!b->o.match_receivers || !(wanted_cost(b) > 0))
		return 0;
	int err = try_all(b, tried, &n);
	for (int i = 0; i < n && !err; i++)
		if (bench_like_misfit(b->o.like, &tried[i]) < nearest) {
			nearest = bench_like_misfit(b->o.like, &tried[i]);
			best = i;
		}
	for (int i = 0; i < n && !err && b->o.on_touch; i++)
		if (i != best) /* the best ones are measured again, with memory touched */
			err = b->o.on_touch(b->o.touch_arg, &tried[i]);
	b->o.receivers = tried[best].receivers;
	b->o.work_ns = tried[best].work_ns;
	return err;
}

int bench_run(const struct bench_options *options)
{
	struct bench b = { .o = *options };
	int err;

	fill_defaults(&b.o);
	err = prepare(&b);
	if (!err && b.o.topology == TOPOLOGY_VETH_RPS)
		err = softirq_new(&b.softirq);
	if (!err)
		err = choose_receivers(&b);
	if (!err)
		err = start_groupsend(&b);
	if (!err && b.o.count) /* now that the topology's modules are there, whose functions have names too */
		err = bench_count_open(&b.count);
	if (!err)
		err = run_grid(&b);
	err = end_groupsend(&b, err);
	bench_count_free(b.count);
	softirq_free(b.softirq);
	topology_free(b.here);
	stats_rng_free(b.rng);
	for (size_t i = 0; i < COUNTERS_MAX; i++)
		free(b.event_names[i]);
	free(b.events);
	free(b.rows);
	return err;
}
